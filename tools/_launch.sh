#!/usr/bin/env bash
# launch SCRIPT CONFIG GPUS [arguments]: becomes torchrun, so that signals reach it, with what the environment says.
# MAX_RESTARTS=3 lets it start all ranks again after a failure, up to three times; the run then goes on from its last checkpoint.
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
PYTHON_BIN="${PYTHON:-$([ -x "$ROOT/.venv/bin/python" ] && echo "$ROOT/.venv/bin/python" || echo python)}"

launch() {
    local script="$1" config="$2" gpus="$3"
    if [ "${NODE_RANK:-0}" = 0 ] && (exec 3<>"/dev/tcp/127.0.0.1/${PORT:-29500}") 2>/dev/null; then
        echo "error: port ${PORT:-29500} is taken, perhaps by another run; choose another one: PORT=29501 before the command" >&2
        exit 2
    fi
    export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
    exec "$PYTHON_BIN" -m torch.distributed.run --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" \
        --nproc_per_node="$gpus" --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}" \
        --max_restarts="${MAX_RESTARTS:-0}" \
        "$ROOT/tools/$script" "$config" "${@:4}" --launcher pytorch
}
