#!/bin/sh
# Shows in a throw-away repository what goes stale at `git checkout`, what uv does about it, and what freshvenv does.
# Needs git, and freshvenv and uv on PATH; leaves nothing behind.
set -eu

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
export HOME="$place/home" XDG_CACHE_HOME="$place/cache" XDG_STATE_HOME="$place/state" XDG_CONFIG_HOME="$place/config"
export GIT_CONFIG_GLOBAL=/dev/null UV_CACHE_DIR="$place/uv" UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy
export GIT_AUTHOR_NAME=demo GIT_AUTHOR_EMAIL=demo@example.com GIT_COMMITTER_NAME=demo GIT_COMMITTER_EMAIL=demo@example.com
mkdir -p "$HOME" "$place/weather/src/weather"
cd "$place/weather"

say() { printf '\n# %s\n' "$*"; }
run() {
    printf '$ %s\n' "$*"
    "$@"
}

cat >pyproject.toml <<'EOF'
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "weather"
version = "1.0"
requires-python = ">=3.8"

[project.scripts]
weather = "weather:main"
EOF
printf '.venv\nuv.lock\n__pycache__\n' >.gitignore
printf 'def main():\n    print("sunny (main)")\n' >src/weather/__init__.py
printf 'gone = "only on main"\n' >src/weather/almanac.py
git init --quiet --initial-branch=main
git add . && git commit --quiet -m 'sunny'
git switch --quiet --create storm
printf 'def main():\n    print("stormy (storm)")\n' >src/weather/__init__.py
git rm --quiet src/weather/almanac.py
git commit --quiet --all -m 'stormy'
git switch --quiet main

say 'A venv with the project installed, not editable, as in CI, in nox and in tox.'
run uv sync --quiet --no-editable --python "$(command -v python3)"
run .venv/bin/weather

say 'Without freshvenv: another branch, the old code. uv sees nothing to do.'
run git switch --quiet storm
run .venv/bin/weather
run uv sync --no-editable --python "$(command -v python3)"
run .venv/bin/weather
run git switch --quiet main

say 'With freshvenv.'
run freshvenv init
run git switch --quiet storm
run .venv/bin/weather
say 'The deleted module is gone, too, and uv leaves the install alone:'
run ls .venv/lib/python3*/site-packages/weather
run uv sync --no-editable --python "$(command -v python3)"
run .venv/bin/weather

say 'Back again: nothing is built twice.'
run git switch --quiet main
run .venv/bin/weather
run freshvenv status
