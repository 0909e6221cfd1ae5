from types import SimpleNamespace

import pytest
import torch

from mmifnd.detectors import Detector
from mmifnd.evaluation import alignment, spread
from mmifnd.functional import attraction_loss, elimination_loss, instance_loss
from mmifnd.models.heads import AttrContrastiveHead, ElimContrastiveHead
from mmifnd.models.heads.contrastive import statistics
from mmifnd.registry import MODELS


def build(kind, labels=None, **options):
    detector = dict(type='mmifnd.PseudoLabelDetector') if labels is not None else None
    head = MODELS.build(dict(type=f'mmifnd.{kind}', detector=detector, **options))
    if labels is not None:
        head.detector.bind(labels.shape[1])
        head.detector.publish(SimpleNamespace(labels=labels))
    return head


@pytest.fixture
def labels():
    return torch.randint(-1, 3, (2, 12), generator=torch.Generator().manual_seed(0))


@pytest.fixture
def contrast(make_contrast):
    return make_contrast([0, 1, 2, 3, 4], [5, 6, 7, 8, 9, 10, 11, -1], torch.eye(5, 8, dtype=torch.bool))


def test_heads_are_the_functions(contrast, labels):
    pair = contrast.positive_similarity, contrast.negative_similarity
    plain = build('ElimContrastiveHead', temperature=0.3)
    mask = build('ElimContrastiveHead', labels).detector.detect(contrast)
    assert mask.any()
    expected = {
        plain: instance_loss(*pair, 0.3),
        build('ElimContrastiveHead', labels, temperature=0.3): elimination_loss(*pair, mask, 0.3),
        build('ElimContrastiveHead', labels, temperature=0.3, reweight=True): elimination_loss(*pair, mask, 0.3, True),
        build('AttrContrastiveHead', labels, temperature=0.3): attraction_loss(*pair, mask, 0.3),
    }
    values = []
    for head, value in expected.items():
        torch.testing.assert_close(head.loss(contrast)['loss'], value, atol=1e-12, rtol=1e-12)
        values.append(value.item())
    assert len(set(values)) == 4


def test_heads_are_registered():
    for head in (ElimContrastiveHead, AttrContrastiveHead):
        assert MODELS.get(head.__name__) is head


def test_statistics_by_hand(make_contrast):
    absent = torch.tensor([[False, False, True], [False, True, True], [True, True, True]])
    contrast = make_contrast([0, 1, 2], [3, 4, 5], absent)  # 2, 1 and 0 negatives
    mask = torch.zeros(2, 3, 3, dtype=torch.bool)
    mask[0, 0, :2] = True  # loses both
    mask[1, 0, 0] = True
    mask[1, 1, 0] = True  # loses its only one
    found = {name: value.item() for name, value in statistics(contrast, mask).items()}
    assert found == dict(
        false_negatives_per_anchor=pytest.approx(4 / 6), false_negative_share=pytest.approx(2 / 3),
        rows_without_negatives=pytest.approx(2 / 6), rows_short_of_negatives=pytest.approx(2 / 6),
        alignment=pytest.approx(alignment(contrast.anchor, contrast.positive)),
        spread=pytest.approx(spread(contrast.anchor)))


def test_rows_that_keep_a_tenth_are_short_of_negatives(make_contrast):
    contrast = make_contrast([0, 1], range(2, 12))
    mask = torch.zeros(1, 2, 10, dtype=torch.bool)
    mask[0, 0, :9], mask[0, 1, :8] = True, True
    found = statistics(contrast, mask)
    assert found['rows_short_of_negatives'] == 0.5 and found['rows_without_negatives'] == 0


def test_statistics_of_an_empty_queue(make_contrast):
    contrast = make_contrast([0, 1], [-1, -1], torch.ones(2, 2, dtype=torch.bool))
    found = statistics(contrast, torch.zeros(1, 2, 2, dtype=torch.bool))
    assert not any(value.item() for name, value in found.items() if name not in ('alignment', 'spread'))


def test_the_detector_observes_before_it_detects_and_in_training_only(contrast):
    calls = []

    class Listener(Detector):

        def observe(self, contrast):
            calls.append('observe')

        def detect(self, contrast):
            calls.append('detect')
            return torch.zeros(1, *contrast.negative_similarity.shape, dtype=torch.bool)

    head = ElimContrastiveHead()
    head.detector = Listener()
    head.train().loss(contrast)
    head.eval().loss(contrast)
    assert calls == ['observe', 'detect', 'detect']


@pytest.mark.parametrize('kind', [ElimContrastiveHead, AttrContrastiveHead])
@pytest.mark.parametrize('temperature', [0, -1.])
def test_wrong_temperature_is_named(kind, temperature):
    with pytest.raises(ValueError, match=f'temperature={temperature} of {kind.__name__} is not positive; 0.07 to 1'):
        kind(temperature=temperature)


def test_union_is_built_from_configs():
    head = build('ElimContrastiveHead')
    union = MODELS.build(dict(type='mmifnd.UnionDetector', detectors=dict(
        a=dict(type='mmifnd.PseudoLabelDetector'), b=dict(type='mmifnd.RandomDetector', rate=0.1))))
    assert {name: type(part).__name__ for name, part in union.detectors.items()} == dict(
        a='PseudoLabelDetector', b='RandomDetector')
    assert type(head.detector).__name__ == 'NoDetector'
