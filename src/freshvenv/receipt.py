"""What was installed last into one venv: a record that is believed only while what it vouches for is as it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from freshvenv.fingerprint import BuildFrom, Fingerprint, Recipe

FORMAT = 1
"""The version of the receipt's form. A receipt of another version is not read."""


class DamagedReceiptError(ValueError):
    """The text is not a receipt that this version wrote."""


@dataclass(frozen=True, slots=True)
class FileStamp:
    """What ``stat`` said of a file right after it was placed, and the digest of what was written (``sha256=...``).

    An unchanged size, modification and change time mean that nobody wrote to the file; otherwise digest and exec bit
    decide.
    """

    size: int
    mtime_ns: int
    ctime_ns: int
    executable: bool
    digest: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof of an install that was finished and checked.

    ``project`` is the directory that was installed, ``venv`` the one it was installed into, both absolute.
    ``commit`` was HEAD, ``time`` is UTC in ISO 8601. ``files`` is the witness: every file that the distribution owns,
    ``RECORD`` and ``direct_url.json`` among them, by path below the venv. ``unmet`` has the requirements that could
    not be installed.
    """

    project: str
    venv: str
    distribution: str
    version: str
    dist_info: str
    commit: str
    time: str
    fingerprint: Fingerprint
    files: Mapping[str, FileStamp]
    unmet: tuple[str, ...] = ()


def dump(receipt: Receipt) -> str:
    """The receipt as JSON text that :func:`load` reads back to an equal value."""
    recipe = receipt.fingerprint.recipe
    return _sealed(
        {
            "version": FORMAT,
            "project": receipt.project,
            "venv": receipt.venv,
            "distribution": {
                "name": receipt.distribution,
                "version": receipt.version,
                "dist-info": receipt.dist_info,
            },
            "tree": receipt.fingerprint.tree,
            "commit": receipt.commit,
            "interpreter": receipt.fingerprint.interpreter,
            "recipe": {
                "editable": recipe.editable,
                "extras": recipe.extras,
                "groups": recipe.groups,
                "config-settings": recipe.config_settings,
                "build-from": recipe.build_from.value,
            },
            "version-control": receipt.fingerprint.version_control,
            "submodules": receipt.fingerprint.submodules,
            "outline": receipt.fingerprint.outline,
            "unmet": receipt.unmet,
            "time": receipt.time,
            "witness": {
                path: [stamp.size, stamp.mtime_ns, stamp.ctime_ns, stamp.executable, stamp.digest]
                for path, stamp in receipt.files.items()
            },
        }
    )


def load(text: str | bytes) -> Receipt:
    """Read what :func:`dump` wrote. Raises :class:`DamagedReceiptError` for anything else."""
    try:
        data = json.loads(text)
        if data.pop("seal") != _seal(data):
            raise DamagedReceiptError("it was changed after it was written")
        if type(data["version"]) is not int or data["version"] != FORMAT:
            raise DamagedReceiptError(f"receipt of version {data['version']!r}, this is {FORMAT}")
        return Receipt(
            project=_text(data["project"]),
            venv=_text(data["venv"]),
            distribution=_text(data["distribution"]["name"]),
            version=_text(data["distribution"]["version"]),
            dist_info=_text(data["distribution"]["dist-info"]),
            commit=_text(data["commit"]),
            time=_text(data["time"]),
            fingerprint=Fingerprint(
                tree=_text(data["tree"]),
                interpreter=_text(data["interpreter"]),
                recipe=_recipe(data["recipe"]),
                version_control=_text(data["version-control"]),
                submodules=_texts(data["submodules"]),
                outline=_text(data["outline"]),
            ),
            files={_text(path): _stamp(row) for path, row in data["witness"].items()},
            unmet=_texts(data["unmet"]),
        )
    except DamagedReceiptError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DamagedReceiptError(f"not a receipt: {error}") from error


def _sealed(data: dict[str, object]) -> str:
    """JSON text with a digest over it, so that what was edited, cut or mixed up is not taken for a receipt."""
    return json.dumps({**data, "seal": _seal(data)})


def _seal(data: object) -> str:
    return hashlib.sha256(json.dumps(data).encode()).hexdigest()


def _recipe(data: Mapping[str, object]) -> Recipe:
    settings = data["config-settings"]
    if not isinstance(settings, list):
        raise TypeError("config-settings is no list")
    return Recipe(
        editable=_flag(data["editable"]),
        extras=_texts(data["extras"]),
        groups=_texts(data["groups"]),
        config_settings=tuple((_text(key), _text(value)) for key, value in settings),
        build_from=BuildFrom(data["build-from"]),
    )


def _stamp(row: object) -> FileStamp:
    if not isinstance(row, list) or len(row) != 5:
        raise TypeError("a row of the witness has five columns")
    size, mtime_ns, ctime_ns, executable, digest = row
    if not all(type(number) is int for number in (size, mtime_ns, ctime_ns)) or type(executable) is not bool:
        raise TypeError("size and times are whole numbers, the exec bit is true or false")
    return FileStamp(size, mtime_ns, ctime_ns, executable, _text(digest))


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is no list")
    return tuple(_text(item) for item in value)
