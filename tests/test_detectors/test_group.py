"""Images of one group are false negatives of each other."""

import warnings

import pytest
import torch

from mmifnd.detectors import GroupDetector

GROUPS = torch.tensor([0, 1, -1, 0, -1, 1, 2])


def bound(groups=GROUPS):
    detector = GroupDetector()
    detector.bind(len(groups))
    detector.bind_groups(groups)
    return detector


def test_against_loops(make_contrast):
    anchors, candidates = [0, 2, 5, 6], [3, 0, -1, 2, 4, 1, 6, -1]
    absent = torch.zeros(4, 8, dtype=torch.bool)
    absent[0, 1] = absent[3, 6] = True  # the images themselves
    found = bound().detect(make_contrast(anchors, candidates, absent))
    groups = GROUPS.tolist()
    expected = [[not absent[a, c].item() and j >= 0 and groups[i] == groups[j] and groups[i] >= 0
                 for c, j in enumerate(candidates)] for a, i in enumerate(anchors)]
    assert found.shape == (1, 4, 8) and found[0].tolist() == expected
    assert found.sum() == 2  # 0 with 3, and 5 with 1; nobody without a group


def test_a_data_set_without_groups_is_refused():
    detector = GroupDetector()
    detector.bind(3)
    with pytest.raises(ValueError, match='GroupDetector needs groups and the data set has none; name a file: groups='):
        detector.bind_groups(None)


def test_groups_of_another_data_set_are_refused():
    detector = GroupDetector()
    detector.bind(6)
    with pytest.raises(ValueError, match='7 groups were given to a training set of 6 images; give one per image'):
        detector.bind_groups(GROUPS)


@pytest.mark.parametrize('groups', [[0, 1, 2], [-1, -1, -1], [4, -1, 2]])
def test_groups_of_one_image_each_are_worth_a_warning(groups):
    with pytest.warns(UserWarning, match='no two of the 3 images are in one group: GroupDetector will detect nothing'):
        bound(torch.tensor(groups))


def test_a_pair_is_enough_for_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        detector = bound(torch.tensor([0, -1, 0]))
    assert detector.labels.tolist() == [[0, -1, 0]]


def test_without_groups_it_says_what_to_call(make_contrast):
    detector = GroupDetector()
    detector.bind(4)
    with pytest.raises(RuntimeError, match=r'GroupDetector has no labels; call bind_groups\(groups\) first'):
        detector.detect(make_contrast([0], [1]))


# --- state ----------------------------------------------------------------------------------------------------------


def test_the_groups_are_tested_as_they_were_trained(make_contrast):
    source, target = bound(), GroupDetector()
    target.load_state_dict(source.state_dict())
    contrast = make_contrast([0, 2, 5], range(7))
    assert target.detect(contrast).equal(source.detect(contrast))


def test_resuming_with_equal_groups():
    source, target = bound(), bound()
    target.load_state_dict(source.state_dict())
    assert target.labels.equal(source.labels)


def test_other_groups_are_refused_on_resume():
    with pytest.raises(ValueError, match='the checkpoint was made with other groups than the data set has now; resume with'):
        bound(GROUPS.roll(1)).load_state_dict(bound().state_dict())
    with pytest.raises(ValueError, match='labels of 7 images, but the training set has 4; resume on the data set'):
        bound(GROUPS[:4]).load_state_dict(bound().state_dict())
