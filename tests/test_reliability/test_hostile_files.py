"""Files that would do harm do none, and are refused in one line."""

import os
import pickle
import re
import zlib

import mmengine
import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.registry import DefaultScope
from PIL import Image
from torch.utils.data import DataLoader

from mmifnd.configuration import errors
from mmifnd.datasets import IndexedDataset
from mmifnd.datasets.class_subset import read_class_list
from mmifnd.engine.checkpoints.checkpoint_format import load_plain, rebuild
from mmifnd.errors import UserError
from mmifnd.registry import DATASETS, TRANSFORMS

PIPELINE = [dict(type='LoadImageFromFile'), dict(type='Resize', scale=8), dict(type='PackInputs')]


@pytest.fixture(autouse=True)
def scope():
    with DefaultScope.overwrite_default_scope('mmifnd'):
        yield


@pytest.fixture
def marker(tmp_path):
    """What an attack would make; it does not, by any test of this file."""
    path = tmp_path / 'executed'
    yield path
    assert not path.exists()


def one_line(error):
    return '\n' not in str(error.value)


# --- checkpoints --------------------------------------------------------------------------------------------------------


class Calls:
    """Unpickled, it calls ``function(*arguments)``."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def refused(path):
    with pytest.raises(ValueError, match=f'{path.name} holds more than tensors and plain values and is not loaded') as error:
        load_plain(str(path))
    assert one_line(error)


@pytest.mark.parametrize('call', [
    lambda path: Calls(os.mkdir, path), lambda path: Calls(os.system, f'touch {path}'),
    lambda path: Calls(eval, f'__import__("os").mkdir({path!r})'), lambda path: Calls(open, path, 'w')])
def test_a_pickle_that_would_write_a_file(tmp_path, marker, call):
    torch.save(dict(state_dict={}, meta=call(str(marker))), tmp_path / 'evil.pth')
    refused(tmp_path / 'evil.pth')
    (tmp_path / 'bare.pth').write_bytes(pickle.dumps(call(str(marker)), protocol=2))  # without torch's archive around it
    with pytest.raises(ValueError) as error:
        load_plain(str(tmp_path / 'bare.pth'))
    assert one_line(error)


def test_a_pickle_of_history_buffer_and_getattr(tmp_path):
    """The allow-list with which mmengine's own checkpoints can be read; from it, all builtins can be reached."""
    reached = Calls(getattr, Calls(getattr, HistoryBuffer, 'update'), '__globals__')
    torch.save(dict(state_dict={}, meta=reached), tmp_path / 'evil.pth')
    refused(tmp_path / 'evil.pth')
    with torch.serialization.safe_globals([HistoryBuffer, getattr]):
        assert '__builtins__' in torch.load(tmp_path / 'evil.pth', weights_only=True)['meta']


def config_text(path):
    return f'open({str(path)!r}, "w").close()\nvalue = 1\n'


@pytest.mark.parametrize('where', [('meta', 'config'), ('meta', 'cfg'), ('message_hub', 'runtime_info', 'cfg')])
def test_a_config_text_in_a_checkpoint(tmp_path, marker, where):
    text = config_text(marker)
    checkpoint = dict(state_dict={}, meta={}, message_hub=dict(log_scalars={}, runtime_info={}, resumed_keys={}))
    holder = checkpoint
    for key in where[:-1]:
        holder = holder[key]
    holder[where[-1]] = text
    torch.save(checkpoint, tmp_path / 'evil.pth')
    loaded = load_plain(str(tmp_path / 'evil.pth'))
    rebuild(loaded)
    assert text not in str(loaded)


def test_that_text_would_have_been_executed(tmp_path):
    path = tmp_path / 'would_be'
    mmengine.Config.fromstring(config_text(path), file_format='.py')
    assert path.exists()


# --- arrays -------------------------------------------------------------------------------------------------------------


def test_an_array_of_objects(tmp_path, marker):
    np.save(tmp_path / 'evil.npy', np.array([Calls(os.mkdir, str(marker))], dtype=object), allow_pickle=True)
    digits = dict(type='Digits', split='val', groups=str(tmp_path / 'evil.npy'))
    with pytest.raises(ValueError, match='evil.npy') as error:
        DATASETS.build(digits)
    assert one_line(error)


# --- images and their lists ---------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'data' / 'train').mkdir(parents=True)
    for number in range(3):
        Image.new('RGB', (9, 9), (number, ) * 3).save(tmp_path / 'data' / 'train' / f'{number}.png')
    Image.new('RGB', (9, 9)).save(tmp_path / 'secret.png')
    return tmp_path / 'data'


def listed(folder, *lines):
    (folder / 'list.txt').write_text(''.join(f'{line} 0\n' for line in lines))
    return IndexedDataset(dict(type='CustomDataset', data_root=str(folder), data_prefix='train', ann_file='list.txt',
                               pipeline=PIPELINE))


@pytest.mark.parametrize('path', ['../../secret.png', '{tmp}/secret.png', '../train/../../secret.png'])
def test_an_annotation_file_that_leaves_the_data_root(folder, path):
    with pytest.raises(ValueError, match='list.txt names .*, which lies outside of ') as error:
        listed(folder, '0.png', path.replace('{tmp}', str(folder.parent)))
    assert one_line(error)
    assert len(listed(folder, '0.png', '../train/1.png')) == 2  # a detour inside is none


@pytest.mark.parametrize('name', ['../other', '/etc', '..'])
def test_a_class_list_with_a_path(tmp_path, name):
    (tmp_path / 'classes.txt').write_text(f'cat\n{name}\n')
    with pytest.raises(ValueError, match=f'the class list .* names {name}; give names of folders in the data root'):
        read_class_list(str(tmp_path / 'classes.txt'))


def bomb(path, side):
    """A PNG whose header speaks of ``side`` x ``side`` pixels, in a few hundred bytes."""
    Image.new('L', (8, 8)).save(path)
    content = bytearray(path.read_bytes())
    content[16:24] = side.to_bytes(4, 'big') * 2
    content[29:33] = zlib.crc32(bytes(content[12:29])).to_bytes(4, 'big')
    path.write_bytes(content)
    return path


@pytest.mark.parametrize('side, words', [(12_000, 'the image has 12000 x 12000 pixels, more than max_pixels=89478485'),
                                         (60_000, 'the image has 60000 x 60000 pixels, more than max_pixels=')])
def test_a_decompression_bomb(tmp_path, side, words):
    transform = TRANSFORMS.build(dict(type='LoadImageFromFile'))
    with pytest.raises(ValueError, match=words) as error:
        transform(dict(img_path=str(bomb(tmp_path / 'bomb.png', side))))
    assert one_line(error)


def test_a_limit_of_ones_own(folder):
    small = TRANSFORMS.build(dict(type='LoadImageFromFile', max_pixels=80))
    with pytest.raises(ValueError, match='9 x 9 pixels, more than max_pixels=80 of LoadImageFromFile'):
        small(dict(img_path=str(folder / 'train' / '0.png')))
    usual = TRANSFORMS.build(dict(type='LoadImageFromFile'))
    assert usual(dict(img_path=str(folder / 'train' / '0.png')))['img'].shape == (9, 9, 3)


def test_a_bomb_among_the_images_is_a_broken_image(folder):
    bomb(folder / 'train' / '1.png', 12_000)
    data = dict(type='CustomDataset', data_root=str(folder), data_prefix='train', with_label=False, pipeline=PIPELINE)
    with pytest.raises(RuntimeError, match=r'image 1 \(1.png\) cannot be loaded: the image has 12000 x 12000 pixels'):
        IndexedDataset(data)[1]


# --- broken images ------------------------------------------------------------------------------------------------------


@pytest.fixture
def broken(folder):
    """Image 1 of 3 is cut off, image 2 is empty."""
    path = folder / 'train' / '1.png'
    path.write_bytes(path.read_bytes()[:40])
    (folder / 'train' / '2.png').write_bytes(b'')
    return dict(type='CustomDataset', data_root=str(folder), data_prefix='train', with_label=False, pipeline=PIPELINE)


def test_another_image_stands_in_under_its_own_index(broken):
    dataset = IndexedDataset(broken, max_broken=2)
    for position in (1, 2, 1):
        sample = dataset[position]
        assert sample['data_samples'].sample_idx == 0 and sample['inputs'].eq(0).all()
    assert dataset.broken().tolist() == [False, True, True]


def test_an_evaluation_view_keeps_every_row(broken):
    view = IndexedDataset(broken, max_broken=2).evaluation_view()
    assert [view[position]['data_samples'].sample_idx for position in range(3)] == [0, 1, 2]


def test_the_stand_in_is_always_the_same(folder):
    for number in range(3, 20):
        Image.new('RGB', (9, 9), (number, ) * 3).save(folder / 'train' / f'{number}.png')
    (folder / 'train' / '7.png').write_bytes(b'no image')
    data = dict(type='CustomDataset', data_root=str(folder), data_prefix='train', with_label=False, pipeline=PIPELINE)
    position = IndexedDataset(data).names().index('7.png')
    first, second = (IndexedDataset(data, seed, max_broken=1)[position]['data_samples'].sample_idx for seed in (0, 5))
    assert first == second != position


def test_too_many_end_the_run_in_one_line(broken):
    dataset = IndexedDataset(broken, max_broken=1)
    dataset[1]
    words = (r'2 images cannot be read, the last of them image 2 \(2.png\): .*; repair or remove them, or raise '
             r'max_broken=1 of train_cfg or test_cfg')
    with pytest.raises(UserError, match=words) as error:
        dataset[2]
    assert one_line(error)
    with pytest.raises(UserError) as error:  # from a process that reads images it comes with a traceback in its text
        list(DataLoader(dataset, num_workers=1, collate_fn=list))
    assert re.fullmatch(words.replace('image 2', 'image 1').replace('2.png', '1.png'), errors.one_line(error.value))
