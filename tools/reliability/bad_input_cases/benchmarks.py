"""Benchmarks of a checkpoint: folders of classes, shares of labels, images and weights that do not fit."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from PIL import Image

from mmifnd.registry import MODELS

from .case import Case, nothing, train, written
from .data_files import IMAGES

LINEAR = 'benchmarks/linear/linear_r50_8xb32-steplr_100e_in1k.py'
FEW_LABELS = 'benchmarks/linear/linear_r50_1xb1024-coslr_900e_in100-0.1pct.py'
FEATURES = 'benchmarks/wordnet/depths_r50_in1k.py'

#: A small probe: ``{here}/data`` holds ImageNet's folders, ``{here}/weights.pth`` the backbone.
CLASSIFIER = """
model = dict(
    backbone=dict(depth=18, stem_channels=8, base_channels=8, init_cfg=dict(checkpoint='{here}/weights.pth')),
    head=dict(in_channels=64, num_classes=4, topk=(1,)))
train_dataloader = dict(batch_size=4, num_workers=0, dataset=dict(data_root='{here}/data'))
val_dataloader = dict(batch_size=4, num_workers=0, dataset=dict(data_root='{here}/data'))
val_evaluator = dict(topk=(1,))
"""
LISTED = """
train_dataloader['dataset'].update(class_list='{here}/data/list.txt')
val_dataloader['dataset'].update(class_list='{here}/data/list.txt')
"""
HALF = "train_dataloader['dataset'].update(fraction=0.5)"
SMALL = """
model = dict(backbone=dict(depth=18, stem_channels=8, base_channels=8))
test_cfg = dict(train_dataset=dict(data_root='{here}/data'))
test_dataloader = dict(batch_size=4, num_workers=0, dataset=dict(data_root='{here}/data'))
"""
UNLABELLED = """
test_cfg['train_dataset'].update(with_label=False)
test_dataloader['dataset'].update(with_label=False)
"""


def folders(base: str, text: str, files: Callable[[Path], None] = nothing, weights: Callable[[Path], None] | None = None):
    """Four classes of six and two sound images, a backbone, and what ``files`` and ``weights`` do to them."""
    def write(here: Path) -> None:
        for split, count in (('train', 6), ('val', 2)):
            for label, name in enumerate('abcd'):
                (here / 'data' / split / name).mkdir(parents=True)
                for number in range(count):
                    path = here / 'data' / split / name / f'{number}.png'
                    Image.new('RGB', (40, 40), (60 * label, 9 * number, 0)).save(path)
        (here / 'data' / 'list.txt').write_text('a\nb\nc\nd\n')
        (weights or _save)(here / 'weights.pth')
        files(here / 'data')
        written(base, text)(here)
    return write


def _save(path: Path, **options) -> None:
    backbone = MODELS.build(dict(dict(type='mmpretrain.ResNet', depth=18, stem_channels=8, base_channels=8), **options))
    torch.save(dict(state_dict={f'backbone.{name}': value for name, value in backbone.state_dict().items()}), path)


def _without(folder: str, data: Path) -> None:
    shutil.rmtree(data / folder)


def _shared(count: int, data: Path) -> None:
    """The first ``count`` of the two test images of each class are copies of training images."""
    for label in 'abcd':
        for number in range(count):
            shutil.copy(data / 'train' / label / f'{number}.png', data / 'val' / label / f'{number}.png')


def _cut_some(data: Path) -> None:
    for path in (data / 'train/a/0.png', data / 'val/b/0.png', data / 'val/c/1.png'):
        path.write_bytes(path.read_bytes()[:40])


TWO_OF_ONE_TYPE = """
test_cfg['measures'] = dict(
    _delete_=True, near=dict(type='KNNAccuracy', k=1), far=dict(type='KNNAccuracy', k=3),
    weak=dict(type='LinearProbe', l2=1.), strong=dict(type='LinearProbe', l2=1e-4),
    few=dict(type='FewShotProbe', shots=(1,), num_draws=2))
"""
#: How many test images of each class are training images, too.
SHARED = [('half of the test images are training images', 1), ('all test images are training images', 2)]

WEIGHTS = [
    ('weights that do not exist', nothing, 'weights.pth does not exist'),
    ('weights of zero bytes', Path.touch, 'weights.pth is damaged'),
    ('weights of text', partial(Path.write_text, data='<html>'), 'torch.save did not write it'),
    ('weights of another depth', partial(_save, depth=50), 'weights.pth does not fit the model'),
    ('weights of another width', partial(_save, base_channels=16), 'weights.pth does not fit the model'),
    ('weights of no backbone', lambda path: torch.save(dict(state_dict=dict(weight=torch.zeros(1))), path),
     'weights.pth holds nothing under backbone.'),
]
#: What is missing; what the line must say of folders that are numbered, and of those of a list.
FOLDERS = [
    ('no folder of a class for training', partial(_without, 'train/b'),
     'training images lack 1 of the 4 classes of the test images, such as b', 'such as b; check data_root'),
    ('no folder of a class for validation', partial(_without, 'val/b'),
     'test images lack 1 of the 4 classes of the training images, such as b', 'such as b; check data_root'),
    ('no folder for validation', partial(_without, 'val'), 'data/val', 'such as a; check data_root'),
]
#: What the line must say where a classifier meets an image that cannot be read.
UNREADABLE = {'images of zero bytes': 'png: the file is empty', 'images that are text': 'png: the file is damaged, or no image',
              'truncated images': 'png: the image is damaged', 'a folder without images': 'data/train'}


def _probe(name: str, words: str | None, base: str = LINEAR, text: str = CLASSIFIER, **changes) -> Case:
    return train(f'probe: {name}', '{here}/config.py', words, files=folders(base, text, **changes))


def _features(name: str, words: str | None, text: str = SMALL, **changes) -> Case:
    arguments = '{here}/config.py', '{here}/weights.pth', '--work-dir', '{here}/run'
    return Case(f'features: {name}', 'test', arguments, words, folders(FEATURES, text, **changes))


def _cases():
    yield _probe('nothing wrong', None)
    for name, weights, words in WEIGHTS:
        yield _probe(name, words, weights=weights)
    for name, files, words, of_a_list in FOLDERS:
        yield _probe(name, words, files=files)
        yield _probe(f'{name}, of a list', of_a_list, FEW_LABELS, CLASSIFIER + LISTED + HALF, files=files)
    yield _probe('fewer labelled images than classes', '0.10% of the 6 training images of class 0 is less than one image; '
                 'take 16.67% or more', FEW_LABELS, CLASSIFIER + LISTED)
    yield _probe('more classes than the head has', 'model.head.num_classes=3 is below the 4 classes of the training images; '
                 'set it to 4', text=CLASSIFIER + "model['head'].update(num_classes=3)")
    for name, files, words in IMAGES:
        yield _probe(name, UNREADABLE.get(name), files=files)
        yield _features(name, words, files=files)
    for name, files, *_ in FOLDERS[:2]:  # measures are left out, and that is said
        yield _features(name, None, files=files)
    yield _features('no labels', None, SMALL + UNLABELLED)
    yield _features('some images that cannot be read', None, files=_cut_some)
    yield _features('two measures of one type', None, SMALL + TWO_OF_ONE_TYPE)
    for name, count in SHARED:  # above half, probes are left out, and that is said
        yield _features(name, None, SMALL + TWO_OF_ONE_TYPE, files=partial(_shared, count))
    yield _features('weights of another depth', 'does not fit the model', weights=partial(_save, depth=50))


CASES: list[Case] = list(_cases())
