"""Train for many steps and watch the memory of the process.

    python tools/reliability/soak.py --steps 2000

IFND with a queue on the digits, clustering every 100 steps. Printed, and written to OUT/soak.json, every 100 steps: the
resident memory of the process, and the length of the longest history that is kept. The exit status is 1 where, after the first
quarter, resident memory moves by more than 2 %, or a history grows.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from mmengine.hooks import Hook

from mmifnd.configuration import build_runner, load_config

STEPS_AN_EPOCH = 20  # 1,297 images in batches of 64
LIMIT = 0.02


class MemoryHook(Hook):
    """Notes resident memory and the longest history every so many steps."""

    def __init__(self, interval):
        self.interval, self.records = interval, []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if not self.every_n_train_iters(runner, self.interval):
            return
        history = max(len(buffer.data[0]) for buffer in runner.message_hub.log_scalars.values())
        self.records.append(dict(step=runner.iter + 1, resident=resident_mib(), history=history))
        print('step {step}: {resident:.1f} MiB resident, {history} values in the longest history'.format(**self.records[-1]),
              flush=True)


def resident_mib():
    return int(Path('/proc/self/statm').read_text().split()[1]) * os.sysconf('SC_PAGE_SIZE') / 2**20


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--steps', type=int, default=2000, help='a multiple of 100')
    parser.add_argument('--out', type=Path, default=Path('work_dirs/soak'))
    arguments = parser.parse_args()
    config = load_config('configs/ifnd/ifnd_moco_digits.py', {
        'train_cfg.max_epochs': arguments.steps // STEPS_AN_EPOCH, 'train_dataloader.batch_size': 64,
        'default_hooks.false_negative.interval': 5, 'default_hooks.checkpoint.interval': 5})
    config.work_dir, config.log_level = str(arguments.out), 'WARNING'
    runner, memory = build_runner(config), MemoryHook(100)
    runner.register_hook(memory)
    runner.train()
    sys.exit(report(memory.records, arguments))


def report(records, arguments):
    """Print and write what was seen; 0 where memory stays."""
    late = [record for record in records if record['step'] >= arguments.steps // 4]
    first, history = late[0], [record['history'] for record in records if record['step'] >= arguments.steps // 2]
    moved = max(abs(record['resident'] / first['resident'] - 1) for record in late)
    (arguments.out / 'soak.json').write_text(json.dumps(dict(records=records, moved=moved), indent=1))
    print(f'{arguments.steps} steps: after step {first["step"]} resident memory moves by at most {moved:.2%} of '
          f'{first["resident"]:.1f} MiB; the longest history has {history[0]} values at half time and {history[-1]} at the end')
    return 0 if moved <= LIMIT and history[0] == history[-1] else 1


if __name__ == '__main__':
    main()
