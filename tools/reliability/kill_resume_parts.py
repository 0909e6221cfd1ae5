"""What the runs of kill_resume.py have beside the package: a backbone that draws from the generators of the process, and a
hook that says where a run is."""

import os
import random
import zlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.hooks import Hook

from mmifnd.distributed import is_main, rank
from mmifnd.engine.checkpoints.random_state import random_state
from mmifnd.models.backbones import SmallCNN
from mmifnd.registry import HOOKS, MODELS

#: Set for the control: a resumed run goes on with the generators that it was started with.
FORGET = 'KILL_RESUME_FORGETS_GENERATORS'


@MODELS.register_module()
class DropoutCNN(SmallCNN):
    """Dropout by torch's generator, at a rate by Python's and numpy's: a run that lost one of them becomes another run."""

    def forward(self, images):
        maps, = super().forward(images)
        rate = 0.1 + 0.05 * random.random() + 0.05 * np.random.rand()
        return (F.dropout(maps, rate, self.training) if self.training else maps, )


@HOOKS.register_module()
class StageHook(Hook):
    """Writes step and stage to ``WORK_DIR/stage``, and a checksum of each batch's image indices to ``batches_RANK.txt``."""

    priority = 'VERY_HIGH'

    def after_load_checkpoint(self, runner, checkpoint):
        if os.environ.get(FORGET):
            for state in checkpoint['rank_states']:
                state['random'] = random_state()

    def before_train(self, runner):
        self.file = os.open(Path(runner.work_dir) / 'stage', os.O_CREAT | os.O_WRONLY)
        self.batches = open(Path(runner.work_dir) / f'batches_{rank()}.txt', 'a', buffering=1)  # noqa: SIM115 - until the process is killed
        self._tell(runner, 'loading')

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        checksum = zlib.crc32(data_batch['index'].cpu().numpy().tobytes() + torch.as_tensor(runner.epoch).numpy().tobytes())
        self.batches.write(f'{runner.iter} {checksum}\n')
        self._tell(runner, 'training')

    def after_train_epoch(self, runner):
        self._tell(runner, 'clustering')

    def before_train_epoch(self, runner):
        self._tell(runner, 'loading')

    def _tell(self, runner, stage):
        if is_main():
            os.pwrite(self.file, f'{runner.iter:8d} {stage:12s}'.encode(), 0)
