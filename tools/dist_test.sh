#!/usr/bin/env bash
# bash tools/dist_test.sh CONFIG CHECKPOINT GPUS [options of tools/test.py]
set -euo pipefail
[ $# -ge 3 ] || { echo "usage: bash tools/dist_test.sh CONFIG CHECKPOINT GPUS [options]" >&2; exit 2; }
source "$(dirname "${BASH_SOURCE[0]}")/_launch.sh"
launch test.py "$1" "$3" "$2" "${@:4}"
