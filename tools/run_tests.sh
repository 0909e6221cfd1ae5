#!/usr/bin/env bash
# Installs what the tests need and runs pytest; arguments are handed to it.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_setup.sh"
setup_environment tests
cd "$ROOT"
exec "$VENV/bin/python" -m pytest -q "$@"
