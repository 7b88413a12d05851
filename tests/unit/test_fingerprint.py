"""Fingerprints: a difference in any field is found, and said in words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshvenv.fingerprint import BuildFrom, Difference, Fingerprint, Recipe, compare, short
from support.values import replace

INSTALLED = Fingerprint(
    tree="1" * 40,
    interpreter="cpython 3.11.7 abi",
    recipe=Recipe(extras=("test",), groups=("dev",), config_settings=(("jobs", "2"),)),
    version_control="v1-0-gabc",
    submodules=("lib abc",),
    beside=(f".gitignore {'1' * 40}", f"packages/.gitignore {'3' * 40}"),
)

DIFFERENCES = {
    "tree": (replace(INSTALLED, tree="2" * 40), "tree 1111111 -> 2222222"),
    "tree that begins alike": (replace(INSTALLED, tree="1" * 39 + "2"), "tree 1111111 -> 1111111"),
    "interpreter": (
        replace(INSTALLED, interpreter="cpython 3.12.1 abi"),
        "interpreter cpython 3.11.7 abi -> cpython 3.12.1 abi",
    ),
    "mode": (
        replace(INSTALLED, recipe=replace(INSTALLED.recipe, editable=True)),
        "mode not editable -> editable",
    ),
    "an extra more": (
        replace(INSTALLED, recipe=replace(INSTALLED.recipe, extras=("docs", "test"))),
        "extras test -> docs, test",
    ),
    "no extra": (replace(INSTALLED, recipe=replace(INSTALLED.recipe, extras=())), "extras test -> nothing"),
    "group": (replace(INSTALLED, recipe=replace(INSTALLED.recipe, groups=("lint",))), "groups dev -> lint"),
    "config settings": (
        replace(INSTALLED, recipe=replace(INSTALLED.recipe, config_settings=(("jobs", "4"), ("x", "y")))),
        "config settings jobs=2 -> jobs=4, x=y",
    ),
    "build-from": (
        replace(INSTALLED, recipe=replace(INSTALLED.recipe, build_from=BuildFrom.WORKING_TREE)),
        "build-from clean-checkout -> working-tree",
    ),
    "git describe": (replace(INSTALLED, version_control="v2"), "git describe v1-0-gabc -> v2"),
    "git describe no longer matters": (
        replace(INSTALLED, version_control=""),
        "git describe v1-0-gabc -> nothing",
    ),
    "setting of git": (
        replace(INSTALLED, conversions=("core.autocrlf=true", "core.eol=crlf")),
        "git config nothing -> core.autocrlf=true, core.eol=crlf",
    ),
    "variable": (replace(INSTALLED, variables=("PBR_VERSION=1",)), "environment nothing -> PBR_VERSION=1"),
    "more than its folder": (replace(INSTALLED, folder="sub"), "tree of its folder -> the repository"),
    "submodule": (replace(INSTALLED, submodules=("lib def",)), "submodules lib abc -> lib def"),
    "ignore file above": (
        replace(INSTALLED, beside=(f".gitignore {'2' * 40}", f"packages/.gitignore {'3' * 40}")),
        "beside the project .gitignore 1111111 -> .gitignore 2222222",
    ),
    "ignore file above removed": (
        replace(INSTALLED, beside=INSTALLED.beside[1:]),
        "beside the project .gitignore 1111111 -> nothing",
    ),
    "ignore file above became a link": (
        replace(INSTALLED, beside=(f". {'2' * 40}", *INSTALLED.beside)),
        "beside the project nothing -> the repository 2222222",
    ),
}


@pytest.mark.parametrize(("current", "words"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_difference(current: Fingerprint, words: str) -> None:
    assert [str(difference) for difference in compare(INSTALLED, current)] == [words]


def test_equal_fingerprints_differ_in_nothing() -> None:
    assert compare(INSTALLED, replace(INSTALLED)) == ()


OTHER = Fingerprint(
    tree="2" * 40,
    interpreter="x",
    recipe=Recipe(True, ("a",), ("b",), (("c", "d"),), BuildFrom.WORKING_TREE),
    version_control="v",
    submodules=("s",),
    beside=("b 1",),
    folder="f",
    conversions=("core.eol=lf",),
    variables=("X=1",),
)


@pytest.mark.parametrize("field", [name for name in Fingerprint._fields if name not in {"recipe", "outline"}])
def test_every_field_counts(field: str) -> None:
    """A field that is added to a fingerprint has to be compared too; of outlines see below."""
    changes: dict[str, Any] = {field: getattr(OTHER, field)}
    assert len(compare(INSTALLED, replace(INSTALLED, **changes))) == 1


@pytest.mark.parametrize("field", Recipe._fields)
def test_every_field_of_a_recipe_counts(field: str) -> None:
    changes: dict[str, Any] = {field: getattr(OTHER.recipe, field)}
    assert len(compare(INSTALLED, replace(INSTALLED, recipe=replace(INSTALLED.recipe, **changes)))) == 1


READ_ALIKE = {
    "config settings": (
        Recipe(config_settings=(("a", "1"), ("b", "2"))),
        Recipe(config_settings=(("a", "1, b=2"),)),
    ),
    "config settings with an equals sign": (
        Recipe(config_settings=(("a", "b=c"),)),
        Recipe(config_settings=(("a=b", "c"),)),
    ),
    "extras": (Recipe(extras=("a", "b")), Recipe(extras=("a, b",))),
}


@pytest.mark.parametrize(("old", "new"), READ_ALIKE.values(), ids=READ_ALIKE)
def test_recipes_that_read_alike_still_differ(old: Recipe, new: Recipe) -> None:
    assert compare(replace(INSTALLED, recipe=old), replace(INSTALLED, recipe=new))


EDITABLE = replace(INSTALLED, recipe=replace(INSTALLED.recipe, editable=True), outline="shape")

OUTLINES = {
    "editable, of the same outline": (EDITABLE, replace(EDITABLE, tree="2" * 40), False),
    "editable, of another outline": (EDITABLE, replace(EDITABLE, tree="2" * 40, outline="other"), True),
    "editable, installed before outlines": (replace(EDITABLE, outline=""), replace(EDITABLE, tree="2" * 40), True),
    "editable, and now in doubt": (EDITABLE, replace(EDITABLE, tree="2" * 40, outline=""), True),
    "not editable": (
        replace(INSTALLED, outline="shape"),
        replace(INSTALLED, tree="2" * 40, outline="shape"),
        True,
    ),
    "editable no longer": (EDITABLE, replace(INSTALLED, tree="2" * 40, outline="shape"), True),
}


@pytest.mark.parametrize(("old", "new", "differs"), OUTLINES.values(), ids=OUTLINES)
def test_outline_stands_for_the_tree_of_an_editable_install(old: Fingerprint, new: Fingerprint, differs: bool) -> None:
    assert old.has_tree_of(new) is not differs
    assert ("tree" in [difference.field for difference in compare(old, new)]) is differs


def test_the_most_telling_comes_first() -> None:
    differences = compare(INSTALLED, replace(INSTALLED, tree="2" * 40, version_control="v2"))
    assert [difference.field for difference in differences] == ["tree", "git describe"]


TEXTS = st.sampled_from(["a", "b"])
LINES = st.lists(TEXTS, max_size=2).map(tuple)
FINGERPRINTS = st.builds(
    Fingerprint,
    tree=TEXTS,
    interpreter=TEXTS,
    recipe=st.builds(
        Recipe,
        editable=st.booleans(),
        extras=LINES,
        groups=LINES,
        config_settings=st.just(()),
        build_from=st.just(BuildFrom.CLEAN_CHECKOUT),
    ),
    version_control=TEXTS,
    submodules=LINES,
    beside=LINES,
    outline=st.just(""),
)


@settings(database=None, deadline=None)
@given(FINGERPRINTS, FINGERPRINTS)
def test_differences_are_empty_exactly_for_equal_fingerprints(one: Fingerprint, other: Fingerprint) -> None:
    assert (compare(one, other) == ()) == (one == other)
    assert compare(one, one) == ()


def test_difference_from_nothing() -> None:
    assert str(Difference("extras", "", "test")) == "extras nothing -> test"


CACHEABLE = {
    "not editable, from a clean checkout": (Recipe(), True),
    "with extras and settings": (Recipe(extras=("a",), config_settings=(("b", "c"),)), True),
    "editable": (Recipe(editable=True), False),
    "from the working tree": (Recipe(build_from=BuildFrom.WORKING_TREE), False),
    "both": (Recipe(editable=True, build_from=BuildFrom.WORKING_TREE), False),
}


@pytest.mark.parametrize(("recipe", "expected"), CACHEABLE.values(), ids=CACHEABLE)
def test_is_cacheable(recipe: Recipe, expected: bool) -> None:
    assert recipe.is_cacheable is expected


@pytest.mark.parametrize(("hash", "shown"), [("0123456789", "0123456"), ("012", "012"), ("", "")])
def test_short(hash: str, shown: str) -> None:
    assert short(hash) == shown
