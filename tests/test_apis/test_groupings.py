"""The groupings of a config's probes with the images behind them: digits, and folders in ImageNet's layout."""

import runpy
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from PIL import Image

from mmifnd.apis import UserError
from mmifnd.apis.groupings import grouped_images

ROOT = Path(__file__).resolve().parents[2]
DEPTHS = ROOT / 'configs/benchmarks/wordnet/depths_r50_in1k.py'
#: Tench, goldfish, ambulance, volcano: an animal, a thing and a place.
WNIDS = ('n01440764', 'n01443537', 'n02701002', 'n09472597')


@pytest.fixture(scope='module')
def imagenet(tmp_path_factory):
    """Two images of each class of WNIDS."""
    root = tmp_path_factory.mktemp('imagenet')
    for position, wnid in enumerate(WNIDS):
        (root / 'train' / wnid).mkdir(parents=True)
        for number in range(2):
            Image.fromarray(np.full((40, 50, 3), 60 * position + 10 * number, np.uint8)).save(
                root / 'train' / wnid / f'{wnid}_{number}.JPEG')
    return root


@pytest.fixture
def digits(tmp_path):
    """A pre-training on digits with a grouping of them."""
    path = tmp_path / 'digits.py'
    path.write_text(f"_base_ = '{ROOT}/configs/baselines/simclr_digits.py'\ntest_cfg = dict(measures=dict(kinds=dict("
                    "type='GroupProbe', groups=dict(parity={str(d): 'odd' if d % 2 else 'even' for d in range(10)}))))\n")
    return path


def test_folders_of_imagenet_at_depths_of_wordnet(imagenet):
    found = grouped_images(DEPTHS, {'test_cfg.train_dataset.data_root': str(imagenet)})
    assert len(found.images) == 8 and found.images[0].shape == (3, 96, 96)
    assert found.classes == WNIDS and found.labels.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert list(found.groupings) == ['depth3', 'depth5', 'depth7', 'depth9', 'depth18']
    assert found.groupings['depth5']['n01443537'] == 'n00004475'


def test_digits_with_a_grouping_of_a_config(digits):
    found = grouped_images(digits)
    assert len(found.images) == len(found.labels) == 1297 and found.classes[3] == '3'
    assert found.groupings['parity']['3'] == 'odd'


def test_the_tool_draws_a_row_a_depth(imagenet, tmp_path, monkeypatch):
    out = tmp_path / 'groups.png'
    monkeypatch.setattr(sys, 'argv', ['group_examples.py', str(DEPTHS), '--out', str(out), '--groups', '2', '--images', '2',
                                      '--cfg-options', f'test_cfg.train_dataset.data_root={imagenet}'])
    runpy.run_path(str(ROOT / 'tools/visualization/group_examples.py'), run_name='__main__')
    assert matplotlib.image.imread(out).shape[0] == pytest.approx(5 * 1.15 * 150, abs=2)


@pytest.mark.parametrize('options, message', [
    ({'test_cfg.train_dataset.data_root': '/nowhere'}, 'test_cfg.train_dataset.data_root=/nowhere does not exist'),
    ({'test_cfg.train_dataset.with_label': False}, 'the training images have no classes with names')])
def test_images_without_classes_are_named(imagenet, options, message):
    with pytest.raises(UserError, match=message):
        grouped_images(DEPTHS, {'test_cfg.train_dataset.data_root': str(imagenet), **options})


def test_a_config_without_groupings_is_named():
    with pytest.raises(UserError, match='simclr_digits.py: no measure of test_cfg.measures groups the classes; add a Group'):
        grouped_images(ROOT / 'configs/baselines/simclr_digits.py')
