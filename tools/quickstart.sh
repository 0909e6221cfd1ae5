#!/usr/bin/env bash
# SimCLR, IFND, a random control and the oracle on scikit-learn's digits: table, results.json and report.html.
# Options: --seeds N, --methods NAME..., --epochs N, --config STUDY, --workers N, --out FOLDER
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_setup.sh"
setup_environment runtime
cd "$ROOT"
exec "$VENV/bin/python" -W ignore tools/study.py --out work_dirs/quickstart "$@"
