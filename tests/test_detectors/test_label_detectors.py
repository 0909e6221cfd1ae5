from types import SimpleNamespace

import pytest
import torch
from glofnd_reference import NUM_SAMPLES, check_masks, contrast_of, labels_of_images, steps_of

from mmifnd.detectors import Detector, GroundTruthDetector, NoDetector, PseudoLabelDetector, UnionDetector


def published(labels):
    labels = torch.as_tensor(labels)
    labels = labels if labels.dim() == 2 else labels.unsqueeze(0)
    detector = PseudoLabelDetector()
    detector.bind(labels.shape[1])
    detector.publish(SimpleNamespace(labels=labels))
    return detector


def loop_mask(labels, contrast):
    """Rule by rule: same label, accepted, a candidate at all."""
    rows = []
    for level in labels.tolist():
        rows.append([[
            c >= 0 and level[a] == level[c] and level[a] >= 0 and contrast.negative_similarity[i, j].item() > -float('inf')
            for j, c in enumerate(contrast.candidate_index.tolist())]
            for i, a in enumerate(contrast.anchor_index.tolist())])
    return torch.tensor(rows)


def test_against_loops_at_every_granularity(make_contrast):
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(-1, 3, (3, 20), generator=generator)
    contrast = make_contrast(
        torch.randint(0, 20, (9,), generator=generator), torch.randint(-1, 20, (30,), generator=generator),
        absent=torch.rand(9, 30, generator=generator) < 0.2)
    found = published(labels).detect(contrast)
    assert found.shape == (3, 9, 30) and found.dtype == torch.bool
    assert found.equal(loop_mask(labels, contrast)) and found.any()


def test_minus_one_is_equal_to_nobody(make_contrast):
    #                   0   1   2   3
    detector = published([-1, -1, 4, 4])
    found = detector.detect(make_contrast([0, 1, 2, 3], [0, 1, 2, 3, -1]))[0]
    expected = torch.zeros(4, 5, dtype=torch.bool)
    expected[2:, 2:4] = True
    assert found.equal(expected)  # neither two unaccepted images, nor an unaccepted one and an empty slot


def test_an_empty_slot_is_nobody_even_for_image_0(make_contrast):
    found = published([3, 3]).detect(make_contrast([0, 1], [-1, -1, 0]))[0]
    assert found.tolist() == [[False, False, True], [False, False, True]]


def test_before_the_first_clustering_nobody_is_detected(make_contrast):
    detector = PseudoLabelDetector()
    detector.bind(5)
    assert not detector.detect(make_contrast([0, 1, 2], [0, 1, 2, 3, -1])).any()


def test_new_labels_reach_keys_that_are_queued_already(make_contrast):
    detector = published([0, 0, 1, 1])
    contrast = make_contrast([0], [1, 2, 3])
    assert detector.detect(contrast)[0].tolist() == [[True, False, False]]
    detector.publish(SimpleNamespace(labels=torch.tensor([[5, 2, 5, -1], [1, 1, 1, 1]])))
    assert detector.detect(contrast).tolist() == [[[False, True, False]], [[True, True, True]]]


def test_false_where_there_is_no_candidate(make_contrast):
    absent = torch.tensor([[True, False, True], [False, True, False]])
    contrast = make_contrast([0, 1], [0, 1, 2], absent)
    assert published([7, 7, 7]).detect(contrast)[0].equal(~absent)


def test_ground_truth_compares_classes(make_contrast):
    detector = GroundTruthDetector()
    detector.bind(4, torch.tensor([1, 2, 1, 2]))
    assert detector.detect(make_contrast([0, 3], [0, 1, 2, 3, -1]))[0].tolist() == [
        [True, False, True, False, False], [False, True, False, True, False]]


def test_golden_oracle_of_the_released_code():
    detector = GroundTruthDetector()
    detector.bind(NUM_SAMPLES, labels_of_images())
    for batch, golden in steps_of('c1/oracle'):
        found = detector.detect(contrast_of(batch)[0])
        check_masks(batch, found, golden)
        assert found[0, :6].float().roll(6, 1).equal(golden['true_mask_ab_aa'])


def test_ground_truth_without_labels_is_refused():
    with pytest.raises(ValueError, match='needs true labels and the data set has none; use PseudoLabelDetector'):
        GroundTruthDetector().bind(4, None)


def test_labels_of_another_data_set_are_refused():
    detector = PseudoLabelDetector()
    detector.bind(10)
    with pytest.raises(ValueError, match='pseudo labels of 9 images .* training set of 10; cluster the features'):
        detector.publish(SimpleNamespace(labels=torch.zeros(1, 9)))


@pytest.mark.parametrize('kind', [PseudoLabelDetector, GroundTruthDetector])
def test_an_unbound_detector_says_so(make_contrast, kind):
    with pytest.raises(RuntimeError, match=rf'{kind.__name__} has no labels; call bind\(num_samples\) first'):
        kind().detect(make_contrast([0], [1]))


@pytest.mark.parametrize('anchor, candidate', [(3, 0), (-1, 0), (0, 3)])
def test_an_index_outside_the_labels_is_refused(make_contrast, anchor, candidate):
    with pytest.raises(RuntimeError, match='an image index is outside the 3 labels of PseudoLabelDetector; bind'):
        published([1, 2, 1]).detect(make_contrast([anchor], [candidate]))


def test_no_detector_detects_nobody_in_no_memory(make_contrast):
    mask = NoDetector().detect(make_contrast([0, 1], [0, 1, 2]))
    assert mask.shape == (1, 2, 3) and not mask.any()
    assert mask.untyped_storage().nbytes() == 1


def test_a_detector_without_an_answer_is_named(make_contrast):

    class Undecided(Detector):
        pass

    with pytest.raises(NotImplementedError, match='Undecided must say which candidates are false negatives'):
        Undecided().detect(make_contrast([0], [1]))


# --- state ----------------------------------------------------------------------------------------------------------


def test_state_goes_into_a_fresh_unbound_detector(make_contrast):
    labels = torch.randint(-1, 4, (3, 25), generator=torch.Generator().manual_seed(1))
    source, target = published(labels), PseudoLabelDetector()
    target.load_state_dict(source.state_dict())
    assert target.labels.equal(labels.int())
    contrast = make_contrast(range(10), range(-1, 25))
    assert target.detect(contrast).equal(source.detect(contrast))


def test_state_goes_into_a_bound_detector_with_fewer_granularities():
    source, target = published([[1, 2], [3, 4], [5, 6]]), PseudoLabelDetector()
    target.bind(2)
    target.load_state_dict(source.state_dict())
    assert target.labels.tolist() == [[1, 2], [3, 4], [5, 6]]


def test_loading_copies(make_contrast):
    source, target = published([1, 2]), PseudoLabelDetector()
    state = source.state_dict()
    target.load_state_dict(state)
    target.labels.fill_(9)
    assert source.labels.tolist() == [[1, 2]]


@pytest.mark.parametrize('wrapped', [False, True])
def test_state_of_another_data_set_is_refused(wrapped):
    source, target = published([1, 2, 3]), PseudoLabelDetector()
    if wrapped:
        source, target = UnionDetector(dict(a=source)), UnionDetector(dict(a=target))
        target.detectors['a'].bind(4)
    else:
        target.bind(4)
    with pytest.raises(ValueError, match='labels of 3 images, but the training set has 4; resume on the data set'):
        target.load_state_dict(source.state_dict())


def test_promises_do_not_pass_to_another_detect():

    class Cautious(PseudoLabelDetector):
        def detect(self, contrast):
            return super().detect(contrast) & (contrast.negative_similarity > .5)

    class Renamed(PseudoLabelDetector):
        pass

    class Declared(NoDetector):
        detects_nothing = True

        def detect(self, contrast):
            return super().detect(contrast).contiguous()

    assert PseudoLabelDetector.compares_labels and Renamed.compares_labels and not Cautious.compares_labels
    assert NoDetector.detects_nothing and Declared.detects_nothing
    assert not Detector.detects_nothing and not PseudoLabelDetector.detects_nothing and not NoDetector.compares_labels


def test_the_oracle_can_begin_late(make_contrast):
    detector = GroundTruthDetector(start_epoch=2)
    detector.bind(4, torch.tensor([0, 0, 1, 1]))
    contrast = make_contrast([0, 2], [1, 3])
    detected = detector.detect(contrast)  # a model that is only tested
    for epoch in range(4):
        detector.start_epoch(epoch, 4)
        assert detector.detect(contrast).equal(detected & (epoch >= 2)) and detected.sum() == 2
    with pytest.raises(ValueError, match='start_epoch=2 of GroundTruthDetector is beyond the training of 2 epochs; choose at'):
        detector.start_epoch(0, 2)
    with pytest.raises(ValueError, match='start_epoch=-1 of GroundTruthDetector'):
        GroundTruthDetector(start_epoch=-1)
