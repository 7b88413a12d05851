"""``git describe``, for any commit."""

from __future__ import annotations

from pathlib import Path

import pytest

from freshvenv.source.git import Repository
from support.world import World

pytestmark = pytest.mark.ordinary_place("each kind of place is made here")


def test_describe(world: World, top: Path, repository: Repository) -> None:
    first = repository.head().commit
    assert repository.describe(first) == first
    world.git("tag", "v1", cwd=top)
    assert repository.describe(first) == f"v1-0-g{first}"
    second = world.commit(top)
    assert repository.describe(second) == f"v1-1-g{second}"
    world.git("tag", "nightly", cwd=top)
    # A version scheme that asks for tags with a number in them sees another one.
    assert repository.describe(second) == f"nightly-0-g{second} v1-1-g{second}"


def test_dotted_tag_behind_another(world: World, top: Path, repository: Repository) -> None:
    """pdm takes the nearest tag that has a dot."""
    first = repository.head().commit
    second = world.commit(top)
    world.git("tag", "v5", second, cwd=top)
    before = repository.describe(second)
    world.git("tag", "1.0", first, cwd=top)
    assert repository.describe(second) == f"{before} 1.0-1-g{second}"


def test_tags_that_lead_to_a_commit(world: World, top: Path, repository: Repository) -> None:
    first = repository.head().commit
    second = world.commit(top)
    world.git("tag", "web-1", second, cwd=top)
    before = repository.tags(first), repository.tags(second)
    assert before[0] != before[1]
    world.git("tag", "core-1", first, cwd=top)
    tagged = repository.tags(first), repository.tags(second)
    assert tagged[0] != before[0]
    assert tagged[1] != before[1]
    world.git("tag", "web-2", second, cwd=top)
    assert repository.tags(first) == tagged[0]
    world.git("tag", "--force", "core-1", second, cwd=top)
    assert repository.tags(first) == before[0]


DESCRIBES_DIFFERENTLY = {
    "a tag": "git tag v2",
    "an annotated tag over a plain one": "git tag v2 && git tag -a -m x v3",
    "a tag moved": "git tag -f v1",
    "the tag removed": "git tag -d v1",
    "an empty commit": "git commit -q --allow-empty -m more",
}


@pytest.mark.parametrize("words", DESCRIBES_DIFFERENTLY.values(), ids=DESCRIBES_DIFFERENTLY)
def test_described_differently(world: World, top: Path, repository: Repository, words: str) -> None:
    world.git("tag", "v1", cwd=top)
    world.commit(top)
    before = repository.describe(repository.head().commit)
    world.run("sh", "-ec", words, cwd=top)
    assert repository.describe(repository.head().commit) != before


def test_tags_beside_one_another_in_columns(world: World, top: Path, repository: Repository) -> None:
    """What is printed for people depends on their settings."""
    for tag in ("v1", "v2"):
        world.git("tag", tag, cwd=top)
    before = repository.describe(repository.head().commit)
    world.git("config", "column.ui", "always", cwd=top)
    assert repository.describe(repository.head().commit) == before
    world.git("tag", "v3", cwd=top)
    assert repository.describe(repository.head().commit) != before


def test_plain_tag_beside_an_annotated_one(world: World, top: Path, repository: Repository) -> None:
    """dunamai (poetry-dynamic-versioning, uv-dynamic-versioning) takes the plain one, ``git describe`` the other."""
    world.git("tag", "--annotate", "--message", "two", "v2.0.0", cwd=top)
    before = repository.describe(repository.head().commit)
    world.git("tag", "v1.0.0", cwd=top)
    assert repository.describe(repository.head().commit) != before
