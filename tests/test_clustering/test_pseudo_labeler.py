import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmifnd.clustering import (
    ConfidenceAcceptance,
    Granularity,
    KMeans,
    PseudoLabeler,
    PseudoLabels,
    concentration_confidence,
    softmax_confidence,
)
from mmifnd.functional import concentration

FAST = dict(num_redo=1, device='cpu')


@pytest.fixture
def features():
    return torch.randn(120, 6, generator=torch.Generator().manual_seed(0))


def labeler(*num_clusters, temperature=0.2, confidence='softmax', **acceptance):
    return PseudoLabeler(num_clusters, ConfidenceAcceptance(**acceptance), temperature, KMeans(**FAST), confidence)


def test_each_granularity_is_its_own_clustering_of_unit_features(features):
    found = labeler(5, 9)(features, 1.)
    assert found.labels.shape == (2, 120) and found.labels.dtype == torch.int64
    rows = F.normalize(features, dim=1)
    for position, count in enumerate((5, 9)):
        expected = KMeans(**FAST).fit(rows.numpy(), count, seed=position)
        level = found.granularities[position]
        assert np.array_equal(level.assignment.numpy(), expected.labels)
        assert np.array_equal(level.centroids.numpy(), expected.centroids)
        kappa = softmax_confidence(rows, level.centroids, level.assignment, 0.2)
        torch.testing.assert_close(level.confidence, kappa)
        phi = concentration(rows, level.centroids, level.assignment)
        assert level.concentration.shape == (count,) and level.concentration.equal(phi)
        assert found.labels[position].equal(level.assignment)  # all are accepted


def test_length_of_a_feature_does_not_matter(features):
    scaled = features * torch.linspace(0.1, 20, 120).unsqueeze(1)
    assert labeler(7)(features, 0.5).labels.equal(labeler(7)(scaled, 0.5).labels)


@pytest.mark.parametrize('scope', ['global', 'per_cluster'])
def test_what_is_not_accepted_is_minus_one(features, scope):
    found = labeler(4, 8, scope=scope)(features, 0.3)
    assert found.rate == pytest.approx(0.3) and found.progress == 0.3
    for labels, level in zip(found.labels, found.granularities):
        expected = ConfidenceAcceptance(scope=scope).accept(level.confidence, 0.3, level.assignment)
        assert (labels >= 0).equal(expected)
        assert labels[expected].equal(level.assignment[expected]) and (labels[~expected] == -1).all()


def test_rows_that_were_not_seen_take_no_part(features):
    seen = torch.arange(120) % 3 != 0
    poisoned = features.clone()
    poisoned[~seen] = torch.nan
    found = labeler(4, 8)(poisoned, 0.5, seen)
    alone = labeler(4, 8)(features[seen], 0.5)
    assert (found.labels[:, ~seen] == -1).all()
    assert found.labels[:, seen].equal(alone.labels)
    for level, expected in zip(found.granularities, alone.granularities):
        assert (level.assignment[~seen] == -1).all() and (level.confidence[~seen] == 0).all()
        assert level.assignment[seen].equal(expected.assignment) and level.confidence[seen].equal(expected.confidence)
        assert level.centroids.equal(expected.centroids) and level.concentration.equal(expected.concentration)


def test_by_concentration_whole_clusters_enter_the_densest_first(features):
    found = labeler(8, confidence='concentration')(features, 0.5)
    level, = found.granularities
    assert level.confidence.equal(concentration_confidence(level.concentration, level.assignment))
    accepted = found.labels[0] >= 0
    entered = [accepted[level.assignment == cluster].float().mean().item() for cluster in level.concentration.argsort()]
    assert accepted.sum() == 60 and entered == sorted(entered, reverse=True)
    assert sum(0 < share < 1 for share in entered) <= 1  # the last one to enter may be cut by the rate
    assert not labeler(8)(features, 0.5).labels.equal(found.labels)


def test_more_clusters_than_seen_rows_are_refused(features):
    seen = torch.arange(120) < 6
    with pytest.raises(ValueError, match='num_clusters=7 exceeds the 6 images'):
        labeler(7)(features, 0.5, seen)


def test_features_that_are_not_finite_are_refused(features):
    features[11, 2] = torch.nan
    with pytest.raises(ValueError, match=r'1 of 120 features are NaN or infinite \(images 11\)'):
        labeler(4)(features, 0.5)


def test_progress_is_reported(features):
    done = []
    labeler(3, 4, 5)(features, 0.5, report=done.append)
    assert done == [1, 2, 3]


def test_statistics_of_a_case_by_hand():
    assignment = torch.tensor([0, 0, 0, 2, 2, -1])  # cluster 1 is empty, the last row was not seen
    confidence = torch.tensor([0.9, 0.5, 0.8, 0.7, 0.6, 0.])
    level = Granularity(assignment, confidence, torch.zeros(3, 2), torch.zeros(3), seconds=1.5)
    labels = torch.tensor([[0, -1, 0, 2, -1, -1]])
    assert PseudoLabels(labels, [level], 0.6, 0.6).statistics() == [dict(
        num_clusters=3, accepted_share=pytest.approx(0.5), cluster_size_min=0, cluster_size_max=3, empty_clusters=1,
        confidence_threshold=pytest.approx(0.7), seconds=1.5)]


def test_statistics_where_nothing_is_accepted(features):
    row, = labeler(4, scheme='constant', end=0.)(features, 0.5).statistics()
    assert row['accepted_share'] == 0 and row['confidence_threshold'] == 1


def test_identical_features_count_empty_clusters():
    row, = labeler(5)(torch.ones(30, 4), 1.).statistics()
    assert row['empty_clusters'] == 4 and row['cluster_size_max'] == 30 and row['cluster_size_min'] == 0


@pytest.mark.parametrize('num_clusters', [(), (0,), (1, 10), (10, -1)])
def test_counts_out_of_range_are_named(num_clusters):
    with pytest.raises(ValueError) as error:
        labeler(*num_clusters)
    assert f'num_clusters={num_clusters}' in str(error.value) and 'at least 2' in str(error.value)


def test_an_unknown_confidence_is_named():
    with pytest.raises(ValueError, match="confidence='phi' is unknown; choose one of softmax, concentration"):
        labeler(5, confidence='phi')


def test_check_refuses_before_training():
    ready = labeler(10, 100)
    ready.check(100)
    with pytest.raises(ValueError, match='num_clusters=100 exceeds the 99 images'):
        ready.check(99)


class NotedKMeans(KMeans):
    """Notes what it is started from."""

    def fit_share(self, share, num_clusters, seed=0, gpu=0, previous=None, also_cold=False, **options):
        self.notes.append((previous, also_cold))
        return super().fit_share(share, num_clusters, seed, gpu, previous, also_cold, **options)


def noted_labeler():
    kmeans = NotedKMeans(init='previous', **FAST)
    kmeans.notes = []
    return PseudoLabeler((5, 40), ConfidenceAcceptance(), 0.2, kmeans)


def test_warm_starts_continue_from_the_clustering_before_and_every_tenth_is_also_cold(features):
    warm = noted_labeler()
    levels = [warm(features, 0.5).granularities for _ in range(11)]
    assert warm.kmeans.notes[0][0] is None and warm.kmeans.notes[1][0] is None
    for number in range(1, 11):
        for position in range(2):
            assert warm.kmeans.notes[2 * number + position][0].equal(levels[number - 1][position].centroids)
    assert [also_cold for _, also_cold in warm.kmeans.notes[::2]] == [False] * 9 + [True, False]


def test_a_restored_labeler_starts_where_the_saved_one_would(features):
    saved, restored = noted_labeler(), noted_labeler()
    for _ in range(9):
        saved(features, 0.5)
    restored.load_state_dict(saved.state_dict())
    assert restored(features, 0.5).labels.equal(saved(features, 0.5).labels)
    assert restored.kmeans.notes[0][0].equal(saved.kmeans.notes[-2][0]) and restored.kmeans.notes[0][1]


def test_cold_starts_leave_no_centroids_in_a_checkpoint(features):
    cold = labeler(5)
    cold(features, 0.5)
    assert cold.state_dict() == dict(clusterings=1, centroids=[])


def test_a_copy_in_host_memory_is_the_same(features):
    found = labeler(5)(features, 0.5)
    assert found.cpu().labels.equal(found.labels) and found.cpu().statistics() == found.statistics()
