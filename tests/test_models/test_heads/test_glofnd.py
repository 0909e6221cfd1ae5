"""GloFND in SimCLR's loss: the released code's losses and gradients."""

import pytest
import torch
from glofnd_reference import EQUAL, RELEASED, arrays, check_scores, contrast_of, golden_steps, head_of

from mmifnd.models.heads import ElimContrastiveHead, GloFNDThresholdHead


@pytest.mark.parametrize('detector', RELEASED)
def test_golden_case_2(detector):
    head, unfiltered = (head_of('GloFNDThresholdHead', kind, temperature=0.1) for kind in (detector, 'none'))
    for step, contrast, raw, golden in golden_steps('c2/simclr' if detector == 'none' else f'c2/simclr_{detector}'):
        if hasattr(head.detector, 'start_epoch'):
            head.detector.start_epoch(int(golden['epoch']), 3)
        # That case starts to filter in epoch 1; the oracle here has no start epoch.
        judge = unfiltered if detector == 'oracle' and step == 0 else head
        loss = judge.loss(contrast)['loss'] * 2  # ours is the mean over anchors, theirs the sum over an image's two
        loss.backward()
        check_scores(contrast, judge.detector.detect(contrast), golden)
        torch.testing.assert_close(loss.detach(), golden['loss'], **EQUAL)
        for h, name in zip(raw, ('grad_h1', 'grad_h2')):
            torch.testing.assert_close(h.grad, golden[name], **EQUAL)
        if detector == 'none':
            torch.testing.assert_close(loss.detach(), golden['loss_through_glofnd_function'], **EQUAL)
        if detector == 'glofnd':
            torch.testing.assert_close(head.detector.threshold, golden['lda'].flatten(), **EQUAL)


def test_all_filtered_is_no_nan():
    """The released code divides 0 by 0."""
    assert arrays()['bugs/all_filtered_simclr_loss'].isnan()
    head = head_of('GloFNDThresholdHead', 'glofnd', temperature=0.1)
    head.detector.table.fill(threshold=-1.)
    head.eval().detector.start_epoch(1, 3)
    contrast, raw = contrast_of(0, needs_gradient=True)
    losses = head.loss(contrast)
    losses['loss'].backward()
    assert losses['rows_without_negatives'] == 1 and losses['loss'] == 0
    assert not any(h.grad.any() for h in raw)


def test_it_is_the_elimination_head_with_other_defaults():
    head = GloFNDThresholdHead()
    assert isinstance(head, ElimContrastiveHead) and head.reweight
    assert type(head.detector).__name__ == 'QuantileThresholdDetector' and head.detector.alpha == 0.01
    assert type(head).criterion is ElimContrastiveHead.criterion and type(head).loss is ElimContrastiveHead.loss
    assert not GloFNDThresholdHead(reweight=False).reweight


def test_thresholds_learn_before_the_mask_is_made():
    head = head_of('GloFNDThresholdHead', 'glofnd')
    head.detector.start_epoch(1, 3)
    contrast = contrast_of(0)[0]
    head.detector.table.fill(threshold=contrast.negative_similarity.max() + 1e-3)
    old = head.detector.detect(contrast)
    logged = head.loss(contrast)['false_negatives_per_anchor']
    new = head.detector.detect(contrast)
    assert not old.any() and new.any() and logged == new.sum() / 12
    head.eval().loss(contrast)
    assert head.detector.detect(contrast).equal(new)  # evaluation teaches nothing
