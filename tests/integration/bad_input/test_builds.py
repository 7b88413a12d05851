"""Builds that fail, and what cannot be installed."""

from __future__ import annotations

import re

from support.repository import Repository, assert_fresh, installed_value
from support.spoiled import Said, assert_hook_is_polite, break_build, change, everything_in, logs, say, settings, shown


def test_build_that_fails(installed: Repository) -> None:
    world = installed.world
    break_build(installed, 'raise RuntimeError("no compiler\\x1b[2J")')
    change(installed)
    before = everything_in(installed.venv)

    said = say(world, "resync", cwd=installed.path)

    [log] = logs(world)
    assert said == Said(
        1,
        "freshvenv: .venv: stale, not reinstalled: the build failed: RuntimeError: no compiler\\x1b[2J"
        f" (the build log is {shown(log)})\n",
    )
    assert "RuntimeError: no compiler" in log.read_text()
    assert everything_in(installed.venv) == before
    assert installed_value(installed.venv, world) == 11
    target = installed.target()
    assert target.state == "stale"
    assert target.reasons[0].startswith("tree ")
    assert "the build failed: RuntimeError: no compiler" in target.reasons[1]
    assert str(log) in target.reasons[1]
    assert_hook_is_polite(installed)

    installed.git("switch", "--quiet", "--detach", "HEAD~")
    assert_fresh(installed, 11)
    installed.git("switch", "--quiet", "main")
    installed.git("revert", "--no-edit", "HEAD")
    change(installed, 8)
    installed.freshvenv("resync")
    assert_fresh(installed, 81)


def test_first_build_that_fails(repository: Repository) -> None:
    before = everything_in(repository.venv)
    break_build(repository, "raise SystemExit(1)")
    repository.commit("broken")
    said = say(repository.world, "resync", cwd=repository.path)
    assert said.status == 1
    assert re.match(r"freshvenv: \.venv: absent, not reinstalled: the build failed: ", said.text)
    assert everything_in(repository.venv) == before
    target = repository.target()
    assert target.state == "absent"
    assert "the build failed: " in str(target.reasons)


def test_build_that_makes_an_invalid_wheel(installed: Repository) -> None:
    break_build(
        installed,
        '(Path(wheel_directory) / "demo-1.0-py3-none-any.whl").write_text("x"); return "demo-1.0-py3-none-any.whl"',
    )
    change(installed)
    said = say(installed.world, "resync", cwd=installed.path)
    assert said.status == 1
    assert re.match(r"freshvenv: \.venv: stale, not reinstalled: the build made an invalid wheel: ", said.text)
    assert installed_value(installed.venv, installed.world) == 11


def test_project_that_does_not_run_on_this_python(installed: Repository) -> None:
    file = installed.path / "backend" / "in_tree.py"
    file.write_text(
        file.read_text().replace(
            'lines += [f"Requires-Dist', 'lines += ["Requires-Python: <3"]\n    lines += [f"Requires-Dist'
        )
    )
    change(installed)
    before = everything_in(installed.venv)
    said = say(installed.world, "resync", cwd=installed.path)
    assert said.status == 1
    assert re.fullmatch(
        r"freshvenv: \.venv: stale, not reinstalled: demo needs Python <3, this venv has .*\n", said.text
    )
    assert everything_in(installed.venv) == before


def test_dependency_that_cannot_be_installed(installed: Repository) -> None:
    """The project is installed all the same, as a user who runs its tests would want, and what lacks is said."""
    file = installed.path / "pyproject.toml"
    file.write_text(file.read_text().replace("dependencies = []", 'dependencies = ["no-such-thing @ file:///nowhere"]'))
    change(installed)
    said = say(installed.world, "resync", cwd=installed.path)
    assert said.status == 1
    assert re.search(
        r"reinstalled demo 1\.0 \(.*\) in .* s; dependencies could not be installed: no-such-thing.* \(uv could not install .*; see /.*\.log\)",
        said.text,
    )
    assert installed_value(installed.venv, installed.world) == 71
    target = installed.target()
    assert (target.state, target.reasons) == ("stale", ("dependencies missing: no-such-thing @ file:///nowhere",))
    assert len(logs(installed.world)) == 1


def test_dependency_group_that_is_not_there(installed: Repository) -> None:
    settings(installed, 'venvs = [".venv"]', 'groups = ["dev"]')
    before = everything_in(installed.venv)
    said = say(installed.world, "resync", cwd=installed.path)
    assert said.status == 1
    assert re.match(r"freshvenv: \.venv: stale, not reinstalled: .*dev", said.text)
    assert everything_in(installed.venv) == before
    assert_hook_is_polite(installed)
