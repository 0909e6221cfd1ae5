#!/usr/bin/env bash
# Makes .venv in the checkout with the tested versions, once; sourced by the other scripts.
# Usage: setup_environment tests|runtime [CONSTRAINTS [openmmlab|openmmlab_forks]]
set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
VENV="${MMIFND_VENV:-$ROOT/.venv}"
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
PYTEST=(pytest -q -n auto --maxprocesses 4 --dist loadfile)  # a file of tests on each core

find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3.11 python3.12 python3 python; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "error: no Python 3.11 or 3.12 was found; install one, or name it: PYTHON=/path/to/python3.11 bash $0" >&2
    return 1
}

make_venv() {  # Debian and Ubuntu split venv from python3
    "$1" -m venv "$VENV" >/dev/null 2>&1 && return
    rm -rf "$VENV"
    local package="python3-venv"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "installing $package ..." >&2
        apt-get update -qq >/dev/null && apt-get install -y -qq "$package" >/dev/null
        "$1" -m venv "$VENV" && return
    fi
    echo "error: $1 cannot make a virtual environment; run: sudo apt-get install $package" >&2
    return 1
}

setup_environment() {
    local kind="$1" constraints="${2:-$ROOT/requirements/constraints.txt}" openmmlab="${3:-openmmlab}" stamp want
    stamp="$VENV/.installed-$kind"
    want="$(cat "$ROOT"/requirements/*.txt "$constraints" | cksum)"
    if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$want" ]; then
        [ -x "$VENV/bin/python" ] || make_venv "$(find_python)"
        echo "installing the packages of requirements/$kind.txt into $VENV (once; a minute or two) ..." >&2
        "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check -c "$constraints" \
            -r "$ROOT/requirements/$kind.txt" -r "$ROOT/requirements/$openmmlab.txt"
        if ! "$VENV/bin/python" -c 'import cv2' >/dev/null 2>&1; then  # no libGL, as on servers
            "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps \
                opencv-python-headless
        fi
        echo "$want" >"$stamp"
    fi
}
