"""Warnings of other ranks reach rank 0."""

import logging
import os

import pytest
import torch.distributed as dist

from mmifnd.ranks import relay
from mmifnd.ranks.relay import relay_warnings
from mmifnd.ranks.watch import RankWatch


class Lines(logging.Handler):
    """Keeps what is logged."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


@pytest.fixture
def loggers():
    """A logger per rank, the watches, and what rank 0 has printed."""
    store = dist.HashStore()
    watches = [RankWatch(store, number, 3, 60.) for number in range(3)]
    names = [logging.Logger(f'rank {number}') for number in range(3)]
    lines = Lines()
    names[0].addHandler(lines)
    for watch, logger in zip(watches, names, strict=True):
        relay_warnings(watch, logger)
    return names, watches, lines.lines


def beat(watches):
    for watch in watches[::-1]:
        for call in watch.each_beat:
            call()


def test_a_warning_of_one_rank_is_printed_by_rank_0_with_its_rank(loggers):
    names, watches, lines = loggers
    names[2].warning('cannot read %s', 'a.png')
    names[2].info('nothing')
    for _ in range(3):
        beat(watches)
    assert len(lines) == 1 and lines[0].startswith('rank 2 on host ') and lines[0].endswith(': cannot read a.png')


def test_what_rank_0_says_too_is_printed_once(loggers):
    names, watches, lines = loggers
    for name in names[::-1]:
        name.warning('the same everywhere')
    names[1].warning('on two of them')
    names[2].warning('on two of them')
    beat(watches)
    names[0].warning('said a little later')
    names[1].warning('said a little later')
    for _ in range(3):
        beat(watches)
    assert lines[:2] == ['the same everywhere', 'said a little later'] and len(lines) == 3 and 'on two of them' in lines[2]


def test_a_flood_is_cut_off_with_a_line(loggers, monkeypatch):
    monkeypatch.setattr(relay, 'MOST', 3)
    names, watches, lines = loggers
    for number in range(9):
        names[1].warning('number %d', number)
    for _ in range(3):
        beat(watches)
    assert [line.rpartition(': ')[2] for line in lines] == [*(f'number {number}' for number in range(len(lines) - 1)),
                                                            'further warnings of other ranks are not shown']


def test_a_process_that_loads_images_prints_by_itself(loggers, monkeypatch, capsys):
    names, watches, lines = loggers
    process = os.getpid()
    monkeypatch.setattr(os, 'getpid', lambda: process + 1)
    names[1].warning('image 3 cannot be read')
    beat(watches)
    assert capsys.readouterr().err.endswith(': image 3 cannot be read\n') and not lines

