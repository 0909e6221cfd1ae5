import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from mmengine.dataset import BaseDataset, ClassBalancedDataset, ConcatDataset as MMConcatDataset, RepeatDataset
from mmpretrain.datasets import KFoldDataset
from torch.utils.data import ConcatDataset, Dataset, IterableDataset, Subset

from mmifnd.datasets import SubsetDataset, num_samples, sample_index


class Names(BaseDataset):
    """Images that are only names; item i is its name."""

    def __init__(self, prefix, size, **kwargs):
        self.names = [f'{prefix}{i}' for i in range(size)]
        super().__init__(**kwargs)

    def load_data_list(self):
        return [dict(name=name, gt_label=i % 2) for i, name in enumerate(self.names)]

    def get_cat_ids(self, idx):
        return [self.get_data_info(idx)['gt_label']]

    def __getitem__(self, idx):
        return self.get_data_info(idx)['name']


def assert_names_and_indices_agree(dataset):
    names = [dataset[i] for i in range(len(dataset))]
    index = sample_index(dataset)
    order = list(dict.fromkeys(names))
    assert index.dtype == np.int64
    assert index.tolist() == [order.index(name) for name in names]
    assert num_samples(index) == len(order)


class Plain(Dataset):
    """As Names, without mmengine."""

    def __init__(self, size):
        self.size = size

    def __len__(self):
        return self.size

    def __getitem__(self, position):
        return id(self), int(position)


@st.composite
def nested(draw, depth=3):
    """Any nesting."""
    if depth == 0 or draw(st.booleans()):
        return Plain(draw(st.integers(1, 5)))
    kind = draw(st.sampled_from(['concat', 'subset', 'own_subset', 'twice']))
    child = draw(nested(depth=depth - 1))
    if kind == 'concat':
        return ConcatDataset([child, draw(nested(depth=depth - 1))])
    if kind == 'twice':
        return ConcatDataset([child, child])
    indices = draw(st.lists(st.integers(0, len(child) - 1), min_size=1, max_size=8))
    return Subset(child, indices) if kind == 'subset' else SubsetDataset(child, indices)


@settings(max_examples=60, deadline=None)
@given(nested())
def test_one_index_for_one_image_in_any_nesting(dataset):
    assert_names_and_indices_agree(dataset)


@pytest.mark.parametrize('build', [
    lambda a, b: RepeatDataset(a, 3),
    lambda a, b: MMConcatDataset([a, b]),
    lambda a, b: ClassBalancedDataset(a, oversample_thr=0.9),
    lambda a, b: Subset(RepeatDataset(a, 2), [6, 1, 1, 0]),
    lambda a, b: ConcatDataset([RepeatDataset(a, 2), Subset(MMConcatDataset([b, a]), [2, -1, 4])]),
])
def test_wrappers_of_mmengine(build):
    assert_names_and_indices_agree(build(Names('a', 5), Names('b', 3)))


def test_class_balance_repeats_images_but_not_indices():
    lonely = Names('a', 5)
    lonely.get_cat_ids = lambda idx: [int(idx == 0)]
    index = sample_index(ClassBalancedDataset(lonely, oversample_thr=1.0))
    assert len(index) > 5 and num_samples(index) == 5


def test_folds_count_their_own_images(folder_config):
    fold = KFoldDataset(dict(folder_config, lazy_init=False), fold=1, num_splits=3)
    assert sample_index(Subset(fold, [7, 0, 7])).tolist() == [0, 1, 0]
    assert num_samples(sample_index(fold)) == 8


def test_plain_and_empty():
    assert sample_index(Names('a', 4)).tolist() == [0, 1, 2, 3]
    assert num_samples(sample_index(Subset(Names('a', 4), []))) == 0


class Stream(IterableDataset):

    def __iter__(self):
        return iter(range(3))


class Endless(Dataset):

    def __getitem__(self, position):
        return position


@pytest.mark.parametrize('dataset', [Stream(), Endless(), Subset(Endless(), [0])])
def test_refuses_what_has_no_indices(dataset):
    name = 'Stream' if isinstance(dataset, Stream) else 'Endless'
    with pytest.raises(ValueError, match=f'{name} .* without indices; use a map-style'):
        sample_index(dataset)
