"""Who may be attracted: learned thresholds are bounded, everything else is as it was."""

import pytest
import torch

from mmifnd.functional import attraction_loss, limit_share
from mmifnd.registry import MODELS


def head(detector, kind='AttrContrastiveHead', **options):
    return MODELS.build(dict(type=kind, detector=detector, **options))


@pytest.mark.parametrize('detector, share', [
    (dict(type='QuantileThresholdDetector', alpha=0.02), 0.08), (dict(type='QuantileThresholdDetector', alpha=0.4), 1.),
    (dict(type='UnionDetector', detectors=dict(a=dict(type='GroupDetector'), b=dict(
        type='QuantileThresholdDetector', alpha=0.02))), 0.08),
    (dict(type='UnionDetector', detectors=dict(a=dict(type='GroupDetector'))), None),
    (dict(type='PseudoLabelDetector'), None), (dict(type='GroundTruthDetector'), None), (dict(type='NoDetector'), None),
    (dict(type='BatchQuantileDetector', alpha=0.02), None)])
def test_the_default_limits_learned_thresholds_only(detector, share):
    assert head(detector).attraction_limit.share == share
    assert head(detector, 'SigmoidHead', action='attract').attraction_limit.share == share
    assert head(detector, 'ElimContrastiveHead').attraction_limit is None
    assert head(detector, max_share=0.5).attraction_limit.share == 0.5


@pytest.mark.parametrize('kind, options', [('AttrContrastiveHead', {}), ('SigmoidHead', dict(action='attract'))])
def test_what_is_attracted(kind, options, make_contrast):
    contrast = make_contrast(range(6), range(10, 30))
    everything = torch.ones(1, 6, 20, dtype=torch.bool)
    limited, free = (head(dict(type='NoDetector'), kind, max_share=share, **options) for share in (0.2, None))
    kept = limit_share(everything, contrast.negative_similarity, 0.2)
    assert kept.sum() == 6 * 4
    assert limited.criterion(contrast, everything) == free.criterion(contrast, kept) != free.criterion(contrast, everything)
    if not options:
        similarities = contrast.positive_similarity, contrast.negative_similarity
        assert free.criterion(contrast, everything) == attraction_loss(*similarities, everything, free.temperature)


def test_bad_options():
    with pytest.raises(ValueError, match='max_share=1.5 of AttrContrastiveHead'):
        head(dict(type='NoDetector'), max_share=1.5)
    with pytest.raises(ValueError, match="max_share=0.1 of SigmoidHead bounds what is attracted, and action='eliminate'"):
        head(dict(type='NoDetector'), 'SigmoidHead', max_share=0.1)
