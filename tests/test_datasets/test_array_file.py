"""Pairs in a file of arrays: splits, captions by owner, and what is refused."""

import numpy as np
import pytest

from mmifnd.datasets import IndexedDataset, InMemoryPairs
from mmifnd.datasets.tokenizers import HashTokenizer

ARRAYS = dict(
    images=np.arange(4 * 12, dtype=np.uint8).reshape(4, 3, 2, 2), captions=np.array(['d', 'a', 'c', 'b', 'a two']),
    owner=np.array([3, 0, 2, 1, 0]), labels=np.array([0, 1, 1, 0]), classes=np.array(['x', 'y']), groups=np.array([5, 5, 6, 7]),
    split=np.array(['train', 'val', 'train', 'test']))


def read(tmp_path, *without, options=(), **changed):
    arrays = {name: value for name, value in {**ARRAYS, **changed}.items() if name not in without}
    np.savez(tmp_path / 'pairs.npz', **arrays)
    return InMemoryPairs(str(tmp_path / 'pairs.npz'), HashTokenizer(buckets=50, context_length=9), **dict(options))


def test_all_images_with_their_captions(tmp_path):
    dataset = IndexedDataset(read(tmp_path))
    assert dataset.captions() == [['a', 'a two'], ['b'], ['c'], ['d']] and dataset.labels().tolist() == [0, 1, 1, 0]
    assert dataset.metainfo['classes'] == ('x', 'y') and dataset.groups() is None


@pytest.mark.parametrize('split, captions', [('train', [['a', 'a two'], ['c']]), (('val', 'test'), [['b'], ['d']])])
def test_splits(tmp_path, split, captions):
    dataset = IndexedDataset(read(tmp_path, options=dict(split=split)))
    assert dataset.captions() == captions and dataset.num_samples == 2


def test_groups_of_the_file_or_by_caption(tmp_path):
    assert IndexedDataset(read(tmp_path, options=dict(groups='given'))).groups().tolist() == [0, 0, 1, 2]
    captions = np.array(['d', 'a', 'c', 'A two.', 'a two'])
    found = IndexedDataset(read(tmp_path, options=dict(groups='caption'), captions=captions)).groups()
    assert found.tolist() == [0, 0, 1, 2]


@pytest.mark.parametrize('without, changed, options, words', [
    (['captions'], {}, {}, 'has no array captions; it needs images and captions'),
    ([], dict(images=np.zeros((4, 2, 2), np.uint8)), {}, r'are uint8 \(4, 2, 2\); they must be uint8 \(N, C, H, W\)'),
    ([], dict(captions=np.arange(5)), {}, r'captions of .* are int64 \(5,\); they must be strings'),
    ([], dict(captions=np.array(['a', None], dtype=object)), {}, 'is no .npz of plain arrays'),
    ([], dict(owner=np.arange(5)), {}, r'owner of .*; it must be integers \(5,\), the image of each caption, 0 to 3'),
    (['owner'], {}, {}, r'owner of .*; it must be integers \(5,\)'),
    ([], dict(labels=np.zeros(3, int)), {}, r'labels of .* has shape \(3,\); it must be \(4,\)'),
    ([], dict(owner=np.array([0, 0, 0, 1, 2])), {}, 'image 3 has no caption|has no caption'),
    ([], {}, dict(split='dev'), "split='dev' of InMemoryPairs does not occur in .*; it has test, train, val"),
    (['split'], {}, dict(split='dev'), 'it has no splits'),
    (['groups'], {}, dict(groups='given'), "groups='given' of InMemoryPairs: .* has no array groups")])
def test_files_that_cannot_be_used(tmp_path, without, changed, options, words):
    with pytest.raises(ValueError, match=words):
        read(tmp_path, *without, options=options, **changed)


def test_what_is_no_file_of_arrays(tmp_path):
    (tmp_path / 'x.npz').write_text('hello')
    with pytest.raises(ValueError, match='x.npz of InMemoryPairs is no .npz of plain arrays'):
        InMemoryPairs(str(tmp_path / 'x.npz'), HashTokenizer())
    with pytest.raises(FileNotFoundError, match='no.npz of InMemoryPairs does not exist'):
        InMemoryPairs('no.npz', HashTokenizer())
