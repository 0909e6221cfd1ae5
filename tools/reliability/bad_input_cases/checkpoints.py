"""Checkpoints that are none, are damaged, or belong to something else; through all tools that take one."""

import pickle
from functools import partial
from pathlib import Path

import numpy as np
import torch

from .case import Case, train
from .config_values import SIMCLR


def _save(value, folder: Path) -> None:
    torch.save(value, folder / 'wrong.pth')


def _bytes(content: bytes, folder: Path) -> None:
    (folder / 'wrong.pth').write_bytes(content)


def _truncated(folder: Path) -> None:
    _save(dict(state_dict=dict(weight=torch.zeros(1000))), folder)
    path = folder / 'wrong.pth'
    path.write_bytes(path.read_bytes()[:2000])


def _resnet(folder: Path, width: int = 64) -> None:
    _save(dict(state_dict={'backbone.conv1.weight': torch.zeros(width, 3, 7, 7)}), folder)


#: Name, how it is made, and what every reader must say of it.
BROKEN = [
    ('an empty checkpoint', partial(_bytes, b''), 'wrong.pth is damaged'),
    ('a checkpoint of text', partial(_bytes, b'<html>404 Not Found</html>'), 'torch.save did not write it'),
    ('a truncated checkpoint', _truncated, 'wrong.pth is damaged'),
    ('a checkpoint with objects', partial(_save, dict(state_dict={}, meta=Path('/tmp'))),
     'wrong.pth holds more than tensors and plain values'),
    ('a bare pickle', partial(_bytes, pickle.dumps(dict(state_dict=np.float64(1)), protocol=2)),
     'wrong.pth holds more than tensors and plain values'),
    ('a folder for a checkpoint', lambda folder: (folder / 'wrong.pth').mkdir(), 'wrong.pth is a folder'),
]
FOREIGN = [
    ('a checkpoint without state_dict', partial(_save, dict(weights=1)), 'wrong.pth'),
    ('a checkpoint that is a list', partial(_save, [1, 2]), 'wrong.pth'),
    ('a checkpoint that is a tensor', partial(_save, torch.zeros(3)), 'wrong.pth'),
    ('a state_dict of numbers', partial(_save, dict(state_dict=dict(weight=1))), 'wrong.pth'),
    ('a state_dict that is a list', partial(_save, dict(state_dict=[1, 2])), 'wrong.pth'),
    ('a checkpoint of another model', partial(_save, dict(state_dict=dict(weight=torch.zeros(1)))), 'wrong.pth'),
]


def _cases():
    for name, files, words in BROKEN + FOREIGN:
        yield Case(f'test.py: {name}', 'test', (SIMCLR, '{here}/wrong.pth', '--work-dir', '{here}/run'), words, files)
        yield train(f'load_from: {name}', SIMCLR, words, '--cfg-options', 'load_from={here}/wrong.pth', files=files)
        yield train(f'--resume: {name}', SIMCLR, words, '--resume', '{here}/wrong.pth', files=files)
        yield Case(f'import_checkpoint.py: {name}', 'model_converters/import_checkpoint',
                   ('{here}/wrong.pth', '{here}/out.pth'), words, files)
        yield Case(f'export_backbone.py: {name}', 'model_converters/export_backbone',
                   ('{here}/wrong.pth', '{here}/out.pth'), words, files)
    yield train('--resume: weights only', SIMCLR, 'holds weights only', '--resume', '{here}/wrong.pth',
                files=partial(_save, dict(state_dict={})))
    yield train('--resume: no such checkpoint', SIMCLR, 'checkpoint no/such.pth does not exist', '--resume', 'no/such.pth')
    yield Case('test.py: no such checkpoint', 'test', (SIMCLR, 'no/such.pth', '--work-dir', '{here}/run'),
               'checkpoint no/such.pth does not exist')
    yield Case('export_backbone.py: no such checkpoint', 'model_converters/export_backbone', ('no/such.pth', '{here}/out.pth'),
               'no/such.pth does not exist')
    yield Case('export_backbone.py: no key encoder', 'model_converters/export_backbone',
               ('{here}/wrong.pth', '{here}/out.pth', '--encoder', 'key'), 'key', _resnet)
    yield Case('export_backbone.py: half a ResNet', 'model_converters/export_backbone',
               ('{here}/wrong.pth', '{here}/out.pkl', '--to', 'detectron2'), 'wrong.pth', _resnet)
    yield Case('import_checkpoint.py: no such folder to write to', 'model_converters/import_checkpoint',
               ('{here}/wrong.pth', '{here}/no/such/out.pth'), 'wrong.pth', _resnet)
    yield Case('audit.py: a checkpoint without config or data', 'audit', ('{here}/wrong.pth', '--out', '{here}/audit'),
               'wrong.pth', _resnet)


CASES: list[Case] = list(_cases())
