"""Makes the payload of a project as it is checked out: a clean checkout, a build, and the wheel taken apart.

Import it only where a wheel has to be built: all that it needs takes longer to import than a delta install takes.
"""

from __future__ import annotations

from pathlib import Path

from freshvenv.fingerprint import Recipe
from freshvenv.interpreter import Interpreter
from freshvenv.payload import Payload
from freshvenv.project import Project
from freshvenv.source.checkout import clean_checkout
from freshvenv.source.working_tree import WorkingTree
from freshvenv.wheels.build import build_wheel, warnings_into
from freshvenv.wheels.environments import EnvironmentPool
from freshvenv.wheels.unpack import Move, unpack


def make_payload(
    tree: WorkingTree,
    project: Project,
    interpreter: Interpreter,
    recipe: Recipe,
    folder: Path,
    *,
    pool: EnvironmentPool,
    scratch: Path,
    log: Path,
) -> Payload:
    """Build a project into the empty ``folder``; all else that is written goes to ``scratch`` and to ``log``.

    What the tree alone decides is built in a clean checkout, everything else in the working tree itself.
    Raises :class:`BuildError`, :class:`GitError`.
    """
    out = scratch / "wheel"
    if not recipe.is_cacheable:
        wheel = build_wheel(project.directory, interpreter, recipe, out, pool=pool, log=log, in_place=True)
        move = None
    else:
        # Only where the fingerprint tells a file that is untracked from one that is not.
        untracked = tree.untracked() if project.may_read_git else ()
        with clean_checkout(tree.repository, tree.head, tree.tree, scratch, untracked) as top:
            wheel = build_wheel(top / project.path, interpreter, recipe, out, pool=pool, log=log)
        move = Move(top, tree.repository.top)
    with warnings_into(log):
        return unpack(wheel, folder, log, move)
