#!/usr/bin/env bash
# bash tools/dist_train.sh CONFIG GPUS [options of tools/train.py]
# Several nodes: NNODES, NODE_RANK, MASTER_ADDR and PORT, as torchrun takes them. Without GPUs: gloo on the CPU.
set -euo pipefail
[ $# -ge 2 ] || { echo "usage: bash tools/dist_train.sh CONFIG GPUS [options]" >&2; exit 2; }
source "$(dirname "${BASH_SOURCE[0]}")/_launch.sh"
launch train.py "$@"
