"""Nothing in framework, head, detector, queue or loss waits for the device: tensors without values have none to wait for."""

import per_image_jobs
import pytest
import torch
from mmengine.optim import OptimWrapper
from no_values import no_values, without_values
from pairwise import pairwise
from small_models import DETECTORS, FRAMEWORKS, HEADS, PAIR_HEADS, PAIRS, SWAV, SWAV_HEADS, Labels, build_framework

from mmifnd.detectors import NoDetector
from mmifnd.registry import MODELS


def framework_without_values(framework, head, detector):
    real = build_framework(framework, head, detector, data_preprocessor=dict(type='mmifnd.ImageViewsPreprocessor'))
    real.publish(Labels())  # between two epochs, where values may be looked at
    return without_values(real).train()


def train(model, bank=False):
    model.start_epoch(0, 2)
    if bank:
        model.keep_features('z', 40)
    wrapper = OptimWrapper(torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1))
    return model, wrapper


def step(model, wrapper, batch):
    index = torch.arange(batch)
    texts = dict(text=torch.randint(1, 30, (batch, 5))) if hasattr(model, 'text_backbone') else {}
    losses = model([torch.randn(batch, 1, 8, 8), torch.randn(batch, 1, 8, 8)], index, mode='loss', **texts)
    loss, logged = model.parse_losses(losses)
    wrapper.update_params(loss)
    model.finish_step()
    return logged


COMBINATIONS = [(f, h, d) for f in FRAMEWORKS for h in HEADS for d in DETECTORS]
COMBINATIONS += [(f, h, d) for f in SWAV for h in SWAV_HEADS for d in DETECTORS]
COMBINATIONS += [(f, h, 'union') for f in PAIRS for h in PAIR_HEADS] + [(f, 'elim', d) for f in PAIRS for d in DETECTORS]


@pytest.mark.parametrize('framework, head, detector', pairwise(COMBINATIONS))
def test_steps_without_values(framework, head, detector):
    model = framework_without_values(framework, head, detector)
    with no_values():
        model, wrapper = train(model, bank=True)
        for batch in (8, 8, 5, 20):  # the queue wraps, and takes a batch larger than itself
            logged = step(model, wrapper, batch)
        assert all(value.shape == () for value in logged.values())


@pytest.mark.parametrize('peek', [
    lambda similarity: similarity.sum().item(), lambda similarity: similarity.nonzero(),
    lambda similarity: similarity[similarity > 0], lambda similarity: bool((similarity > 0).any()),
    lambda similarity: similarity.cpu(), lambda similarity: similarity.detach().numpy(),
    lambda similarity: similarity.tolist()])
def test_a_detector_that_reads_a_value_is_caught(monkeypatch, peek):
    detect = NoDetector.detect

    def detect_and_peek(self, contrast):
        peek(contrast.negative_similarity)
        return detect(self, contrast)

    monkeypatch.setattr(NoDetector, 'detect', detect_and_peek)
    model = framework_without_values('SimCLRAdapter', 'elim', 'none')
    with no_values():
        model, wrapper = train(model)
        with pytest.raises((RuntimeError, TypeError), match='meta'):
            step(model, wrapper, 8)


@pytest.mark.parametrize('detector', ['quantile', 'batch', 'top_k', 'group', 'warm', 'from_quantile'])
@pytest.mark.parametrize('head', ['fastclip_v2', 'siglip'])
def test_pairs_with_what_is_kept_for_each(head, detector):
    with per_image_jobs.known():
        model = framework_without_values('CLIPAdapter', head, detector)
    with no_values():
        model, wrapper = train(model)
        assert all(value.shape == () for value in step(model, wrapper, 8).values())


@pytest.mark.parametrize('tower', [dict(pool='end'), dict(pool='mean', causal=False)])
def test_the_text_transformer(tower):
    with no_values():
        model = MODELS.build(dict(type='mmifnd.TextTransformer', vocab_size=20, width=8, layers=2, heads=2,
                                  context_length=6, **tower))
        model(torch.randint(1, 20, (3, 6)))[0].sum().backward()  # raises where a value is read
        assert any(parameter.grad is not None for parameter in model.parameters())
