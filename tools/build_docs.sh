#!/usr/bin/env bash
# Builds the documentation into docs/_build/html; a warning is an error. Options are handed to sphinx-build.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_setup.sh"
setup_environment docs
cd "$ROOT"
"$VENV/bin/python" -W ignore -m sphinx --fail-on-warning --keep-going --quiet -b html "$@" docs docs/_build/html
echo "open docs/_build/html/index.html"
