#!/usr/bin/env bash
# [GPUS=8 GPUS_PER_NODE=8 CPUS_PER_TASK=5 SRUN_ARGS=...] bash tools/slurm_train.sh PARTITION JOB_NAME CONFIG WORK_DIR [options]
# SRUN_ARGS="--signal=TERM@120" lets Slurm warn two minutes before it kills: the run saves and exits, and --resume goes on.
set -euo pipefail
[ $# -ge 4 ] || { echo "usage: bash tools/slurm_train.sh PARTITION JOB_NAME CONFIG WORK_DIR [options]" >&2; exit 2; }
source "$(dirname "${BASH_SOURCE[0]}")/_launch.sh"
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
GPUS="${GPUS:-8}"
GPUS_PER_NODE="${GPUS_PER_NODE:-8}"
# shellcheck disable=SC2086
srun -p "$1" --job-name="$2" --gres="gpu:$GPUS_PER_NODE" --ntasks="$GPUS" --ntasks-per-node="$GPUS_PER_NODE" \
    --cpus-per-task="${CPUS_PER_TASK:-5}" --kill-on-bad-exit=1 ${SRUN_ARGS:-} \
    "$PYTHON_BIN" -u "$ROOT/tools/train.py" "$3" --work-dir "$4" --launcher slurm "${@:5}"
