"""Settings: every key has its effect, and every mistake an answer that says what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from freshvenv.config.settings import ProjectSettings, Settings, parse_settings, read_toml
from freshvenv.errors import SettingsError
from freshvenv.fingerprint import BuildFrom, Recipe
from freshvenv.plan import OnStale

Table = Mapping[str, Any]


def parse(table: Table, *personal: tuple[str, str]) -> Settings:
    return parse_settings({"tool": {"freshvenv": table}}, personal)


KEYS: dict[str, tuple[Table, Settings]] = {
    "nothing": ({}, Settings()),
    "venvs": ({"venvs": [".venv", ".nox/*"]}, Settings(ProjectSettings(venvs=(".venv", ".nox/*")))),
    "venvs, in another spelling": ({"venvs": ["./envs//one/"]}, Settings(ProjectSettings(venvs=("envs/one",)))),
    "venvs, up and down again": ({"venvs": ["a/../b"]}, Settings(ProjectSettings(venvs=("b",)))),
    "venvs, with dots in the name": ({"venvs": ["..venv"]}, Settings(ProjectSettings(venvs=("..venv",)))),
    "no venvs": ({"venvs": []}, Settings()),
    "exclude": ({"exclude": [".nox/docs"]}, Settings(ProjectSettings(exclude=(".nox/docs",)))),
    "editable": ({"editable": True}, Settings(ProjectSettings(editable=True))),
    "not editable": ({"editable": False}, Settings(ProjectSettings(editable=False))),
    "extras, in order and once": (
        {"extras": ["test", "docs", "test"]},
        Settings(ProjectSettings(extras=("docs", "test"))),
    ),
    "groups": ({"groups": ["dev"]}, Settings(ProjectSettings(groups=("dev",)))),
    "config-settings, in order": (
        {"config-settings": {"b": "2", "a": "1"}},
        Settings(ProjectSettings(config_settings=(("a", "1"), ("b", "2")))),
    ),
    "build-from": (
        {"build-from": "working-tree"},
        Settings(ProjectSettings(build_from=BuildFrom.WORKING_TREE)),
    ),
    "build-from as it is by default": ({"build-from": "clean-checkout"}, Settings()),
    "on-stale": ({"on-stale": "warn"}, Settings(on_stale=OnStale.WARN)),
    "on-stale off": ({"on-stale": "off"}, Settings(on_stale=OnStale.OFF)),
    "on-commit": ({"on-commit": True}, Settings(on_commit=True)),
    "projects": (
        {"projects": [{"path": "one"}, {"path": "./two/", "editable": True}]},
        Settings(projects=(ProjectSettings("one"), ProjectSettings("two", editable=True))),
    ),
    "project at the top": ({"projects": [{"path": "."}]}, Settings(projects=(ProjectSettings("."),))),
    "projects take what is general, unless they say otherwise": (
        {"extras": ["test"], "groups": ["dev"], "projects": [{"path": "one", "extras": []}]},
        Settings(
            ProjectSettings(extras=("test",), groups=("dev",)),
            projects=(ProjectSettings("one", groups=("dev",)),),
        ),
    ),
}


@pytest.mark.parametrize(("table", "expected"), KEYS.values(), ids=KEYS)
def test_key(table: Table, expected: Settings) -> None:
    assert parse(table) == expected


UNREADABLE_FOR_US: dict[str, Table] = {
    "empty file": {},
    "no tool table": {"project": {"name": "demo"}},
    "tools of others": {"tool": {"ruff": {"line-length": 120}}},
    "tool is no table": {"tool": 1},
}


@pytest.mark.parametrize("pyproject", UNREADABLE_FOR_US.values(), ids=UNREADABLE_FOR_US)
def test_no_settings(pyproject: Table) -> None:
    assert parse_settings(pyproject) == Settings()


WRONG_TYPES: dict[str, tuple[Table, str]] = {
    "venvs is a text": ({"venvs": ".venv"}, "[tool.freshvenv] venvs is not a list of strings"),
    "venvs holds a number": ({"venvs": [1]}, "[tool.freshvenv] venvs is not a list of strings"),
    "venvs holds an empty text": ({"venvs": [""]}, "[tool.freshvenv] venvs is not a list of strings"),
    "venvs holds what is no path": ({"venvs": ["a\0b"]}, "[tool.freshvenv] venvs: 'a\\x00b' is not a path"),
    "exclude is a table": ({"exclude": {}}, "[tool.freshvenv] exclude is not a list of strings"),
    "extras is a text": ({"extras": "test"}, "[tool.freshvenv] extras is not a list of strings"),
    "groups is a truth value": ({"groups": True}, "[tool.freshvenv] groups is not a list of strings"),
    "editable is a text": ({"editable": "yes"}, "[tool.freshvenv] editable is neither true nor false"),
    "editable is a number": ({"editable": 1}, "[tool.freshvenv] editable is neither true nor false"),
    "on-commit is a text": ({"on-commit": "true"}, "[tool.freshvenv] on-commit is neither true nor false"),
    "on-stale is unknown": ({"on-stale": "panic"}, "[tool.freshvenv] on-stale is 'panic'"),
    "on-stale is a list": ({"on-stale": []}, "[tool.freshvenv] on-stale is []"),
    "build-from is unknown": ({"build-from": "here"}, "[tool.freshvenv] build-from is 'here'"),
    "config-settings is a list": (
        {"config-settings": []},
        "[tool.freshvenv] config-settings is not a table of strings",
    ),
    "config-settings holds a list": (
        {"config-settings": {"a": ["b"]}},
        "[tool.freshvenv] config-settings is not a table of strings",
    ),
    "projects is a table": ({"projects": {}}, "[[tool.freshvenv.projects]] is not an array of tables"),
    "projects holds a text": ({"projects": ["one"]}, "[[tool.freshvenv.projects]] is not an array of tables"),
    "project without a path": ({"projects": [{}]}, "[[tool.freshvenv.projects]] needs a path"),
    "project with a number for its path": (
        {"projects": [{"path": 1}]},
        "[[tool.freshvenv.projects]] needs a path",
    ),
    "project with what is no path": (
        {"projects": [{"path": "a\0b"}]},
        "[[tool.freshvenv.projects]]: 'a\\x00b' is not a path",
    ),
    "extras of a project are a text": (
        {"projects": [{"path": "one", "extras": "test"}]},
        "[[tool.freshvenv.projects]] extras is not a list of strings",
    ),
}


@pytest.mark.parametrize(("table", "message"), WRONG_TYPES.values(), ids=WRONG_TYPES)
def test_wrong_type(table: Table, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(table)
    assert str(caught.value) == message


def test_table_is_a_text() -> None:
    with pytest.raises(SettingsError, match=re.escape("[tool.freshvenv] is not a table")):
        parse_settings({"tool": {"freshvenv": "yes"}})


CHOICES: dict[str, tuple[Table, str]] = {
    "on-stale": ({"on-stale": "x"}, "it can be 'reinstall', 'warn', 'off'"),
    "build-from": ({"build-from": "x"}, "it can be 'clean-checkout', 'working-tree'"),
}


@pytest.mark.parametrize(("table", "hint"), CHOICES.values(), ids=CHOICES)
def test_choice_is_named(table: Table, hint: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(table)
    assert caught.value.hint == hint


UNKNOWN: dict[str, tuple[Table, str, str]] = {
    "venv": ({"venv": [".venv"]}, "[tool.freshvenv] has no setting 'venv'", "did you mean 'venvs'?"),
    "underscore": ({"on_stale": "off"}, "[tool.freshvenv] has no setting 'on_stale'", "did you mean 'on-stale'?"),
    "like nothing": ({"zzz": 1}, "[tool.freshvenv] has no setting 'zzz'", "did you mean "),
    "extra of a project": (
        {"projects": [{"path": "one", "extra": ["test"]}]},
        "[[tool.freshvenv.projects]] has no setting 'extra'",
        "did you mean 'extras'?",
    ),
    "general setting in a project": (
        {"projects": [{"path": "one", "on-stale": "off"}]},
        "[[tool.freshvenv.projects]] has no setting 'on-stale'",
        "did you mean ",
    ),
    "path outside of a project": ({"path": "one"}, "[tool.freshvenv] has no setting 'path'", "did you mean "),
}


@pytest.mark.parametrize(("table", "message", "hint"), UNKNOWN.values(), ids=UNKNOWN)
def test_unknown_key_names_the_nearest(table: Table, message: str, hint: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(table)
    assert str(caught.value) == message
    assert caught.value.hint.startswith(hint)


LEAVING = ["..", "../elsewhere", "a/../../b", "/opt/venv", "~/venv", "~", "./../x", "*/../../x"]


@pytest.mark.parametrize("key", ["venvs", "exclude"])
@pytest.mark.parametrize("path", LEAVING)
def test_path_that_leaves_the_repository(path: str, key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse({key: [path]})
    assert str(caught.value) == f"[tool.freshvenv] {key}: {path!r} leaves the repository"
    assert f"git config --add freshvenv.venvs {path}" in caught.value.hint


@pytest.mark.parametrize("path", ["..", "../elsewhere", "a/../../b", "/opt/project"])
def test_project_that_leaves_the_repository(path: str) -> None:
    with pytest.raises(SettingsError, match=r"\[\[tool\.freshvenv\.projects\]\]: path .* leaves the repository"):
        parse({"projects": [{"path": path}]})


def test_project_whose_name_begins_with_dots() -> None:
    assert [project.path for project in parse({"projects": [{"path": "..demo"}]}).projects] == ["..demo"]


# git's configuration

PERSONAL: dict[str, tuple[tuple[tuple[str, str], ...], Settings]] = {
    "venvs, wherever they are": (
        (("freshvenv.venvs", "/opt/venv"), ("freshvenv.venvs", "~/venv")),
        Settings(ProjectSettings(personal_venvs=("/opt/venv", "~/venv"))),
    ),
    "exclude": ((("freshvenv.exclude", ".nox/docs"),), Settings(ProjectSettings(exclude=(".nox/docs",)))),
    "extras": (
        (("freshvenv.extras", "test"), ("freshvenv.extras", "docs")),
        Settings(ProjectSettings(extras=("docs", "test"))),
    ),
    "groups": ((("freshvenv.groups", "dev"),), Settings(ProjectSettings(groups=("dev",)))),
    "editable": ((("freshvenv.editable", "yes"),), Settings(ProjectSettings(editable=True))),
    "editable, switched off": ((("freshvenv.editable", "OFF"),), Settings(ProjectSettings(editable=False))),
    "build-from": (
        (("freshvenv.build-from", "working-tree"),),
        Settings(ProjectSettings(build_from=BuildFrom.WORKING_TREE)),
    ),
    "on-stale, the last one": (
        (("freshvenv.on-stale", "off"), ("freshvenv.on-stale", "warn")),
        Settings(on_stale=OnStale.WARN),
    ),
    "on-commit": ((("freshvenv.on-commit", "1"),), Settings(on_commit=True)),
    "what is no setting of the tree": ((("freshvenv.enabled", "true"), ("freshvenv.trust", "never")), Settings()),
}


@pytest.mark.parametrize(("pairs", "expected"), PERSONAL.values(), ids=PERSONAL)
def test_personal_key(pairs: tuple[tuple[str, str], ...], expected: Settings) -> None:
    assert parse({}, *pairs) == expected


def test_personal_choice_wins() -> None:
    settings = parse(
        {"on-stale": "off", "editable": True}, ("freshvenv.on-stale", "warn"), ("freshvenv.editable", "no")
    )
    assert settings == Settings(ProjectSettings(editable=False), on_stale=OnStale.WARN)


def test_personal_venvs_come_on_top() -> None:
    settings = parse({"venvs": [".venv"]}, ("freshvenv.venvs", "/opt/venv"))
    assert settings.default == ProjectSettings(venvs=(".venv",), personal_venvs=("/opt/venv",))


def test_personal_exclude_comes_on_top() -> None:
    settings = parse({"exclude": ["one"]}, ("freshvenv.exclude", "two"))
    assert settings.default.exclude == ("one", "two")


def test_personal_choices_are_for_every_project() -> None:
    row = {"path": "one", "exclude": ["docs"], "editable": False, "extras": ["test"], "venvs": ["env"]}
    pairs = (("exclude", "mine"), ("editable", "true"), ("extras", "docs"), ("venvs", "/opt/venv"))
    settings = parse({"exclude": ["all"], "projects": [row]}, *((f"freshvenv.{key}", it) for key, it in pairs))
    personal = ProjectSettings(exclude=("all", "mine"), editable=True, extras=("docs",), personal_venvs=("/opt/venv",))
    own = personal._replace(path="one", exclude=("docs", "mine"), venvs=("env",))
    assert settings == Settings(personal, (own,))


WRONG_PERSONAL: dict[str, tuple[tuple[str, str], str, str]] = {
    "unknown": (
        ("freshvenv.venv", "x"),
        "git's configuration has an unknown setting 'freshvenv.venv'",
        "did you mean 'freshvenv.venvs'?",
    ),
    "only of the tree": (
        ("freshvenv.projects", "x"),
        "git's configuration has an unknown setting 'freshvenv.projects'",
        "did you mean 'freshvenv.",
    ),
    "unknown choice": (
        ("freshvenv.on-stale", "panic"),
        "freshvenv.on-stale in git's configuration is 'panic'",
        "it can be 'reinstall', 'warn', 'off'",
    ),
    "no truth value": (
        ("freshvenv.editable", "perhaps"),
        "freshvenv.editable in git's configuration is neither true nor false: 'perhaps'",
        "",
    ),
}


@pytest.mark.parametrize(("pair", "message", "hint"), WRONG_PERSONAL.values(), ids=WRONG_PERSONAL)
def test_wrong_personal_key(pair: tuple[str, str], message: str, hint: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse({}, pair)
    assert str(caught.value) == message
    assert caught.value.hint.startswith(hint)


# Values made of settings


def test_settings_of_a_project() -> None:
    settings = parse({"extras": ["test"], "projects": [{"path": "one", "extras": ["docs"]}]})
    assert settings.of("one") == ProjectSettings("one", extras=("docs",))
    assert settings.of("two") == ProjectSettings("two", extras=("test",))


MODES = {
    "kept, editable": (None, True, True),
    "kept, not editable": (None, False, False),
    "made editable": (True, False, True),
    "no longer editable": (False, True, False),
}


@pytest.mark.parametrize(("configured", "found", "expected"), MODES.values(), ids=MODES)
def test_mode(configured: bool | None, found: bool, expected: bool) -> None:
    assert ProjectSettings(editable=configured).recipe(editable=found) == Recipe(editable=expected)


def test_recipe_has_everything() -> None:
    settings = parse(
        {"extras": ["a"], "groups": ["b"], "config-settings": {"c": "d"}, "build-from": "working-tree"}
    ).default
    assert settings.recipe(editable=False) == Recipe(False, ("a",), ("b",), (("c", "d"),), BuildFrom.WORKING_TREE)


# The file

BROKEN: dict[str, bytes] = {
    "no value": b'[project]\nname = "demo"\nversion =\n',
    "key twice": b'[project]\nname = "demo"\nname = "other"\n',
    "table twice": b'[project]\nname = "demo"\n[project]\n',
    "conflict markers": b'[project]\nname = "demo"\n<<<<<<< HEAD\nversion = "1"\n=======\n',
    "text without an end": b'[project]\nname = "demo"\nversion = "1\n',
    "not UTF-8": b'[project]\nname = "demo"\nversion = "\xff"\n',
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_broken_toml_names_its_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"pyproject\.toml is broken: .*line 3\b"):
        read_toml(path)


def test_toml_that_is_too_deep(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text("a = " + "[" * 10_000)
    with pytest.raises(SettingsError, match=r"pyproject\.toml is broken"):
        read_toml(path)


def test_toml(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text('[tool.freshvenv]\nvenvs = ["é"]\n', encoding="utf-8")
    assert read_toml(path) == {"tool": {"freshvenv": {"venvs": ["é"]}}}


def test_no_toml(tmp_path: Path) -> None:
    assert read_toml(tmp_path / "pyproject.toml") == {}
    assert read_toml(tmp_path) == {}
    (tmp_path / "file").touch()
    assert read_toml(tmp_path / "file" / "pyproject.toml") == {}
