"""Pre-training, comparing, inspecting and judging by folder: what is no folder, no choice, no group, or no place for a run."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from .case import Case, nothing

SMALL = ('--epochs', '1', '--image-size', '16', '--num-workers', '0', '--batch-size', '8')


def images(files: Callable[[Path], None] = nothing) -> Callable[[Path], None]:
    """Two classes of ten images below ``{here}/data``, and what ``files`` does to ``{here}``."""
    def write(here: Path) -> None:
        for number in range(20):
            path = here / 'data' / 'ab'[number % 2] / f'{number}.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = np.random.default_rng(number).integers(0, 255, (20, 20, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(path)
        files(here)
    return write


def _flat(here: Path) -> None:
    for path in (here / 'data').rglob('*.png'):
        path.rename(here / 'data' / path.name)
    for name in 'ab':
        (here / 'data' / name).rmdir()


def _used(here: Path) -> None:
    (here / 'out').mkdir()
    (here / 'out' / 'epoch_1.pth').touch()


def _groups(text: str) -> Callable[[Path], None]:
    return lambda here: (here / 'groups.csv').write_text(text)


GROUPS = '--groups', '{here}/groups.csv'
#: What is wrong, further arguments, what the line must say, what is done to the files.
PRETRAIN = [
    ('nothing wrong', (), None, nothing), ('groups', GROUPS, None, _groups('path,group\na/0.png,1\na/2.png,1\n')),
    ('groups of equal pixels', ('--groups', 'duplicates'), None, nothing),
    ('every image on both sides', ('--holdout', '0'), None, nothing),
    ('no such groups', GROUPS, 'groups.csv does not exist', nothing),
    ('groups of other images', GROUPS, '2 of its 2 paths name none of the 20 images', _groups('path,group\nc/0.png,1\nd,2\n')),
    ('groups without columns', GROUPS, 'has no column path', _groups('a/0.png;1\n')),
    ('a share above 1', ('--holdout', '1.5'), 'holdout=1.5 must be a share of the images in [0, 1)', nothing),
    ('a method that does not exist', ('--method', 'moco'), "method='moco' is unknown; choose one of none, ifnd", nothing),
    ('a method that does not go with SwAV', ('--method', 'topk', '--framework', 'swav'), 'does not go with framework', nothing),
    ('a backbone that does not exist', ('--backbone', 'resnet7'), "backbone='resnet7' is unknown", nothing),
    ('a backbone for larger images', ('--backbone', 'torchvision/vit_b_16'), 'does not take an image of 16 pixels', nothing),
    ('images of 4 pixels', ('--image-size', '4'), 'image_size=4 is below 8; give at least 8', nothing),
    ('a batch of all worlds', ('--batch-size', '999'), 'exceeds the 16 training images', nothing),
    ('an option that does not exist', ('--cfg-options', 'model.tau=1'), 'tau', nothing),
    ('a background that is no colour', ('--background', '0', '0', '300'), 'is no colour; give red, green, blue', nothing),
    ('a depth that does not exist', ('--depth', 'half'), "depth='half' of LoadImageFromFile is unknown", nothing),
    ('a folder that holds a run', (), 'holds a run (epoch_1.pth); go on with it: resume=True', _used),
    ('both to go on and to begin anew', ('--resume', '--overwrite'), 'give one of them', _used),
    ('an out that is a file', (), 'is a file; give a folder', lambda here: (here / 'out').touch()),
    ('classes for an oracle', ('--method', 'oracle'), 'is told the classes of the images, and folder', _flat),
]
#: What is wrong, the subcommand, its arguments, what the line must say, what is done to the files.
OTHERS = [
    ('pretrain: no such folder', 'pretrain', ('{here}/none', '{here}/out'), 'does not exist; give a folder of images', nothing),
    ('pretrain: a file for a folder', 'pretrain', ('{here}/data/a/0.png', '{here}/out'), 'is a file; give a folder', nothing),
    ('inspect: a folder of images', 'inspect', ('{here}/data',), None, nothing),
    ('inspect: no such folder', 'inspect', ('{here}/none',), 'does not exist; give a folder of images', nothing),
    ('inspect: a folder without images', 'inspect', ('{here}/none',), 'holds no image', lambda here: (here / 'none').mkdir()),
    ('evaluate: no such checkpoint', 'evaluate', ('{here}/no.pth',), 'no.pth', nothing),
    ('compare: one method', 'compare', ('{here}/data', '{here}/out', '--methods', 'ifnd'), 'at least two different ones',
     nothing),
    ('compare: nothing is held out', 'compare', ('{here}/data', '{here}/out', '--holdout', '0', *SMALL),
     'on images that are held out', nothing),
    ('compare: no classes', 'compare', ('{here}/data', '{here}/out', *SMALL), 'give one folder of classes', _flat),
    ('compare: no such measure', 'compare', ('{here}/data', '{here}/out', '--measure', 'beauty'), "measure='beauty' is unknown",
     nothing),
]


def _cases():
    for name, arguments, words, files in PRETRAIN:
        yield Case(f'pretrain: {name}', 'pretrain', ('{here}/data', '{here}/out', *SMALL, *arguments), words, images(files))
    for name, tool, arguments, words, files in OTHERS:
        yield Case(name, tool, arguments, words, images(files))


CASES: list[Case] = list(_cases())
