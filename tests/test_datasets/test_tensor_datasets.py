import gzip
import pickle
import struct
import tracemalloc

import numpy as np
import pytest
import torch

from mmifnd.datasets import Digits, IDXImages, IndexedDataset, SubsetDataset, TensorImages
from mmifnd.datasets.digits import split_positions
from mmifnd.registry import DATASETS


def write_idx(path, array):
    data = bytes([0, 0, 8, array.ndim]) + struct.pack(f'>{array.ndim}I', *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(data) if path.suffix == '.gz' else data)


@pytest.fixture
def idx_folder(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (5, 6, 6), dtype=np.uint8)
    write_idx(tmp_path / 'train-images-idx3-ubyte.gz', images)
    write_idx(tmp_path / 'train-labels-idx1-ubyte', np.arange(5, dtype=np.uint8))
    write_idx(tmp_path / 't10k-images-idx3-ubyte', images[:2])
    return tmp_path, images


def test_tensor_images_check_their_shapes():
    images = torch.zeros(4, 1, 2, 2, dtype=torch.uint8)
    for wrong in (images.float(), images[0]):
        with pytest.raises(ValueError, match='uint8'):
            TensorImages(wrong)
    with pytest.raises(ValueError, match=r'labels must be integers \(4,\)'):
        TensorImages(images, torch.zeros(3, dtype=torch.long))


def test_digits_are_split_once_and_evenly():
    labels = Digits('trainval').labels
    sizes = {split: len(Digits(split)) for split in ('train', 'val', 'trainval', 'test')}
    assert sizes == dict(train=1000, val=297, trainval=1297, test=500)
    all_labels = np.concatenate([labels.numpy(), Digits('test').labels.numpy()])
    parts = {split: split_positions(np.sort(all_labels), split) for split in sizes}
    assert sorted(np.concatenate([parts['train'], parts['val'], parts['test']])) == list(range(1797))
    assert sorted(np.concatenate([parts['train'], parts['val']])) == parts['trainval'].tolist()
    assert np.ptp(np.bincount(Digits('test').labels)) <= 4
    assert Digits('train').images.shape == (1000, 1, 8, 8) and Digits('train').images.max() == 255


def test_digits_split_is_pinned():
    # Results of different versions can be compared only while this holds.
    assert IndexedDataset(Digits('test')).fingerprint() == '6f10aacceb736184'
    assert IndexedDataset(Digits('train')).fingerprint() == 'cef50e17e79c8014'
    with pytest.raises(ValueError, match="'train', 'val'"):
        Digits('valid')


def test_idx_files(idx_folder):
    root, images = idx_folder
    dataset = DATASETS.build(dict(type='IDXImages', data_root=str(root), max_images=3))
    assert dataset.images.numpy().tolist() == images[:3, None].tolist() and dataset.labels.tolist() == [0, 1, 2]
    unlabelled = IDXImages(str(root), 'test', image_size=3)
    assert unlabelled.labels is None and unlabelled.images.shape == (2, 1, 3, 3)
    assert abs(unlabelled.images.float().mean() - images[:2].mean()) < 12


def test_idx_files_of_which_the_last_are_wanted(idx_folder):
    root, images = idx_folder
    last = IDXImages(str(root), max_images=-2)
    assert np.array_equal(last.images.squeeze(1), images[-2:]) and last.labels.tolist() == [3, 4]


def test_idx_errors_are_one_line(idx_folder):
    root, images = idx_folder
    packed = root / 'train-images-idx3-ubyte.gz'
    whole = packed.read_bytes()
    for damaged, message in (
        (whole[:-9], 'cannot be unpacked'),
        (b'no archive', 'cannot be unpacked'),
        (gzip.compress(gzip.decompress(whole)[:-1]), 'holds 195 bytes, its header'),
        (gzip.compress(b'\0\0\x08\x01' + bytes(300)), 'starts with 00000801'),
    ):
        packed.write_bytes(damaged)
        with pytest.raises(ValueError, match=message) as caught:
            IDXImages(str(root))
        assert '\n' not in str(caught.value) and str(packed) in str(caught.value)
    packed.unlink()
    with pytest.raises(FileNotFoundError, match='check data_root'):
        IDXImages(str(root))
    with pytest.raises(FileNotFoundError, match='set data_root'):
        IDXImages(str(root / 'nowhere'))
    write_idx(packed, images[:4])
    with pytest.raises(ValueError, match='5 labels for the 4 images'):
        IDXImages(str(root))


@pytest.mark.parametrize('shape, held, words', [
    ((2, 6, 6), 64 * 2**20, r'holds more, its header \(2, 6, 6\) asks for 88; fetch it again'),  # 0.3 MB on disk
    ((2**32 - 1,) * 3, 72, 'holds 88 bytes, its header .* asks for')])
def test_no_more_memory_is_taken_than_header_and_file_agree_on(shape, held, words, tmp_path):
    with gzip.open(tmp_path / 'train-images-idx3-ubyte.gz', 'wb', compresslevel=1) as file:
        file.write(bytes([0, 0, 8, 3]) + struct.pack('>3I', *shape))
        for start in range(0, held, 2**20):
            file.write(bytes(min(2**20, held - start)))
    tracemalloc.start()
    with pytest.raises(ValueError, match=words) as caught:
        IDXImages(str(tmp_path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert '\n' not in str(caught.value) and peak < 8 * 2**20


def test_cifar_in_memory_keeps_rgb(tmp_path, monkeypatch):
    CIFAR10 = DATASETS.get('CIFAR10')
    monkeypatch.setattr(CIFAR10, '_check_integrity', lambda self: True)
    folder = tmp_path / CIFAR10.base_folder
    folder.mkdir()
    planes = np.stack([np.full(1024, value, np.uint8) for value in (200, 100, 50)])  # red, green, blue
    for name, _ in CIFAR10.train_list:
        (folder / name).write_bytes(pickle.dumps(dict(data=np.stack([planes.reshape(-1)] * 2), labels=[3, 8])))
    config = dict(type='InMemoryImages', dataset=dict(type='CIFAR10', data_root=str(tmp_path), split='train'))
    dataset = DATASETS.build(config)
    assert dataset.images.shape == (10, 3, 32, 32) and dataset.labels.tolist() == [3, 8] * 5
    assert dataset.images[0, :, 0, 0].tolist() == [200, 100, 50]
    assert dataset.metainfo['classes'][0] == 'airplane'
    balanced = IndexedDataset(dict(type='ClassBalancedDataset', oversample_thr=1e-3, dataset=config))
    assert balanced.num_samples == 10 and balanced.in_tensors


def test_in_memory_needs_arrays(folder_config):
    with pytest.raises(ValueError, match='CustomDataset has no images as arrays'):
        DATASETS.build(dict(type='InMemoryImages', dataset=folder_config))


def test_subset_by_number_and_by_position():
    digits = Digits('val')
    assert SubsetDataset(digits, 3).indices.tolist() == [0, 1, 2]
    assert SubsetDataset(digits, -2).indices.tolist() == [295, 296]
    assert SubsetDataset(digits, [-1, 0]).indices.tolist() == [296, 0]
    for outside in (298, [0, 297], [-298]):
        with pytest.raises(ValueError, match='297|298'):
            SubsetDataset(digits, outside)
