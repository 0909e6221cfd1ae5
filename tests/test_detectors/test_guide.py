"""The guide: whose features decide, what is refused, and that it stays out of checkpoints."""

import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmifnd.detectors import GuideDetector
from mmifnd.detectors.guide import save_guide


@pytest.fixture
def features(tmp_path):
    """Of eight images: two of each direction of a plane, and a file of them."""
    angle = torch.arange(8) % 4 * torch.pi / 2 + torch.arange(8) * 0.01
    rows = torch.stack([angle.cos(), angle.sin(), torch.zeros(8)], dim=1) * torch.arange(1, 9).unsqueeze(1)
    save_guide(tmp_path / 'guide.npy', rows, 'abc')
    return rows, str(tmp_path / 'guide.npy')


def bound(file, **options):
    detector = GuideDetector(file, **options)
    detector.bind(8)
    return detector


def test_candidates_above_a_threshold(features, make_contrast):
    rows, file = features
    contrast = make_contrast([0, 5, 6], [4, 1, 2, 3, 6, -1])
    unit = F.normalize(rows, dim=1)
    expected = unit[[0, 5, 6]] @ unit[[4, 1, 2, 3, 6, 0]].T > 0.9
    expected[:, 5] = False  # an empty slot
    assert bound(file, threshold=0.9).detect(contrast)[0].equal(expected)
    assert expected.sum(1).tolist() == [1, 1, 2]


def test_a_share_of_each_row(features, make_contrast):
    _, file = features
    absent = torch.zeros(2, 5, dtype=torch.bool)
    absent[0, 0] = True
    mask = bound(file, alpha=0.3).detect(make_contrast([0, 5], [4, 1, 2, 3, 6], absent))[0]
    assert mask[1].tolist() == [False, True, False, False, False] or mask[1].sum() == 2
    assert not mask[0, 0] and mask.sum(1).min() >= 1


def test_of_several_files_the_largest_similarity_counts(features, tmp_path, make_contrast):
    rows, file = features
    save_guide(tmp_path / 'other.npy', rows.flip(0), 'abc')
    contrast = make_contrast([0, 1], [2, 3, 4, 5])
    both = bound([file, str(tmp_path / 'other.npy')], threshold=0.5).similarity(contrast)
    alone = [bound(name, threshold=0.5).similarity(contrast) for name in (file, str(tmp_path / 'other.npy'))]
    assert both.equal(torch.maximum(*alone))


def test_nothing_goes_into_checkpoints(features):
    assert bound(features[1], alpha=0.1).state_dict() == {}


def test_the_fingerprint_is_compared(features, tmp_path):
    rows, file = features
    bound(file, alpha=0.1).bind_fingerprint('abc')
    with pytest.raises(ValueError, match='is of a data set with fingerprint abc, but the training set has xyz; .* anew'):
        bound(file, alpha=0.1).bind_fingerprint('xyz')
    np.save(tmp_path / 'bare.npy', rows.numpy())
    with pytest.warns(UserWarning, match='bare.npy of GuideDetector has no bare.npy.json beside it'):
        bound(str(tmp_path / 'bare.npy'), alpha=0.1).bind_fingerprint('abc')
    (tmp_path / 'bare.npy.json').write_text(json.dumps(['abc']))
    with pytest.raises(ValueError, match='bare.npy.json holds no fingerprint'):
        bound(str(tmp_path / 'bare.npy'), alpha=0.1).bind_fingerprint('abc')


@pytest.mark.parametrize('options, words', [
    ({}, 'alpha=None and threshold=None of GuideDetector: give one'),
    (dict(alpha=0.1, threshold=0.5), 'give one of them'), (dict(alpha=1.5), r'alpha=1.5 is outside \(0, 1\)'),
    (dict(threshold=2.), 'threshold=2.0 of GuideDetector is outside'),
    (dict(alpha=0.1, max_bytes=40), 'take 0.00 GiB on each device, more than max_bytes')])
def test_options_that_do_not_fit(features, options, words):
    with pytest.raises(ValueError, match=words):
        GuideDetector(features[1], **options)


@pytest.mark.parametrize('array, words', [
    (np.array([dict()], dtype=object), 'is no .npy of numbers'), (np.zeros((8, 2), int), r'holds int64 \(8, 2\)'),
    (np.zeros(8), r'holds float64 \(8,\)'), (np.zeros((8, 2)), 'NaN, infinite or zero, such as row 0'),
    (np.where(np.arange(16).reshape(8, 2) == 7, np.nan, 1.), 'such as row 3'), (np.zeros((0, 2)), r'holds float64 \(0, 2\)')])
def test_files_that_cannot_be_used(tmp_path, array, words):
    np.save(tmp_path / 'x.npy', array, allow_pickle=True)
    with pytest.raises(ValueError, match=words):
        GuideDetector(str(tmp_path / 'x.npy'), alpha=0.1)


def test_files_of_another_number_or_none(features):
    with pytest.raises(ValueError, match='has 8 rows, but the training set has 9 images'):
        GuideDetector(features[1], alpha=0.1).bind(9)
    with pytest.raises(FileNotFoundError, match='features=no.npy of GuideDetector does not exist'):
        GuideDetector('no.npy', alpha=0.1)
    with pytest.raises(ValueError, match='features of GuideDetector is empty'):
        GuideDetector([], alpha=0.1)
