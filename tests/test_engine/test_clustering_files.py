import json

import pytest
import torch

from mmifnd.clustering import Granularity, PseudoLabels
from mmifnd.engine.hooks.clustering_files import ClusteringFiles


@pytest.fixture
def files(tmp_path):
    found = ClusteringFiles('features')
    found.open(str(tmp_path))
    return found


def write(files, epoch):
    level = Granularity(torch.tensor([0, 1, 1]), torch.tensor([0.5, 0.25, 0.75]), torch.eye(2), torch.ones(2))
    labels = PseudoLabels(level.assignment.unsqueeze(0), [level], 1., 0.5)
    files.write(dict(epoch=epoch, value=epoch / 10), labels, torch.eye(3, 2))


def epochs(files):
    return [json.loads(line)['epoch'] for line in (files.folder / 'history.jsonl').read_text().splitlines()]


def test_a_line_for_each_clustering(files):
    for epoch in (1, 2, 5):
        write(files, epoch)
    assert epochs(files) == [1, 2, 5]


def test_a_resumed_run_replaces_what_it_repeats(files):
    for epoch in (1, 2, 3, 2):
        write(files, epoch)
    assert epochs(files) == [1, 2]


def test_a_line_that_a_kill_cut_off_is_dropped(files):
    write(files, 1)
    with open(files.folder / 'history.jsonl', 'a') as history:
        history.write('{"epoch": 2, "val')
    write(files, 3)
    assert epochs(files) == [1, 3]


def test_an_unknown_kind_is_named():
    with pytest.raises(ValueError, match="save='everything' is unknown; choose one of none, labels, features"):
        ClusteringFiles('everything')
