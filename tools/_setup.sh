#!/usr/bin/env bash
# Makes .venv in the checkout with the tested versions, once; sourced by the other scripts.
# Usage: setup_environment tests|runtime [CONSTRAINTS [openmmlab|openmmlab_forks]]
set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
VENV="${MMIFND_VENV:-$ROOT/.venv}"
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
unset PYTHONDONTWRITEBYTECODE  # packages are installed without bytecode: each process would compile what it imports anew
PYTEST=(pytest -q -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder)  # files of tests, as tests/conftest.py sorts

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

install_venv_package() {  # Debian and Ubuntu split venv from python3
    local package="python3-venv"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "installing $package ..." >&2
        apt-get update -qq >/dev/null && apt-get install -y -qq "$package" >/dev/null && return
    fi
    echo "error: $1 cannot make a virtual environment; run: sudo apt-get install $package" >&2
    return 1
}

make_venv() {  # nothing is ever removed: an environment that was left half made is completed in place
    if [ -e "$VENV" ] && [ ! -f "$VENV/pyvenv.cfg" ] && [ ! -d "$VENV/conda-meta" ] && [ -n "$(ls -A "$VENV")" ]; then
        echo "error: $VENV exists and is no virtual environment; name another folder by MMIFND_VENV" >&2
        return 1
    fi
    [ -x "$VENV/bin/python" ] && "$VENV/bin/python" -m pip --version >/dev/null 2>&1 && return
    local python
    python="$(find_python)" || return
    "$python" -c 'import ensurepip, venv' >/dev/null 2>&1 || install_venv_package "$python" || return
    "$python" -m venv "$VENV" >&2 && return
    echo "error: $python -m venv $VENV failed; see above, or name another folder by MMIFND_VENV" >&2
    return 1
}

pip_install() {  # compiling 14,000 files would take a minute, on one core; what is imported is compiled then
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile "$@"
}

install_packages() {  # once for each state of the requirements
    local kind="$1" constraints="$2" openmmlab="$3" stamp want
    stamp="$VENV/.installed-$kind"
    local hashes="${MMIFND_HASHES:-}"  # every archive by its checksum: see tools/hash_requirements.sh
    want="$(cat "$ROOT"/requirements/*.txt "$constraints" ${hashes:+"$hashes"} | cksum)"
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ] && return
    make_venv || return
    echo "installing the packages of requirements/$kind.txt into $VENV (once; a minute or two) ..." >&2
    if [ -n "$hashes" ]; then
        pip_install --require-hashes --no-deps -r "$hashes"
    else
        pip_install -c "$constraints" -r "$ROOT/requirements/$kind.txt" -r "$ROOT/requirements/$openmmlab.txt" \
            -r "$ROOT/requirements/faiss-cpu.txt" 'setuptools>=77.0.3'
    fi
    if ! "$VENV/bin/python" -c 'import cv2' >/dev/null 2>&1; then  # no libGL, as on servers
        if [ -n "$hashes" ]; then
            pip_install --force-reinstall --no-deps --require-hashes -r <(grep -i '^opencv-python-headless==' "$hashes")
        else
            pip_install --force-reinstall --no-deps -c "$constraints" opencv-python-headless
        fi
    fi
    echo "$want" >"$stamp"
}

install_mmifnd() {  # editable, so that it can be imported from any folder; once for each checkout and state of its metadata
    local stamp="$VENV/.installed-mmifnd" want
    want="$ROOT $(cat "$ROOT/setup.py" "$ROOT/pyproject.toml" "$ROOT/mmifnd/__init__.py" | cksum)"
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ] && return
    pip_install --no-deps --no-build-isolation --editable "$ROOT"
    echo "$want" >"$stamp"
}

setup_environment() {
    install_packages "$1" "${2:-$ROOT/requirements/constraints.txt}" "${3:-openmmlab}"
    install_mmifnd
}
