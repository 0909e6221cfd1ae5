"""Folders, lists and groups as strangers have them: what must be taken, and what is refused in a line that helps."""

import os
from functools import partial

import numpy as np
from PIL import Image

from .case import Case, train
from .data_files import folder

LISTED = "train_dataloader['dataset'].update(ann_file='list.txt', with_label={label}, holdout=0.)"
NAMES = [f'{"ab"[number % 2]}/{number}.png' for number in range(8)]
LABELLED = '\n'.join(f'{name} {number % 2}' for number, name in enumerate(NAMES))
BARE = '\n'.join(NAMES)


def _list(content, data):
    (data / 'list.txt').write_bytes(content if isinstance(content, bytes) else content.encode())


def _as(suffix, data, **options):
    for path in data.rglob('*.png'):
        Image.open(path).save(path.with_suffix(suffix), **options)
        path.unlink()


def _animated(data):
    frames = [Image.new('RGB', (20, 20), (value, 0, 0)) for value in (10, 200)]
    for path in data.rglob('*.png'):
        frames[0].save(path.with_suffix('.gif'), save_all=True, append_images=frames[1:])
        path.unlink()


def _floats(factor, data):
    for path in data.rglob('*.png'):
        values = np.linspace(0, factor, 400, dtype=np.float32).reshape(20, 20)
        Image.fromarray(values).save(path.with_suffix('.tif'))
        path.unlink()


def _shortened(data):
    for path in data.rglob('*.png'):
        Image.open(path).save(path.with_suffix('.jpg'))
        path.unlink()
        content = path.with_suffix('.jpg').read_bytes()
        path.with_suffix('.jpg').write_bytes(content[:-2])


def _hidden(data):
    for name in ('.ipynb_checkpoints', '@eaDir'):
        (data / name).mkdir()
        Image.new('RGB', (20, 20)).save(data / name / '0-checkpoint.png')


def _linked(data):
    real = data.with_name('real')
    real.mkdir()
    for name in 'ab':
        (data / name).rename(real / name)
        os.symlink(real / name, data / name)
    os.symlink(data, data / 'a' / 'again')


def _copied(data):
    Image.open(data / 'a' / '0.png').save(data / 'b' / 'copy.bmp')


def _odd_ones(data):
    """A pipe, a link to nowhere, an empty file and a thin image among sound ones."""
    os.mkfifo(data / 'a' / 'pipe.png')
    os.symlink(data / 'gone.png', data / 'a' / 'link.png')
    (data / 'a' / 'empty.png').write_bytes(b'')
    Image.new('RGB', (20_000, 1)).save(data / 'a' / 'thin.png')


IMAGES = [
    ('WebP images', partial(_as, '.webp'), None), ('AVIF images', partial(_as, '.avif'), None),
    ('TIFF images', partial(_as, '.tiff'), None), ('JPEG 2000 images', partial(_as, '.jp2'), None),
    ('animated images', _animated, None), ('images of floats', partial(_floats, 1.), None),
    ('hidden folders', _hidden, None), ('linked folders, in a circle', _linked, None),
    ('a pipe, a dead link, an empty file, a thin image', _odd_ones, None),
    ('images of large floats', partial(_floats, 4095.), 'float values from 0 to 4095, and depth="full" takes 0 to 1'),
    ('JPEG images without an end', _shortened, 'the image is cut off: the end of its JPEG data is missing'),
]
LISTS = [
    ('a list with a blank last line', LABELLED + '\n\n', True, None),
    ('a list with a byte order mark', '\ufeff' + LABELLED, True, None),
    ('a list of Windows', LABELLED.replace('/', '\\').replace('\n', '\r\n'), True, None),
    ('a list without labels and a blank last line', BARE + '\n\n', False, None),
    ('a list that names images twice', BARE + '\n' + BARE, False, None),
    ('a list whose labels count from 1', LABELLED.replace(' 1', ' 2').replace(' 0', ' 1'), True, 'set first_label=1'),
    ('a list with commas', LABELLED.replace(' ', ','), True, "is 'a/0.png,0'; write"),
    ('a list with two labels for an image', LABELLED + '\na/0.png 1', True, 'gives a/0.png two labels, 0 in line 1'),
    ('a list with labels that are not asked for', LABELLED, False, 'a/0.png does exist: set with_label=True'),
    ('a list in Latin-1', LABELLED.replace('a/0', 'ä/0').encode('latin-1'), True, 'is not UTF-8: byte 0xe4 in line 1'),
    ('a list in UTF-16', LABELLED.encode('utf-16'), True, 'is UTF-16; save it as UTF-8'),
]
GROUPS = [
    ('groups of other images', 'path,group\na/0.png,1\n' + ''.join(f'x/{n}.png,{n}\n' for n in range(7)),
     '7 of its 8 paths name none of the 8 images'),
    ('groups that are nan', 'path,group\na/0.png,nan\nb/1.png,NaN\n', 'names no group'),
    ('groups in Latin-1', 'path,group\na/0.png,\xe4\n'.encode('latin-1'), 'is not UTF-8: byte 0xe4 in line 2'),
    ('groups of another system', '\ufeffpath,group\r\n' + ''.join(f'{name},1\r\n' for name in NAMES).replace('/', '\\'), None),
]
LOADER = "train_dataloader['dataset']['pipeline'][0].update({settings})"
OPTIONS = [
    ('a depth that does not exist', "depth='half'", "depth='half' of LoadImageFromFile is unknown; choose one of full, data"),
    ('a depth without its range', "depth='data'", 'with data_range=None; give the least and the largest'),
    ('a background that is no colour', 'background=(0, 0, 256)', 'is no colour; give red, green, blue'),
    ('a background', 'background=(0, 0, 0)', None),
]


def _groups(content, data):
    (data / 'groups.csv').write_bytes(content if isinstance(content, bytes) else content.encode())


def _cases():
    for name, files, words in IMAGES:
        yield train(name, '{here}/config.py', words, files=folder(files=files))
    for name, content, label, words in LISTS:
        yield train(name, '{here}/config.py', words, files=folder(LISTED.format(label=label), files=partial(_list, content)))
    for name, content, words in GROUPS:
        yield train(name, '{here}/config.py', words, files=folder(
            "train_dataloader['dataset'].update(groups='{here}/data/groups.csv')", 'ifnd/ifnd_group_folder.py',
            partial(_groups, content)))
    for name, settings, words in OPTIONS:
        yield train(name, '{here}/config.py', words, files=folder(LOADER.format(settings=settings)))
    yield train('groups of equal pixels', '{here}/config.py', None, files=folder(
        "train_dataloader['dataset'].update(groups='duplicates')", 'ifnd/ifnd_group_folder.py', _copied))


CASES: list[Case] = list(_cases())
