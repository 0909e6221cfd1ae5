"""The detector of a user, in one file, as docs/write_a_detector.md shows it."""

import json
import re
import sys
from pathlib import Path

import pytest

from mmifnd.configuration import build_runner, load_config

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def own_config(tmp_path, monkeypatch):
    """The page's detector on the path, and its config beside it."""
    blocks = re.findall(r'```python\n(.*?)```', (ROOT / 'docs' / 'write_a_detector.md').read_text(), re.DOTALL)
    body = re.search(r'class CloserThanPositive.*?\n(?=\n\n)', blocks[0], re.DOTALL)[0]
    file, = (block for block in blocks if block.startswith('# my_detector.py'))
    head, config = file[:file.index('class ')], next(block for block in blocks if block.startswith('# my_config.py'))
    (tmp_path / 'my_detector.py').write_text(f'import torch\nfrom mmifnd.contrast import Contrast\n{head}{body}')
    config = config.replace("'./", f"'{ROOT}/configs/baselines/")
    path = tmp_path / 'own.py'
    path.write_text(config)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield path
    sys.modules.pop('my_detector', None)


def test_it_trains_and_is_measured(own_config, restored_torch, tmp_path):
    config = load_config(str(own_config), {
        'train_cfg.max_epochs': 1, 'param_scheduler': [], 'model.backbone.widths': (4, 8), 'model.neck.in_channels': 8,
        'default_hooks.detection.interval': 1})
    config.work_dir, config.log_level, config.experiment_name = str(tmp_path / 'run'), 'ERROR', 'own_detector'
    runner = build_runner(config)
    assert type(runner.model.head.detector).__name__ == 'CloserThanPositive'
    runner.train()
    line, = (tmp_path / 'run' / 'false_negatives' / 'detection.jsonl').read_text().splitlines()
    assert 0 < json.loads(line)['predicted_share'] < 100
    assert (tmp_path / 'run' / 'false_negatives' / 'removed_0001.npz').is_file()
