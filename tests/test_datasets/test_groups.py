"""Groups of images: through files, tensors, annotations and wrappers."""

import json

import numpy as np
import pytest
import torch
from torch.utils.data import ConcatDataset, Subset

from mmifnd.datasets import Digits, IndexedDataset, InMemoryImages, TensorImages
from mmifnd.datasets.group_files import read_group_array, read_group_table
from mmifnd.registry import DATASETS

#: Of the 12 images in test_datasets/conftest.py, four in each of class0, class1 and class2.
TABLE = 'path,group,size\nclass0/00.png,cat,1\nclass2/09.png,cat,2\nclass1/05.png,dog,3\nclass1/04.png,,4\n'


@pytest.fixture
def grouped(folder_config, tmp_path):
    """Config of the image folder with a file of groups."""
    (tmp_path / 'groups.csv').write_text(TABLE)
    return dict(folder_config, type='GroupedFolder', groups=str(tmp_path / 'groups.csv'))


def tensor_images(groups, count=None):
    return TensorImages(torch.zeros(count or len(groups), 1, 2, 2, dtype=torch.uint8), groups=groups)


def test_a_folder_with_a_file(grouped):
    groups = IndexedDataset(grouped).groups()
    assert groups.dtype == np.int64 and len(groups) == 12
    assert (groups[0], groups[9], groups[5]) == (0, 0, 1)
    assert (np.delete(groups, [0, 5, 9]) == -1).all()


def test_labels_and_images_stay_as_in_the_folder(grouped, folder_config):
    dataset, plain = IndexedDataset(grouped), IndexedDataset(folder_config)
    assert dataset.labels().tolist() == plain.labels().tolist() and dataset.names() == plain.names()
    assert dataset.fingerprint() == plain.fingerprint()
    assert dataset[3]['inputs'][0].equal(plain[3]['inputs'][0])
    assert IndexedDataset(dict(grouped, with_label=False)).groups().tolist() == dataset.groups().tolist()


@pytest.mark.parametrize('name, text, columns', [
    ('groups.txt', 'class0/00.png cat\nclass2/09.png  cat\n\nclass1/05.png dog\n', {}),
    ('metadata.csv', '\ufeffid,file,patient\n7,class0/00.png,p 1\n8,class1/05.png,p 2\n9,class2/09.png,p 1\n',
     dict(path_column='file', group_column='patient'))])
def test_other_files(folder_config, tmp_path, name, text, columns):
    (tmp_path / name).write_text(text, encoding='utf-8')
    config = dict(folder_config, type='GroupedFolder', groups=str(tmp_path / name), **columns)
    groups = IndexedDataset(config).groups()
    assert groups[0] == groups[9] == 0 and groups[5] == 1 and (groups >= 0).sum() == 3


def test_an_annotation_may_have_a_group(image_folder, tmp_path, folder_config):
    data = [dict(img_path=f'class0/{number:02d}.png', gt_label=0, **dict(group=group) if group is not None else {})
            for number, group in enumerate(['a', None, 'b', 'a'])]
    (tmp_path / 'annotation.json').write_text(json.dumps(dict(metainfo={}, data_list=data)))
    config = dict(type='BaseDataset', ann_file=str(tmp_path / 'annotation.json'), data_prefix=str(image_folder),
                  pipeline=folder_config['pipeline'])
    assert IndexedDataset(DATASETS.build(config)).groups().tolist() == [0, -1, 1, 0]


def test_none_where_no_image_has_a_group(folder_config):
    assert IndexedDataset(folder_config).groups() is None
    assert IndexedDataset(Digits('val')).groups() is None
    assert IndexedDataset(tensor_images([-1, -1])).groups() is None


def test_wrappers_keep_them():
    first, second = tensor_images([5, -1, 5, 7]), tensor_images([7, 7, 5])
    dataset = IndexedDataset(ConcatDataset([
        Subset(first, [3, 0, 3]), ConcatDataset([second, second]), Subset(first, [1, 2]), tensor_images(None, count=1)]))
    #                        first[3] first[0] second first[1] first[2] the last
    assert dataset.groups().tolist() == [0, 1, 2, 2, 3, -1, 1, -1]  # a number counts within its own data set
    assert dataset.evaluation_view().groups().tolist() == dataset.groups().tolist()


def test_a_repeated_image_keeps_its_group(grouped):
    repeated = IndexedDataset(dict(type='RepeatDataset', times=2, dataset=grouped))
    assert repeated.groups().tolist() == IndexedDataset(grouped).groups().tolist()


def test_a_name_is_the_same_in_all_data_sets(grouped):
    parts = [dict(type='SubsetDataset', dataset=grouped, indices=indices) for indices in ([0, 5], [9])]
    dataset = IndexedDataset(dict(type='ConcatDataset', datasets=parts))
    assert dataset.groups().tolist() == [0, 1, 0]


def test_images_in_tensors_with_a_file(tmp_path):
    np.save(tmp_path / 'groups.npy', np.arange(297) // 3)
    groups = IndexedDataset(Digits('val', groups=str(tmp_path / 'groups.npy'))).groups()
    assert groups.tolist() == [number // 3 for number in range(297)]


def test_images_in_memory_with_a_file(tmp_path):

    class Arrays(torch.utils.data.Dataset):
        metainfo = {}

        def full_init(self):
            pass

        def __len__(self):
            return 2

        def get_data_info(self, position):
            return dict(img=np.zeros((4, 4), np.uint8))

    np.save(tmp_path / 'groups.npy', np.array([3, 3], np.int32))
    assert InMemoryImages(Arrays(), groups=str(tmp_path / 'groups.npy')).groups.tolist() == [3, 3]


# --- bad input ------------------------------------------------------------------------------------------------------


def test_a_file_of_other_paths_is_refused(folder_config, tmp_path):
    (tmp_path / 'groups.txt').write_text('/data/images/00.png cat\n')
    with pytest.raises(ValueError, match=r'1 of its 1 paths name none of the 12 images in .*, such as /data/images/00.png; '
                                         'there are paths like class0/00.png. Correct them, or lower min_matched=0.9'):
        DATASETS.build(dict(folder_config, type='GroupedFolder', groups=str(tmp_path / 'groups.txt')))


@pytest.mark.parametrize('name, text, message', [
    ('a.csv', 'path,patient\na,b\n', 'has no column group, but path, patient; set path_column and group_column'),
    ('a.csv', '', 'has no column path, but nothing; set path_column'),
    ('a.csv', 'path,group\na,\n', 'names no group; give lines of path and group'),
    ('a.csv', 'path,group\na,1\na,2\n', 'has a in two groups, 1 and 2; keep one'),
    ('a.txt', 'a 1\nb\n', "line 2 of groups=.*a.txt is 'b'; write path and group")])
def test_tables_that_cannot_be_read(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=message):
        read_group_table(str(tmp_path / name))


def test_missing_files():
    for read in (read_group_table, lambda path: read_group_array(path, 3)):
        with pytest.raises(FileNotFoundError, match='groups=no/such.npy does not exist; name the file that says'):
            read('no/such.npy')


@pytest.mark.parametrize('values, message', [
    (np.zeros(3), r'holds float64 \(3,\); it must hold integers \(3,\), one per image'),
    (np.zeros((3, 1), np.int64), r'holds int64 \(3, 1\); it must hold integers \(3,\)'),
    (np.zeros(4, np.int64), r'holds int64 \(4,\); it must hold integers \(3,\)'),
    (np.array([1, 'a', None], dtype=object), 'is no .npy file of integers')])
def test_arrays_that_are_no_groups(tmp_path, values, message):
    np.save(tmp_path / 'groups.npy', values, allow_pickle=True)
    with pytest.raises(ValueError, match=message):
        read_group_array(str(tmp_path / 'groups.npy'), 3)


def test_an_array_of_another_length_is_refused():
    with pytest.raises(ValueError, match='there are 2 groups of 3 images; give one per image, -1 where it is unknown'):
        tensor_images([0, 1], count=3)
