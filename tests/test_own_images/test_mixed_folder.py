"""A folder of files of every kind, from the look at it to the backbone that is taken elsewhere."""

import json
import os
import signal

import numpy as np
import pytest
import torch
from mixed_folder import CLASSES, KINDS, OTHERS, write_mixed

from mmifnd.apis import audit, compare, evaluate, extract_features, inspect, pretrain
from mmifnd.apis.audit_report import write_audit
from mmifnd.apis.run_images import images_of_runs
from mmifnd.converters import export_backbone
from mmifnd.datasets import BROKEN_LIST
from mmifnd.datasets.image_data import image_dataset
from mmifnd.datasets.thumbnails import Thumbnails
from mmifnd.engine.hooks import StopHook
from mmifnd.visualization import write_run_report

LOAD = [dict(type='LoadImageFromFile'), dict(type='Resize', scale=(24, 20)), dict(type='PackInputs')]
SMALL = dict(image_size=32, epochs=2, batch_size=16, num_workers=0)
TINY = {'model.backbone.base_channels': 4, 'model.neck.in_channels': 32, 'log_level': 'ERROR'}


@pytest.fixture(scope='module')
def mixed(tmp_path_factory):
    """Every kind in every class."""
    root = tmp_path_factory.mktemp('mixed')
    return root, write_mixed(root, len(KINDS) * len(CLASSES) + OTHERS)


def test_the_look_counts_what_was_written(mixed):
    root, written = mixed
    found = inspect(root)
    assert len(written.images) == len(KINDS) * len(CLASSES) + OTHERS
    assert sorted(found.names) == [name for name in written.images if name != written.link] and found.linked == 1
    assert f'{len(written.images) - 1}; links to them: 1' == dict(found.rows())['images']
    assert dict(found.rows())['folder'].startswith(f'{len(written.images) - 1} images in 4 classes (')
    assert sorted(found.broken) == written.broken and list(found.too_large) == [written.thin]
    assert sorted(map(sorted, found.duplicates)) == sorted(written.equal)
    assert found.folder.layout.classes == tuple(sorted(CLASSES)) and found.folder.files.hidden == written.hidden
    assert found.folder.files.left_out.total() == written.left_out
    assert sum(look.header is not None and look.header.is_deep for look in found.looks) == written.deep


def test_all_kinds_of_a_drawing_are_the_same_picture(mixed):
    """White around a shape of the colour of its class, whatever the file; grey ones have its brightness."""
    root, written = mixed
    dataset = image_dataset(root, pipeline=LOAD, max_broken=len(written.broken))
    others = {*written.broken, written.thin, written.link, *(name for group in written.equal for name in group)}
    for position, name in enumerate(dataset.names()):
        if name in others:
            continue
        pixels = dataset[position]['inputs'].flip(0).numpy().astype(int)  # RGB
        assert pixels[:, -1, -1].min() > 240, name  # the shapes keep away from that corner
        colour = np.array(CLASSES[name.split('/')[0]])
        drawn = pixels.reshape(3, -1)[:, (pixels < 200).any(axis=0).ravel()]
        grey = np.ptp(drawn, axis=0).max() <= 4
        expected = np.full(3, colour @ (0.299, 0.587, 0.114)) if grey else colour
        if 'two colours' not in name:
            assert np.abs(np.median(drawn, axis=1) - expected).max() < 60, name


@pytest.mark.slow
def test_the_whole_way(tmp_path, monkeypatch, restored_torch):
    root = tmp_path / 'mixed'
    root.mkdir()
    written = write_mixed(root, 300)
    for method in ('none', 'glofnd'):
        pretrain(root, tmp_path / method, method=method, options=TINY, **SMALL)
    run = tmp_path / 'ifnd'
    look = StopHook.after_train_iter

    def kill(hook, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter == 4:
            os.kill(os.getpid(), signal.SIGTERM)
        look(hook, runner, batch_idx, data_batch, outputs)

    with monkeypatch.context() as patch:
        patch.setattr(StopHook, 'after_train_iter', kill)
        with pytest.raises(SystemExit):
            pretrain(root, run, options=TINY, **SMALL)
    result = pretrain(root, run, options=TINY, resume=True, **SMALL)
    listed = (run / BROKEN_LIST).read_text()
    assert all(name.replace('"', '""') in listed for name in written.broken)
    found = evaluate(result.checkpoint, options=dict(log_level='ERROR'))
    assert {'knn', 'linear', 'shot_1', 'nmi', 'mtpr'} <= set(found) and all(np.isfinite(list(found.values())))
    features = extract_features(result.checkpoint, root)
    assert torch.isfinite(features.features).all() and not set(written.broken) & set(features.names)
    assert written.thin in features.names  # at 32 pixels it becomes 37 x 740,000, which is within the limit
    files = write_audit(audit(result.checkpoint, root, clusters=[4], alphas=[0.05]), tmp_path / 'audit', Thumbnails(root))
    assert [path.suffix for path in files] == ['.json', '.png', '.png']
    runs = [run, tmp_path / 'glofnd', tmp_path / 'none']
    images, labels = images_of_runs(runs)
    page = write_run_report(runs, tmp_path / 'report.html', images=images, labels=labels).read_text()
    assert 'Ünïcödé 日本' in page and 'cats &amp; dogs' in page and 'cats & dogs' not in page
    comparison = compare(root, tmp_path / 'compared', ['none', 'ifnd'], [0.2], seeds=1, workers=1, options=TINY, **SMALL)
    assert json.loads((tmp_path / 'compared' / 'results.json').read_text())['runs'] and comparison.report.is_file()
    export_backbone(result.checkpoint, tmp_path / 'out.pth')
    assert torch.load(tmp_path / 'out.pth', weights_only=True)
