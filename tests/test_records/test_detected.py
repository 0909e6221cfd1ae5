"""What a snapshot tells of removed negatives, against naive loops."""

import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmifnd.contrast import Contrast
from mmifnd.detectors import QuantileThresholdDetector
from mmifnd.records.detected import ByLabels, ByThreshold, last_relations, relations_of, removes, shared_anchors
from mmifnd.records.lines import CHECK
from mmifnd.records.run_record import RunRecord


@pytest.fixture
def by_labels():
    return ByLabels(np.array([1, 0, 1, -1, 1, -1]), np.array([.5, .9, .2, .9, .8, .7]))


@pytest.fixture
def by_threshold():
    generator = torch.Generator().manual_seed(0)
    features = F.normalize(torch.randn(40, 3, generator=generator), dim=1)
    thresholds = torch.rand(40, generator=generator)
    thresholds[5] = 1.
    return ByThreshold(features.numpy(), thresholds.numpy())


def test_images_of_one_pseudo_label_by_confidence(by_labels):
    found = by_labels.of(0)
    assert found.images.tolist() == [4, 2] and found.scores.tolist() == [.8, .2] and found.threshold is None
    assert len(by_labels.of(1).images) == 0
    assert len(by_labels.of(3).images) == 0, '-1 is equal to nobody'


def test_images_above_the_threshold_by_similarity(by_threshold):
    similarity = by_threshold.features @ by_threshold.features.T
    for anchor in range(40):
        naive = {other for other in range(40) if other != anchor and by_threshold.thresholds[anchor] < 1
                 and similarity[anchor, other] > by_threshold.thresholds[anchor]}
        found = by_threshold.of(anchor)
        assert set(found.images.tolist()) == naive
        assert (np.diff(found.scores) <= 0).all() and found.threshold == pytest.approx(by_threshold.thresholds[anchor])
    assert len(by_threshold.of(5).images) == 0, 'a threshold of 1 never learned'


def test_thresholds_detect_what_the_detector_detects(by_threshold):
    detector = QuantileThresholdDetector()
    detector.bind(40)
    detector.table.threshold.copy_(torch.from_numpy(by_threshold.thresholds))
    detector.start_epoch(0, 1)
    rows, index = torch.from_numpy(by_threshold.features), torch.arange(40)
    mask = detector.detect(Contrast.build(rows, rows, rows, index, index, torch.eye(40, dtype=torch.bool)))[0]
    assert mask.any()
    for anchor in range(40):
        assert sorted(by_threshold.of(anchor).images.tolist()) == mask[anchor].nonzero().flatten().tolist()


def test_shares_count_what_each_anchor_lost(by_labels, by_threshold):
    for relation in (by_labels, by_threshold):
        expected = [len(relation.of(anchor).images) / (len(relation) - 1) for anchor in range(len(relation))]
        np.testing.assert_allclose(relation.shares, expected)


def test_thresholds_need_features_and_nothing_accepted_tells_nothing(run_dir, replace_arrays, learned):
    path = run_dir / 'false_negatives/epoch_0032.npz'
    replace_arrays(path, **learned)
    by_thresholds, by_labels = relations_of(RunRecord.load(run_dir).snapshot(32), None)
    assert isinstance(by_thresholds, ByThreshold) and isinstance(by_labels, ByLabels)
    np.testing.assert_allclose(np.linalg.norm(by_thresholds.features, axis=1), 1., rtol=1e-6)
    replace_arrays(path, features=None)
    assert [type(found) for found in relations_of(RunRecord.load(run_dir).snapshot(32), None)] == [ByLabels]
    replace_arrays(path, labels=np.full((2, 60), -1, dtype=np.int32))
    assert relations_of(RunRecord.load(run_dir).snapshot(32), None) == []
    assert last_relations(RunRecord.load(run_dir), None)[0] == 24, 'the last that tells anything'


def test_pseudo_labels_of_a_run_that_removes_nothing_are_not_shown_as_removed(run_dir):
    assert removes(RunRecord.load(run_dir))
    path = run_dir / 'false_negatives/history.jsonl'
    entries = [dict(json.loads(line), false_negative_share=0.) for line in path.read_text().splitlines()]
    path.write_text(''.join(json.dumps({**entry, CHECK: None}) + '\n' for entry in entries))
    assert not removes(RunRecord.load(run_dir)) and last_relations(RunRecord.load(run_dir), None) is None


def test_anchors_lost_something_everywhere_and_are_of_different_kinds(by_labels):
    other = ByLabels(np.array([2, 2, 3, 3, 3, -1]), np.ones(6))
    assert shared_anchors([by_labels, other], None, 9, 0) == [0, 2, 4]
    kinds = np.array([0, 1, 0, 1, 2, 2])
    chosen = shared_anchors([by_labels, other], kinds, 9, 0)
    assert len(chosen) == 2 and set(kinds[chosen]) == {0, 2}
    assert len(shared_anchors([by_labels, other], None, 1, 0)) == 1
