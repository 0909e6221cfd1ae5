"""One framework, one head, one detector: all combine, with batches of any size."""

import pytest
import torch
from mmengine.optim import OptimWrapper
from small_models import DETECTORS, FRAMEWORKS, HEADS, SWAV, SWAV_HEADS, Labels, build_framework, byte_batch

PAIRS = [(f, h) for f in FRAMEWORKS for h in HEADS] + [(f, h) for f in SWAV for h in SWAV_HEADS]
ALL = [(f, h, d) for f, h in PAIRS for d in DETECTORS]


@pytest.mark.parametrize('framework, head, detector', ALL)
def test_train_steps_with_a_last_short_batch(framework, head, detector):
    model = build_framework(framework, head, detector).train()
    model.publish(Labels())
    model.start_epoch(0, 2)
    wrapper = OptimWrapper(torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1))
    before = [p.detach().clone() for p in model.parameters() if p.requires_grad]
    logged = []
    for index in (range(16), range(16, 32), range(32, 37), [39]):
        logged.append(model.train_step(byte_batch(list(index)), wrapper))
        model.finish_step()
    for values in logged:
        assert all(value.isfinite() and value >= 0 for value in values.values())
        assert values['false_negative_share'] <= 1
    trained = [p for p in model.parameters() if p.requires_grad]
    assert any(not p.equal(old) for p, old in zip(trained, before)) and all(p.isfinite().all() for p in trained)
    assert (logged[1]['false_negatives_per_anchor'] > 0) == (detector != 'none')


def losses_of(model, index):
    """Losses of one step, their gradients in the parameters."""
    model.zero_grad()
    batch = model.data_preprocessor(byte_batch(list(index)), training=True)
    losses = model(**batch, mode='loss')
    losses['loss'].backward()
    model.finish_step()
    return losses, [p.grad for p in model.parameters() if p.requires_grad]


def test_a_batch_of_one_image_has_no_negatives_and_no_loss():
    losses, gradients = losses_of(build_framework().train(), [5])
    assert losses['loss'] == 0 and losses['rows_without_negatives'] == 0
    assert all((gradient == 0).all() for gradient in gradients)


@pytest.mark.parametrize('framework', FRAMEWORKS)
def test_rows_that_lose_all_negatives_are_counted(framework):
    model = build_framework(framework, 'elim', 'random').train()
    losses_of(model, range(8))
    model.head.detector.rates = [1.]
    model.start_epoch(0, 1)
    losses, gradients = losses_of(model, range(8, 16))
    assert losses['rows_without_negatives'] == 1 and losses['false_negative_share'] == 1 and losses['loss'] == 0
    assert all((gradient == 0).all() for gradient in gradients)
