"""What was installed last into one venv: a record that is believed only while what it vouches for is as it was."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from freshvenv.columns import from_columns, to_columns
from freshvenv.fingerprint import BuildFrom, Fingerprint, Recipe
from freshvenv.sealed import seal, unseal

FORMAT = 2
"""The version of the receipt's form. A receipt of another version is not read."""


class DamagedReceiptError(ValueError):
    """The text is not a receipt that this version wrote."""


_WITNESS = {"path": str, "size": int, "mtime-ns": int, "ctime-ns": int, "executable": bool, "digest": str}
"""The columns of a table of stamps."""


class FileStamp(NamedTuple):
    """What ``stat`` said of a file right after it was placed, and the digest of what was written (``sha256=...``).

    An unchanged size, modification and change time mean that nobody wrote to the file; otherwise digest and exec bit
    decide. A tuple, since a large package has thousands of these and a data class takes five times as long to make.
    """

    size: int
    mtime_ns: int
    ctime_ns: int
    executable: bool
    digest: str


class Receipt(NamedTuple):
    """Proof of an install that was finished and checked.

    ``project`` is the directory that was installed, ``venv`` the one it was installed into, both absolute.
    ``commit`` was HEAD, ``time`` is UTC in ISO 8601. ``files`` is the witness: every file that the distribution owns,
    ``RECORD`` and ``direct_url.json`` among them, by path below the venv. ``unmet`` has the requirements that could
    not be installed; ``requirements`` is a digest of what they and the venv were when none was missing. ``mark`` is a
    random name, in hexadecimal digits, that no other install has. ``left`` has files that git ignores and that a
    build in the working tree made there or packed, by path below the project.
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
    requirements: str = ""
    mark: str = ""
    left: Mapping[str, FileStamp] = MappingProxyType({})


def dump(receipt: Receipt) -> bytes:
    """The receipt as JSON text that :func:`load` reads back to an equal value."""
    recipe = receipt.fingerprint.recipe
    return seal(
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
            "beside": receipt.fingerprint.beside,
            "outline": receipt.fingerprint.outline,
            "folder": receipt.fingerprint.folder,
            "conversions": receipt.fingerprint.conversions,
            "variables": receipt.fingerprint.variables,
            "unmet": receipt.unmet,
            "requirements": receipt.requirements,
            "mark": receipt.mark,
            "time": receipt.time,
            "witness": _table(receipt.files),
            "left": _table(receipt.left),
        }
    )


@lru_cache(maxsize=8)
def load(text: bytes) -> Receipt:
    """Read what :func:`dump` wrote. Raises :class:`DamagedReceiptError` for anything else.

    The same text is not taken apart twice: a target is looked at again when its lock is held.
    """
    try:
        data = json.loads(unseal(text))
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
                beside=_texts(data["beside"]),
                outline=_text(data["outline"]),
                folder=_text(data["folder"]),
                conversions=_texts(data["conversions"]),
                variables=_texts(data["variables"]),
            ),
            files=_stamps(data["witness"]),
            left=_stamps(data["left"]),
            unmet=_texts(data["unmet"]),
            requirements=_text(data["requirements"]),
            mark=_digits(data["mark"]),
        )
    except DamagedReceiptError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DamagedReceiptError(f"not a receipt: {error}") from error


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


def _table(stamps: Mapping[str, FileStamp]) -> dict[str, Sequence[object]]:
    path, *columns = _WITNESS
    return {path: tuple(stamps), **to_columns(columns, stamps.values())}


def _stamps(table: Mapping[str, object]) -> dict[str, FileStamp]:
    paths, *columns = from_columns(table, _WITNESS)
    return dict(zip(paths, map(FileStamp._make, zip(*columns, strict=True)), strict=True))


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _digits(value: object) -> str:
    """Text that can be part of a file's name, whatever it says."""
    text = _text(value)
    if not set("0123456789abcdef").issuperset(text):
        raise ValueError(f"{text!r} is no mark")
    return text


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is no list")
    return tuple(_text(item) for item in value)
