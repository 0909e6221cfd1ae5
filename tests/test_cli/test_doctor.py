"""``mmifnd doctor``: one line for each finding, for people and for programs."""

import json
import shutil
import socket
from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from mmifnd.cli import findings, machine_findings as machine, main, package_findings as packages
from mmifnd.cli.findings import NOTE, OK, PROBLEM, Finding

Usage = namedtuple('Usage', 'total used free')


@pytest.fixture
def installed(monkeypatch):
    """Distributions that are pretended to be installed, with their versions."""
    versions = {}
    monkeypatch.setattr(packages, 'versions_of', lambda *names: {name: versions[name] for name in names if name in versions})
    return versions


def test_it_prints_one_screen(capsys, tmp_path):
    assert main(['doctor', '--work-dir', str(tmp_path / 'runs')]) == 0
    lines = capsys.readouterr().out.splitlines()
    names = [line[2:16].strip() for line in lines if line[2:3].strip()]
    assert names[:12] == ['mmifnd', 'python', 'torch', 'OpenMMLab', 'libraries', 'faiss', 'GPUs', 'CPU', 'port',
                          'shared memory', 'disk', 'extras']
    assert lines[-1] == 'ready to train' and len(lines) <= 24
    assert any('kernels' in line for line in lines) and any(f'torch {torch.__version__}' in line for line in lines)


def test_programs_read_json(capsys, monkeypatch):
    monkeypatch.setattr(findings, 'examine', lambda port, work_dir: iter([
        Finding('a', 'fine', details=dict(port=port, folder=str(work_dir))), Finding('b', 'broken', PROBLEM, 'mend it')]))
    assert main(['doctor', '--json', '--port', '12345', '--work-dir', 'runs']) == 1
    report = json.loads(capsys.readouterr().out)
    assert report['ok'] is False
    assert report['findings'] == [
        dict(name='a', value='fine', status='ok', remedy='', details=dict(port=12345, folder='runs')),
        dict(name='b', value='broken', status='problem', remedy='mend it', details={})]


def test_a_port_that_is_no_number(capsys, monkeypatch):
    monkeypatch.setenv('PORT', 'http')
    with pytest.raises(SystemExit):
        main(['doctor'])
    assert capsys.readouterr().err == 'error: port http is not a number; give one from 1024 to 65535\n'


def test_a_check_that_fails_is_a_problem(monkeypatch):
    monkeypatch.setattr(packages, 'openmmlab', lambda: exec('raise RuntimeError("operator x\\nis missing")'))
    found = {finding.name: finding for finding in findings.examine(29500, '.')}
    assert found['OpenMMLab'] == Finding('OpenMMLab', 'RuntimeError: operator x is missing', PROBLEM)


def test_packages_that_are_missing_double_or_too_old(installed, monkeypatch):
    installed.update(mmengine='0.10.7')
    missing = packages.openmmlab()
    assert missing.status == PROBLEM and missing.remedy == "pip install 'mmifnd[openmmlab]'"
    assert missing.value == 'mmengine 0.10.7, mmcv is missing, mmpretrain is missing'
    installed.update({'onedl-mmengine': '0.10.12', 'faiss-cpu': '1.15', 'faiss-gpu': '1.15'})
    assert packages.openmmlab().value == 'mmengine and onedl-mmengine are both installed and overwrite each other'
    assert packages.faiss().status == PROBLEM and packages.faiss().remedy.startswith('pip uninstall faiss-cpu faiss-gpu')
    monkeypatch.setattr(packages, 'requires', lambda name: ['torch>=2.6', 'torchvision>=0.21', 'rich>=13; extra == "x"'])
    installed.update(torch='2.5.1', torchvision='0.28.0')
    old = packages.torch_and_vision()
    assert old.status == PROBLEM and old.value == 'torch 2.5.1, torchvision 0.28.0, torch 2.5.1 does not fit >=2.6'
    installed.update(torch='2.13.0+cpu')
    assert packages.torch_and_vision().status == OK


def test_an_installation_that_is_not_this_checkout(installed):
    assert packages.mmifnd_itself().status == NOTE and 'not installed' in packages.mmifnd_itself().value
    installed['mmifnd'] = '0.0.1'
    assert '0.0.1 installed' in packages.mmifnd_itself().value and 'pip install' in packages.mmifnd_itself().remedy
    installed['mmifnd'] = packages.mmifnd.__version__
    assert packages.mmifnd_itself().status == OK


def test_missing_extras_are_named_with_their_names(monkeypatch):
    monkeypatch.setattr(packages, 'find_spec', lambda name: None)
    assert packages.extras().remedy == "if wanted: pip install 'mmifnd[tensorboard,tests,docs]'"
    assert packages.faiss().status == NOTE and '[faiss-cpu]' in packages.faiss().remedy
    setup = (Path(__file__).parents[2] / 'setup.py').read_text()
    assert all(extra in setup for extra in (*packages.EXTRAS, 'openmmlab', 'faiss-cpu', 'faiss-gpu'))


def test_a_port_in_use():
    with socket.socket() as other:
        other.bind(('', 0))
        other.listen()
        busy = machine.port(other.getsockname()[1])
    assert busy.status == NOTE and 'PORT=N' in busy.remedy and busy.details['free'] is False
    assert machine.port(busy.details['port']).details['free'] is True
    assert machine.port(70000).status == NOTE


def test_little_room(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, 'disk_usage', lambda folder: Usage(64 << 20, 0, 64 << 20))
    assert machine.shared_memory().status == NOTE and '--shm-size' in machine.shared_memory().remedy
    assert machine.disk(tmp_path / 'a/b').status == NOTE and machine.disk(tmp_path / 'a/b').details['folder'] == str(tmp_path)
    monkeypatch.setattr(shutil, 'disk_usage', lambda folder: Usage(1 << 40, 0, 1 << 40))
    assert machine.shared_memory().status == OK and machine.disk(tmp_path).status == OK
    (tmp_path / 'file').touch()
    assert machine.disk(tmp_path / 'file/run').status == PROBLEM


def test_gpus(monkeypatch, tmp_path):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    assert machine.gpus().status == OK and machine.gpus().details['gpus'] == []
    (tmp_path / 'version').touch()
    monkeypatch.setattr(machine, '_DRIVER', tmp_path / 'version')
    assert machine.gpus().status == NOTE and 'install a build for its CUDA' in machine.gpus().remedy
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 2)
    gpu = SimpleNamespace(name='Card', total_memory=80 << 30, major=9, minor=0)
    monkeypatch.setattr(torch.cuda, 'get_device_properties', lambda number: gpu)
    assert machine.gpus().value.startswith('2 x Card (80 GiB), CUDA') and len(machine.gpus().details['gpus']) == 2
