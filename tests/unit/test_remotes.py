"""Which refs and URLs are a trusted remote's, and what their reflogs say against it."""

from __future__ import annotations

import pytest

from freshvenv.trust.remotes import (
    Remote,
    Rewrites,
    TrustedRefs,
    came_otherwise,
    matches,
    trusted_refs,
    without_secrets,
)

HEADS = "+refs/heads/*:refs/remotes/origin/*"


REFS = {
    "a plain clone": (
        [Remote("origin", ("u",), (HEADS,))],
        ["--exclude=refs/remotes/origin/HEAD", "--glob=refs/remotes/origin/*"],
    ),
    "one branch": (
        [Remote("origin", ("u",), ("+refs/heads/main:refs/remotes/origin/main",))],
        ["--glob=refs/remotes/origin/mai[n]"],
    ),
    "another remote": ([Remote("fork", ("u",), ("+refs/heads/*:refs/remotes/fork/*",))], []),
    "pull requests": (
        [Remote("origin", ("u",), (HEADS, "+refs/pull/*/head:refs/remotes/origin/pr/*"))],
        ["--exclude=refs/remotes/origin/HEAD", "--exclude=refs/remotes/origin/pr/*", "--glob=refs/remotes/origin/*"],
    ),
    "another remote writes one branch": (
        [
            Remote("origin", ("u",), ("refs/heads/main:refs/remotes/origin/main",)),
            Remote("fork", ("u",), ("refs/heads/x:refs/remotes/origin/*",)),
        ],
        [],
    ),
    "a mirror": ([Remote("origin", ("u",), ("+refs/*:refs/*",))], []),
    "into local branches": ([Remote("origin", ("u",), ("+refs/heads/*:refs/heads/*",))], []),
    "no refspec": ([Remote("origin", ("u",), ())], []),
    "a negative refspec": (
        [Remote("origin", ("u",), (HEADS, "^refs/heads/x"))],
        ["--exclude=refs/remotes/origin/HEAD", "--glob=refs/remotes/origin/*"],
    ),
}


@pytest.mark.parametrize(("remotes", "words"), REFS.values(), ids=REFS.keys())
def test_trusted_refs(remotes: list[Remote], words: list[str]) -> None:
    assert trusted_refs(remotes, ["origin"]).options() == words


def test_a_remote_that_is_not_trusted_takes_its_refs_away() -> None:
    assert trusted_refs([Remote("origin", ("u",), (HEADS,))], []) == TrustedRefs((), ("refs/remotes/origin/*",))


@pytest.mark.parametrize(
    ("message", "otherwise"),
    [
        ("fetch: storing head", False),
        ("fetch origin: fast-forward", False),
        ("fetch --all --prune: forced-update", False),
        ("pull: fast-forward", False),
        ("update by push", False),
        ("clone: from https://host/x", False),
        ("fetch origin +refs/heads/x:refs/remotes/origin/x: storing head", False),
        ("fetch origin x:x: fast-forward", False),
        ("fetch origin x pull/7/head:pr-7: fast-forward", False),
        ("fetch origin x:refs/remotes/origin/x: storing head", False),
        ("fetch origin feature/x:refs/remotes/origin/x: storing head", True),
        ("fetch origin 0123456789012345678901234567890123456789:refs/remotes/origin/x: storing head", True),
        ("fetch origin +refs/pull/*/head:refs/remotes/origin/*: storing head", True),
        ("fetch origin +refs/pull/*/head:refs/remotes/origin/pr/*: storing head", False),
        ("fetch --refma=refs/pull/*/head:refs/remotes/origin/* origin: storing head", True),
        ("fetch origin refs/pull/1/head:refs/remotes/origin/x: storing head", True),
        ("fetch origin pull/1/head:remotes/origin/x: storing head", True),
        ("fetch fork refs/heads/x:refs/remotes/origin/x: storing head", True),
        ("fetch https://host/x refs/heads/x:refs/remotes/origin/x: storing head", True),
        ("fetch --refmap=refs/pull/*/head:refs/remotes/origin/* origin refs/pull/1/head: storing head", True),
        ("pull origin pull/1/head:refs/remotes/origin/x: storing head", True),
        ("fetch --append --no-auto-gc --prune origin: storing head", False),
        ("fetch fork: storing head", True),
        ("fetch --append --no-auto-gc --no-write-commit-graph -q fork: storing head", True),
        ("fetch --depth 1 origin +refs/heads/x:refs/remotes/origin/x: storing head", False),
        ("fetch -q -j 2 --upload-pack x origin: storing head", False),
        ("fetch -j 2 fork: storing head", True),
        ("fetch --depth=1 origin topic: storing head", False),
        ("pull -q -s ort --ff-only: fast-forward", False),
        ("pull -X ours fork main: fast-forward", True),
        ("push", True),
        ("update-ref: x", True),
        ("remote: renamed refs/remotes/x/y to refs/remotes/origin/y", False),
        ("", True),
    ],
)
def test_how_a_ref_came(message: str, *, otherwise: bool) -> None:
    assert came_otherwise("refs/remotes/origin/x", [message], ["origin"]) == otherwise


def test_a_push_proves_nothing_where_it_goes_elsewhere() -> None:
    assert came_otherwise("refs/remotes/origin/x", ["update by push"], ["origin"], pushed_elsewhere=True)


RENAMED = "remote: renamed refs/remotes/old/x to refs/remotes/origin/x"


@pytest.mark.parametrize(
    ("before", "otherwise"),
    [
        ("fetch old: storing head", False),
        ("fetch fork: storing head", True),
        ("fetch old +refs/pull/*/head:refs/remotes/old/*: storing head", True),
        ("remote: renamed refs/remotes/first/x to refs/remotes/old/x", False),
    ],
)
def test_another_name_changes_nothing(before: str, *, otherwise: bool) -> None:
    assert came_otherwise("refs/remotes/origin/x", [RENAMED, before], ["origin"]) == otherwise


REWRITES = Rewrites(
    plain=(("https://host/", "ssh://git@host/"), ("https://host/a", "https://mirror/a"), ("gh:", "https://host/")),
    of_pushes=(("https://host/", "git@host:"),),
)


@pytest.mark.parametrize(
    ("urls", "push_urls", "remote"),
    [
        (["https://else/x"], [], Remote("o", ("https://else/x",), (), ("https://else/x",))),
        (["https://host/x"], [], Remote("o", ("ssh://git@host/x",), (), ("git@host:x",))),
        (["https://host/abc"], [], Remote("o", ("https://mirror/abc",), (), ("git@host:abc",))),
        (["gh:x"], [], Remote("o", ("https://host/x",), (), ("https://host/x",))),
        (["x"], ["https://host/x"], Remote("o", ("x",), (), ("ssh://git@host/x",))),
        ([], ["x"], Remote("o")),
    ],
)
def test_urls_are_those_that_git_takes(urls: list[str], push_urls: list[str], remote: Remote) -> None:
    assert REWRITES.remote("o", urls, push_urls, ()) == remote


@pytest.mark.parametrize(
    ("url", "pushed_to", "elsewhere"),
    [
        ("https://host/a/b", ("git@host:a/b.git",), False),
        ("https://user@host/a/b/", ("ssh://git@host:22/a/b",), False),
        ("https://host/a/b", ("https://host/c/b",), True),
        ("https://host/a/b", ("https://other/a/b",), True),
        ("https://host/a/b", ("https://other/a/b", "https://host/a/b"), True),
        ("/a/b", ("/a/b",), False),
        ("/a/b", ("/a/c",), True),
        ("file:///a/b", ("/c/b",), True),
        ("file:///a/b", ("/a/b",), False),
    ],
)
def test_where_a_push_goes(url: str, pushed_to: tuple[str, ...], *, elsewhere: bool) -> None:
    assert Remote("o", (url,), (), pushed_to).is_pushed_elsewhere == elsewhere


def test_a_star_spans_slashes_and_nothing_else_is_special() -> None:
    assert matches("refs/remotes/origin/*", "refs/remotes/origin/a/b")
    assert not matches("refs/remotes/origin.x", "refs/remotes/originyx")


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://user:token@host/x", "https://host/x"),
        ("https://host/x@y", "https://host/x@y"),
        ("git@host:x/y", "git@host:x/y"),
        ("/a/path", "/a/path"),
    ],
)
def test_no_secret_is_written_down(url: str, kept: str) -> None:
    assert without_secrets(url) == kept
