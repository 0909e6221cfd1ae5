"""Another set under the same names is noticed, and the same set on another disk is not taken for another one."""

import errno
import os
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from shard_files import write_shards

from mmifnd.datasets import IndexedDataset, TensorImages, fingerprint
from mmifnd.datasets.fingerprint import changes_between
from mmifnd.engine.checkpoints.resume import changed_images
from mmifnd.shortage import ShortageError


@pytest.fixture
def images(tmp_path):
    """Eight images in two classes, a list of them with labels, and a file of groups."""
    numbers = np.random.default_rng(0)
    for number in range(8):
        (tmp_path / 'data' / f'c{number % 2}').mkdir(parents=True, exist_ok=True)
        path = tmp_path / 'data' / f'c{number % 2}' / f'{number}.bmp'  # files of one size, whatever they show
        Image.fromarray(numbers.integers(0, 256, (4, 4, 3), dtype=np.uint8)).save(path)
    (tmp_path / 'list.txt').write_text(''.join(f'c{n % 2}/{n}.bmp {n % 2}\n' for n in range(8)))
    (tmp_path / 'groups.csv').write_text('path,group\n' + ''.join(f'c{n % 2}/{n}.bmp,{n // 2}\n' for n in range(8)))
    return tmp_path


def described(folder, **options):
    options = options or dict(ann_file=str(folder / 'list.txt'))
    return IndexedDataset(dict(type='CustomDataset', data_root=str(folder / 'data'), **options)).description()


def other_content(folder):
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(folder / 'data' / 'c0' / '2.bmp')


def swap(folder):
    first, second = folder / 'data' / 'c0' / '0.bmp', folder / 'data' / 'c1' / '1.bmp'
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)


def change(old, new):
    def apply(folder):
        text = (folder / 'list.txt').read_text()
        assert old in text
        (folder / 'list.txt').write_text(text.replace(old, new))
    return apply


@pytest.mark.parametrize('apply, part, words', [
    (other_content, 'contents', '8 images as then, but files of another content under the same names and sizes'),
    (swap, 'contents', 'files of another content'),
    (lambda folder: Image.new('RGB', (5, 5)).save(folder / 'data' / 'c0' / '0.bmp'), 'sizes', 'files of other sizes'),
    (lambda folder: (folder / 'data' / 'c0' / '0.bmp').write_bytes(b'x'), 'sizes', 'files of other sizes'),
    (change('c0/0.bmp 0', 'c0/0.bmp 1'), 'labels', 'other labels'),
    (change('c0/0.bmp 0\nc1/1.bmp 1\n', 'c1/1.bmp 1\nc0/0.bmp 0\n'), 'order', 'the same images, but in another order'),
    (change('c1/7.bmp 1\n', ''), 'count', '8 images then, 7 now'),
    (change('c1/7.bmp 1\n', 'c0/../c0/6.bmp 0\n'), 'count', '8 images then, 7 now')])
def test_what_has_changed_is_named(images, apply, part, words):
    then = described(images)
    apply(images)
    changes = changes_between(then, described(images))
    assert part in changes and words in changes[part]
    assert part == 'sizes' or list(changes) == [part]


def test_the_same_images_elsewhere_and_at_another_time_are_the_same(images, tmp_path):
    then = described(images)
    shutil.move(images / 'data', images / 'moved')
    shutil.copytree(images / 'moved', images / 'data')
    for path in (images / 'data').rglob('*.bmp'):
        os.utime(path, (0, 0))
    assert changes_between(then, described(images)) == {}


def test_a_changed_file_of_groups_is_named(images):
    options = dict(type='GroupedFolder', data_root=str(images / 'data'), groups=str(images / 'groups.csv'))
    then = IndexedDataset(options).description()
    text = (images / 'groups.csv').read_text()
    (images / 'groups.csv').write_text(text.replace('c0/0.bmp,0', 'c0/0.bmp,3'))
    assert list(changes_between(then, IndexedDataset(options).description())) == ['groups']


def test_labels_and_groups_in_memory_are_part_of_it():
    pixels = torch.arange(12, dtype=torch.uint8).view(3, 1, 2, 2)
    then, now = (IndexedDataset(TensorImages(pixels, torch.tensor(labels))).description() for labels in ([0, 1, 1], [0, 1, 0]))
    assert list(changes_between(then, now)) == ['labels']


def test_of_many_images_a_sample_is_read(images, monkeypatch):
    assert described(images)['sampled'] == 8
    monkeypatch.setattr(fingerprint, 'SMALL', 10)
    monkeypatch.setattr(fingerprint, 'SAMPLE', 3)
    then = described(images)
    assert then['sampled'] == 3
    seen = 0
    for number in range(8):
        path = images / 'data' / f'c{number % 2}' / f'{number}.bmp'
        content = path.read_bytes()
        path.write_bytes(content[:-1] + b'x')
        seen += 'contents' in changes_between(then, described(images))
        path.write_bytes(content)
    assert seen == 3


def test_order_and_names_are_those_of_the_fingerprints_of_checkpoints_from_before(images):
    parts = [dict(type='CustomDataset', data_root=str(images / 'data'), ann_file=str(images / 'list.txt')),
             dict(type='CustomDataset', data_root=str(images / 'data' / 'c0'), with_label=False)]
    nested = dict(type='ConcatDataset', datasets=[dict(type='SubsetDataset', dataset=parts[0], indices=[5, 1, 3]), parts[1]])
    for dataset in (IndexedDataset(parts[0]), IndexedDataset(nested)):
        now = dataset.description()
        assert now['ordered'] == dataset.fingerprint() and now['unordered'] == dataset.fingerprint(ordered=False)


def test_checkpoints_from_before_are_compared_by_what_they_say(images):
    now = described(images)
    then = {key: now[key] for key in ('count', 'ordered', 'unordered')}
    assert changes_between(then, now) == {}
    assert 'names' in changes_between(dict(then, unordered='x'), now)
    assert 'order' in changes_between(dict(then, ordered='x'), now)


@pytest.mark.parametrize('uses, expected', [(True, ('2 images as then, but other labels', '')),
                                            (False, ('', '2 images as then, but other labels'))])
def test_labels_matter_to_who_uses_them(uses, expected):
    framework = torch.nn.Module()
    framework.uses_labels, framework.uses_groups = uses, False
    then = dict(count=2, ordered='a', unordered='b', labels='c')
    assert changed_images(then, dict(then, labels='d'), framework) == expected


def test_samples_of_different_sizes_say_nothing_of_contents():
    then = dict(count=2, ordered='a', unordered='b', contents='c', sampled=2)
    assert changes_between(then, dict(then, contents='d', sampled=1)) == {}
    assert list(changes_between(then, dict(then, contents='d'))) == ['contents']


def test_pictures_in_shards_are_part_of_it(tmp_path):
    def described_shards(folder, first):
        return IndexedDataset(dict(type='PairShards', shards='*.tar', data_root=str(write_shards(folder, 1, 4, first)),
                                   index_dir=str(folder))).description()
    then, same, other = (described_shards(tmp_path / name, first) for name, first in (('a', 0), ('b', 0), ('c', 7)))
    assert changes_between(then, same) == {} and then['sampled'] == 4 and then['sizes'] is None
    assert then['contents'] != other['contents']


def test_a_file_that_is_gone_has_no_size_and_a_machine_that_lacks_something_is_no_broken_image(images, monkeypatch):
    assert fingerprint._size(None) == fingerprint._size('s3://bucket/a.png') == fingerprint._size(str(images / 'none')) == -1
    dataset = IndexedDataset(dict(type='CustomDataset', data_root=str(images / 'data'), ann_file=str(images / 'list.txt')))

    def exhausted(*_):
        raise OSError(errno.EMFILE, 'Too many open files')
    with monkeypatch.context() as patch:
        patch.setattr(fingerprint.os, 'stat', exhausted)
        with pytest.raises(ShortageError, match='(?i)too many open files'):
            dataset.description()

    def without_memory(path):
        raise ShortageError('no memory')
    monkeypatch.setattr(fingerprint, 'read_regular', without_memory)
    with pytest.raises(ShortageError, match='no memory'):
        dataset.description()
