#!/usr/bin/env bash
# Installs what the tests need and runs pytest; arguments are handed to it. With --coverage in front it also measures which lines
# of mmifnd/ ran, those in child processes counted, and prints the total and the files below 90 %; that takes about twice as long.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_setup.sh"
setup_environment tests
cd "$ROOT"
if [ "${1:-}" != --coverage ]; then
    exec "$VENV/bin/python" -m pytest -q "$@"
fi
shift
mkdir -p work_dirs/coverage
"$VENV/bin/python" -m coverage erase
status=0
"$VENV/bin/python" -m coverage run -m pytest -q "$@" || status=$?
"$VENV/bin/python" -m coverage combine -q
echo 'lines of mmifnd/ that ran: the total, and files below 90 %'
"$VENV/bin/python" -m coverage report | awk 'NR <= 2 || $1 == "TOTAL" || $NF + 0 < 90'
exit "$status"
