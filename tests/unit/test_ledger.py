"""The ledger as text: what is written is read back, and nothing else is believed."""

from __future__ import annotations

import pytest

from freshvenv.trust.ledger import DamagedLedgerError, Ledger, parse_ledger, render_ledger

A, B, C = ("0" * 39 + digit for digit in "123")


def test_a_ledger_survives_a_round_trip() -> None:
    ledger = Ledger().with_commits(A, B).with_history(C)
    assert parse_ledger(render_ledger(ledger)) == ledger
    assert ledger.without(A, C) == Ledger(frozenset({B}))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[" * 100_000,
        b"null",
        b'{"version": "1"}',
        b'{"version": 2}',
        b'{"version": 1, "commits": {}}',
        b'{"version": 1, "commits": ["--all"]}',
        b'{"version": 1, "histories": ["HEAD"]}',
        b" " * (4 * 1024 * 1024 + 1),
    ],
    ids=["empty", "bytes", "deep", "null", "text", "newer", "table", "option", "name", "huge"],
)
def test_a_damaged_ledger_is_refused(content: bytes) -> None:
    with pytest.raises(DamagedLedgerError):
        parse_ledger(content)
