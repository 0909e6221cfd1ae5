"""Rows of one image in a step are merged over ranks; see test_one_process_equals_many.py for what is kept of them."""

import math

import per_image_jobs as jobs
import pytest


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
