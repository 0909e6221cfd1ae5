"""The moving averages of SogCLR: the released code's numbers, and where ours differs."""

import dataclasses
import math

import pytest
import torch
import torch.nn.functional as F
from glofnd_reference import EQUAL, NUM_SAMPLES, arrays, check_scores, contrast_of, golden_steps, head_of
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

from mmifnd.contrast import Contrast
from mmifnd.detectors import Detector
from mmifnd.models.heads import SogCLRHead
from mmifnd.registry import MODELS

#: Images that batch 1 shares with batch 0, and those that are new in it, though others of its batch are not.
SEEN, NEW = [3, 0, 5], [2, 9, 6]


def bound(num_samples=NUM_SAMPLES, **options):
    head = SogCLRHead(**options).train()
    head.bind(num_samples)
    for part in head.children():
        if hasattr(part, 'bind'):
            part.bind(num_samples)
    return head


def averages(head):
    return head.table.log_average.exp()


def check_step(head, step, contrast, raw, golden, tolerance=EQUAL):
    if hasattr(head.detector, 'start_epoch'):
        head.detector.start_epoch(step, 3)
    loss = head.loss(contrast)['loss'] * 2  # ours is the mean over anchors, theirs the sum over an image's two
    loss.backward()
    torch.testing.assert_close(loss.detach(), golden['loss'], **tolerance)
    for h, name in zip(raw, ('grad_h1', 'grad_h2')):
        torch.testing.assert_close(h.grad, golden[name], **tolerance)


@pytest.mark.parametrize('tag', ['', 'glofnd', 'fnd', 'oracle', 'gamma03'])
def test_golden_case_3(tag):
    """Given that a new image's average starts at 0 where others of its batch were seen, as the released code has it."""
    detector, gamma = ('none', 0.3) if tag == 'gamma03' else (tag or 'none', 0.9)
    head = head_of('SogCLRHead', detector, temperature=0.1, gamma=gamma)
    head.bind(NUM_SAMPLES)
    unfiltered = head_of('SogCLRHead', 'none', temperature=0.1, gamma=gamma)
    unfiltered.table = head.table
    for step, contrast, raw, golden in golden_steps('c3/sogclr' + (tag and f'_{tag}')):
        if step == 1:
            head.table.log_average[NEW] = -1e4
        judge = unfiltered if step == 0 and detector == 'oracle' else head
        check_step(judge, step, contrast, raw, golden, dict(rtol=1e-5, atol=3e-6))
        torch.testing.assert_close(averages(head), golden['u'].flatten(), rtol=1e-5, atol=1e-4)
        check_scores(contrast, judge.detector.detect(contrast), golden)
        if detector == 'glofnd':
            torch.testing.assert_close(head.detector.threshold, golden['lda'].flatten(), **EQUAL)


def test_an_image_starts_with_its_own_first_estimate():
    """The released code starts averages by the batch: beside images seen before, a new one gets gamma times its own."""
    head = bound(temperature=0.1)
    for step, contrast, _, golden in golden_steps('c3/sogclr'):
        loss = head.loss(contrast)['loss'] * 2
        u = golden['u'].flatten()
        if step == 1:
            torch.testing.assert_close(averages(head)[SEEN], u[SEEN], rtol=1e-5, atol=0)
            torch.testing.assert_close(averages(head)[NEW] * 0.9, u[NEW], rtol=1e-5, atol=0)
            assert abs(loss.item() - golden['loss'].item()) > 1e-3
        else:
            torch.testing.assert_close(loss.detach(), golden['loss'], **EQUAL)


def test_golden_image_temperatures():
    """LibAUC's iSogCLR, whose averages start by the batch, too: so only what images seen before show."""
    head = bound(temperature=0.1, image_temperature=dict(rho=0.3, learning_rate=0.01, momentum=0.9, bounds=(0.05, 0.7)))
    for step, batch in ((0, 0), (1, 1)):
        contrast, raw = contrast_of(batch, needs_gradient=True)
        names = 'loss', 'grad_h1', 'u', 'tau', 'grad_tau_state'
        golden = {name: arrays()[f'c5/libauc_isogclr/t{step}/{name}'] for name in names}
        loss = head.loss(contrast)['loss'] * 2
        loss.backward()
        images = torch.tensor(SEEN) if step else arrays()['c1/in0/idx']
        table = head.image_temperature.table
        torch.testing.assert_close(averages(head)[images], golden['u'].flatten()[images], rtol=1e-4, atol=0)
        torch.testing.assert_close(table.temperature[images], golden['tau'].flatten()[images], rtol=1e-4, atol=1e-6)
        state = golden['grad_tau_state'].flatten()[images]
        torch.testing.assert_close(table.momentum[images], state, rtol=1e-4, atol=1e-5)
        if step == 0:
            torch.testing.assert_close(loss.detach(), golden['loss'], **EQUAL)
            torch.testing.assert_close(raw[0].grad, golden['grad_h1'], **EQUAL)


def test_all_filtered_is_no_nan_and_moves_no_average():
    assert arrays()['bugs/all_filtered_sogclr_loss'].isnan()
    head = head_of('SogCLRHead', 'glofnd', temperature=0.1)
    head.bind(NUM_SAMPLES)
    head.loss(contrast_of(0)[0])
    before = head.table.log_average.clone()
    assert before[arrays()['c1/in0/idx']].isfinite().all()
    head.detector.table.fill(threshold=-1.)
    head.detector.observe = lambda contrast: None
    head.detector.start_epoch(1, 3)
    contrast, raw = contrast_of(1, needs_gradient=True)
    losses = head.loss(contrast)
    losses['loss'].backward()
    assert losses['rows_without_negatives'] == 1
    assert losses['loss'].item() == pytest.approx(-contrast.positive_similarity.mean().item())
    assert head.table.log_average.equal(before) and all(h.grad.isfinite().all() for h in raw)


def test_nan_reaches_neither_averages_nor_temperatures():
    head = bound(temperature=0.1, image_temperature={})
    contrast, image = contrast_of(0)[0], 3
    of_image = (contrast.anchor_index == image).unsqueeze(1), contrast.candidate_index == image
    spoilt = dataclasses.replace(
        contrast, positive_similarity=contrast.positive_similarity.masked_fill(of_image[0], math.nan),
        negative_similarity=contrast.negative_similarity.masked_fill(
            (of_image[0] | of_image[1]) & contrast.is_candidate, math.nan))
    for step in (spoilt, contrast, spoilt):
        before = averages(head)[image].clone()
        assert head.loss(step)['loss'].isnan() == (step is spoilt)
        assert not any(value.isnan().any() for value in head.state_dict().values())
        assert (averages(head)[image] == before) == (step is spoilt)


def test_repeats_change_nothing():
    once, twice = bound(temperature=0.1), bound(temperature=0.1)
    contrast = contrast_of(0)[0]
    rows = torch.cat([torch.arange(12), torch.arange(12).flip(0)])
    names = ('anchor', 'positive', 'anchor_index', 'positive_similarity', 'negative_similarity')
    repeated = dataclasses.replace(contrast, **{name: getattr(contrast, name)[rows] for name in names})
    torch.testing.assert_close(once.loss(contrast)['loss'], twice.loss(repeated)['loss'])
    torch.testing.assert_close(once.table.log_average, twice.table.log_average)


class TwoGranularities(Detector):
    """Everything above 0.5, and everything above 0."""

    def detect(self, contrast):
        return torch.stack([contrast.negative_similarity > level for level in (0.5, 0.)])


def test_granularities_are_averaged():
    """Two steps with two masks against the formulas, in numbers."""
    head, average = bound(temperature=0.2, gamma=0.6), {}
    head.detector = TwoGranularities()
    for batch in (0, 1):
        contrast = contrast_of(batch)[0]
        estimates, rows = {}, []
        for level in (0.5, 0.):
            for a, image in enumerate(contrast.anchor_index.tolist()):
                s = contrast.negative_similarity[a]
                s = s[(s > -math.inf) & ~(s > level)]
                if not len(s):
                    rows.append(-contrast.positive_similarity[a].item())
                    continue
                estimate = (s / 0.2).exp().mean().item()
                estimates.setdefault(image, []).append(estimate)
                u = 0.4 * average[image] + 0.6 * estimate if image in average else estimate
                rows.append((((s / 0.2).exp() / u * s).mean() - contrast.positive_similarity[a]).item())
        assert head.loss(contrast)['loss'].item() == pytest.approx(sum(rows) / len(rows), abs=1e-5)
        for image, found in estimates.items():
            new = sum(found) / len(found)
            average[image] = 0.4 * average[image] + 0.6 * new if image in average else new
    for image, value in average.items():
        assert averages(head)[image].item() == pytest.approx(value, rel=1e-5)


def test_temperature_of_a_hundredth():
    """``exp(1 / 0.01)`` is no float32: the released code's averages overflow."""
    head = bound(temperature=0.01)
    contrast, raw = contrast_of(0, needs_gradient=True)
    for _ in range(3):
        loss = head.loss(contrast)['loss']
    loss.backward()
    assert head.table.log_average.max() > 89  # e**89 is more than float32 holds
    assert loss.isfinite() and all(h.grad.isfinite().all() and h.grad.any() for h in raw)


def test_evaluation_moves_nothing():
    head = bound(temperature=0.1, image_temperature={}).eval()
    head.loss(contrast_of(0)[0])
    assert (head.table.log_average == -math.inf).all() and (head.image_temperature.table.temperature == 0.1).all()


def test_gamma_over_epochs():
    found = {}
    for schedule, options in dict(constant={}, cosine={}, half=dict(gamma_epochs=5)).items():
        head = SogCLRHead(gamma=0.2, gamma_schedule='constant' if schedule == 'constant' else 'cosine', **options)
        found[schedule] = []
        for epoch in range(10):
            head.start_epoch(epoch, 10)
            found[schedule].append(head.gamma)
    assert found['constant'] == [0.2] * 10
    assert found['cosine'][0] == 1 and found['cosine'][5] == pytest.approx(0.6) and 0.2 < found['cosine'][9] < 0.25
    assert found['half'][0] == 1 and found['half'][5:] == [0.2] * 5


def test_state_goes_into_an_unbound_head():
    options = dict(temperature=0.1, image_temperature={})
    source, target = bound(**options), SogCLRHead(**options)
    source.loss(contrast_of(0)[0])
    target.load_state_dict(source.state_dict())
    contrast = contrast_of(1)[0]
    assert target.train().loss(contrast)['loss'] == source.loss(contrast)['loss']
    with pytest.raises(ValueError, match='the checkpoint holds log_average of 11 images, but 12 are trained on'):
        bound(12, **options).load_state_dict(source.state_dict())


def test_steps_without_values():
    with FakeTensorMode():
        head = MODELS.build(dict(type='mmifnd.SogCLRHead', image_temperature={}, detector=dict(
            type='mmifnd.QuantileThresholdDetector'))).train()
        for part in head.modules():
            if hasattr(part, 'bind'):
                part.bind(40)
        rows, index = F.normalize(torch.randn(16, 4), dim=1), torch.arange(8).repeat(2)
        for _ in range(3):
            rows = rows.detach().requires_grad_()
            head.loss(Contrast.build(rows, rows, rows, index, index, index.unsqueeze(1) == index))['loss'].backward()
            assert isinstance(rows.grad, FakeTensor) and rows.grad.shape == rows.shape


@pytest.mark.parametrize('options, message', [
    (dict(gamma=0), r'gamma=0 of SogCLRHead is outside \(0, 1\]'), (dict(gamma=1.1), 'gamma=1.1 of SogCLRHead'),
    (dict(gamma_schedule='linear'), "gamma_schedule='linear' .* choose one of constant, cosine"),
    (dict(gamma_epochs=5), "gamma_epochs=5 of SogCLRHead needs gamma_schedule='cosine'"),
    (dict(temperature=0.9, image_temperature={}), r'temperature=0.9 lies outside bounds=\(0.05, 0.7\) of image_temp'),
    (dict(image_temperature=dict(learning_rate=0)), 'learning_rate=0 and momentum=0.9 of image_temperature must be')])
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        SogCLRHead(**options)


def test_an_unbound_head_says_so():
    with pytest.raises(RuntimeError, match=r'nothing is kept per image yet; call bind\(num_samples\) first'):
        SogCLRHead().loss(contrast_of(0)[0])
