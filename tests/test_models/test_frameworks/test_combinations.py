"""One framework, one head, one detector: all combine, with batches of any size."""

import pytest
import torch
from mmengine.optim import OptimWrapper
from small_models import DETECTORS, FRAMEWORKS, HEADS, Labels, build_framework, byte_batch

ALL = [(f, h, d) for f in FRAMEWORKS for h in HEADS for d in DETECTORS]


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


def test_a_batch_of_one_image_has_no_negatives_and_no_loss():
    model = build_framework().train()
    wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
    logged = model.train_step(byte_batch([5]), wrapper)
    assert logged['loss'] == 0 and logged['rows_without_negatives'] == 0
    assert all((p.grad == 0).all() for p in model.parameters())


@pytest.mark.parametrize('framework', FRAMEWORKS)
def test_rows_that_lose_all_negatives_are_counted(framework):
    model = build_framework(framework, 'elim', 'random').train()
    model.head.detector.rates = [1.]
    model.start_epoch(0, 1)
    wrapper = OptimWrapper(torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1))
    for index in (range(8), range(8, 16)):
        logged = model.train_step(byte_batch(list(index)), wrapper)
        model.finish_step()
    assert logged['rows_without_negatives'] == 1 and logged['false_negative_share'] == 1 and logged['loss'] == 0
    assert all((p.grad == 0).all() for p in model.parameters() if p.requires_grad)
