"""Two processes see one health, and train one probe."""

import json

import evaluation_jobs as jobs
import pytest
import torch


def records(folder):
    return [json.loads(line) for line in (folder / 'false_negatives' / 'health.jsonl').read_text().splitlines()]


def test_each_rank_tells_of_its_anchors(two_processes):
    first, second = two_processes.run(jobs.collect_examples)
    assert second == []  # the main process writes
    assert first == [(0, [0, 1, 2, 3], 1.), (9, [1, 0, 2, 3], 1.), (10, [1, 0, 2, 3], 1.), (12, [2, 0, 1, 3], 1.),
                     (13, [2, 0, 1, 3], 1.)]


@pytest.mark.slow
def test_two_processes_judge_as_one(two_processes, tmp_path, restored_torch):
    one = jobs.train_and_judge(tmp_path / 'one')
    first, second = two_processes.run(jobs.train_and_judge, tmp_path / 'two')
    assert torch.equal(first[0], second[0]) and first[1] == second[1]
    # Each rank standardises its half of the batch by that half's statistics, so that the probes differ a little.
    assert first[1]['linear_test'] == pytest.approx(one[1]['linear_test'], abs=10)
    assert first[1]['knn_test'] == pytest.approx(one[1]['knn_test'], abs=1)
    alone, together = records(tmp_path / 'one'), records(tmp_path / 'two')
    assert [record['epoch'] for record in together] == [record['epoch'] for record in alone] == [1, 2, 3]
    for own, shared in zip(alone, together):
        assert set(own) == set(shared)
        for name in ('embedding_rankme', 'embedding_uniformity', 'embedding_lidar', 'alignment', 'false_negative_share'):
            assert shared[name] == pytest.approx(own[name], rel=0.02, abs=1e-3), name
