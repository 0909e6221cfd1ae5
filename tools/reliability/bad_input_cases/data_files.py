"""Images, lists of images, groups and arrays that cannot be used; and images that look odd and must be taken."""

import gzip
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from .case import Case, train, written
from .config_values import SIMCLR

#: A small pre-training on images in files; ``{here}/data`` holds them.
FOLDER = """
train_dataloader = dict(batch_size=4, num_workers=0, dataset=dict(data_root='{here}/data', pipeline=[
    dict(type='LoadImageFromFile'),
    dict(type='MultiView', num_views=2, transforms=[[dict(type='RandomResizedCrop', scale=16, backend='pillow')]]),
    dict(type='PackInputs')]))
test_dataloader = dict(num_workers=0, dataset=dict(data_root='{here}/data'))
model = dict(queue_len=4, backbone=dict(_delete_=True, type='SmallCNN', in_channels=3, widths=(4, 8)),
             neck=dict(in_channels=8, hidden_channels=8, out_channels=8))
default_hooks = dict(false_negative=dict(num_clusters=(2,), num_workers=0, interval=1000))
"""


def folder(text: str = '', base: str = 'ifnd/ifnd_r50_folder.py', files=lambda data: None):
    """Eight sound images, the config of a training on them followed by ``text``, and what ``files`` does to the images."""
    def write(here: Path) -> None:
        for number in range(8):
            path = here / 'data' / 'ab'[number % 2] / f'{number}.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new('RGB', (20, 20), (30 * number, 90, 0)).save(path)
        files(here / 'data')
        written(base, FOLDER + text)(here)
    return write


def _all(mode, data):
    for path in data.rglob('*.png'):
        Image.open(path).convert(mode).save(path)


def _cmyk(data):
    for path in data.rglob('*.png'):
        Image.open(path).convert('CMYK').save(path.with_suffix('.jpg'))
        path.unlink()


def _sixteen_bits(data):
    for path in data.rglob('*.png'):
        Image.fromarray(np.full((20, 20), 60_000, np.uint16)).save(path)


def _every(content, data):
    for path in data.rglob('*.png'):
        path.write_bytes(content)


def _cut(data):
    for path in data.rglob('*.png'):
        path.write_bytes(path.read_bytes()[:40])


def _remove(data):
    for path in data.rglob('*.png'):
        path.unlink()


def _text(name, content, data):
    (data / name).write_text(content)


def _array(name, array, data):
    np.save(data / name, array)


def _object_array(data):
    np.save(data / 'groups.npy', np.array([dict()], dtype=object), allow_pickle=True)


IMAGES = [
    ('grey images', partial(_all, 'L'), None), ('images with a palette', partial(_all, 'P'), None),
    ('images with transparency', partial(_all, 'RGBA'), None), ('CMYK images', _cmyk, None),
    ('images of 16 bits', _sixteen_bits, None),
    ('images of zero bytes', partial(_every, b''), 'no image of the data set can be read, the last of them image'),
    ('images that are text', partial(_every, b'no image'), 'no image of the data set can be read, the last of them image'),
    ('truncated images', _cut, 'no image of the data set can be read, the last of them image'),
    ('a folder without images', _remove, 'data'),
]
#: A list of images: its lines, and what the line must say.
LISTS = [
    ('an empty list of images', '', 'list.txt is empty'),
    ('a list of images that do not exist', 'a/no.png 0\n' * 8, 'a/no.png'),
    ('a list that leaves the data root', '../../secret.png 0\n', 'outside of'),
    ('a list of labels only', '0\n1\n', 'line 1 of train_dataloader.dataset.ann_file='),
    ('a list with a label that is no number', 'a/0.png zero\n' * 8, "is 'a/0.png zero'; write"),
]
GROUPS = [
    ('groups.csv', '', 'has no column path, but nothing'),
    ('groups.csv', 'file,group\na/0.png,1\n', 'has no column path, but file, group'),
    ('groups.csv', 'path,group\n', 'names no group'),
    ('groups.csv', 'path,group\nx/9.png,1\n', 'name none of the 8 images'),
    ('groups.csv', 'path,group\na/0.png,1\na/0.png,2\n', 'has a/0.png in two groups'),
    ('groups.txt', 'a/0.png\n', 'write path and group'),
]
ARRAYS = [
    ('too few groups', partial(_array, 'groups.npy', np.zeros(5, np.int64)), 'holds int64 (5,); it must hold integers'),
    ('groups of floats', partial(_array, 'groups.npy', np.zeros(1297)), 'holds float64 (1297,); it must hold integers'),
    ('groups of objects', _object_array, 'groups.npy is no .npy file of integers'),
    ('groups of text', partial(_text, 'groups.npy', 'hello'), 'groups.npy is no .npy file of integers'),
    ('empty groups', partial(_text, 'groups.npy', ''), 'groups.npy is no .npy file of integers'),
]
CLASS_LISTS = [
    ('an empty class list', '', 'is empty; name one class folder a line'),
    ('a class list with a path', '../a\n', 'names ../a; give names of folders'),
    ('a class twice', 'a\na\n', 'names a more than once'),
    ('a class that does not exist', 'a\nz\n', 'are not in'),
]
SUBSETS = [
    ('an empty image list', '', 'is empty; name one image a line'),
    ('an image that does not exist', 'no.png\n', 'are not in'),
]
IDX_HEADER = bytes([0, 0, 8, 3, 0, 0, 0, 9, 0, 0, 0, 4, 0, 0, 0, 4])  # of nine images of 4 x 4
IDX = [
    ('no IDX files', {}, 'no train-images-idx3-ubyte'),
    ('IDX files of text', {'train-images-idx3-ubyte': b'hello'}, 'starts with'),
    ('IDX files that are empty', {'train-images-idx3-ubyte': b''}, 'train-images-idx3-ubyte'),
    ('a truncated IDX file', {'train-images-idx3-ubyte': IDX_HEADER + b'12'}, 'asks for'),
    ('an archive that holds more than its header says',
     {'train-images-idx3-ubyte.gz': gzip.compress(IDX_HEADER + bytes(2**24))}, 'holds more, its header (9, 4, 4) asks for 160'),
    ('a truncated archive', {'train-images-idx3-ubyte.gz': gzip.compress(IDX_HEADER + bytes(144))[:-9]}, 'cannot be unpacked'),
]


def _write_idx(files, data):
    for name, content in files.items():
        (data / name).write_bytes(content)


def _dataset(settings: str) -> str:
    return f"train_dataloader['dataset'].update({settings})"


def _of_type(settings: str) -> str:
    """Another data set than that of the base, which has a ``split``."""
    return f"train_dataloader['dataset'].update(_delete_=True, data_prefix='', with_label=False)\n{_dataset(settings)}"


def _cases():
    for name, files, words in IMAGES:
        yield train(name, '{here}/config.py', words, files=folder(files=files))
    for name, lines, words in LISTS:
        yield train(name, '{here}/config.py', words, files=folder(
            _dataset("ann_file='list.txt', with_label=True"), files=partial(_text, 'list.txt', lines)))
    for number, (file, text, words) in enumerate(GROUPS):
        yield train(f'{file} {number + 1}: {text!r}', '{here}/config.py', words, files=folder(
            _dataset(f"groups='{{here}}/data/{file}'"), 'ifnd/ifnd_group_folder.py', partial(_text, file, text)))
    for name, files, words in ARRAYS:
        yield train(name, SIMCLR, words, '--cfg-options', 'train_dataloader.dataset.groups={here}/data/groups.npy',
                    files=folder(files=files))
    for name, lines, words in CLASS_LISTS:
        yield train(name, '{here}/config.py', words, files=folder(
            _of_type("type='ClassSubset', class_list='{here}/data/list.txt'"), files=partial(_text, 'list.txt', lines)))
    for name, lines, words in SUBSETS:
        yield train(name, '{here}/config.py', words, files=folder(
            _of_type("type='LabelledSubset', image_list='{here}/data/list.txt'"), files=partial(_text, 'list.txt', lines)))
    for name, files, words in IDX:
        yield train(name, '{here}/config.py', words, files=folder(
            "train_dataloader['dataset'] = dict(_delete_=True, type='IDXImages', data_root='{here}/data')",
            files=partial(_write_idx, files)))
    yield train('no such class list', '{here}/config.py', 'no.txt', files=folder(
        _of_type("type='ClassSubset', class_list='no.txt'")))
    yield train('no such list of images', '{here}/config.py', 'no.txt does not exist', files=folder(
        _dataset("ann_file='no.txt'")))
    yield train('a data root that does not exist', '{here}/config.py', 'data_root=no/such does not exist', files=folder(
        _dataset("data_root='no/such'")))
    yield train('a data root that is a file', '{here}/config.py', 'config.py does not exist', files=folder(
        _dataset("data_root='{here}/config.py'")))
    yield train('a data prefix that does not exist', '{here}/config.py', 'data', files=folder(
        _dataset("data_prefix='no/such'")))
    yield train('fewer images than a batch', '{here}/config.py', 'lower train_dataloader.batch_size', files=folder(
        'train_dataloader.update(batch_size=9)'))
    yield train('no such file of groups', '{here}/config.py', 'groups=no.csv does not exist', files=folder(
        _dataset("groups='no.csv'"), 'ifnd/ifnd_group_folder.py'))
    yield train('a fraction of 0', '{here}/config.py', 'fraction=0', files=folder(
        _of_type("type='LabelledSubset', fraction=0., with_label=True")))
    yield train('a fraction of 2', '{here}/config.py', 'fraction=2', files=folder(
        _of_type("type='LabelledSubset', fraction=2., with_label=True")))
    yield train('a fraction of images without labels', '{here}/config.py', 'with_label=False of LabelledSubset', files=folder(
        _of_type("type='LabelledSubset', fraction=0.5")))
    yield train('a depth of WordNet that does not exist', '{here}/config.py', 'depth=4', files=folder(
        _of_type("type='WordNetDepthDataset', depth=4, with_label=True")))
    yield train('one view', '{here}/config.py', 'view', files=folder(
        "train_dataloader['dataset']['pipeline'][1].update(num_views=1)"))
    yield train('no views', '{here}/config.py', 'MultiView', files=folder(
        "del train_dataloader['dataset']['pipeline'][1]"))
    yield train('a pipeline without PackInputs', '{here}/config.py', 'PackInputs', files=folder(
        "train_dataloader['dataset']['pipeline'].pop()"))
    yield train('a pipeline that reads nothing', '{here}/config.py', "image", files=folder(
        "del train_dataloader['dataset']['pipeline'][0]"))
    yield train('an empty pipeline', '{here}/config.py', 'pipeline', files=folder(_dataset('pipeline=[]')))
    yield train('a transform that does not exist', '{here}/config.py', 'RandomResizedCropp', files=folder(
        "train_dataloader['dataset']['pipeline'][1]['transforms'][0][0].update(type='RandomResizedCropp')"))


CASES: list[Case] = list(_cases())
