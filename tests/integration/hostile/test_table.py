"""Which tests stand for which kind of hostile input."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path

import pytest

HERE = Path(__file__)


TESTS = HERE.parents[2]


COVERED: Mapping[str, tuple[str, ...]] = {
    "wheels whose paths leave the venv": (
        "integration/hostile/test_wheels.py::test_wheel_is_refused",
        "integration/place/test_nothing_outside.py::test_invalid_wheel_is_refused",
    ),
    "wheels whose RECORD leaves the venv": (
        "integration/hostile/test_wheels.py::test_record_of_a_wheel_proves_nothing",
    ),
    "symlinks in wheels": ("integration/hostile/test_wheels.py::test_link_in_a_wheel_is_a_plain_file",),
    "absolute paths in wheels": ("integration/hostile/test_wheels.py::test_wheel_is_refused",),
    "zip bombs": ("integration/hostile/test_wheels.py::test_wheel_is_refused",),
    "names that differ only in case": ("integration/hostile/test_wheels.py::test_names_that_differ_only_in_case",),
    "entry points called python, pip, git": (
        "integration/hostile/test_wheels.py::test_wheel_is_refused",
        "integration/place/test_scripts.py::test_program_of_the_venv_itself_is_refused",
    ),
    "top-level .pth files": ("integration/hostile/test_wheels.py::test_pth_file_goes_with_its_wheel",),
    "a venv that is a symlink to somewhere else": (
        "integration/bad_input/test_venvs.py::test_unusable_venv_is_left_alone",
    ),
    "a pyvenv.cfg that lies": ("integration/hostile/test_venvs.py::test_pyvenv_cfg_that_lies",),
    "an interpreter that lies": ("integration/hostile/test_venvs.py::test_interpreter_that_lies",),
    "RECORD rows that point outside": (
        "integration/test_record.py::test_row_that_points_outside_is_refused",
        "integration/bad_input/test_damages.py::test_damage_is_repaired",
        "integration/place/test_nothing_outside.py::test_nothing_outside_is_removed",
    ),
    "odd paths": (
        "integration/bad_input/test_paths.py::test_odd_path",
        "integration/bad_input/test_paths.py::test_odd_name_of_a_venv",
        "integration/hostile/test_names.py::test_odd_path_is_escaped",
        "integration/hostile/test_names.py::test_path_that_is_not_utf8",
    ),
    "odd names of files": ("integration/hostile/test_names.py::test_odd_names_of_files",),
    "odd names of branches": ("integration/hostile/test_names.py::test_odd_name_of_a_branch",),
    "escape sequences in what commits say of themselves": (
        "integration/hostile/test_names.py::test_commit_with_escape_sequences",
    ),
    "a repository of another owner": ("integration/hostile/test_repositories.py::test_repository_of_another_owner",),
    "sha256 repositories": (
        "integration/hostile/test_repositories.py::test_sha256_repository",
        "integration/test_checkout.py::test_sha256_repository",
    ),
    "a pyproject.toml of 100 MB": (
        "integration/hostile/test_settings.py::test_pyproject_that_is_no_text_of_a_sane_size",
        "integration/hostile/test_settings.py::test_huge_pyproject_of_a_stranger",
    ),
    "ten thousand venvs matched by a glob": ("integration/hostile/test_venvs.py::test_pattern_that_finds_too_many",),
    "garbage where we read: receipt": (
        "unit/test_receipt.py::test_any_bytes",
        "unit/test_receipt.py::test_any_value_anywhere",
        "unit/test_receipt.py::test_any_byte_flipped",
    ),
    "garbage where we read: intent": ("integration/test_notes.py::test_any_intent",),
    "garbage where we read: stamp": ("unit/test_fuzz.py::test_stamp",),
    "garbage where we read: RECORD": (
        "integration/test_record.py::test_any_text_gives_paths_inside_or_a_venv_error",
        "unit/test_fuzz.py::test_record",
    ),
    "garbage where we read: settings": ("unit/test_fuzz.py::test_settings", "unit/test_fuzz.py::test_toml"),
    "garbage where we read: direct_url.json": ("integration/test_venv.py::test_any_origin",),
    "garbage where we read: ledger": ("unit/test_fuzz.py::test_ledger",),
    "garbage where we read: reflog": ("unit/test_fuzz.py::test_reflog",),
}
"""Each kind of hostile input, and the tests that stand for it, wherever they are."""


@pytest.mark.parametrize("name", sorted({name for names in COVERED.values() for name in names}))
def test_the_table_names_tests_that_there_are(name: str) -> None:
    file, _, function = name.partition("::")
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
