"""Precision, recall and F1 against naive loops, in each of the three conventions."""

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from mmifnd.evaluation import detection_scores


def naive(mask, labels):
    rows = []
    for i in range(len(labels)):
        others = [j for j in range(len(labels)) if j != i]
        predicted = {j for j in others if mask[i][j]}
        actual = {j for j in others if labels[j] == labels[i]}
        rows.append((len(predicted & actual), len(predicted), len(actual)))
    hit, predicted, actual = map(sum, zip(*rows))
    with_any = [row for row in rows if row[2]]
    precision = [h / p if p else 0. for h, p, _ in with_any]
    recall = [h / a for h, _, a in with_any]
    f1 = [2 * h / (p + a) for h, p, a in with_any]
    generous = (np.mean([h / p if p else 1. for h, p, _ in rows]), np.mean([h / a if a else 1. for h, _, a in rows]))
    return dict(
        precision_micro=hit / max(predicted, 1), recall_micro=hit / max(actual, 1),
        precision_macro=np.mean(precision) if with_any else np.nan, recall_macro=np.mean(recall) if with_any else np.nan,
        f1_macro=np.mean(f1) if with_any else np.nan, precision_paper=generous[0], recall_paper=generous[1],
        predicted_share=predicted / (len(rows) * (len(rows) - 1)), true_share=actual / (len(rows) * (len(rows) - 1)))


@given(st.integers(2, 9).flatmap(lambda n: st.tuples(
    st.lists(st.integers(0, 3), min_size=n, max_size=n),
    st.lists(st.lists(st.booleans(), min_size=n, max_size=n), min_size=n, max_size=n))), st.integers(1, 4))
def test_equals_naive_loops(case, chunk):
    labels, mask = case
    scores = detection_scores(lambda anchors: torch.tensor(mask)[anchors], labels, chunk_size=chunk)._asdict()
    for name, value in naive(mask, labels).items():
        assert scores[name] == pytest.approx(value, abs=1e-12, nan_ok=True), name


def test_who_predicts_nothing_is_flattered_by_the_paper_only():
    scores = detection_scores(lambda anchors: torch.zeros(len(anchors), 4, dtype=torch.bool), [0, 0, 1, 2])
    assert (scores.precision_paper, scores.recall_paper) == (1., .5)
    assert (scores.precision_micro, scores.recall_macro, scores.f1_micro) == (0., 0., 0.)


def test_anchors_may_be_chosen():
    mask = torch.tensor([[0, 1, 0], [1, 0, 1], [0, 1, 0]]).bool()
    scores = detection_scores(lambda anchors: mask[anchors], [5, 5, 6], anchors=[1])
    assert (scores.precision_micro, scores.recall_micro, scores.predicted_share) == (.5, 1., 1.)
