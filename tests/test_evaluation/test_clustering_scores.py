"""What a clustering is worth, by the measures that the arguments allow."""

import numpy as np
import pytest

from mmifnd.evaluation import cluster_change, clustering_scores, normalized_mutual_information, true_rates


def test_each_score_is_that_of_its_own_measure():
    random = np.random.default_rng(0)
    labels, assignment, before = random.integers(0, 4, (3, 50))
    accepted = np.where(random.random(50) < .5, assignment, -1)
    mtpr, mtnr = true_rates(labels, accepted)
    assert clustering_scores(assignment, accepted, labels, before) == dict(
        changed_share=cluster_change(before, assignment), nmi=100 * normalized_mutual_information(labels, assignment),
        mtpr=100 * mtpr, mtnr=100 * mtnr)


def test_images_that_took_no_part_count_for_the_rates_only():
    labels, assignment = np.array([0, 0, 1, 1, 2, 2]), np.array([5, 5, 6, 6, -1, -1])
    scores = clustering_scores(assignment, assignment, labels)
    assert scores['nmi'] == 100 and scores['mtpr'] == pytest.approx(100 * 4 / 6)


def test_nothing_is_said_without_what_it_needs():
    assignment = np.array([0, 1, 1])
    assert clustering_scores(assignment) == {}
    assert list(clustering_scores(assignment, accepted=assignment)) == []
    assert list(clustering_scores(assignment, labels=[0, 1, 1])) == ['nmi']
    assert list(clustering_scores(assignment, before=assignment)) == ['changed_share']
