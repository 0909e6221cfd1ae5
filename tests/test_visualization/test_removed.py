import numpy as np
import pytest

from mmifnd.records.detected import ByLabels, ByThreshold
from mmifnd.visualization.masked_share import masked_share_figure
from mmifnd.visualization.removed import reading, sheet_of
from mmifnd.visualization.style import OTHER, SAME
from mmifnd.visualization.svg import marks_of

CONFIDENCE = np.array([.9, .8, .7, .6] + [0.] * 56)


@pytest.fixture
def four():
    """Images 0 to 3 share a pseudo label."""
    return ByLabels(np.where(np.arange(60) < 4, 0, -1), CONFIDENCE)


@pytest.fixture
def true(labels):
    """Image 3 is of another class than 0 to 2."""
    return np.where(np.arange(60) == 3, 2, labels)


def test_frame_and_mark_tell_same_from_other_class(four, images, true):
    axes, = sheet_of(dict(a=four), images, true, anchors=[0]).axes
    assert len(axes.images) == 4
    assert [line.get_color() for line in axes.lines] == [SAME, SAME, OTHER]
    assert [line.get_marker() == 'x' for line in axes.lines] == [False, False, True]
    assert [patch.get_linestyle() == '-' for patch in axes.patches] == [True, True, True, False], 'the wrong one is dashed'
    assert [text.get_text() for text in axes.texts] == ['0.80', '0.70', '0.60']
    assert axes.get_title(loc='left') == 'class 0, image 0: 3 removed, 67% rightly'


def test_without_labels_nothing_is_judged(four, images):
    axes, = sheet_of(dict(a=four), images).axes
    assert axes.images and not axes.lines and 'frame and tick' not in reading(dict(a=four), None)


def test_two_detectors_side_by_side_for_the_same_anchors(four, images, true):
    features = np.eye(60, dtype=np.float32)
    features[1] = features[0]
    other = ByThreshold(features, np.full(60, .75, dtype=np.float32))
    figure = sheet_of(dict(first=four, second=other), images, true, num_examples=2)
    left, right = figure.axes
    assert left.get_title(loc='left').startswith('first\nclass 0, image ') and len(left.images) == 3
    assert right.get_title(loc='left').endswith('1 removed, 100% rightly; threshold 0.75') and len(right.images) == 2
    assert [text.get_text() for text in right.texts] == ['1.00']
    assert 'confidence of its pseudo label or its cosine similarity' in reading(dict(first=four, second=other), true)


@pytest.mark.parametrize('change, message', [
    (lambda images: images[:9], '9 images for a snapshot of 60'),
    (lambda images: images.astype(np.float32), 'must be uint8'),
    (lambda images: images.transpose(0, 2, 3, 1), 'must be uint8'),
])
def test_images_that_do_not_fit(four, images, change, message):
    with pytest.raises(ValueError, match=message):
        sheet_of(dict(a=four), change(images))


def test_anchors_that_lost_nothing_are_refused(four, images):
    with pytest.raises(ValueError, match='no negative was removed for 2 anchors'):
        sheet_of(dict(a=four), images, anchors=[10, 11])


def test_masked_shares_are_a_histogram_over_anchors(four):
    axes, = masked_share_figure(four.shares, 7, four.pool).axes
    assert axes.get_xlabel() == 'other images masked (%)'
    heights = axes.patches[0].get_data().values
    np.testing.assert_allclose(heights[heights > 0], [100 * 56 / 60, 100 * 4 / 60])
    assert heights.sum() == pytest.approx(100.) and len(marks_of(axes)) == 1
