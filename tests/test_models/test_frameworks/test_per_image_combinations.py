"""Learned thresholds, averages and support views in every framework: they train, and never wait for the device."""

import pytest
import torch
from mmengine.optim import OptimWrapper
from no_values import no_values, without_values
from pairwise import pairwise
from per_image_jobs import DETECTORS, HEADS, known
from small_models import FRAMEWORKS, SWAV, SWAV_HEADS, Labels, build_framework, byte_batch

PAIRS = [(f, h) for f in FRAMEWORKS for h in (*HEADS, 'attr')] + [(f, h) for f in SWAV for h in SWAV_HEADS]
ALL = [(framework, head, detector) for framework, head in PAIRS for detector in DETECTORS]
ALL += [(framework, head, 'joined') for framework in FRAMEWORKS for head in ('sane', 'sce')]


def built(framework, head, detector, **options):
    with known():
        return build_framework(framework, head, detector, **options)


def wrapper_of(model):
    return OptimWrapper(torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1))


@pytest.mark.parametrize('framework, head, detector', pairwise(ALL))
def test_train_steps_with_a_last_short_batch(framework, head, detector):
    model = built(framework, head, detector).train()
    model.publish(Labels())
    wrapper, batches = wrapper_of(model), (range(16), range(16, 32), range(32, 37), [39])
    for epoch in range(2):
        model.start_epoch(epoch, 2)
        for index in batches:
            logged = model.train_step(byte_batch(list(index), epoch), wrapper)
            model.finish_step()
            assert all(value.isfinite() for value in logged.values()) and logged['false_negative_share'] <= 1
    assert all(p.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize('framework, head, detector', pairwise(ALL))
def test_steps_without_values(framework, head, detector):
    real = built(framework, head, detector, data_preprocessor=dict(type='mmifnd.ImageViewsPreprocessor'))
    model = without_values(real)
    with no_values():
        model.train().publish(Labels())
        wrapper = wrapper_of(model)
        for epoch, batch in enumerate((8, 5, 20)):
            model.start_epoch(epoch, 3)
            losses = model([torch.randn(batch, 1, 8, 8) for _ in range(3)], torch.arange(batch), mode='loss')
            assert losses['loss'].is_meta and losses['loss'].requires_grad
            wrapper.update_params(model.parse_losses(losses)[0])
            model.finish_step()


def test_further_views_are_the_support_set():
    model = built('SimCLRAdapter', 'attr', 'top_k').eval()
    views = [torch.randn(6, 1, 8, 8, generator=torch.Generator().manual_seed(view)) for view in range(5)]
    seen = []
    model.head.loss = lambda contrast: seen.append(contrast) or {}
    model(views, torch.arange(6), mode='loss')
    model(views[:2], torch.arange(6), mode='loss')
    support = seen[0].support
    assert support.shape == (12, 3, 6) and not support.requires_grad and support[:6].equal(support[6:])
    for view in range(3):
        torch.testing.assert_close(support[:6, view], model.cluster_feature(views[2 + view]).detach())
    assert seen[1].support is None
    for one, other in ((seen[0].anchor, seen[1].anchor), (seen[0].negative_similarity, seen[1].negative_similarity)):
        torch.testing.assert_close(one, other)


def test_four_views_train():
    model = built('SimCLRAdapter', 'attr', 'top_k', data_preprocessor=dict(
        type='mmifnd.TensorViewsPreprocessor', num_views=4, mean=[0.3], std=[0.4],
        augmentation=[dict(type='RandomBrightness', brightness=(0.8, 1.2), p=1.)])).train()
    model.start_epoch(0, 1)
    logged = model.train_step(byte_batch(range(16)), wrapper_of(model))
    assert logged['loss'].isfinite() and 0 < logged['false_negatives_per_anchor'] <= 2
