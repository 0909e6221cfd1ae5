"""Each workaround: that it works, and that the fault it works around is still there (else it can go)."""

import ast
import pickle
import subprocess
import sys
from importlib.metadata import distributions

import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader
from mmengine.runner.checkpoint import load_from_local

import mmifnd.engine  # noqa: F401, installs the loader
from mmifnd.compat import ensure_torchvision
from mmifnd.engine.checkpoints.checkpoint_format import load_plain

CPU_BUILD = torch.version.cuda is None
ON_FORK = any(found.metadata['Name'] == 'onedl-mmengine' for found in distributions())


def run(script):
    return subprocess.run([sys.executable, '-c', script], capture_output=True, text=True, timeout=300)


# --- torchvision on a CPU build of torch ----------------------------------------------------------------------------


@pytest.mark.skipif(not CPU_BUILD, reason='the fault is one of CPU builds of torch')
def test_torchvision_cannot_be_imported_alone():
    result = run('import torchvision')
    assert 'operator torchvision::nms does not exist' in result.stderr, 'the fault is mended: ensure_torchvision can go'


def test_it_says_what_it_declared_and_does_nothing_the_second_time():
    result = run('import torch; from mmifnd.compat import ensure_torchvision as ensure; first = ensure()\n'
                 'print(first, ensure(), [hasattr(torch.ops.torchvision, name) for name in first])')
    assert result.returncode == 0, result.stderr
    declared, again, there = ast.literal_eval('(' + result.stdout.strip().replace('] [', '], [') + ')')
    assert again == [] and ('nms' in declared) == CPU_BUILD
    assert len(declared) == len(set(declared)) and all(there)


def test_it_does_nothing_where_torchvision_is_there():
    import torchvision
    assert ensure_torchvision() == [] and sys.modules['torchvision'] is torchvision


def test_another_fault_of_torchvision_is_not_hidden(monkeypatch):

    def fail(name):
        raise RuntimeError('libjpeg is missing')

    monkeypatch.setattr('mmifnd.compat.importlib.import_module', fail)
    with pytest.raises(RuntimeError, match='libjpeg is missing'):
        ensure_torchvision()


# --- reading checkpoints --------------------------------------------------------------------------------------------


@pytest.mark.skipif(ON_FORK, reason='the fork unpickles whatever stands in a file')
def test_mmengines_own_loader_cannot_read_its_own_histories(tmp_path):
    torch.save(dict(log=HistoryBuffer([1.], [1])), tmp_path / 'a.pth')
    with pytest.raises(pickle.UnpicklingError):  # else engine.checkpoint_format could leave histories as they are
        load_from_local(str(tmp_path / 'a.pth'), 'cpu')


def test_mmengine_reads_local_files_by_our_loader(tmp_path):
    torch.save(dict(weight=torch.arange(3)), tmp_path / 'a.pth')
    assert CheckpointLoader.load_checkpoint(str(tmp_path / 'a.pth'), 'cpu', logger=None)['weight'].tolist() == [0, 1, 2]
    assert CheckpointLoader._get_checkpoint_loader(str(tmp_path / 'a.pth')) is load_plain
