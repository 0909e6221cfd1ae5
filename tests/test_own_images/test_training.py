"""What a run does with few images, or unusual settings."""

import json
from types import SimpleNamespace

import pytest
from mmengine.registry import DefaultScope

from mmifnd.configuration import build_runner, load_config
from mmifnd.engine.hooks import HealthHook
from mmifnd.errors import UserError
from mmifnd.models.frameworks import MoCoAdapter
from mmifnd.registry import MODELS


def digits_runner(path, work_dir, **options):
    config = load_config(path, {'param_scheduler': [], 'model.backbone.widths': (4, 8), 'model.neck.in_channels': 8, **options})
    config.work_dir, config.log_level, config.experiment_name = str(work_dir), 'ERROR', f'own_{work_dir.name}'
    with DefaultScope.overwrite_default_scope('mmifnd'):
        return build_runner(config)


def test_the_key_encoder_moves_once_per_update(tmp_path, monkeypatch, restored_torch):
    """15 steps of 4 make 4 updates, the last one of 3 steps."""
    moves = []
    move = MoCoAdapter._move_key_encoder
    monkeypatch.setattr(MoCoAdapter, '_move_key_encoder', lambda self: (moves.append(int(self.step)), move(self)))
    runner = digits_runner('configs/baselines/moco_digits.py', tmp_path, **{
        'train_cfg.max_epochs': 3, 'optim_wrapper.accumulative_counts': 4})
    runner.train()
    assert len(runner.train_dataloader) == 5 and moves == [1, 5, 9, 13]
    assert int(runner.model.step) == 15  # the draws of shuffle-BN go on with every step


def test_short_epochs_are_scored_too(tmp_path, restored_torch):
    """Five steps an epoch, and an interval of fifty."""
    runner = digits_runner('configs/baselines/simclr_random_digits.py', tmp_path, **{
        'train_cfg.max_epochs': 2, 'default_hooks.detection.interval': 50})
    runner.train()
    records = [json.loads(line) for line in (tmp_path / 'false_negatives' / 'detection.jsonl').read_text().splitlines()]
    assert [record['epoch'] for record in records] == [1, 2]


@pytest.mark.parametrize('detector, stops', [('QuantileThresholdDetector', True), ('BatchQuantileDetector', False)])
def test_attraction_that_runs_away_ends_the_run_after_two_epochs(detector, stops):
    hook = HealthHook()
    head = MODELS.build(dict(type='AttrContrastiveHead', max_share=0.2, detector=dict(type=detector, alpha=0.05)))
    hook.framework, hook._run_away = SimpleNamespace(heads={'': head}), [0]
    for epoch, share in enumerate((0.5, 0.1, 0.3), 1):  # one epoch above, one below, one above
        hook._stop_runaway(dict(epoch=epoch, false_negative_share=share))
    if stops:
        with pytest.raises(UserError, match='epoch 4: learned thresholds detect 25.0% of the candidates, above max_share=0.2 '
                                            'for the second time in a row: attraction runs away; lower alpha'):
            hook._stop_runaway(dict(epoch=4, false_negative_share=0.25))
    else:
        hook._stop_runaway(dict(epoch=4, false_negative_share=0.25))
