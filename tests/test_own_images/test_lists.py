"""Lists of images and groups as people write them: each is read rightly, or refused in one line that helps."""

import os
import shutil

import numpy as np
import pytest
from hypothesis import given, settings, strategies
from mmengine.config import Config
from PIL import Image

from mmifnd.configuration.check_data import check_data
from mmifnd.datasets import IndexedDataset
from mmifnd.datasets.class_subset import read_class_list
from mmifnd.datasets.image_list import read_listed
from mmifnd.datasets.labelled_subset import read_image_list
from mmifnd.errors import UserError

PATHS = ['a/my img 0.png', 'b/my img 1.png', 'a/my img 2.png', 'b/my img 3.png']
LABELS = [0, 1, 0, 1]
LABELLED = '\n'.join(f'{path} {label}' for path, label in zip(PATHS, LABELS))
BARE = '\n'.join(PATHS)


@pytest.fixture
def images(put, tmp_path):
    for number, path in enumerate(PATHS):
        put(tmp_path / 'data' / path, number, size=(8, 8))
    return tmp_path / 'data'


def read(images, text, with_label=True, **options):
    """Names and labels by the data set, which the check before a training must let pass, too."""
    (images / 'list.txt').write_bytes(text if isinstance(text, bytes) else text.encode())
    config = dict(type='CustomDataset', data_root=str(images), ann_file='list.txt', with_label=with_label, **options)
    check_data(Config(dict(train_dataloader=dict(dataset=config))), 'train_dataloader')
    dataset = IndexedDataset(config)
    labels = dataset.labels()
    return dataset.names(), None if labels is None else labels.tolist()


@pytest.mark.parametrize('text', [
    LABELLED, LABELLED + '\n\n', LABELLED.replace('\n', '\n\n'), LABELLED.replace('.png ', '.png\t'),
    LABELLED.replace('.png ', '.png  '), LABELLED.replace('\n', '\r\n'), '\ufeff' + LABELLED, LABELLED.replace('/', '\\'),
    '\n'.join(f'./{line}' for line in LABELLED.split('\n'))])
def test_labelled_lists(images, text):
    names, labels = read(images, text)
    assert names == PATHS and labels == LABELS


@pytest.mark.parametrize('text', [
    BARE, BARE + '\n\n', BARE.replace('\n', '\n\n'), BARE.replace('\n', ' \n') + ' ', '\ufeff' + BARE,
    BARE.replace('\n', '\r\n') + '\r\n', BARE.replace('/', '\\')])
def test_lists_without_labels(images, text):
    assert read(images, text, with_label=False) == (PATHS, None)


@pytest.mark.parametrize('text, options, message', [
    ('\n \n', {}, r'list.txt is empty; write a line "PATH LABEL"'),
    (LABELLED.replace(' 0\n', ',0\n'), {}, "line 1 of .*list.txt is 'a/my img 0.png,0'; write \"PATH LABEL\""),
    (LABELLED.replace('1', '1,0'), {}, 'the label a whole number from 0'),
    (LABELLED.replace(' 0', ' -1'), {}, 'the label a whole number from 0'),
    ('# path label\n' + LABELLED, {}, "line 1 of .*is '# path label'"),
    ('\n'.join(f'{path} {label + 1}' for path, label in zip(PATHS, LABELS)), {},
     r'the labels of .*list.txt are 1 to 2, and labels count from 0; set first_label=1.*first_label=None'),
    (LABELLED, dict(first_label=1), 'line 1 of .*has label 0, below first_label=1'),
    (LABELLED + f'\n{PATHS[0]} 1', {}, 'gives a/my img 0.png two labels, 0 in line 1 and 1 in line 5; keep one'),
    (LABELLED, dict(with_label=False), r'4 of the 4 images looked for in .* do not exist .*a/my img 0.png does exist: set '
                                       'with_label=True, or take the labels out'),
    (LABELLED.replace('my', 'your'), {}, r"such as 'a/your img 0.png' of line 1; check data_root and data_prefix"),
    (LABELLED.replace('my', 'm\xfc').encode('latin-1'), {}, 'list.txt is not UTF-8: byte 0xfc in line 1, perhaps Latin-1'),
    (LABELLED.encode('utf-16'), {}, 'list.txt is UTF-16; save it as UTF-8')])
def test_what_is_refused_before_anything_is_built(images, text, options, message):
    with pytest.raises(UserError, match=message) as error:
        read(images, text, **options)
    assert '\n' not in str(error.value)


def test_labels_that_count_from_one(images):
    text = '\n'.join(f'{path} {label + 1}' for path, label in zip(PATHS, LABELS))
    assert read(images, text, first_label=1) == (PATHS, LABELS)
    assert read(images, text, first_label=None) == (PATHS, [1, 2, 1, 2])
    assert read(images, text, metainfo=dict(classes=('x', 'y', 'z')))[1] == [1, 2, 1, 2]


def test_a_few_images_that_are_gone_are_broken_ones(images):
    names, _ = read(images, LABELLED + '\na/gone.png 0')
    assert len(names) == 5


def test_an_image_that_is_listed_twice_has_one_index(images, logged):
    (images / 'list.txt').write_text('\n'.join([*PATHS, PATHS[0], './' + PATHS[1]]))
    dataset = IndexedDataset(dict(type='CustomDataset', data_root=str(images), ann_file='list.txt', with_label=False))
    assert dataset.index.tolist() == [0, 1, 2, 3, 0, 1] and dataset.num_samples == 4
    assert '2 of 6 images are files that the data set has already, such as' in logged()
    os.symlink(images / PATHS[0], images / 'a' / 'link.png')
    folder = IndexedDataset(dict(type='CustomDataset', data_root=str(images), with_label=False, extensions=('.png',)))
    assert folder.index.tolist() == [0, 0, 1, 2, 3] and folder.names()[0] == 'a/link.png'


ROWS = strategies.lists(
    strategies.tuples(strategies.text('ab /.é', min_size=1, max_size=6).filter(str.strip), strategies.integers(0, 9)),
    min_size=1, max_size=6, unique_by=lambda row: row[0].strip())


@settings(max_examples=50, deadline=None)
@given(rows=ROWS, blank=strategies.sampled_from(['', '\n', ' \n']), end=strategies.sampled_from(['\n', '\r\n']),
       mark=strategies.booleans())
def test_any_list_comes_back(tmp_path_factory, rows, blank, end, mark):
    file = tmp_path_factory.mktemp('lists') / 'list.txt'
    text = (end + blank).join(f'{path} {label}' for path, label in rows) + blank
    file.write_bytes((('\ufeff' if mark else '') + text).encode())
    listed = read_listed(str(file), 'list', True, first_label=None)
    assert [(image.path, image.label) for image in listed] == [(path.strip(), label) for path, label in rows]


def test_class_and_image_lists_name_their_file_and_encoding(tmp_path):
    (tmp_path / 'list.txt').write_bytes('Köln\n'.encode('latin-1'))
    for reader in (read_class_list, read_image_list):
        with pytest.raises(ValueError, match='list .*list.txt is not UTF-8: byte 0xf6 in line 1'):
            reader(str(tmp_path / 'list.txt'))
    (tmp_path / 'list.txt').write_bytes('\ufeffKöln\n'.encode())
    assert read_class_list(str(tmp_path / 'list.txt')) == ['Köln'] and read_image_list(str(tmp_path / 'list.txt')) == {'Köln'}


# --- groups -------------------------------------------------------------------------------------------------------------


def grouped(images, text, name='groups.csv', **options):
    (images.parent / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return IndexedDataset(dict(type='GroupedFolder', groups=str(images.parent / name), data_root=str(images), with_label=False,
                               **options))


def test_a_file_of_groups_that_matches_little_is_refused(images):
    text = 'path,group\na/my img 0.png,1\n' + ''.join(f'elsewhere/{number}.png,{number}\n' for number in range(7))
    with pytest.raises(ValueError, match=r'7 of its 8 paths name none of the 4 images in .*, such as elsewhere/0.png; there '
                                         r'are paths like a/my img 0.png. Correct them, or lower min_matched=0.9') as error:
        grouped(images, text)
    assert '\n' not in str(error.value)
    assert grouped(images, text, min_matched=0.1).groups().tolist() == [0, -1, -1, -1]
    with pytest.raises(ValueError, match='1 of its 1 paths name none'):
        grouped(images, 'path,group\nelsewhere,1\n', min_matched=0.)
    with pytest.raises(ValueError, match='min_matched=2 of GroupedFolder is no share'):
        grouped(images, 'path,group\na/my img 0.png,1\n', min_matched=2)


def test_what_a_file_of_groups_does_not_tell_is_said(images, logged):
    text = 'path,group\n' + '\n'.join(f'{path},{group}' for path, group in zip(PATHS, ['x', 'nan', '', 'x']))
    assert grouped(images, text).groups().tolist() == [0, -1, -1, 0]  # nan is no group: two images of it are no pair
    assert '1 groups; 2 of 4 images have no group; 0 lines match no image; 2 lines have no group' in logged()


@pytest.mark.parametrize('word', ['NA', 'None', 'null', '<NA>', ' '])
def test_words_for_no_group_make_no_pairs(images, word):
    text = 'path,group\n' + '\n'.join(f'{path},{group}' for path, group in zip(PATHS, ['x', word, word, 'x']))
    assert grouped(images, text).groups().tolist() == [0, -1, -1, 0]


@pytest.mark.parametrize('name', ['groups.csv', 'groups.CSV', 'groups.tsv'])
@pytest.mark.parametrize('delimiter', [',', ';', '\t'])
def test_columns_divided_by_other_signs(images, name, delimiter):
    rows = [('path', 'group'), *((path, f'video {number % 2}') for number, path in enumerate(PATHS))]
    assert sorted(grouped(images, '\n'.join(map(delimiter.join, rows)), name).groups().tolist()) == [0, 0, 1, 1]
    rows[0] = ('file', 'group')
    with pytest.raises(ValueError, match='has no column path, but file, group; set path_column and group_column'):
        grouped(images, '\n'.join(map(delimiter.join, rows)), name)


@pytest.mark.parametrize('change', [
    lambda text: '\ufeff' + text, lambda text: text.replace('/', '\\'), lambda text: text.replace('\n', '\r\n') + '\r\n\r\n',
    lambda text: text.replace('\na', '\n./a')])
def test_files_of_groups_of_other_systems(images, change):
    text = 'path,group\n' + '\n'.join(f'{path},{group}' for path, group in zip(PATHS, 'xyxy'))
    assert sorted(grouped(images, change(text)).groups().tolist()) == [0, 0, 1, 1]


def test_groups_of_both_parts_of_the_data(put, tmp_path):
    for part in ('train', 'val'):
        for number in range(3):
            put(tmp_path / 'data' / part / f'{number}.png', number)
    lines = ''.join(f'{part}/{number}.png,{number}\n' for part in ('train', 'val') for number in range(3))
    dataset = grouped(tmp_path / 'data', f'path,group\n{lines}', data_prefix='train')
    assert dataset.groups().tolist() == [0, 1, 2]


def test_the_encoding_of_a_file_of_groups(images):
    for name in ('groups.csv', 'groups.txt'):
        with pytest.raises(ValueError, match=f'groups=.*{name} is not UTF-8: byte 0xe9 in line 1, perhaps Latin-1'):
            grouped(images, 'path,gr\xe9up\n'.encode('latin-1'), name)


def test_images_of_equal_pixels_can_be_a_group(images, logged):
    shutil.copy(images / PATHS[0], images / 'b' / 'copy.png')
    Image.open(images / PATHS[3]).save(images / 'b' / 'other.bmp')  # other bytes, equal pixels
    (images / 'b' / 'broken.png').write_bytes(b'')
    dataset = IndexedDataset(dict(type='GroupedFolder', groups='duplicates', data_root=str(images), with_label=False))
    groups = dict(zip(dataset.names(), dataset.groups().tolist()))
    assert groups[PATHS[0]] == groups['b/copy.png'] == 0 and groups[PATHS[3]] == groups['b/other.bmp'] == 1
    assert np.sum(dataset.groups() == -1) == 3
    assert '4 of 7 images in' in logged() and 'have the pixels of another one' in logged()
