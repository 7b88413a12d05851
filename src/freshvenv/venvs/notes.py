"""Receipts, failures and intents in the ``.freshvenv`` folder of a venv: read without trust, written last."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from freshvenv.files import write_atomically
from freshvenv.own import read_own
from freshvenv.receipt import DamagedReceiptError, Receipt, dump, load
from freshvenv.venvs.intent import Intent, read_intents
from freshvenv.venvs.venv import is_venv


class Notes(NamedTuple):
    """The notes about one project in one venv, all in ``folder``."""

    folder: Path
    project: Path

    @property
    def _stem(self) -> Path:
        return self.folder / hashlib.sha256(os.fsencode(self.project)).hexdigest()[:16]

    @property
    def receipt_file(self) -> Path:
        return self._stem.with_suffix(".receipt.json")

    @property
    def intent_file(self) -> Path:
        return self._stem.with_suffix(".intent.json")

    @property
    def failure_file(self) -> Path:
        return self._stem.with_suffix(".failure")

    def mark_file(self, receipt: Receipt) -> Path:
        """An empty file that is there as long as this very receipt is: times tell no venv from a copy of another."""
        return self._stem.with_suffix(f".{receipt.mark}.mark")

    def receipt(self) -> Receipt | None:
        """The receipt, if there is one. Raises :class:`DamagedReceiptError`."""
        try:
            return load(read_own(self.receipt_file))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DamagedReceiptError(str(error.strerror)) from error

    def write_receipt(self, receipt: Receipt) -> None:
        """Vouch for an install. Raises ``OSError``."""
        mark = self.mark_file(receipt)
        if receipt.mark:
            self.folder.mkdir(exist_ok=True)
            mark.touch()
        # It is sealed: one that a loss of power left cut is no receipt, and costs a reinstall.
        write_atomically(self.receipt_file, dump(receipt), durable=False)
        self._drop_marks(but=mark)
        self.failure_file.unlink(missing_ok=True)

    def drop_receipt(self) -> None:
        """Vouch no longer; nothing that relies on the mark does, either."""
        self._drop_marks()
        self.receipt_file.unlink(missing_ok=True)

    def _drop_marks(self, *, but: Path | None = None) -> None:
        for mark in self.folder.glob(f"{self._stem.name}.*.mark"):
            if mark != but:
                mark.unlink(missing_ok=True)

    def interrupted(self) -> list[Intent]:
        """The intents of this project, and those that are too damaged to say whose they are."""
        wanted = os.fspath(self.project)
        return [it for it in read_intents(self.folder) if not it.readable or it.project == wanted]

    def write_failure(self, tree: str, reason: str, outlasted: int = 0) -> None:
        """Note that installing a tree failed, so that the state can say so later.

        ``outlasted``: the seconds after which the try was ended, 0 when it ended by itself. Nothing is noted in what is
        no venv any more.
        """
        if not is_venv(self.folder.parent):
            return
        head = f"{tree} {outlasted}" if outlasted else tree
        with suppress(OSError):
            write_atomically(self.failure_file, f"{head}\n{reason}".encode(errors="surrogateescape"))

    def failure(self, tree: str) -> str:
        """Why installing this very tree failed the last time, empty when it did not."""
        return self._failure(tree)[1]

    def outlasted(self, tree: str) -> int:
        """The seconds after which installing this very tree was ended the last time, 0 when it was not."""
        try:
            return int(self._failure(tree)[0] or 0)
        except ValueError:
            return 0

    def _failure(self, tree: str) -> tuple[str, str]:
        try:
            head, _, reason = os.fsdecode(read_own(self.failure_file)).partition("\n")
        except OSError:
            return "", ""
        noted, _, seconds = head.partition(" ")
        return (seconds, reason) if noted == tree else ("", "")
