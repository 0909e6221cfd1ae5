"""SCE's loss and SANE's refined labels against loops and limits."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, strategies as st

from mmifnd.functional import (
    elimination_loss,
    instance_loss,
    prior_confidence,
    refined_label,
    relational_label,
    self_labeling_loss,
    similarity_contrastive_loss,
)

GOLDEN = dict(atol=1e-9, rtol=0)
LOOPS = dict(atol=1e-10, rtol=1e-10)
SCE = dict(temperature=0.1, key_temperature=0.05, weight=0.5)
SANE = dict(temperature=0.2, sharpening=0.8, prior=0.7)
LOSSES = {similarity_contrastive_loss: SCE, self_labeling_loss: SANE}


def sample(seed=0, anchors=4, candidates=6, granularities=2, dtype=torch.float64):
    """Similarities of random unit vectors with candidates that are absent, and masks; the last row has no candidates."""
    generator = torch.Generator().manual_seed(seed)
    query, key, queue = (F.normalize(torch.randn(n, 5, generator=generator, dtype=dtype), dim=1)
                         for n in (anchors, anchors, candidates))
    absent = torch.rand(anchors, candidates, generator=generator) < 0.2
    absent[-1] = True
    mask = torch.rand(granularities, anchors, candidates, generator=generator) < 0.3
    positive, negative = (query * key).sum(dim=1, keepdim=True), (query @ queue.T).masked_fill(absent, -torch.inf)
    return positive, negative, key @ queue.T, mask


# --- loops ------------------------------------------------------------------------------------------------------------------


def softmax(values):
    total = sum(math.exp(value) for value in values)
    return [math.exp(value) / total for value in values]


def sce_label(similarity, temperature, key_temperature, weight):
    if not similarity:
        return [1.]
    return [weight, *((1 - weight) * share for share in softmax([s / key_temperature for s in similarity]))]


def sane_label(similarity, temperature, sharpening, prior, parts=('p', 'q'), share=1.):
    """Eq. 5, from the similarities of a key to the others: its own cosine is 1."""
    keys = [s / (temperature * sharpening) for s in [1., *similarity]]
    p, q = softmax(keys), [0., *(softmax(keys[1:]) if similarity else [])]
    first = prior * max(p) * ('p' in parts)
    second = prior * max(q) * ('q' in parts)
    a, b = first / (1 + first + second), second / (1 + first + second)
    refined = [(1 - a - b) * (k == 0) + a * p[k] + b * q[k] for k in range(len(p))]
    return [(1 - share) * (k == 0) + share * y for k, y in enumerate(refined)]


def loop(labeler, positive, negative, key_similarity, mask, temperature, **options):
    """-sum_k y_k log softmax_k over what is kept, the mean over anchors and granularities."""
    losses = []
    for removed in mask:
        for i in range(len(negative)):
            kept = [j for j in range(negative.shape[1]) if negative[i, j] > -math.inf and not removed[i, j]]
            label = labeler([key_similarity[i, j].item() for j in kept], temperature, **options)
            predicted = softmax([s / temperature for s in [positive[i, 0].item(), *negative[i, kept].tolist()]])
            losses.append(-sum(y * math.log(x) for y, x in zip(label, predicted, strict=True)))
    return sum(losses) / len(losses)


@pytest.mark.parametrize('seed', range(4))
@pytest.mark.parametrize('loss, labeler, options', [
    (similarity_contrastive_loss, sce_label, SCE), (self_labeling_loss, sane_label, SANE),
    (self_labeling_loss, sane_label, dict(SANE, parts=('p',))), (self_labeling_loss, sane_label, dict(SANE, parts=('q',))),
    (self_labeling_loss, sane_label, dict(SANE, share=0.3))])
def test_losses_against_loops(loss, labeler, options, seed):
    tensors = sample(seed)
    assert loss(*tensors, **options).item() == pytest.approx(loop(labeler, *tensors, **options), abs=1e-10, rel=1e-10)
    plain = (*tensors[:3], tensors[3][0])  # one granularity without its dimension
    assert loss(*plain, **options).item() == pytest.approx(loop(labeler, *plain[:3], plain[3][None], **options), abs=1e-10)


# --- limits -----------------------------------------------------------------------------------------------------------------


def test_one_hot_labels_are_infonce():
    positive, negative, key, mask = sample()
    for loss, options in ((similarity_contrastive_loss, dict(SCE, weight=1.)), (self_labeling_loss, dict(SANE, prior=0.)),
                          (self_labeling_loss, dict(SANE, share=0.))):
        temperature = options['temperature']
        torch.testing.assert_close(loss(positive, negative, key, mask, **options),
                                   elimination_loss(positive, negative, mask, temperature), atol=1e-14, rtol=0)
        nobody = torch.zeros_like(mask)
        torch.testing.assert_close(loss(positive, negative, key, nobody, **options),
                                   instance_loss(positive, negative, temperature), atol=1e-14, rtol=0)


def test_a_boundless_prior_leaves_nothing_of_the_one_hot_label():
    key = sample()[2]
    p = torch.cat([torch.ones(4, 1), key], dim=1).div(0.16).softmax(dim=1)
    q = F.pad(key.div(0.16).softmax(dim=1), (1, 0))
    first, second = p.amax(dim=1, keepdim=True), q.amax(dim=1, keepdim=True)
    expected = (first * p + second * q) / (first + second)
    torch.testing.assert_close(torch.cat(refined_label(key, 0.2, 0.8, 1e12), dim=1), expected, atol=1e-10, rtol=0)


@given(seed=st.integers(0, 99), candidates=st.integers(1, 9), weight=st.floats(0, 1), prior=st.floats(0, 100),
       parts=st.sampled_from(['pq', 'p', 'q']))
def test_labels_are_distributions_over_what_is_there(seed, candidates, weight, prior, parts):
    _, negative, key, _ = sample(seed, candidates=candidates)
    key = key.masked_fill(negative == -torch.inf, -torch.inf)
    for positive, others in (relational_label(key, 0.05, weight), refined_label(key, 0.2, 0.8, prior, parts)):
        assert (positive >= 0).all() and (others >= 0).all() and (others[key == -torch.inf] == 0).all()
        torch.testing.assert_close(positive + others.sum(dim=1, keepdim=True), torch.ones(4, 1, dtype=torch.float64))
        assert positive[-1] == pytest.approx(1)  # without candidates


@pytest.mark.parametrize('loss, options', LOSSES.items())
def test_gradients(loss, options):
    positive, negative, key, mask = sample(candidates=4)
    kept = negative > -torch.inf

    def of_finite(p, n, k):
        return loss(p, n.masked_fill(~kept, -torch.inf), k, mask, **options)

    start = positive, negative.masked_fill(~kept, 0), key
    assert torch.autograd.gradcheck(lambda p, n: of_finite(p, n, key), [x.clone().requires_grad_() for x in start[:2]])
    inputs = [x.clone().requires_grad_() for x in start]
    of_finite(*inputs).backward()
    assert inputs[2].grad is None  # labels are no part of the graph
    assert (inputs[1].grad[~kept | mask.all(dim=0)] == 0).all() and inputs[1].grad[kept & ~mask.any(dim=0)].all()


@pytest.mark.parametrize('loss, options', LOSSES.items())
def test_rows_that_lose_all_negatives_have_no_loss_and_no_gradient(loss, options):
    positive, negative, key, mask = sample()
    positive, negative = positive.requires_grad_(), negative.requires_grad_()
    value = loss(positive, negative, key, torch.ones_like(mask), **options)
    value.backward()
    assert value == 0 and (positive.grad == 0).all() and (negative.grad == 0).all()


@pytest.mark.parametrize('dtype, tolerance', [(torch.float32, 2e-6), (torch.float16, 5e-3), (torch.bfloat16, 4e-2)])
@pytest.mark.parametrize('loss, options', LOSSES.items())
def test_narrow_inputs_are_summed_in_float32(loss, options, dtype, tolerance):
    *similarities, mask = sample()
    expected = loss(*similarities, mask, **options)
    found = loss(*(x.to(dtype) for x in similarities), mask, **options)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), expected, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize('loss, options, words', [
    (similarity_contrastive_loss, dict(SCE, key_temperature=0), 'key_temperature=0 is not positive; 0.05 is usual'),
    (similarity_contrastive_loss, dict(SCE, weight=1.5), r'weight=1.5 is outside \[0, 1\]; it weighs'),
    (similarity_contrastive_loss, dict(SCE, temperature=0), 'temperature=0 is not positive'),
    (self_labeling_loss, dict(SANE, sharpening=0), r'sharpening=0 is outside \(0, 1\]; 0.8 and 1'),
    (self_labeling_loss, dict(SANE, sharpening=1.2), 'sharpening=1.2'),
    (self_labeling_loss, dict(SANE, prior=-1), r'prior=-1 of the refined label is outside \[0, inf\)'),
    (self_labeling_loss, dict(SANE, share=2), r'share=2 is outside \[0, 1\]; it weighs the refined label, 1 is usual'),
    (self_labeling_loss, dict(SANE, parts='r'), r"parts=\('r',\) must be \('p', 'q'\), \('p',\) or \('q',\)")])
def test_values_out_of_range_are_named(loss, options, words):
    with pytest.raises(ValueError, match=words):
        loss(*sample(), **options)


def test_shapes_that_do_not_fit_are_named():
    positive, negative, key, mask = sample()
    with pytest.raises(ValueError, match=r'key_similarity has shape \(4, 5\); expected \(4, 6\)'):
        similarity_contrastive_loss(positive, negative, key[:, :5], mask, **SCE)


@pytest.mark.parametrize('progress, prior', [(0., 0.5), (1 / 3, 2.875), (0.5, 5.25), (1., 10.)])
def test_the_prior_grows_on_half_a_cosine(progress, prior):
    assert prior_confidence(progress, 0.5, 10.) == pytest.approx(prior)
