"""A few of the fuzzer's mutations in each default run, and more in the slow one."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools' / 'reliability'))

fuzz_files = pytest.importorskip('fuzz_files')
from fuzz_subjects import Outcome, Subject, subjects  # noqa: E402


@pytest.mark.parametrize('count, seed', [(6, 3), pytest.param(600, 4, marks=pytest.mark.slow)])
def test_damaged_files_are_refused_left_out_or_harmless(tmp_path, count, seed):
    endings = fuzz_files.fuzz(subjects(tmp_path), seed, count)
    assert len(endings) >= count
    assert [ending for ending in endings if ending.ending in fuzz_files.FAULTS] == []


@pytest.mark.parametrize('read, expected', [
    (lambda content: Outcome('whole'), 'equal'), (Outcome, 'silently different'),
    (lambda content: Outcome(content, 'line 1 is left out'), 'left out'), (lambda content: int('x'), 'traceback'),
    (lambda content: {}[content], 'traceback'), (lambda content: __import__('time').sleep(9), 'hang'),
    (lambda content: (_ for _ in ()).throw(ValueError('file.txt is damaged')), 'refused')])
def test_what_the_fuzzer_calls_each_ending(tmp_path, monkeypatch, read, expected):
    monkeypatch.setattr(fuzz_files, 'SECONDS', 1)
    path = tmp_path / 'file.txt'
    path.write_bytes(b'whole')
    subject = Subject('x', path, lambda: read(path.read_text()), b'')
    ending, _ = fuzz_files.end_of(subject, 'whole', b'hole')
    assert ending == expected and path.read_bytes() == b'whole'


def test_a_process_that_dies_is_a_crash_and_mutations_repeat(tmp_path):
    import os
    ending, = fuzz_files.in_fork(lambda: os._exit(3), 'x', 5)
    assert ending.ending == 'crash' and ending.number == 5
    path = tmp_path / 'x'
    path.write_bytes(bytes(range(256)))
    subject = Subject('x', path, lambda: Outcome(0), b'abc' * 100)
    first = [fuzz_files.mutated(subject, 1, number) for number in range(40)]
    assert first == [fuzz_files.mutated(subject, 1, number) for number in range(40)]
    assert len({name for name, _ in first}) == len(set(fuzz_files.MUTATIONS))
    assert sum(content != subject.content for _, content in first) > 35
