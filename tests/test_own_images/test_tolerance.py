"""What training tolerated is tolerated by features, audit, thumbnails and report; all outside of a runner, without a scope."""

import json

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from PIL import Image
from torch import nn

from mmifnd.apis import audit, evaluate, extract_features, pretrain
from mmifnd.apis.audit_report import write_audit
from mmifnd.apis.run_images import images_of_runs
from mmifnd.configuration import load_config
from mmifnd.configuration.run_config import training_images
from mmifnd.datasets import BROKEN_LIST, IndexedDataset
from mmifnd.datasets.image_data import image_dataset
from mmifnd.datasets.thumbnails import Thumbnails
from mmifnd.engine.features.epoch_features import sample_view
from mmifnd.visualization import write_run_report

SMALL = {'model.backbone.base_channels': 4, 'model.neck.in_channels': 32, 'log_level': 'WARNING'}


@pytest.fixture(autouse=True)
def scope():
    """The scope of a fresh process, in which mmengine knows its own names only."""
    with DefaultScope.overwrite_default_scope('mmengine'):
        yield


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """A run on two classes of 8 images, of which one is empty, one cut off and one too thin."""
    root = tmp_path_factory.mktemp('run')
    for number in range(16):
        path = root / 'images' / 'ab'[number % 2] / f'{number:02d}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 255, (20, 20, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
    (root / 'images' / 'a' / '02.png').write_bytes(b'')
    path = root / 'images' / 'b' / '05.png'
    path.write_bytes(path.read_bytes()[:300])
    Image.new('RGB', (2_000_000, 1)).save(root / 'images' / 'b' / '07.png')
    return root, pretrain(root / 'images', root / 'out', epochs=2, image_size=16, num_workers=0, options=SMALL).checkpoint


BROKEN = ['a/02.png', 'b/05.png', 'b/07.png']


def test_training_lists_them(run):
    listed = (run[0] / 'out' / BROKEN_LIST).read_text()
    assert all(f'({name})' in listed for name in BROKEN) and len(listed.splitlines()) == 4


def test_features_have_no_row_of_them(run, logged):
    found = extract_features(run[1], run[0] / 'images')
    assert len(found.features) == len(found.labels) == len(found.names) == len(found.index) == 13
    assert not set(BROKEN) & set(found.names) and found.names[2] == 'a/06.png' and found.index[2] == 3
    assert '3 of 16 images have no features' in logged() and 'replaces' not in logged()
    with pytest.raises(ValueError, match='2 images cannot be read.*raise max_broken=1'):
        extract_features(run[1], run[0] / 'images', max_broken=1)


def test_audit_of_a_checkpoint_and_its_training_images(run, tmp_path):
    data = training_images(run[1])
    found = audit(run[1], data, clusters=[2], alphas=[0.2])
    total = len(image_dataset(data))
    assert found.num_images == len(found.labels) == len(found.index) < total
    thumbnails = Thumbnails(data)
    files = write_audit(found, tmp_path, thumbnails)
    assert [path.suffix for path in files] == ['.json', '.png', '.png']
    assert json.loads(files[0].read_text())['num_images'] == found.num_images
    part = thumbnails.part(found.index)
    assert part.shape[0] == found.num_images and np.array_equal(part[-1], thumbnails[int(found.index[-1])])


def test_features_of_the_training_images_of_a_checkpoint(run):
    assert extract_features(run[1], training_images(run[1])).features.shape[1] == 32


def test_thumbnails_show_a_field_in_place_of_a_broken_image(run):
    thumbnails = Thumbnails(run[0] / 'images', size=24)
    names = thumbnails.dataset.names()
    for position, name in enumerate(names):
        is_field = set(np.unique(thumbnails[position])) <= {150, 225}
        assert is_field == (name in BROKEN), name
    assert thumbnails.shape == (16, 3, 24, 24)
    assert sorted(name.split('(')[1] for name in thumbnails.unread) == [f'{name})' for name in BROKEN]
    assert thumbnails.part([0, 1]).unread is thumbnails.unread


def test_the_report_keeps_pictures_and_classes(run, tmp_path):
    images, labels = images_of_runs([run[0] / 'out'])
    assert labels is not None and len(labels) == len(images)
    path = write_run_report([run[0] / 'out'], tmp_path / 'report.html', images=images, labels=labels)
    assert path.stat().st_size > 1000


def test_evaluation_from_elsewhere(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert 0 <= evaluate(run[1], measures=['nmi'], options={'log_level': 'ERROR'})['nmi'] <= 100


def test_a_part_of_a_view_knows_which_images_are_broken(run):
    dataset = IndexedDataset(load_config(run[0] / 'out' / 'config.py').train_dataloader.dataset.to_dict(), max_broken=3)
    pipeline = [dict(type='LoadImageFromFile'), dict(type='Resize', scale=(8, 8)), dict(type='PackInputs')]
    view, chosen = sample_view(dataset, pipeline, 5)
    for position in range(len(view)):
        assert view[position]['data_samples'].sample_idx == position
    names = dataset.names()
    broken = [names[image] in BROKEN for image in chosen.tolist()]
    assert view.broken().tolist() == broken
    assert dataset.broken().sum() == sum(broken)


def test_a_folder_by_a_module_outside_of_a_runner(run):
    found = extract_features(nn.Sequential(nn.AdaptiveAvgPool2d(1)), run[0] / 'images')
    assert torch.isfinite(found.features).all() and len(found.features) == 13


def test_the_online_probe_leaves_out_what_cannot_be_read(put, tmp_path, monkeypatch, restored_torch):
    """Of 12 training and 6 test images, one each: another one is shown in their place, which must not count twice."""
    for part, count in (('train', 12), ('val', 6)):
        for number in range(count):
            put(tmp_path / 'images' / part / 'ab'[number % 2] / f'{number:02d}.png', number + 100 * (part == 'val'), (20, 20))
        (tmp_path / 'images' / part / 'a' / '02.png').write_bytes(b'')
    votes, asked = [], []

    def knn(bank, labels, features, test_labels, k, temperature, train_ids, ids):
        votes.append((len(bank), len(labels), len(train_ids), len(features), len(test_labels), len(ids)))
        return 50.

    monkeypatch.setattr('mmifnd.engine.hooks.online_probe_hook.knn_accuracy', knn)
    monkeypatch.setattr('mmifnd.engine.hooks.online_probe_hook.top1_accuracy',
                        lambda labels, predicted: asked.append((len(labels), len(predicted))) or 50.)
    pretrain(tmp_path / 'images', tmp_path / 'out', method='none', framework='simclr', epochs=1, batch_size=4, image_size=16,
             num_workers=0, options=SMALL)
    assert votes == [(11, 11, 11, 5, 5, 5)] and asked == [(5, 5)]
