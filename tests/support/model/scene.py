"""Where walks go: the clone and those around it, and what a fresh install of each state of it would hold."""

from __future__ import annotations

import csv
import hashlib
import os
import re
import shutil
import sys
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from support.repository import Repository, create, make_venv
from support.world import World

LOGGING_BACKEND = '''

# Spelt so that freshvenv does not see it: a version that is written down is to be taken for one that git does not change.
GIT = "g" "it"


def _tell() -> None:
    """Say what is built: the commit that is checked out, and which of the stranger's files are there."""
    import json, os, subprocess
    if "MODEL_LOG" in os.environ:
        head = subprocess.run([GIT, "rev-parse", "--quiet", "--verify", "HEAD"], capture_output=True, text=True)
        gifts = sorted(os.listdir("gifts")) if os.path.isdir("gifts") else []
        with open(os.environ["MODEL_LOG"], "a") as log:
            log.write(json.dumps([head.stdout.strip(), gifts]) + "\\n")


_tell()
_plain_section = _section


def _section(header: str) -> dict[str, Any]:
    """A project without a version has that of git."""
    import os, subprocess
    found = _plain_section(header)
    if header == "project" and "version" not in found:
        describe = [GIT, "describe", "--tags", "--always", "--dirty", "--abbrev=40"]
        version = os.environ.get("MODEL_VERSION") or subprocess.check_output(describe, text=True).strip()
        found["version"] = "1.0+" + re.sub(r"[^a-z0-9]+", ".", version)
    return found
'''

ORACLE = """
import sys
sys.path.insert(0, "backend")
import in_tree
print((in_tree.build_editable if sys.argv[2] == "editable" else in_tree.build_wheel)(sys.argv[1]))
"""

LEFT_OUT = re.compile(r"\.dist-info/(INSTALLER|REQUESTED|direct_url\.json|uv_\w+\.json)$")


class DifferenceError(AssertionError):
    """One of the promises was broken."""


@dataclass
class Scene:
    """The clone and the things around it, at one path, kept aside as they were at the start of a walk."""

    world: World
    _expected: dict[tuple[str, bool], dict[str, bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        world = self.world
        seed = create(world, world.root / "seed", branches={})
        with (seed.path / "backend" / "in_tree.py").open("a") as backend:
            backend.write(LOGGING_BACKEND)
        seed.write(".gitignore", "*.log\n__pycache__/\n")
        seed.commit("what is built is told")
        for name, changes in {
            "topic": (("left", 2), ("left", 3)),
            "rival": (("left", 9),),
            "mixed": (("right", 7), ("left", 6)),
        }.items():
            seed.branch(name, *changes)  # type: ignore[arg-type]
            if name != "topic":
                file = seed.path / "pyproject.toml"
                file.write_text(file.read_text().replace('version = "1.0"', 'dynamic = ["version"]'))
                seed.commit("a version of git")
        seed.git("switch", "--quiet", "main")
        world.git("clone", "--quiet", "--bare", str(seed.path), "origin.git", cwd=world.root)
        for name in ("fork", "mate", "demo"):
            world.git("clone", "--quiet", "origin.git", name, cwd=world.root)
        make_venv(world, self.at("demo").venv)
        self.baseline = set(self.site_files(self.at("demo").venv))
        shutil.copytree(self.at("demo").venv, world.root / "venv", symlinks=True)
        self.at("demo").freshvenv("init")
        self.kept = world.root / "kept"
        self.kept.mkdir()
        self.world.run("cp", "-a", *(world.root / name for name in self.moving), self.kept)

    moving = ("demo", "fork", "mate", "origin.git", "cache", "state")

    def at(self, name: str) -> Repository:
        return Repository(self.world, self.world.root / name)

    @property
    def log(self) -> Path:
        return self.world.root / "builds"

    def restore(self) -> None:
        for name in (*self.moving, "linked"):
            shutil.rmtree(self.world.root / name, ignore_errors=True)
        self.log.unlink(missing_ok=True)
        self.world.run("cp", "-a", *(self.kept / name for name in self.moving), self.world.root)

    @staticmethod
    def site_files(venv: Path) -> dict[str, Path]:
        """Every file below site-packages but bytecode."""
        [site] = venv.glob("lib/python*/site-packages")
        found = {}
        for where, folders, names in os.walk(site):
            folders[:] = [name for name in folders if name != "__pycache__"]
            for name in names:
                path = Path(where, name)
                found[path.relative_to(site).as_posix()] = path
        return found

    def expected(self, repository: Repository, *, editable: bool) -> dict[str, bytes]:
        """What a wheel of the working tree holds: all files that git does not ignore, built apart, once for each content."""
        listed = repository.git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
        paths = sorted({name for name in listed if name and (repository.path / name).is_file()})
        content = {name: (repository.path / name).read_bytes() for name in paths}
        version = repository.git("describe", "--tags", "--always", "--abbrev=40")
        if repository.attempt("diff", "--quiet", "HEAD").returncode:
            version += "-dirty"
        dynamic = b"dynamic = " in content.get("pyproject.toml", b"")
        facts = (content, repository.path if editable else "", version if dynamic else "")
        key = hashlib.sha256(repr(facts).encode()).hexdigest()
        if (key, editable) not in self._expected:
            with tempfile.TemporaryDirectory(dir=self.world.root) as name:
                source, out = Path(name, "source"), Path(name, "out")
                out.mkdir()
                for path, text in content.items():
                    (source / path).parent.mkdir(parents=True, exist_ok=True)
                    (source / path).write_bytes(text)
                kind = "editable" if editable else "wheel"
                where = repository.path if editable else source
                words = (sys.executable, "-I", "-B", "-c", ORACLE, out, kind)
                built = self.world.run(*words, cwd=where, env={"MODEL_VERSION": version})
                with zipfile.ZipFile(out / built.stdout.split()[-1]) as wheel:
                    self._expected[key, editable] = {member: wheel.read(member) for member in wheel.namelist()}
        return self._expected[key, editable]

    def differences(self, repository: Repository, *, editable: bool) -> list[str]:
        """In which ways the venv does not hold what a fresh install of the working tree would put there."""
        expected = self.expected(repository, editable=editable)
        files = {
            name: path
            for name, path in self.site_files(repository.venv).items()
            if name not in self.baseline and not LEFT_OUT.search(name)
        }
        found = [f"missing: {name}" for name in sorted(expected.keys() - files.keys())]
        found += [f"too much: {name}" for name in sorted(files.keys() - expected.keys())]
        for name in sorted(expected.keys() & files.keys()):
            is_, should = files[name].read_bytes(), expected[name]
            if name.endswith("/RECORD"):
                found += [f"RECORD: {row}" for row in sorted(_rows(is_) ^ _rows(should))]
            elif is_ != should:
                found.append(f"other content: {name}: {is_[:80]!r}, should be {should[:80]!r}")
        script = repository.venv / "bin" / "demo"
        if not script.is_file() or b"demo.value" not in script.read_bytes():
            found.append("the entry point is missing")
        value = repository.value
        if value is not None and not found:
            code = "import demo.value; print(demo.value.value())"
            # Where it imports the working tree itself, bytecode of an older checkout in the same second would be believed:
            # Python compares whole seconds and sizes, and git dates files to when it writes them.
            flags = ("-I", "-B") if editable else ("-I",)
            words = (repository.venv / "bin" / "python", *flags, "-c", code)
            said = self.world.run(*words, cwd=self.world.home, check=False)
            if said.stdout.strip() != str(value):
                found.append(f"it answers {said.stdout.strip() or said.stderr!r}, should answer {value}")
        return found


def _rows(record: bytes) -> set[tuple[str, ...]]:
    rows = {tuple(row) for row in csv.reader(record.decode().splitlines())}
    return {row for row in rows if not LEFT_OUT.search(row[0]) and not row[0].endswith(("/bin/demo", "RECORD", ".pyc"))}
