"""k-means whose rows stay on their processes gives each the labels that one process gives."""

import json
from functools import partial

import distributed_jobs as jobs
import numpy as np
import pytest
import runner_jobs
import torch

from mmifnd.clustering import KMeans


@pytest.mark.parametrize('pool', ['two_processes', 'four_processes'])
@pytest.mark.parametrize('options', [
    {}, dict(backend='torch'), dict(kind=KMeans, backend='torch'), dict(kind=KMeans, backend='torch', init='k-means++'),
    dict(kind=KMeans, backend='torch', init='previous'), dict(init='previous'),
    dict(kind=KMeans, backend='torch', spherical=True, max_points_per_centroid=5),
], ids=lambda options: '-'.join(map(str, options.values())) or 'default')
def test_labels_equal_those_of_one_process(request, pool, options):
    features = torch.randn(403, 6, generator=torch.Generator().manual_seed(0))  # shares of different sizes
    expected = jobs.label_own_rows(features, 0.6, **options)
    assert [len(set(labels.tolist()) - {-1}) > 3 for labels in expected.labels] == [True] * 3
    for found in request.getfixturevalue(pool).run(partial(jobs.label_own_rows, **options), features, 0.6):
        assert found.labels.equal(expected.labels) and found.rate == expected.rate
        for level, other in zip(found.granularities, expected.granularities):
            assert level.assignment.equal(other.assignment)
            for name in ('confidence', 'centroids', 'concentration'):
                torch.testing.assert_close(getattr(level, name), getattr(other, name), atol=1e-6, rtol=1e-5)
            assert level.seconds > 0


@pytest.mark.parametrize('options', [{}, dict(kind=KMeans, backend='torch')], ids=['distributed', 'torch'])
def test_images_that_no_process_has_seen_take_no_part(two_processes, options):
    features = torch.randn(200, 6, generator=torch.Generator().manual_seed(0))
    seen = torch.arange(200) % 3 != 1
    expected = jobs.label_own_rows(features, 0.6, seen=seen, **options)
    for found in two_processes.run(partial(jobs.label_own_rows, seen=seen, **options), features, 0.6):
        for level, other in zip(found.granularities, expected.granularities):
            assert level.assignment.equal(other.assignment) and (level.assignment[~seen] == -1).all()
            assert (level.assignment[seen] >= 0).all() and (level.confidence[~seen] == 0).all()
        assert found.labels.equal(expected.labels)
        assert (found.labels >= 0).sum(dim=1).tolist() == [int(0.6 * int(seen.sum()))] * 3


@pytest.mark.parametrize('spoilt_rank', [0, 1])
def test_all_processes_hear_of_features_that_are_not_finite(two_processes, spoilt_rank):
    first, second = two_processes.run(jobs.label_own_rows, torch.randn(60, 4), 0.6, spoilt_rank)
    assert first == second and first.startswith(f'1 of 60 features are NaN or infinite (images {spoilt_rank})')


@pytest.mark.parametrize('num_samples, batch_size', [(23, 4), (8, 4), (3, 10), (1, 2)])
def test_each_process_keeps_the_features_of_its_own_images(two_processes, num_samples, batch_size):
    expected, _ = jobs.extract(num_samples, batch_size)
    for number, (features, index, total) in enumerate(two_processes.run(jobs.extract, num_samples, batch_size, True)):
        assert index.tolist() == list(range(number, num_samples, 2)) and total == num_samples
        torch.testing.assert_close(features, expected[index], atol=1e-6, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize('kind', ['distributed_kmeans', 'torch_bank'])
def test_a_run_is_trained_by_these_labels(two_processes, tmp_path, restored_torch, kind):
    first, second = two_processes.run(runner_jobs.train_digits, kind, tmp_path / 'two', 3)
    runner_jobs.train_digits(kind, tmp_path / 'one', 3)
    for name, value in first[1].items():
        if 'labels' in name:
            assert second[1][name].equal(value) and (value >= 0).any()
    alone, together = (
        [json.loads(line) for line in (tmp_path / name / 'false_negatives' / 'history.jsonl').read_text().splitlines()]
        for name in ('one', 'two'))
    assert [record['epoch'] for record in together] == [1, 2] and together[1]['false_negative_share'] > 0
    for own, shared in zip(alone, together):
        for row, other in zip(own['granularities'], shared['granularities']):
            assert other['num_clusters'] == row['num_clusters'] and other['nmi'] == pytest.approx(row['nmi'], abs=5)
    with np.load(tmp_path / 'two' / 'false_negatives' / 'epoch_0002.npz') as arrays:
        assert np.array_equal(arrays['labels'], first[1]['head.detector.labels'].numpy())
        if kind == 'torch_bank':
            lengths = np.linalg.norm(arrays['features'].astype(np.float32), axis=1)
            np.testing.assert_allclose(lengths, arrays['assignments'][0] >= 0, atol=1e-2)
