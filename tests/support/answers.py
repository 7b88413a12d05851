"""What ``freshvenv status`` would say again without looking further."""

from __future__ import annotations

import os

from freshvenv.answer import asked_from, recall
from freshvenv.source.picture import take_picture
from freshvenv.source.refs import head_commit, head_text
from support.repository import Repository


def recall_answer(where: Repository) -> tuple[str, ...] | None:
    """The lines, as this process would have them; nothing where ``status`` would look for itself."""
    top, git_dir = os.fspath(where.path), os.fspath(where.git_dir)
    asked = asked_from(top, head_text(git_dir), head_commit(git_dir))
    return recall(git_dir, asked, lambda pathspecs: take_picture(top, pathspecs))
