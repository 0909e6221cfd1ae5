#!/usr/bin/env bash
# Installs what the tests need and runs pytest; arguments are handed to it.
# Without arguments, which is all tests but the slow ones, it also measures which lines of mmifnd/ ran, those in child
# processes counted, and prints the total and the files below 90 %.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_setup.sh"
setup_environment tests
cd "$ROOT"
if [ $# -gt 0 ]; then
    exec "$VENV/bin/python" -m pytest -q "$@"
fi
mkdir -p work_dirs/coverage
"$VENV/bin/python" -m coverage erase
status=0
"$VENV/bin/python" -m coverage run -m pytest -q || status=$?
"$VENV/bin/python" -m coverage combine -q
echo 'lines of mmifnd/ that ran: the total, and files below 90 %'
"$VENV/bin/python" -m coverage report | awk 'NR <= 2 || $1 == "TOTAL" || $NF + 0 < 90'
exit "$status"
