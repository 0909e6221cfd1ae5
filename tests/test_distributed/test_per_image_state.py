"""Wall 5: state per image is the same on every rank after every step, and that of one process with the global batch."""

import math

import per_image_jobs as jobs
import pytest
import torch

CASES = [
    ('SimCLRAdapter', 'glofnd', 'quantile'), ('SimCLRAdapter', 'glofnd', 'from_quantile'),
    ('SimCLRAdapter', 'glofnd', 'shared'), ('SimCLRAdapter', 'glofnd', 'warm'), ('SimCLRAdapter', 'attr', 'top_k'),
    ('SimCLRAdapter', 'sogclr', 'quantile'), ('SimCLRAdapter', 'isogclr', 'margin'),
    ('SimCLRAdapter', 'sogclr', 'joined'),
    ('MoCoAdapter', 'glofnd', 'quantile'), ('MoCoAdapter', 'isogclr', 'batch')]


@pytest.mark.parametrize('steps', [1, 2, 4])
@pytest.mark.parametrize('case', CASES, ids='-'.join)
def test_two_processes_are_one(two_processes, case, steps):
    expected, ranks = jobs.train(*case, steps), two_processes.run(jobs.train, *case, steps)
    for found in ranks:
        assert found['losses'] == pytest.approx(expected['losses'], abs=1e-10, rel=1e-8)
        for name, value in expected['state'].items():
            torch.testing.assert_close(found['state'][name], value, atol=1e-9, rtol=1e-8, msg=name)
    tables = [name for name in expected['state'] if '.table.' in name]
    for name in tables:
        assert ranks[0]['state'][name].equal(ranks[1]['state'][name])  # to the last bit
    if 'quantile' in case[2] and steps == 4:
        visits = expected['state']['head.detector.table.visits']
        assert visits.max() > 1 and visits.min() == 0


def test_merging_against_loops(two_processes):
    index, counts, rows = jobs.sample_rows()
    one, ranks = jobs.merge(index, counts, rows), two_processes.run(jobs.merge, index, counts, rows)
    means, log_means = (jobs.by_image(merged) for merged in one)
    for image in index.unique().tolist():
        taken = rows[(index == image) & counts].tolist()
        moved, mean = means[image]
        assert moved == bool(taken) and mean == pytest.approx(sum(taken) / len(taken) if taken else 0)
        moved, log_mean = log_means[image]
        assert moved == bool(taken)
        assert log_mean == pytest.approx(math.log(sum(map(math.exp, taken)) / len(taken)) if taken else -math.inf)
    for first, second, expected in zip(*ranks, one):
        assert jobs.by_image(first) == jobs.by_image(second)
        for image, (moved, value) in jobs.by_image(expected).items():
            assert jobs.by_image(first)[image] == (moved, pytest.approx(value))
