"""Class folders of a list."""

import numpy as np
import pytest
from PIL import Image

from mmifnd.datasets import ClassSubset, IndexedDataset
from mmifnd.datasets.class_subset import read_class_list

LOAD = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """Folders a to d with 1 to 4 images, and e with none."""
    root = tmp_path_factory.mktemp('classes')
    for count, name in enumerate('abcd', start=1):
        for number in range(count):
            path = root / 'train' / name / f'{number}.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((4, 4, 3), number, np.uint8)).save(path)
    (root / 'train' / 'e').mkdir()
    return root


@pytest.fixture
def listed(root, tmp_path):
    """Builds the data set of a list's text."""
    def build(text, **kwargs):
        (tmp_path / 'list.txt').write_text(text)
        return ClassSubset(str(tmp_path / 'list.txt'), data_root=str(root), data_prefix='train', pipeline=LOAD, **kwargs)
    return build


def test_takes_the_listed_folders_only(listed):
    dataset = listed('# of my own\n\nd  # the largest\nb\n')
    assert dataset.metainfo['classes'] == ('b', 'd')
    assert [dataset.get_data_info(i)['gt_label'] for i in range(len(dataset))] == [0, 0, 1, 1, 1, 1]
    assert IndexedDataset(dataset).names() == ['b/0.png', 'b/1.png', 'd/0.png', 'd/1.png', 'd/2.png', 'd/3.png']
    assert dataset[5]['inputs'].unique().tolist() == [3]


def test_the_order_of_lines_does_not_matter(listed):
    one, other = IndexedDataset(listed('b\nd\n')), IndexedDataset(listed('d\nb'))
    assert one.fingerprint() == other.fingerprint() != IndexedDataset(listed('b\nc\n')).fingerprint()
    np.testing.assert_array_equal(one.labels(), other.labels())


def test_without_labels(listed):
    dataset = listed('b', with_label=False)
    assert len(dataset) == 2 and IndexedDataset(dataset).labels() is None


@pytest.mark.parametrize('text, options, error, message', [
    ('', {}, ValueError, 'is empty; name one class folder a line'),
    ('a\nb\na\n', {}, ValueError, 'names a more than once'),
    ('a\nz\n', {}, FileNotFoundError, '1 of the 2 folders in .* such as z; check data_root'),
    ('e\n', {}, ValueError, 'no images of .* in the 1 folders'),
    ('a\n', dict(ann_file='images.txt'), ValueError, 'use CustomDataset for a list of images')])
def test_refuses(listed, text, options, error, message):
    with pytest.raises(error, match=message):
        listed(text, **options)


def test_refuses_a_missing_list(tmp_path):
    with pytest.raises(FileNotFoundError, match='set class_list to a text file'):
        read_class_list(str(tmp_path / 'none.txt'))
