"""What is decided about a target: every observation has an answer, and every answer its reasons."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshvenv.fingerprint import BuildFrom, Fingerprint, Recipe, compare
from freshvenv.plan import Action, Decision, Observation, OnStale, State, Wish, decide, judge
from support.receipts import receipt_of
from support.values import replace

OLD_TREE, NEW_TREE = "1" * 40, "2" * 40

NOW = Fingerprint(NEW_TREE, "cpython 3.11.7 cpython-311-x86_64-linux-gnu", Recipe())


FRESH = Observation(NOW, receipt_of(NOW), installed=True, configured=True)
EDITABLE = replace(NOW, recipe=Recipe(editable=True), outline="shape")
STALE = replace(FRESH, receipt=receipt_of(replace(NOW, tree=OLD_TREE)))
UNKNOWN = Observation(NOW, installed=True)
UNINSTALLED = Observation(NOW)


@dataclass(frozen=True)
class Row:
    observation: Observation
    state: State
    reasons: tuple[str, ...]


STATES = {
    "fresh": Row(FRESH, State.FRESH, ("tree 2222222",)),
    "fresh though found, not configured": Row(replace(FRESH, configured=False), State.FRESH, ("tree 2222222",)),
    "fresh though an earlier try failed": Row(replace(FRESH, failure="no space"), State.FRESH, ("tree 2222222",)),
    "fresh, and what is uncommitted is installed": Row(
        replace(FRESH, uncommitted=("a.py",)), State.FRESH, ("tree 2222222",)
    ),
    "another tree with the same outline, editable": Row(
        replace(FRESH, current=EDITABLE, receipt=receipt_of(replace(EDITABLE, tree=OLD_TREE)), uncommitted=("a.py",)),
        State.FRESH,
        ("tree 2222222",),
    ),
    "another tree": Row(STALE, State.STALE, ("tree 1111111 -> 2222222",)),
    "another tree, with uncommitted files": Row(
        replace(STALE, uncommitted=("src/a.py", "src/b.py")),
        State.STALE,
        ("tree 1111111 -> 2222222", "uncommitted: src/a.py, src/b.py"),
    ),
    "more uncommitted files than one reads": Row(
        replace(STALE, uncommitted=tuple("abcdefg")),
        State.STALE,
        ("tree 1111111 -> 2222222", "uncommitted: a, b, c, d, e and 2 more"),
    ),
    "another interpreter": Row(
        replace(FRESH, receipt=receipt_of(replace(NOW, interpreter="cpython 3.8.18 x"))),
        State.STALE,
        ("interpreter cpython 3.8.18 x -> cpython 3.11.7 cpython-311-x86_64-linux-gnu",),
    ),
    "another mode": Row(
        replace(FRESH, receipt=receipt_of(replace(NOW, recipe=Recipe(editable=True)))),
        State.STALE,
        ("mode editable -> not editable",),
    ),
    "another tag": Row(
        replace(
            FRESH, current=replace(NOW, version_control="v2"), receipt=receipt_of(replace(NOW, version_control="v1"))
        ),
        State.STALE,
        ("git describe v1 -> v2",),
    ),
    "a submodule that is populated now": Row(
        replace(FRESH, current=replace(NOW, submodules=("lib abc",))),
        State.STALE,
        ("submodules nothing -> lib abc",),
    ),
    "edited files": Row(replace(FRESH, altered=("lib/demo.py",)), State.STALE, ("changed in the venv: lib/demo.py",)),
    "edited where the build left it": Row(
        replace(FRESH, left=("demo.so",)), State.STALE, ("changed in the working tree: demo.so",)
    ),
    "missing dependencies": Row(
        replace(FRESH, receipt=receipt_of(NOW, unmet=("attrs>=1",))), State.STALE, ("dependencies missing: attrs>=1",)
    ),
    "stale, and the last try failed": Row(
        replace(STALE, failure="the build failed"),
        State.STALE,
        ("tree 1111111 -> 2222222", "the build failed"),
    ),
    "no receipt": Row(UNKNOWN, State.UNKNOWN, ("not installed by freshvenv",)),
    "no receipt, and the last try failed": Row(
        replace(UNKNOWN, failure="no space"), State.UNKNOWN, ("not installed by freshvenv", "no space")
    ),
    "distrusted receipt": Row(replace(FRESH, distrust="reinstalled by pip"), State.UNKNOWN, ("reinstalled by pip",)),
    "interrupted": Row(replace(FRESH, interrupted=True), State.UNKNOWN, ("an install was interrupted",)),
    "interrupted before anything was there": Row(
        replace(UNINSTALLED, interrupted=True), State.UNKNOWN, ("an install was interrupted",)
    ),
    "interrupted, with an old install of another checkout": Row(
        replace(FRESH, interrupted=True, other_checkout="/b"), State.UNKNOWN, ("an install was interrupted",)
    ),
    "not installed": Row(UNINSTALLED, State.ABSENT, ("not installed here",)),
    "not installed, and the last try failed": Row(
        replace(UNINSTALLED, failure="no space"), State.ABSENT, ("not installed here", "no space")
    ),
    "uninstalled behind our back": Row(replace(FRESH, installed=False), State.ABSENT, ("not installed here",)),
    "no such venv": Row(Observation(None, configured=True, missing=True), State.ABSENT, ("no such venv",)),
    "of another checkout": Row(replace(FRESH, other_checkout="/b"), State.FOREIGN, ("installed from /b",)),
    "no venv": Row(Observation(None, configured=True, trouble="not a directory"), State.BROKEN, ("not a directory",)),
    "interrupted, and it cannot be used": Row(
        Observation(None, interrupted=True, trouble="not a directory"), State.BROKEN, ("not a directory",)
    ),
}


@pytest.mark.parametrize("row", STATES.values(), ids=STATES)
def test_state(row: Row) -> None:
    assert judge(row.observation) == (row.state, row.reasons)


ACTIONS = {
    "fresh": (FRESH, Action.KEEP),
    "stale": (STALE, Action.REINSTALL),
    "unknown": (UNKNOWN, Action.REINSTALL),
    "absent, configured": (replace(UNINSTALLED, configured=True), Action.REINSTALL),
    "absent, only found": (UNINSTALLED, Action.SKIP),
    "no such venv, though configured": (Observation(None, configured=True, missing=True), Action.SKIP),
    "foreign": (replace(STALE, other_checkout="/b"), Action.SKIP),
    "broken": (Observation(None, configured=True, trouble="gone"), Action.SKIP),
    "interrupted": (replace(FRESH, interrupted=True), Action.REINSTALL),
}


@pytest.mark.parametrize(("observation", "action"), ACTIONS.values(), ids=ACTIONS)
def test_action(observation: Observation, action: Action) -> None:
    assert decide(observation, Wish()).action is action


@pytest.mark.parametrize("on_stale", [OnStale.WARN, OnStale.OFF], ids=lambda it: str(it.value))
@pytest.mark.parametrize(
    "observation", [STALE, UNKNOWN, replace(UNINSTALLED, configured=True)], ids=["stale", "unknown", "absent"]
)
def test_on_stale_leaves_it_and_says_so(observation: Observation, on_stale: OnStale) -> None:
    state, reasons = judge(observation)
    expected = Decision(state, Action.SKIP, (*reasons, f"on-stale is {on_stale.value}"))
    assert decide(observation, Wish(on_stale=on_stale)) == expected


@pytest.mark.parametrize("on_stale", OnStale, ids=lambda it: str(it.value))
@pytest.mark.parametrize(
    "observation",
    [FRESH, UNINSTALLED, replace(STALE, other_checkout="/b"), Observation(None, trouble="gone")],
    ids=["fresh", "absent", "foreign", "broken"],
)
def test_on_stale_has_no_say_over(observation: Observation, on_stale: OnStale) -> None:
    assert decide(observation, Wish(on_stale=on_stale)) == decide(observation, Wish())


SLOW = {"failure": "the build took longer than 600 s", "outlasted": 600}
TRIES = {
    "by hand": (replace(STALE, **SLOW), Wish(), Action.REINSTALL),
    "by force": (replace(STALE, **SLOW), Wish(force=True), Action.REINSTALL),
    "as long as before": (replace(STALE, **SLOW), Wish(limit=600), Action.SKIP),
    "shorter than before": (replace(STALE, **SLOW), Wish(limit=60), Action.SKIP),
    "longer than before": (replace(STALE, **SLOW), Wish(limit=601), Action.REINSTALL),
    "unknown": (replace(UNKNOWN, **SLOW), Wish(limit=600), Action.SKIP),
    "not installed": (replace(UNINSTALLED, configured=True, **SLOW), Wish(limit=600), Action.SKIP),
    "fresh": (replace(FRESH, **SLOW), Wish(limit=600), Action.KEEP),
    "it failed by itself": (replace(STALE, failure="no network"), Wish(limit=600), Action.REINSTALL),
    "it did not fail": (STALE, Wish(limit=600), Action.REINSTALL),
}


@pytest.mark.parametrize(("observation", "wish", "action"), TRIES.values(), ids=TRIES)
def test_build_that_took_too_long(observation: Observation, wish: Wish, action: Action) -> None:
    decision = decide(observation, wish)
    assert decision.action is action
    told = "not tried again until you run freshvenv resync"
    assert (told in decision.reasons) is (action is Action.SKIP)
    assert action is not Action.SKIP or SLOW["failure"] in decision.reasons


def test_force_reinstalls_what_is_fresh() -> None:
    assert decide(FRESH, Wish(force=True)) == Decision(State.FRESH, Action.REINSTALL, ("forced",))


@pytest.mark.parametrize(
    "observation",
    [
        UNINSTALLED,
        replace(FRESH, other_checkout="/b"),
        Observation(None, configured=True, trouble="gone"),
        Observation(None, configured=True, missing=True),
    ],
    ids=["only found, not installed", "foreign", "broken", "no such venv"],
)
def test_force_takes_nothing_over(observation: Observation) -> None:
    assert decide(observation, Wish(force=True)).action is Action.SKIP


# Every observation

TEXTS = st.sampled_from(["", "one", "other", "\0"])
LINES = st.sampled_from([(), ("a",), tuple("abcdefgh")])
RECIPES = st.builds(Recipe, editable=st.booleans(), extras=LINES, build_from=st.sampled_from(BuildFrom))
FINGERPRINTS = st.builds(
    Fingerprint,
    tree=st.sampled_from([OLD_TREE, NEW_TREE, ""]),
    interpreter=st.sampled_from(["cpython 3.11.7", "cpython 3.12.1"]),
    recipe=RECIPES,
    version_control=TEXTS,
    submodules=LINES,
    beside=LINES,
    outline=TEXTS,
)
RECEIPTS = st.builds(receipt_of, FINGERPRINTS, unmet=LINES)
OBSERVATIONS = st.builds(
    Observation,
    current=st.none() | FINGERPRINTS,
    receipt=st.none() | RECEIPTS,
    installed=st.booleans(),
    configured=st.booleans(),
    missing=st.booleans(),
    trouble=TEXTS,
    other_checkout=TEXTS,
    interrupted=st.booleans(),
    distrust=TEXTS,
    altered=LINES,
    uncommitted=LINES,
    failure=TEXTS,
    outlasted=st.sampled_from([-1, 0, 600]),
)
WISHES = st.builds(
    Wish, force=st.booleans(), on_stale=st.sampled_from(OnStale), limit=st.sampled_from([0, 1, 600, 900])
)

every_observation = settings(database=None, deadline=None, max_examples=200)


@every_observation
@given(OBSERVATIONS, WISHES)
def test_total(observation: Observation, wish: Wish) -> None:
    assert isinstance(decide(observation, wish), Decision)


@every_observation
@given(OBSERVATIONS, WISHES)
def test_explained(observation: Observation, wish: Wish) -> None:
    reasons = decide(observation, wish).reasons
    assert reasons
    assert all(reasons)


@every_observation
@given(OBSERVATIONS, WISHES)
def test_decision_has_the_state_of_the_observation(observation: Observation, wish: Wish) -> None:
    assert decide(observation, wish).state is judge(observation)[0]


@every_observation
@given(OBSERVATIONS, WISHES)
def test_what_cannot_be_used_is_never_reinstalled(observation: Observation, wish: Wish) -> None:
    if observation.missing or observation.trouble:
        assert decide(observation, wish).action is Action.SKIP


@every_observation
@given(OBSERVATIONS)
def test_fresh_needs_proof(observation: Observation) -> None:
    """Nothing but a believed receipt for this very fingerprint makes a target fresh."""
    if judge(observation)[0] is State.FRESH:
        assert observation.installed
        reasons_against = (
            observation.missing,
            observation.trouble,
            observation.interrupted,
            observation.distrust,
            observation.other_checkout,
            observation.altered,
        )
        assert not any(reasons_against)
        assert observation.receipt is not None
        assert observation.current is not None
        assert not compare(observation.receipt.fingerprint, observation.current)
        assert not observation.receipt.unmet


@every_observation
@given(OBSERVATIONS, WISHES)
def test_idempotent(observation: Observation, wish: Wish) -> None:
    """After what was decided was carried out, the next plan keeps everything."""
    if decide(observation, wish).action is not Action.REINSTALL or observation.current is None:
        return
    after = Observation(
        current=observation.current,
        receipt=receipt_of(observation.current),
        installed=True,
        configured=observation.configured,
        uncommitted=observation.uncommitted,
    )
    again = decide(after, replace(wish, force=False))
    assert (again.state, again.action) == (State.FRESH, Action.KEEP)
