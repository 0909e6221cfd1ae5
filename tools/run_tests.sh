#!/usr/bin/env bash
# Installs what the tests need and runs pytest on up to four cores, with the given arguments. Without arguments it first runs
# ruff, then all tests, and mypy beside them. With --coverage alone it measures which lines of mmifnd/ ran, also in child
# processes, and prints the total and the files below 90 %; that takes about a quarter longer.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_setup.sh"
setup_environment tests
cd "$ROOT"
if [ $# -gt 0 ] && [ "$*" != --coverage ]; then
    exec "$VENV/bin/python" -m "${PYTEST[@]}" "$@"
fi

finish() {  # with an error if there was one in the tests or in mypy
    wait "$mypy" || { echo 'error: mypy found errors; see above' >&2; status=1; }
    exit "$status"
}

"$VENV/bin/python" -m ruff check .
"$VENV/bin/python" -m mypy & mypy=$!
status=0
if [ $# -eq 0 ]; then
    "$VENV/bin/python" -m "${PYTEST[@]}" || status=$?
    finish
fi
mkdir -p work_dirs/coverage
"$VENV/bin/python" -m coverage erase
"$VENV/bin/python" -m coverage run -m "${PYTEST[@]}" || status=$?
"$VENV/bin/python" -m coverage combine -q
echo 'lines of mmifnd/ that ran: the total, and files below 90 %'
"$VENV/bin/python" -m coverage report | awk 'NR <= 2 || $1 == "TOTAL" || $NF + 0 < 90'
finish
