"""What a run does with few images, or unusual settings."""

import json
import runpy
import sys
from types import SimpleNamespace

import pytest
import torch
from mmengine.registry import DefaultScope

from mmifnd.apis import evaluate
from mmifnd.configuration import build_runner, load_config
from mmifnd.contrast import Contrast
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


@pytest.mark.parametrize('detector, share', [
    (dict(type='QuantileThresholdDetector', alpha=0.05), 0.2), (dict(type='QuantileThresholdDetector', alpha=0.4), 1.),
    (dict(type='UnionDetector', detectors=dict(
        groups=dict(type='GroupDetector'), learned=dict(type='QuantileThresholdDetector', alpha=0.02))), 0.08),
    (dict(type='UnionDetector', detectors=dict(
        groups=dict(type='GroupDetector'), labels=dict(type='PseudoLabelDetector'))), None),
    (dict(type='BatchQuantileDetector', alpha=0.05), None)])
def test_what_is_attracted_by_learned_thresholds_is_four_alpha_at_most(detector, share):
    """Also where they are a part of a union; the most similar stay."""
    head = MODELS.build(dict(type='AttrContrastiveHead', detector=detector))
    assert head.attraction_limit.share == (None if share is None else pytest.approx(share))
    assert head.attraction_limit.can_run_away == (share is not None)
    contrast = Contrast.in_batch(*torch.randn(2, 100, 8, generator=torch.Generator().manual_seed(0)), torch.arange(100))
    similarity = contrast.negative_similarity
    kept = head.attraction_limit(contrast, (similarity > -1)[None])[0]
    count = similarity.isfinite().sum(dim=1)
    assert torch.equal(kept.sum(dim=1), (count * (share or 1)).floor().long())
    assert (similarity.masked_fill(~kept, 2).amin(dim=1) >= similarity.masked_fill(kept, -2).amax(dim=1)).all()


def test_a_run_with_averaged_weights_is_judged_by_them(tmp_path, monkeypatch, restored_torch):
    """By tools/test.py and from Python: the weights of the checkpoint are the averaged ones."""
    average = dict(custom_hooks=[dict(type='EMAHook', momentum=0.1)])
    runner = digits_runner('configs/baselines/simclr_digits.py', tmp_path / 'run', **{'train_cfg.max_epochs': 2, **average})
    runner.train()
    checkpoint, config = tmp_path / 'run' / 'epoch_2.pth', tmp_path / 'config.py'
    state = torch.load(checkpoint, weights_only=True)
    assert 'ema_state_dict' in state
    torch.save(dict(state_dict=state['state_dict']), tmp_path / 'plain.pth')
    runner.cfg.dump(str(config))
    plain = load_config(config)
    plain.custom_hooks = []
    plain.dump(str(tmp_path / 'plain.py'))
    options = {'log_level': 'ERROR', 'test_cfg.measures': dict(_delete_=True, knn=dict(type='KNNAccuracy', k=20))}
    found = evaluate(checkpoint, config, options=options, out=tmp_path / 'a')
    assert found == evaluate(tmp_path / 'plain.pth', tmp_path / 'plain.py', options=options, out=tmp_path / 'b')
    arguments = [config, checkpoint, '--work-dir', tmp_path / 'c', '--out', tmp_path / 'found.json', '--cfg-options',
                 "test_cfg.measures={'_delete_': True, 'knn': {'type': 'KNNAccuracy', 'k': 20}}"]
    monkeypatch.setattr(sys, 'argv', ['test.py', *map(str, arguments)])
    runpy.run_path('tools/test.py', run_name='__main__')
    assert json.loads((tmp_path / 'found.json').read_text())['measures']['knn']['value'] == pytest.approx(found['knn'])


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
