#!/usr/bin/env bash
# The tests on several stacks, each in an environment of its own: says which, and how each ended.
#
#   bash tools/run_matrix.sh [--lanes oldest,tested,newest,forks] [--cache FOLDER] [options of pytest]
#
#   oldest   Python 3.11 and the lower bounds of requirements/
#   tested   the versions of requirements/constraints.txt: what tools/run_tests.sh runs
#   newest   Python 3.12 and whatever pip takes today, whose torch may be a build for CUDA (6 GB)
#   forks    the maintained forks of OpenMMLab's packages, all else as tested
#
# Environments stay in FOLDER (work_dirs/matrix unless given) and are used again. The exit status is 1 unless all lanes pass.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_setup.sh"

LANES=oldest,newest,forks
PREPARE=''
CACHE="$ROOT/work_dirs/matrix"
while [ $# -gt 0 ]; do
    case "$1" in
        --lanes) LANES="$2"; shift 2 ;;
        --cache) CACHE="$2"; shift 2 ;;
        --prepare) PREPARE="$2"; shift 2 ;;  # make the environment of one lane, and end
        -h | --help) sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
        *) break ;;
    esac
done

python_of() {  # a version: on PATH, or pyenv's
    local candidate
    for candidate in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python; do
        if "$candidate" -c '' >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
    echo "error: no Python $1 was found; install one, or leave this lane out by --lanes" >&2
    return 1
}

lower_bounds() {  # torch>=2.6 -> torch==2.6.*
    sed -nE 's/^([A-Za-z0-9_-]+)>=([0-9.]+).*/\1==\2.*/p' "$ROOT"/requirements/{runtime,openmmlab,faiss-cpu,tests}.txt
}

prepare() {  # a lane's environment, in VENV
    local constraints="$VENV.constraints.txt"
    case "$1" in
        oldest) lower_bounds >"$constraints" && PYTHON="$(python_of 3.11)" && setup_environment tests "$constraints" ;;
        tested) setup_environment tests ;;
        newest) : >"$constraints" && PYTHON="$(python_of 3.12)" && setup_environment tests "$constraints" ;;
        forks) setup_environment tests "$ROOT/requirements/constraints.txt" openmmlab_forks ;;
        *) echo "error: there is no lane $1; there are oldest, tested, newest, forks" >&2; return 1 ;;
    esac
}

describe() {
    "$VENV/bin/python" - <<'PYTHON'
import platform
from importlib.metadata import distributions

found = {d.metadata['Name'].lower(): d.version for d in distributions()}
names = ('torch', 'torchvision', 'numpy', 'scikit-learn', 'faiss-cpu', 'mmengine', 'mmcv-lite', 'mmpretrain',
         'onedl-mmengine', 'onedl-mmcv', 'onedl-mmpretrain')
print(f'Python {platform.python_version()},', ', '.join(f'{name} {found[name]}' for name in names if name in found))
PYTHON
}

result() {  # pytest's last line; what a package says when the process ends may follow it
    grep -E '[0-9]+ (passed|failed|error)' "$1" | tail -n 1
}

run_lane() {
    VENV="$CACHE/$1"
    local log="$CACHE/$1.log"
    if ! bash "${BASH_SOURCE[0]}" --cache "$CACHE" --prepare "$1"; then  # a shell of its own, which ends at the first error
        SUMMARY+=("$1: NOT RUN, its environment could not be made")
        return 1
    fi
    local stack
    stack="$(describe)"
    printf '\n== %s: %s\n' "$1" "$stack"
    shift
    if (cd "$ROOT" && "$VENV/bin/python" -m "${PYTEST[@]}" "$@") 2>&1 | tee "$log"; then
        SUMMARY+=("${VENV##*/}: passed ($(result "$log")); $stack")
    else
        SUMMARY+=("${VENV##*/}: FAILED ($(result "$log")); $stack")
        return 1
    fi
}

mkdir -p "$CACHE"
if [ -n "$PREPARE" ]; then
    VENV="$CACHE/$PREPARE"
    prepare "$PREPARE"
    exit
fi
SUMMARY=()
STATUS=0
for lane in ${LANES//,/ }; do
    run_lane "$lane" "$@" || STATUS=1
done
printf '\n%s\n' "${SUMMARY[@]}"
exit "$STATUS"
