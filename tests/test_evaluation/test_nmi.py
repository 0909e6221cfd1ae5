from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from mmifnd.evaluation import clustering_nmi, normalized_mutual_information

GOLDEN = np.load(Path(__file__).parents[1] / 'data' / 'ifnd_golden.npz')
partitions = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=14)


def nmi_by_loops(labels, clusters):
    size = len(labels)

    def entropy(values):
        shares = [values.count(value) / size for value in set(values)]
        return -sum(share * np.log(share) for share in shares)

    joint = list(zip(labels, clusters))
    information = entropy(labels) + entropy(clusters) - entropy(joint)
    product = entropy(labels) * entropy(clusters)
    return information / np.sqrt(product) if product > 0 else 0.0


def test_golden_example_takes_the_geometric_mean():
    nmi = normalized_mutual_information(GOLDEN['g8_true'], GOLDEN['g8_clusters'])
    assert nmi == pytest.approx(GOLDEN['g8_nmi_geometric'].item(), abs=1e-9)


@settings(deadline=None)
@given(partitions)
def test_equals_the_definition(images):
    labels, clusters = zip(*images)
    nmi = normalized_mutual_information(labels, clusters)
    assert nmi == pytest.approx(nmi_by_loops(labels, clusters), abs=1e-7)
    assert nmi == pytest.approx(normalized_mutual_information(clusters, labels), abs=1e-12)


@pytest.mark.parametrize('labels, clusters', [([0, 1, 1], [4, 4, 4]), ([2, 2, 2], [0, 1, 1]), ([2, 2, 2], [4, 4, 4])])
def test_constant_partition_says_nothing(labels, clusters):
    assert normalized_mutual_information(labels, clusters) == 0.0


@pytest.mark.parametrize('labels, clusters, message', [
    ([0, 1], [0, -1], 'clusters holds -1; expected integers >= 0'),
    ([0, 1], [0], 'labels has 2 entries but clusters has 1'),
    ([], [], 'labels is empty'),
])
def test_errors_say_what_is_wrong(labels, clusters, message):
    with pytest.raises(ValueError, match=message):
        normalized_mutual_information(labels, clusters)


def test_clustering_nmi_is_the_mean_over_seeds():
    labels = [0, 0, 1, 1]
    runs = {3: [0, 0, 1, 1], 5: [0, 1, 0, 1], 8: [0, 0, 0, 1]}
    calls = []

    def cluster(features, num_clusters, seed):
        calls.append((features, num_clusters, seed))
        return runs[seed]

    summary = clustering_nmi('the features', labels, 2, cluster, seeds=(3, 5, 8))
    values = [normalized_mutual_information(labels, run) for run in runs.values()]
    assert calls == [('the features', 2, 3), ('the features', 2, 5), ('the features', 2, 8)]
    assert summary.values == tuple(values)
    assert summary.mean == pytest.approx(sum(values) / 3, abs=1e-12)
    assert summary.standard_deviation == pytest.approx(np.std(values, ddof=1), abs=1e-12)


def test_clustering_nmi_runs_five_seeds_by_default():
    seeds = []
    clustering_nmi([], [0, 1], 2, lambda features, k, seed: seeds.append(seed) or [0, 1])
    assert seeds == [0, 1, 2, 3, 4]


def test_one_seed_has_no_deviation_and_none_is_refused():
    assert clustering_nmi([], [0, 1], 2, lambda *_: [0, 1], seeds=(7, )) == (1.0, None, (1.0, ))
    with pytest.raises(ValueError, match='expected at least one'):
        clustering_nmi([], [0, 1], 2, lambda *_: [0, 1], seeds=())
