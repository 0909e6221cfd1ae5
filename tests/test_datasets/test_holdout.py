"""Which images are held out: shares, seeds, and what stays together."""

import shutil

import numpy as np
import pytest
from hypothesis import given, strategies as st
from image_folders import write_images

from mmifnd.datasets import IndexedDataset, SplitFolder, image_keys
from mmifnd.datasets.holdout import hold_out, share_that_works

NAMES = [f'{number:03d}.png' for number in range(100)]
LABELS = np.arange(100) % 4


@given(st.floats(0, 0.99), st.integers(0, 5), st.lists(st.integers(0, 3), min_size=1, max_size=60))
def test_a_share_of_each_class_and_never_all_of_one(share, seed, labels):
    held = hold_out(NAMES[:len(labels)], labels, share, seed)
    for label in set(labels):
        of_class = held[np.array(labels) == label]
        nearest = min(round(share * len(of_class)), len(of_class) - 1)
        lent = nearest == 0 < len(of_class) - 1  # classes that are too small for a share of their own share one
        assert not of_class.all() and abs(of_class.sum() - nearest) <= (share * len(of_class) % 1 == 0.5 or lent)


@given(st.floats(0.01, 0.4), st.integers(0, 5), st.integers(2, 50))
def test_small_classes_share_one_share(share, seed, count):
    """Of each class of two images, 0.2 would be less than half an image: one image of two classes in five is held out."""
    share = min(share, 0.24)
    held = hold_out(NAMES[:2 * count], np.arange(2 * count) // 2, share, seed)
    assert abs(held.sum() - share * 2 * count) <= 0.5 + 1e-9 and held.reshape(count, 2).sum(axis=1).max() <= 1


def test_large_classes_are_divided_as_without_small_ones():
    small = [f'small {number}' for number in range(60)]
    held = hold_out([*NAMES, *small], [*LABELS, *(4 + np.arange(60) // 2)], 0.2)
    assert (held[:100] == hold_out(NAMES, LABELS, 0.2)).all() and held[100:].sum() == 12


def test_the_smallest_share_that_works():
    pair = (NAMES[:3], [0, 0, 1])
    assert share_that_works(*pair) == 0.3 and hold_out(*pair, 0.3).any() and not hold_out(*pair, 0.25).any()
    assert share_that_works(NAMES, range(100)) is None  # an image for each class
    assert share_that_works(NAMES[:4], [0] * 4, together=[[0] * 4]) is None


@given(st.integers(0, 5), st.lists(st.integers(-1, 8), min_size=100, max_size=100),
       st.lists(st.integers(-1, 30), min_size=100, max_size=100))
def test_what_belongs_together_stays_together(seed, groups, copies):
    held = hold_out(NAMES, LABELS, 0.3, seed, (groups, copies))
    for numbers in (groups, copies):
        for number in set(numbers) - {-1}:
            assert len(set(held[np.array(numbers) == number])) == 1


def test_the_choice_follows_names_and_seed_and_not_the_order():
    held = hold_out(NAMES, LABELS, 0.2)
    assert held.sum() == 20 and [held[number::4].sum() for number in range(4)] == [5] * 4
    order = np.random.default_rng(0).permutation(100)
    assert (hold_out([NAMES[image] for image in order], LABELS[order], 0.2) == held[order]).all()
    assert (hold_out(NAMES, LABELS, 0.2, seed=1) != held).any()
    more = hold_out([*NAMES, '100.png'], [*LABELS, 0], 0.2)
    assert (more[:100] != held).sum() <= 1  # one image more changes little


def test_linked_groupings_hold_together():
    """0 and 1 are copies, 1 and 2 of one group: three of four images of a class are one unit."""
    for seed in range(8):
        held = hold_out(NAMES[:4], [0] * 4, 0.5, seed, ([0, 0, -1, -1], [-1, 5, 5, -1]))
        assert held[:3].sum() in (0, 3) and not held.all()


@pytest.mark.parametrize('share', [-0.1, 1, 3])
def test_a_share_that_is_none(share):
    with pytest.raises(ValueError, match=f'holdout={share} is outside'):
        hold_out(NAMES, LABELS, share)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Forty pictures in two classes; five of them lie there twice, in both classes."""
    root = write_images(tmp_path_factory.mktemp('split'), count=40, size=8)
    for number in range(0, 10, 2):
        shutil.copy(root / 'class_0' / f'{number:03d}.png', root / 'class_1' / f'copy_{number}.png')
    return root


def part(folder, split, **options) -> IndexedDataset:
    return IndexedDataset(SplitFolder(split=split, data_root=str(folder), data_prefix='', **options))


def test_parts_are_disjoint_and_whole_by_content(folder):
    parts = {split: part(folder, split) for split in ('train', 'val', 'trainval', 'test', 'all')}
    names = {split: set(dataset.names()) for split, dataset in parts.items()}
    assert names['train'] | names['val'] == names['trainval'] and not names['train'] & names['val']
    assert names['trainval'] | names['test'] == names['all'] and not names['trainval'] & names['test']
    assert len(names['all']) == 45 and 6 <= len(names['test']) <= 12
    train, val, test = image_keys(*(parts[split].identity() for split in ('train', 'val', 'test')))
    assert not set(train) & set(test) and not set(val) & set(test) and not set(train) & set(val)
    assert parts['test'].metainfo['classes'] == parts['train'].metainfo['classes'] == ('class_0', 'class_1')
    assert set(parts['test'].labels()) == {0, 1}


def test_groups_stay_on_one_side(folder, tmp_path):
    lines = [f'class_{number % 2}/{number:03d}.png,person {number // 8}' for number in range(40)]
    (tmp_path / 'groups.csv').write_text('\n'.join(['path,group', *lines]))
    of_group = dict(line.split(',') for line in lines)
    sides = [{of_group[name] for name in part(folder, split, groups=str(tmp_path / 'groups.csv')).names() if name in of_group}
             for split in ('trainval', 'test')]
    assert sides[0] and sides[1] and not sides[0] & sides[1]


def test_without_labels_and_without_a_share_every_part_is_everything(folder):
    for options in (dict(with_label=False), dict(holdout=0.)):
        assert {len(part(folder, split, **options)) for split in ('trainval', 'test')} == {45}


def test_bad_options(folder, tmp_path):
    with pytest.raises(ValueError, match="split='dev' of SplitFolder is unknown; choose one of train, val, trainval, test"):
        part(folder, 'dev')
    with pytest.raises(ValueError, match="holdout=0.001 leaves no image for split='test'"):
        part(folder, 'test', holdout=0.001)
    lonely = write_images(tmp_path / 'lonely', count=2, size=8)  # an image for each of two classes
    with pytest.raises(ValueError, match='no class has two images that are not equal or of one group; holdout=0 trains on all'):
        part(lonely, 'test')
    shutil.copy(folder / 'class_0' / '002.png', lonely / 'class_0' / 'another.png')
    with pytest.raises(ValueError, match='2 classes of 1 to 2 images; holdout=0.3 is enough for a part to judge by'):
        part(lonely, 'test')
