import doctest
import os

import pytest

from mmifnd import machine


@pytest.mark.parametrize('files, expected', [
    ({}, 8), ({'cpu.max': 'max 100000\n'}, 8), ({'cpu.max': '250000 100000\n'}, 3), ({'cpu.max': '50000 100000\n'}, 1),
    ({'cpu.max': '9900000 100000\n'}, 8), ({'cpu/cpu.cfs_quota_us': '-1\n', 'cpu/cpu.cfs_period_us': '100000\n'}, 8),
    ({'cpu/cpu.cfs_quota_us': '200000\n', 'cpu/cpu.cfs_period_us': '100000\n'}, 2)])
def test_cores_are_those_of_affinity_and_quota(tmp_path, monkeypatch, files, expected):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(machine, '_CGROUP', tmp_path)
    monkeypatch.setattr(os, 'sched_getaffinity', lambda process: set(range(8)), raising=False)
    assert machine.available_cores() == expected


@pytest.mark.parametrize('files, expected', [
    ({}, 4096 * 1024), ({'memory.max': 'max', 'memory.current': '5'}, 4096 * 1024),
    ({'memory.max': '3000', 'memory.current': '1000'}, 2000), ({'memory.max': '3000', 'memory.current': '4000'}, 0)])
def test_memory_is_bounded_by_the_limit_of_a_container(tmp_path, monkeypatch, files, expected):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (tmp_path / 'meminfo').write_text('MemTotal: 9000 kB\nMemAvailable: 4096 kB\n')
    monkeypatch.setattr(machine, '_CGROUP', tmp_path)
    monkeypatch.setattr(machine, '_MEMINFO', tmp_path / 'meminfo')
    assert machine.available_memory() == expected
    monkeypatch.setattr(machine, '_MEMINFO', tmp_path / 'nothing')
    assert machine.available_memory() is None


def test_examples_run():
    assert doctest.testmod(machine).failed == 0
