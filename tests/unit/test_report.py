"""What people and scripts read: lines as they are documented, and nothing in them that a terminal obeys."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import support.receipts
from freshvenv.fingerprint import Fingerprint, Recipe
from freshvenv.plan import Observation, OnStale, State, Wish, decide
from freshvenv.receipt import Receipt
from freshvenv.report import Outcome, error_line, explanation, outcome_line, status_json, status_line
from support.values import replace

OLD = Fingerprint("3f2a1c9" + "0" * 33, "cpython 3.11.7 abi", Recipe())
NEW = replace(OLD, tree="77be012" + "0" * 33)


def receipt_of(fingerprint: Fingerprint, unmet: tuple[str, ...] = ()) -> Receipt:
    return support.receipts.receipt_of(fingerprint, version="1.2", dist_info="demo-1.2.dist-info", unmet=unmet)


STALE = Observation(NEW, receipt_of(OLD), installed=True, configured=True)
FRESH = Observation(NEW, receipt_of(NEW), installed=True, configured=True)
EDITABLE = replace(NEW, recipe=Recipe(editable=True))


def outcome(observation: Observation, wish: Wish | None = None) -> Outcome:
    return Outcome(".venv", decide(observation, wish or Wish()), observation)


DONE = replace(outcome(STALE), installed=receipt_of(NEW), files=3, seconds=0.1234)

LINES = {
    "reinstalled": (DONE, "freshvenv: .venv: reinstalled demo 1.2 (tree 3f2a1c9 -> 77be012, 3 files) in 0.1 s"),
    "one file": (
        replace(DONE, files=1),
        "freshvenv: .venv: reinstalled demo 1.2 (tree 3f2a1c9 -> 77be012, 1 file) in 0.1 s",
    ),
    "no file": (
        replace(DONE, files=0),
        "freshvenv: .venv: reinstalled demo 1.2 (tree 3f2a1c9 -> 77be012, 0 files) in 0.1 s",
    ),
    "editable": (
        replace(DONE, installed=receipt_of(EDITABLE)),
        "freshvenv: .venv: reinstalled demo 1.2, editable (tree 3f2a1c9 -> 77be012, 3 files) in 0.1 s",
    ),
    "installed for the first time": (
        replace(outcome(Observation(NEW, configured=True)), installed=receipt_of(NEW), files=14, seconds=2.06),
        "freshvenv: .venv: installed demo 1.2 (not installed here, tree 77be012, 14 files) in 2.1 s",
    ),
    "reinstalled for another reason": (
        replace(outcome(replace(FRESH, distrust="reinstalled by pip")), installed=receipt_of(NEW), files=2),
        "freshvenv: .venv: reinstalled demo 1.2 (reinstalled by pip, tree 77be012, 2 files) in 0.0 s",
    ),
    "edited files put back": (
        replace(outcome(replace(FRESH, altered=("lib/demo.py",))), installed=receipt_of(NEW), files=1),
        "freshvenv: .venv: reinstalled demo 1.2 (changed in the venv: lib/demo.py, tree 77be012, 1 file) in 0.0 s",
    ),
    "dependencies missing": (
        replace(DONE, installed=receipt_of(NEW, unmet=("attrs>=1", "tomli"))),
        "freshvenv: .venv: reinstalled demo 1.2 (tree 3f2a1c9 -> 77be012, 3 files) in 0.1 s; dependencies could not be installed: attrs>=1, tomli",
    ),
    "failed": (
        replace(outcome(STALE), failure="the build failed: boom (the build log is /log)"),
        "freshvenv: .venv: stale, not reinstalled: the build failed: boom (the build log is /log)",
    ),
    "fresh": (outcome(FRESH), "freshvenv: .venv: fresh (tree 77be012)"),
    "of another checkout": (
        outcome(replace(STALE, other_checkout="/b")),
        "freshvenv: .venv: foreign, left alone: installed from /b",
    ),
    "broken": (
        outcome(Observation(None, trouble="not a directory")),
        "freshvenv: .venv: broken, left alone: not a directory",
    ),
    "not wanted": (
        outcome(STALE, Wish(on_stale=OnStale.WARN)),
        "freshvenv: .venv: stale, left alone: tree 3f2a1c9 -> 77be012; on-stale is warn",
    ),
}


@pytest.mark.parametrize(("outcome", "line"), LINES.values(), ids=LINES)
def test_outcome_line(outcome: Outcome, line: str) -> None:
    assert outcome_line(outcome) == line


PLANNED = {
    "stale": (outcome(STALE), "freshvenv: .venv: would be reinstalled: tree 3f2a1c9 -> 77be012"),
    "forced": (outcome(FRESH, Wish(force=True)), "freshvenv: .venv: would be reinstalled: forced"),
    "fresh": (outcome(FRESH), "freshvenv: .venv: fresh (tree 77be012)"),
    "foreign": (
        outcome(replace(STALE, other_checkout="/b")),
        "freshvenv: .venv: foreign, left alone: installed from /b",
    ),
}


@pytest.mark.parametrize(("outcome", "line"), PLANNED.values(), ids=PLANNED)
def test_planned_line(outcome: Outcome, line: str) -> None:
    assert outcome_line(outcome, planned=True) == line


IS_FRESH = {
    "kept": (outcome(FRESH), True),
    "reinstalled": (DONE, True),
    "reinstalled, but dependencies are missing": (replace(DONE, installed=receipt_of(NEW, unmet=("attrs",))), False),
    "failed": (replace(outcome(STALE), failure="boom"), False),
    "left alone": (outcome(replace(STALE, other_checkout="/b")), False),
    "absent": (outcome(Observation(NEW)), False),
}


@pytest.mark.parametrize(("outcome", "expected"), IS_FRESH.values(), ids=IS_FRESH)
def test_is_fresh(outcome: Outcome, expected: bool) -> None:
    assert outcome.is_fresh is expected


STATUS = {
    "fresh": (FRESH, "freshvenv: .venv: fresh: tree 77be012"),
    "stale, with all reasons": (
        replace(STALE, uncommitted=("a.py",), failure="the build failed"),
        "freshvenv: .venv: stale: tree 3f2a1c9 -> 77be012; uncommitted: a.py; the build failed",
    ),
    "absent": (Observation(None, configured=True, missing=True), "freshvenv: .venv: absent: no such venv"),
}


@pytest.mark.parametrize(("observation", "line"), STATUS.values(), ids=STATUS)
def test_status_line(observation: Observation, line: str) -> None:
    assert status_line(".venv", observation) == line


# JSON

CURRENT = {
    "tree": NEW.tree,
    "interpreter": "cpython 3.11.7 abi",
    "extras": [],
    "groups": [],
    "config-settings": {},
    "build-from": "clean-checkout",
    "version-control": "",
    "submodules": [],
    "folder": "",
    "beside": [],
    "git-config": [],
    "environment": [],
}


def test_json() -> None:
    assert status_json(".venv", ".", STALE) == {
        "venv": ".venv",
        "project": ".",
        "state": "stale",
        "reasons": ["tree 3f2a1c9 -> 77be012"],
        "editable": False,
        "installed": {
            "distribution": "demo",
            "version": "1.2",
            "commit": "c" * 40,
            "time": "2024-01-01T00:00:00+00:00",
            **CURRENT,
            "tree": OLD.tree,
        },
        "current": CURRENT,
    }


def test_json_of_a_venv_that_cannot_be_used() -> None:
    row = status_json(".venv", ".", Observation(None, trouble="not a directory"))
    assert (row["state"], row["editable"], row["installed"], row["current"]) == ("broken", None, {}, {})


@pytest.mark.parametrize("observation", [FRESH, STALE, Observation(NEW), Observation(None, missing=True)])
def test_json_has_the_same_keys_always(observation: Observation) -> None:
    row = status_json(".venv", "sub", observation)
    assert list(row) == ["venv", "project", "state", "reasons", "editable", "installed", "current"]
    assert row["state"] in {state.value for state in State}
    assert json.loads(json.dumps(row)) == row


# explain


def test_explanation_lists_the_files() -> None:
    assert explanation(".venv", STALE, {"src/a.py": "M", "src/b.py": "D"}) == [
        "freshvenv: .venv: stale",
        "  tree 3f2a1c9 -> 77be012",
        "  M src/a.py",
        "  D src/b.py",
    ]


def test_explanation_without_the_old_tree() -> None:
    lines = explanation(".venv", STALE, None)
    assert lines[:2] == ["freshvenv: .venv: stale", "  tree 3f2a1c9 -> 77be012"]
    assert "no longer known to git" in lines[2]


def test_explanation_of_what_is_fresh() -> None:
    assert explanation(".venv", FRESH, {}) == ["freshvenv: .venv: fresh", "  tree 77be012"]


# Nothing that a terminal obeys

ERRORS = {
    "plain": (("no", ""), "freshvenv: no"),
    "with a hint": (("no", "do this"), "freshvenv: no (do this)"),
    "escape sequence": (("\x1b]0;title\x07", ""), r"freshvenv: \x1b]0;title\x07"),
    "newline": (("a\nb", ""), r"freshvenv: a\nb"),
    "carriage return": (("a\rb", ""), r"freshvenv: a\rb"),
    "eight-bit control": (("\x9b31m", ""), r"freshvenv: \x9b31m"),
    "text turned round": (("a\u202eb", ""), r"freshvenv: a\u202eb"),
    "byte that is not UTF-8": (("a\udce9", ""), r"freshvenv: a\udce9"),
    "control sequence in the hint": (("no", "\x1b[2J"), r"freshvenv: no (\x1b[2J)"),
}


@pytest.mark.parametrize(("words", "line"), ERRORS.values(), ids=ERRORS)
def test_error_line(words: tuple[str, str], line: str) -> None:
    assert error_line(*words) == line


PLAIN = ["venv in a folder", "vénv", "'quoted'", '"quoted"', "日本", "back\\slash", "emoji \N{SNAKE}"]


@pytest.mark.parametrize("text", PLAIN)
def test_text_is_left_alone(text: str) -> None:
    assert error_line(text) == f"freshvenv: {text}"


HOSTILE = st.text(st.characters(exclude_categories=[]), max_size=20)


@settings(database=None, deadline=None, max_examples=300)
@given(HOSTILE)
def test_no_line_carries_what_a_terminal_obeys(text: str) -> None:
    """Branch names, paths, and what builds print are chosen by strangers."""
    observation = replace(STALE, uncommitted=(text,), altered=(text,), failure=text, other_checkout="")
    failed = replace(outcome(observation), label=text, failure=text)
    installed = replace(failed, installed=replace(receipt_of(NEW, unmet=(text,)), distribution=text, version=text))
    lines = [
        outcome_line(failed),
        outcome_line(installed),
        outcome_line(installed, planned=True),
        status_line(text, observation),
        error_line(text, text),
        *explanation(text, observation, {text: "M"}),
    ]
    for line in lines:
        assert line.isprintable()
        line.encode()
