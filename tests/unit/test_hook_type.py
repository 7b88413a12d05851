"""Which hook type pre-commit or prek is running, guessed from what they say of its arguments."""

from __future__ import annotations

import pytest

from freshvenv.caller import hook_type

TYPES = {
    "checkout": (
        {"PRE_COMMIT_CHECKOUT_TYPE": "1", "PRE_COMMIT_FROM_REF": "a", "PRE_COMMIT_TO_REF": "b"},
        "post-checkout",
    ),
    "checkout of files": ({"PRE_COMMIT_CHECKOUT_TYPE": "0"}, "post-checkout"),
    "merge": ({"PRE_COMMIT_IS_SQUASH_MERGE": "0"}, "post-merge"),
    "squash": ({"PRE_COMMIT_IS_SQUASH_MERGE": "1"}, "post-merge"),
    "rebase": ({"PRE_COMMIT_REWRITE_COMMAND": "rebase"}, "post-rewrite"),
    "amend": ({"PRE_COMMIT_REWRITE_COMMAND": "amend"}, "post-rewrite"),
    "commit": ({"PRE_COMMIT": "1"}, "post-commit"),
    "nothing": ({}, "post-commit"),
    "prek": ({"PREK_HOOK_STAGE": "post-merge"}, "post-merge"),
    "prek, when a commit is made": ({"PREK_HOOK_STAGE": "post-commit", "PRE_COMMIT": "1"}, "post-commit"),
    "prek, by hand": ({"PREK_HOOK_STAGE": "manual"}, "manual"),
    "prek, which names it, before pre-commit's hints": (
        {"PREK_HOOK_STAGE": "post-checkout", "PRE_COMMIT_IS_SQUASH_MERGE": "0"},
        "post-checkout",
    ),
    "set though empty": ({"PRE_COMMIT_CHECKOUT_TYPE": ""}, "post-checkout"),
}


@pytest.mark.parametrize(("variables", "expected"), TYPES.values(), ids=TYPES)
def test_type(variables: dict[str, str], expected: str) -> None:
    assert hook_type(variables) == expected
