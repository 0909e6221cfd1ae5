"""The released image-text losses, with and without GloFND, through the public classes: loss, gradients and state."""

import pytest
import torch
from clip_reference import NUM_SAMPLES, arrays, embeddings_of, examples
from torch import nn

from mmifnd.detectors import Detector
from mmifnd.registry import MODELS

EQUAL = dict(rtol=1e-5, atol=2e-6)
THRESHOLDS = dict(type='mmifnd.QuantileThresholdDetector', alpha=0.25, start_epoch=0, filter_epoch=1, decay='constant',
                  bias_correction='epoch')
SCHEDULE = dict(gamma=0.2, gamma_schedule='cosine', gamma_epochs=4)
V1, V2, V3 = (dict(type='mmifnd.FastCLIPHead', version=version, **SCHEDULE) for version in ('v1', 'v2', 'v3'))
QUANTILE = dict(type='mmifnd.BatchQuantileDetector', alpha=0.25, start_epoch=1)


class Known(Detector):
    """A mask of pairs that is known, (6, 6), for image anchors; its transpose for text anchors."""

    mask = None

    def detect(self, contrast):
        return (self.mask if contrast.anchor_kind == 'image' else self.mask.T).unsqueeze(0)


def framework(head, **options):
    """A framework whose towers give back what they are given."""
    if not MODELS.get('mmifnd.KnownPairs'):
        MODELS.register_module('KnownPairs', module=Known)
    config = dict(type='mmifnd.CLIPAdapter', backbone=dict(type='mmifnd.PassThrough', channels=5),
                  text_backbone=dict(type='mmifnd.PassThrough', channels=5), neck=dict(type='mmifnd.PassThrough', channels=5),
                  text_neck=dict(type='mmifnd.PassThrough', channels=5), head=head, **options)
    model = MODELS.build(config).train()
    model.bind(NUM_SAMPLES)
    return model


def run(tag, head, steps=3, preset=None):
    """Yield framework, golden arrays, losses and raw embeddings, after each step's backward pass."""
    model = framework(head)
    if preset is not None:
        for part in model.heads.values():
            part.detector.table.fill(threshold=preset)
    for step in range(steps):
        golden = examples(f'{tag}/t{step}')
        model.start_epoch(step, max(steps, 7))
        *raw, index = embeddings_of(step % 2)
        model.zero_grad()
        losses = model([raw[0]], index, text=raw[1], mode='loss')
        losses['loss'].backward()
        yield model, golden, losses, raw
        model.finish_step()


def check(golden, losses, raw, model, averages=True):
    torch.testing.assert_close(losses['loss'].detach(), golden['loss'], **EQUAL)
    for rows, name in zip(raw, ('grad_image', 'grad_text')):
        torch.testing.assert_close(rows.grad, golden[name], **EQUAL)
    for direction, head in zip(('im', 'tt'), model.heads.values()):
        if averages:
            torch.testing.assert_close(head.table.log_average.exp(), golden[f'u_{direction}'].flatten(), rtol=1e-5, atol=0)


def check_thresholds(golden, model):
    for direction, head in zip(('im', 'tt'), model.heads.values()):
        torch.testing.assert_close(head.detector.threshold, golden[f'lda_{direction}'].flatten(), rtol=1e-5, atol=1e-6)
        for column, name in (('first_moment', 'm'), ('second_moment', 'v')):
            if f'{name}_{direction}' in golden:
                expected = golden[f'{name}_{direction}'].flatten()
                torch.testing.assert_close(getattr(head.detector.table, column), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('tag, head, preset', [
    ('c4/v1_sogclr', V1, None),
    ('c4/v1_sogclr_glofnd', dict(V1, detector=THRESHOLDS), 0.6),
    ('c4/v1_fnd', dict(V1, detector=QUANTILE), None),
    ('c4/v3', V3, None),
    ('c4/v3_glofnd', dict(V3, detector=THRESHOLDS), 0.6),
    ('c6/v3_fnd', dict(V3, detector=QUANTILE), None),
], ids=lambda value: value if isinstance(value, str) else '')
def test_released_steps(tag, head, preset):
    for model, golden, losses, raw in run(tag, head, preset=preset):
        check(golden, losses, raw, model)
        if preset is not None:
            check_thresholds(golden, model)
        if head['version'] == 'v3':
            torch.testing.assert_close(model.head.learned_temperature.log_scale.grad, golden['grad_log_scale'], **EQUAL)


@pytest.mark.parametrize('tag', ['c4/v1_sogclr', 'c4/v1_fnd'])
def test_v0_is_v1_with_a_learned_temperature(tag):
    detector = QUANTILE if tag.endswith('fnd') else dict(type='mmifnd.NoDetector')
    for model, golden, losses, raw in run(tag, dict(V1, version='v0', detector=detector)):
        check(golden, losses, raw, model)
        torch.testing.assert_close(model.head.learned_temperature.log_scale.grad, golden['grad_log_scale'], **EQUAL)


def test_thresholds_that_begin_with_the_batch_quantile():
    """In the first epoch. The released code gives the pairs of a later one a threshold of 1; ours their own first quantile."""
    head = dict(V1, detector=dict(THRESHOLDS, filter_epoch=0, initialization='batch_quantile'))
    for model, golden, losses, raw in run('c6/v1_glofnd_quantile_init', head, steps=1):
        check(golden, losses, raw, model)
        check_thresholds(golden, model)


def test_six_steps_from_a_threshold_of_one():
    head = dict(V3, detector=dict(THRESHOLDS, filter_epoch=0))
    for model, golden, losses, raw in run('c6/v3_glofnd_from_one', head, steps=6):
        check(golden, losses, raw, model)
        check_thresholds(golden, model)


def test_six_steps_in_which_the_temperature_learns():
    optimizer, after = None, []
    for model, golden, losses, raw in run('c6/v3_glofnd_tau_steps', dict(V3, detector=THRESHOLDS), steps=6, preset=0.6):
        check(golden, losses, raw, model)
        optimizer = optimizer or torch.optim.AdamW(model.parameters(), lr=2e-4, weight_decay=0.)
        optimizer.step()
        after.append((model.head.learned_temperature.log_scale.item(), golden['log_scale_after'].item()))
    assert len(list(model.parameters())) == 1
    found, expected = zip(*after)
    assert found == pytest.approx(expected, rel=1e-6) and expected[0] < expected[-1]


def test_a_temperature_for_each_pair():
    """FastCLIP-v2 of the upstream code. It keeps u relative to a running bound b: log u of ours is its log u + b."""
    losses_seen = []
    for model, golden, losses, raw in run('c6/v2_upstream', dict(V2, rho=6.5), steps=4):
        check(golden, losses, raw, model, averages=False)
        for direction, head in zip(('im', 'tt'), model.heads.values()):
            seen = golden[f'u_{direction}'].flatten() > 0
            log_average = golden[f'u_{direction}'].flatten().log() + golden[f'bound_{direction}'].flatten()
            torch.testing.assert_close(head.table.log_average[seen], log_average[seen], rtol=1e-5, atol=1e-5)
            table = head.image_temperature.table
            for column, name in (('temperature', 'tau'), ('momentum', 'm_grad_tau'), ('second_moment', 'v_grad_tau')):
                expected = golden[f'{name}_{direction}'].flatten()
                torch.testing.assert_close(getattr(table, column), expected, rtol=1e-5, atol=1e-6)
        losses_seen.append(losses['loss'].item())
    assert losses_seen == pytest.approx([2., 2.0306423, 1.1922958, 2.2453992], rel=1e-5)


def exact(model):
    """Log-scales of a float64 model in float64: they were made in float32."""
    learned = model.head.learned_temperature
    learned.log_scale.data = -torch.tensor(model.head.temperature, dtype=learned.log_scale.dtype).log()
    return model


def of_fixed_pairs(head, batch, mask=None, dtype=torch.float64):
    model = exact(framework(head).to(dtype))
    for part in model.heads.values():
        part.detector.mask = mask
    *raw, index = embeddings_of(batch, dtype)
    losses = model([raw[0]], index, text=raw[1], mode='loss')
    losses['loss'].backward()
    return model, losses['loss'], raw


@pytest.mark.parametrize('batch', [0, 1])
def test_plain_clip(batch):
    model, loss, raw = of_fixed_pairs(
        dict(type='mmifnd.ElimContrastiveHead', temperature=0.07, learned_temperature={}), batch, dtype=torch.float32)
    golden = examples(f'c4/clip/t{batch}')
    torch.testing.assert_close(loss, golden['loss'], **EQUAL)
    for found, name in zip((*raw, model.head.learned_temperature.log_scale), ('grad_image', 'grad_text', 'grad_log_scale')):
        torch.testing.assert_close(found.grad, golden[name], **EQUAL)


@pytest.mark.parametrize('batch', [0, 1])
@pytest.mark.parametrize('reweight', [False, True])
def test_clip_with_pairs_left_out(batch, reweight):
    golden = examples(f'c6/clip_masked{"_reweighted" * reweight}/in{batch}')
    own = torch.eye(6, dtype=torch.bool)
    masks = dict(image=~golden['keep_im'] & ~own, text=~golden['keep_tt'] & ~own)
    head = dict(type='mmifnd.ElimContrastiveHead', temperature=0.07, learned_temperature={}, reweight=reweight,
                detector=dict(type='mmifnd.KnownPairs'))
    model = exact(framework(head).double())
    model.head.detector.mask, model.text_head.detector.mask = masks['image'], masks['text'].T
    *raw, index = embeddings_of(batch, torch.float64)
    losses = model([raw[0]], index, text=raw[1], mode='loss')
    losses['loss'].backward()
    torch.testing.assert_close(losses['loss'], golden['loss'], rtol=1e-10, atol=1e-10)
    for found, name in zip((*raw, model.head.learned_temperature.log_scale), ('grad_image', 'grad_text', 'grad_log_scale')):
        torch.testing.assert_close(found.grad, golden[name], rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize('batch', [0, 1])
@pytest.mark.parametrize('action', ['none', 'eliminate', 'attract'])
def test_siglip(batch, action):
    golden = examples(f'c6/siglip_{action}/in{batch}')
    head = dict(type='mmifnd.SigmoidHead', learned_temperature={}, learned_bias=True, detector=dict(type='mmifnd.KnownPairs'),
                action='eliminate' if action == 'none' else action)
    model, loss, raw = of_fixed_pairs(head, batch, golden['false_negative'])
    torch.testing.assert_close(loss, golden['loss'], rtol=1e-10, atol=1e-10)
    learned = model.head.learned_temperature.log_scale, model.head.bias
    for found, name in zip((*raw, *learned), ('grad_image', 'grad_text', 'grad_log_scale', 'grad_bias')):
        torch.testing.assert_close(found.grad, golden[name], rtol=1e-9, atol=1e-10)
    assert len(list(model.parameters())) == 2 and isinstance(model.head.bias, nn.Parameter)


@pytest.mark.parametrize('tag', ['v1', 'v3'])
def test_two_released_ranks_give_half_the_gradient_of_features(tag):
    """What the released code's gathering without gradient does; ours has the true gradient on any number of ranks."""
    head = dict(dict(v1=V1, v3=V3)[tag], detector=THRESHOLDS)
    name = dict(v1='c4/v1_glofnd_2ranks', v3='c4/v3_glofnd_2ranks')[tag]
    model = framework(head)
    for part in model.heads.values():
        part.detector.table.fill(threshold=0.6)
    for step in range(3):
        model.start_epoch(step, 7)
        *raw, index = embeddings_of(step % 2)
        model([raw[0]], index, text=raw[1], mode='loss')['loss'].backward()
        ranks = [examples(f'{name}/t{step}/rank{rank}') if f'{name}/t{step}/rank0/grad_image' in arrays()
                 else examples(f'{name}/rank{rank}/t{step}') for rank in (0, 1)]
        for rows, part in zip(raw, ('grad_image', 'grad_text')):
            torch.testing.assert_close(rows.grad / 2, (ranks[0][part] + ranks[1][part]) / 2, **EQUAL)
