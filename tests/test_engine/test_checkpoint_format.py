import copy
import os
import pickle

import mmengine
import numpy as np
import pytest
import torch
from mmengine.fileio import get_file_backend
from mmengine.logging import HistoryBuffer
from mmengine.runner import load_checkpoint

from mmifnd.engine.checkpoints.checkpoint_format import AtomicFileBackend, flatten, load_plain, plain, rebuild


class Executes:
    """Unpickled, it would make a directory."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.fixture
def empty_allow_list():
    """Loading is tried with nothing allowed but tensors and plain values."""
    allowed = torch.serialization.get_safe_globals()
    torch.serialization.clear_safe_globals()
    yield
    torch.serialization.add_safe_globals(allowed)


def checkpoint_of_mmengine():
    history = HistoryBuffer([0.5, 0.25, 0.125], [1, 1, 2], max_length=100)
    return dict(
        meta=dict(epoch=2, iter=10, seed=np.int64(3), config='raise SystemExit', cfg='raise SystemExit',
                  dataset_meta=dict(classes=('a', 'b')), names={'x'}, numbers=np.arange(3)),
        state_dict=dict(weight=torch.arange(4.), step=torch.tensor(2)),
        optimizer=dict(
            state={0: dict(step=torch.tensor(1.), exp_avg=torch.ones(2))}, param_groups=[dict(lr=np.float64(0.1))]),
        message_hub=dict(
            log_scalars={'train/loss': history}, runtime_info=dict(epoch=2, cfg='raise SystemExit', best=np.float32(0.5)),
            resumed_keys={'train/loss': True}))


def test_flattened_checkpoints_load_with_an_empty_allow_list(tmp_path, empty_allow_list):
    checkpoint = checkpoint_of_mmengine()
    torch.save(checkpoint, tmp_path / 'raw.pth')
    with pytest.raises(pickle.UnpicklingError):
        torch.load(tmp_path / 'raw.pth', weights_only=True)
    flatten(checkpoint)
    torch.save(checkpoint, tmp_path / 'plain.pth')
    assert torch.load(tmp_path / 'plain.pth', weights_only=True)['meta']['epoch'] == 2


def test_flatten_and_rebuild_bring_everything_back(tmp_path):
    checkpoint, original = checkpoint_of_mmengine(), checkpoint_of_mmengine()
    flatten(checkpoint)
    torch.save(checkpoint, tmp_path / 'plain.pth')
    loaded = load_plain(tmp_path / 'plain.pth')
    rebuild(loaded)
    history, expected = (c['message_hub']['log_scalars']['train/loss'] for c in (loaded, original))
    assert isinstance(history, HistoryBuffer) and history.max_length == 100
    for found, value in zip(history.data, expected.data):
        assert np.array_equal(found, value)
    history.update(1.)
    assert history.current() == 1 and history.mean(2) == pytest.approx((0.125 + 1) / 3)
    assert loaded['state_dict']['weight'].equal(torch.arange(4.))
    assert loaded['optimizer']['param_groups'] == [dict(lr=0.1)]
    assert loaded['optimizer']['state'][0]['exp_avg'].tolist() == [1, 1]
    meta = loaded['meta']
    assert meta['seed'] == 3 and meta['names'] == ['x'] and meta['numbers'].tolist() == [0, 1, 2]
    assert meta['dataset_meta'] == dict(classes=('a', 'b'))
    assert loaded['message_hub']['runtime_info'] == dict(epoch=2, best=0.5)


@pytest.mark.parametrize('step', [flatten, rebuild])
def test_texts_that_would_be_executed_are_removed(step):
    checkpoint = checkpoint_of_mmengine()
    if step is rebuild:
        flatten(checkpoint)
        checkpoint['meta'].update(config='x', cfg='x')  # somebody else's file
        checkpoint['message_hub']['runtime_info']['cfg'] = 'x'
    step(checkpoint)
    assert not {'config', 'cfg'} & set(checkpoint['meta']) and 'cfg' not in checkpoint['message_hub']['runtime_info']


def test_rebuild_takes_checkpoints_of_weights_only():
    checkpoint = dict(state_dict=dict(weight=torch.ones(2)))
    expected = copy.deepcopy(checkpoint)
    rebuild(checkpoint)
    assert checkpoint.keys() == expected.keys()
    rebuild(dict(meta='text', state_dict={}))


def test_what_is_neither_tensor_nor_plain_is_named():
    with pytest.raises(TypeError, match='meta.deep.thing of the checkpoint is a Executes; keep tensors and plain values'):
        plain(dict(deep=dict(thing=Executes('x'))), 'meta')


@pytest.mark.parametrize('value, expected', [
    (np.float64(0.5), 0.5), (np.bool_(True), True), (np.str_('a'), 'a'), ((1, [np.int32(2)]), (1, [2])), (None, None)])
def test_plain_values(value, expected):
    found = plain(value, 'x')
    assert found == expected and type(found) is type(expected)


# --- reading --------------------------------------------------------------------------------------------------------


def test_a_file_that_would_execute_is_refused_in_one_line(tmp_path):
    marker = tmp_path / 'executed'
    torch.save(dict(state_dict={}, evil=Executes(marker)), tmp_path / 'evil.pth')
    with pytest.raises(ValueError, match='evil.pth holds more than tensors and plain values and is not loaded') as error:
        load_plain(tmp_path / 'evil.pth')
    assert '\n' not in str(error.value) and not marker.exists()
    torch.load(tmp_path / 'evil.pth', weights_only=False)
    assert marker.exists()  # it would have


def test_mmengine_reads_by_the_same_loader(tmp_path):
    marker = tmp_path / 'executed'
    torch.save(dict(state_dict={}, evil=Executes(marker)), tmp_path / 'evil.pth')
    with pytest.raises(ValueError, match='is not loaded'):
        load_checkpoint(torch.nn.Linear(1, 1), str(tmp_path / 'evil.pth'))
    assert not marker.exists()


@pytest.mark.parametrize('share', [0, 0.3, 0.9])
def test_a_damaged_file_is_named_in_one_line(tmp_path, share):
    path = tmp_path / 'cut.pth'
    torch.save(dict(weight=torch.zeros(1000)), path)
    path.write_bytes(path.read_bytes()[:int(share * path.stat().st_size)])
    with pytest.raises(ValueError, match='cut.pth (is damaged|holds more)') as error:
        load_plain(path)
    assert '\n' not in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='checkpoint .*nowhere.pth does not exist; give the path'):
        load_plain(tmp_path / 'nowhere.pth')


# --- writing --------------------------------------------------------------------------------------------------------


def test_files_are_written_whole(tmp_path):
    backend, path = AtomicFileBackend(), tmp_path / 'new' / 'file'
    backend.put(b'first', path)
    backend.put_text('zweiter \u00fc', path)
    assert path.read_text(encoding='utf-8') == 'zweiter \u00fc' and [p.name for p in path.parent.iterdir()] == ['file']


@pytest.mark.parametrize('broken', ['os.fsync', 'os.replace'])
def test_a_failure_midway_leaves_the_old_file(tmp_path, monkeypatch, broken):
    backend, path = AtomicFileBackend(), tmp_path / 'file'
    backend.put(b'old content', path)

    def fail(*args, **kwargs):
        raise OSError('no space left on device')

    monkeypatch.setattr(broken, fail)
    with pytest.raises(OSError, match='no space'):
        backend.put(b'new content', path)
    assert path.read_bytes() == b'old content' and [found.name for found in tmp_path.iterdir()] == ['file']


def test_mmengine_knows_the_backend(tmp_path):
    assert isinstance(get_file_backend(str(tmp_path), backend_args=dict(backend='AtomicFileBackend')), AtomicFileBackend)
    mmengine.dump(dict(a=1), str(tmp_path / 'a.json'), backend_args=dict(backend='AtomicFileBackend'))
    assert mmengine.load(str(tmp_path / 'a.json')) == dict(a=1)
