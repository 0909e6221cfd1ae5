"""A threshold for each image: the released code's numbers, where ours differs, and what is kept."""

import dataclasses
import math

import pytest
import torch
from glofnd_reference import EQUAL, NUM_SAMPLES, arrays, check_masks, contrast_of, steps_of
from torch._subclasses.fake_tensor import FakeTensorMode

from mmifnd.contrast import Contrast
from mmifnd.detectors import QuantileThresholdDetector
from mmifnd.functional import adam_step, batch_quantile, threshold_gradient

RELEASED = dict(alpha=0.25, decay='constant', bias_correction='epoch', start_epoch=3)
EPOCHS = 100
COLUMNS = dict(threshold='lda', first_moment='m', second_moment='v')


def bound(num_samples=NUM_SAMPLES, preset=None, **options):
    detector = QuantileThresholdDetector(**options)
    detector.bind(num_samples)
    if preset is not None:
        detector.table.fill(threshold=preset)
    return detector


def visit(detector, *steps):
    """Observe batches, given as (batch, epoch)."""
    for batch, epoch in steps:
        detector.start_epoch(epoch, EPOCHS)
        detector.observe(contrast_of(batch)[0])
    return detector


# --- the released code's numbers ------------------------------------------------------------------------------------

GOLDEN = dict(
    before_start=(1., {}),
    update_not_filter=(1., dict(filter_epoch=5)),
    adam=(0.6, {}),
    adam_from_one=(1., {}),
    adam_epoch70=(0.6, dict(start_epoch=70)),
    normalized_grad=(0.6, {}),  # Adam does not see the scale
    clipped_grad=(0.6, dict(gradient_limit=1.)),
    single_lambda=(1., dict(shared=True)),
    u_warmup=(0.6, dict(warmup_epochs=1)))


@pytest.mark.parametrize('tag', GOLDEN)
def test_golden_case_1(tag):
    preset, options = GOLDEN[tag]
    detector = bound(preset=preset, **{**RELEASED, **options})
    for batch, golden in steps_of(f'c1/{tag}'):
        visit(detector, (batch, int(golden['epoch'])))
        for column, name in COLUMNS.items():
            if tag == 'normalized_grad' and column != 'threshold':
                continue  # moments of gradients divided by alpha
            torch.testing.assert_close(getattr(detector.table, column), golden[name].flatten(), **EQUAL)
        check_masks(batch, detector.detect(contrast_of(batch)[0]), golden)


def test_golden_case_1_quantile_for_images_that_were_there_in_the_start_epoch():
    detector = bound(initialization='batch_quantile', **RELEASED)
    for batch, golden in steps_of('c1/init_quantile'):
        visit(detector, (batch, int(golden['epoch'])))
        seen = arrays()['c1/in0/idx'] if batch == 0 else torch.tensor([3, 0, 5])
        for column, name in COLUMNS.items():
            torch.testing.assert_close(getattr(detector.table, column)[seen], golden[name].flatten()[seen], **EQUAL)
        if batch == 0:
            check_masks(batch, detector.detect(contrast_of(batch)[0]), golden)


@pytest.mark.parametrize('batch', [0, 1])
def test_golden_batch_quantile(batch):
    """What the reference logs: the mean over views and images of the rows' quantiles."""
    golden, = {value.item() for name, value in arrays().items()
               if name.startswith('c1/') and name.endswith(f't{batch}/mean_quantile_logged')}
    found = batch_quantile(contrast_of(batch)[0].negative_similarity, 0.25).mean()
    assert found.item() == pytest.approx(golden, rel=1e-5)


# --- where ours differs on purpose ----------------------------------------------------------------------------------


def test_an_image_that_first_comes_later_takes_its_quantile_then():
    """The released code initialises in one epoch only; whom that epoch's shuffle left out starts from 1."""
    detector = visit(bound(initialization='batch_quantile', **RELEASED), (0, 3), (1, 4))
    contrast = contrast_of(1)[0]
    quantile = batch_quantile(contrast.negative_similarity, 0.25)
    for image in (2, 9, 6):
        rows = contrast.anchor_index == image
        assert detector.threshold[image].item() == pytest.approx(quantile[rows].mean().item(), abs=1e-6)
        assert arrays()['c1/init_quantile/t1/lda'][image] > 0.97


def test_bias_correction_counts_the_visits_of_the_image():
    """A late start, as in the paper (epoch 70): by epoch the first step is too small, by visits of full length."""
    options = dict(alpha=0.25, decay='constant', start_epoch=70)
    for correction, length in (('visits', 0.05), ('epoch', arrays()['c1/adam_epoch70/t0/lda'].flatten()[0].item())):
        detector = visit(bound(preset=0.6, bias_correction=correction, **options), (0, 70))
        moved = 0.6 - detector.threshold[7].item()
        assert moved == pytest.approx(length if correction == 'visits' else 0.6 - length, abs=1e-5)


def test_three_visits_by_hand():
    """Images come back after different gaps; each counts for itself."""
    detector = bound(alpha=0.25, decay='constant')
    by_hand = {image: (torch.ones(1), torch.zeros(1), torch.zeros(1), 0) for image in range(NUM_SAMPLES)}
    for batch in (0, 1, 0):
        contrast = contrast_of(batch)[0]
        detector.observe(contrast)
        for image in arrays()[f'c1/in{batch}/idx'].tolist():
            threshold, first, second, visits = by_hand[image]
            rows = contrast.negative_similarity[contrast.anchor_index == image]
            gradient = threshold_gradient(rows, threshold.expand(len(rows)), 0.25).mean().reshape(1).float()
            stepped = adam_step(threshold, gradient, first, second, torch.tensor([visits + 1.]), 0.05)
            by_hand[image] = *stepped, visits + 1
    for image, (threshold, first, second, visits) in by_hand.items():
        assert detector.threshold[image].item() == pytest.approx(threshold.item(), abs=1e-6)
        assert detector.table.first_moment[image].item() == pytest.approx(first.item(), abs=1e-6)
        assert detector.table.second_moment[image].item() == pytest.approx(second.item(), abs=1e-6)
        assert detector.table.visits[image] == visits


def repeated(contrast, rows):
    """A contrast with some anchors twice."""
    return dataclasses.replace(
        contrast, anchor=contrast.anchor[rows], positive=contrast.positive[rows],
        anchor_index=contrast.anchor_index[rows], positive_similarity=contrast.positive_similarity[rows],
        negative_similarity=contrast.negative_similarity[rows])


def test_rows_that_balance_leave_nothing_to_adam():
    """alpha = 0.3: one view has 2, the other 4 of 10 above; a rounding error of 1e-9 would be a step of 0.005."""
    detector = bound(1, alpha=0.3, preset=0.5)
    detector.observe(contrast_from([[0.9] * 2 + [0.1] * 8, [0.9] * 4 + [0.1] * 6], [0, 0]))
    assert detector.threshold.item() == 0.5


@pytest.mark.parametrize('optimizer', ['adam', 'sgd'])
def test_rows_of_one_image_are_averaged(optimizer):
    """Repeats of all rows change nothing; in the released code the last one written wins."""
    once, twice = (bound(alpha=0.25, optimizer=optimizer, preset=0.3) for _ in range(2))
    contrast = contrast_of(0)[0]
    once.observe(contrast)
    twice.observe(repeated(contrast, torch.cat([torch.arange(12), torch.arange(12).flip(0)])))
    torch.testing.assert_close(twice.threshold, once.threshold)
    assert twice.table.visits.equal(once.table.visits) and (once.table.visits <= 1).all()
    assert not once.threshold[contrast.anchor_index].allclose(torch.tensor(0.3))


def test_sgd_follows_equation_4():
    detector = bound(alpha=0.25, optimizer='sgd', learning_rate=0.4, decay='constant', preset=0.3)
    contrast = contrast_of(0)[0]
    above = (contrast.negative_similarity > 0.3).float().sum(1) / 10
    detector.observe(contrast)
    for image in range(NUM_SAMPLES):
        rows = contrast.anchor_index == image
        expected = 0.3 - 0.4 * (0.25 - above[rows].mean()) if rows.any() else torch.tensor(0.3)
        assert detector.threshold[image].item() == pytest.approx(expected.item(), abs=1e-6)


# --- what reaches a threshold ---------------------------------------------------------------------------------------


def contrast_from(similarity, index):
    similarity = torch.as_tensor(similarity)
    unit = torch.zeros(len(similarity), 2)
    candidate = torch.zeros(similarity.shape[1], 2)
    return Contrast(unit, unit, candidate, torch.as_tensor(index), torch.arange(similarity.shape[1]),
                    torch.ones(len(similarity), 1), similarity)


def test_rows_without_candidates_move_nothing_and_are_no_visit():
    """An empty queue at the start of MoCo."""
    detector = bound(3, alpha=0.25, preset=0.5)
    detector.observe(contrast_from(torch.full((2, 4), -math.inf), [0, 1]))
    assert detector.threshold.tolist() == [0.5] * 3 and not detector.table.visits.any()
    detector.observe(contrast_from([[-math.inf] * 4, [0.9, 0.8, -math.inf, 0.1]], [0, 0]))
    alone = bound(3, alpha=0.25, preset=0.5)
    alone.observe(contrast_from([[0.9, 0.8, -math.inf, 0.1]], [0]))
    assert detector.threshold.equal(alone.threshold) and detector.table.visits.tolist() == [1, 0, 0]


@pytest.mark.parametrize('initialization', ['one', 'batch_quantile'])
def test_nan_does_not_reach_the_thresholds(initialization):
    detector = bound(3, alpha=0.25, preset=0.5, initialization=initialization)
    detector.observe(contrast_from([[math.nan] * 4, [0.9, math.nan, 0.2, 0.1]], [0, 1]))
    assert all(column.isfinite().all() for column in detector.table.buffers())
    assert detector.threshold[0] == 0.5 and detector.threshold[1] != 0.5
    assert not detector.detect(contrast_from([[math.nan] * 4], [0])).any()


def test_detection_is_strict_and_false_without_a_candidate():
    detector = bound(2, alpha=0.25)
    detector.table.threshold.copy_(torch.tensor([0.5, -1.]))
    found = detector.detect(contrast_from([[0.5, 0.75, -math.inf], [-1., -0.5, -math.inf]], [0, 1]))
    assert found.tolist() == [[[False, True, False], [False, True, False]]]


def test_at_1_nobody_is_detected_not_even_by_a_cosine_rounded_up():
    assert not bound(1, alpha=0.25).detect(contrast_from([[1.0000002, 1.]], [0])).any()


def test_thresholds_arrive_at_the_quantile():
    """A fixed stream, as of the spec's section 8 (W1): the mean error after 130 visits is below that of one batch."""
    generator = torch.Generator().manual_seed(0)
    mean, batches = torch.linspace(-0.3, 0.3, 40), 130
    exact = mean + 0.15 * torch.distributions.Normal(0, 1).icdf(torch.tensor(0.95)).item()
    errors = {}
    for name, options in dict(ours={}, released=dict(decay='constant', bias_correction='epoch')).items():
        detector = bound(40, alpha=0.05, **options)
        generator.manual_seed(0)
        for epoch in range(batches):
            detector.start_epoch(epoch, batches)
            similarity = mean.unsqueeze(1) + 0.15 * torch.randn(40, 254, generator=generator)
            detector.observe(contrast_from(similarity, torch.arange(40)))
        errors[name] = (detector.threshold - exact).abs().mean().item()
    batch = (batch_quantile(similarity, 0.05) - exact).abs().mean().item()
    assert errors['ours'] < errors['released'] / 2 and errors['ours'] < batch / 2


# --- epochs ---------------------------------------------------------------------------------------------------------


def test_filtering_starts_later_than_learning_and_is_kept_in_the_state():
    detector = bound(alpha=0.25, preset=0.1, start_epoch=1, filter_epoch=2)
    contrast = contrast_of(0)[0]
    for epoch, learns, filters in ((0, False, False), (1, True, False), (2, True, True)):
        before = detector.threshold.clone()
        visit(detector, (0, epoch))
        assert before.equal(detector.threshold) != learns
        assert detector.detect(contrast).any() == filters
        tested = QuantileThresholdDetector(alpha=0.25, start_epoch=1, filter_epoch=2)
        tested.load_state_dict(detector.state_dict())
        assert tested.detect(contrast).equal(detector.detect(contrast))


def test_cosine_decay_ends_near_0():
    detector = bound(alpha=0.25, start_epoch=2)
    steps = []
    for epoch in range(10):
        before = detector.threshold[7].item()
        detector.start_epoch(epoch, 10)
        detector.observe(contrast_of(0)[0])
        steps.append(abs(detector.threshold[7].item() - before))
    assert steps[:2] == [0, 0] and steps[2] == pytest.approx(0.05, abs=1e-5) and steps[9] < 0.01


# --- state ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('shared', [False, True])
def test_state_goes_into_an_unbound_detector(shared):
    source = visit(bound(alpha=0.25, shared=shared), (0, 0), (1, 1))
    target = QuantileThresholdDetector(alpha=0.25, shared=shared)
    target.load_state_dict(source.state_dict())
    for name, value in source.state_dict().items():
        assert target.state_dict()[name].equal(value)
    assert target.detect(contrast_of(0)[0]).equal(source.detect(contrast_of(0)[0]))
    visit(source, (0, 2))
    assert not target.threshold.equal(source.threshold)  # loading copies


@pytest.mark.parametrize('size, shared, message', [
    (12, False, 'the checkpoint holds threshold of 11 images, but 12 are trained on; resume on the data set'),
    (11, True, 'the checkpoint holds threshold of 11 images')])
def test_a_checkpoint_of_another_data_set_is_refused(size, shared, message):
    with pytest.raises(ValueError, match=message):
        bound(size, shared=shared).load_state_dict(bound().state_dict())


def test_steps_without_values():
    """Nothing waits for the device."""
    with FakeTensorMode():
        for options in ({}, dict(shared=True), dict(optimizer='sgd'),
                        dict(initialization='batch_quantile', warmup_epochs=1),
                        dict(bias_correction='epoch', gradient_limit=2.)):
            detector = QuantileThresholdDetector(**options)
            detector.bind(40)
            rows, index = torch.nn.functional.normalize(torch.randn(16, 4), dim=1), torch.arange(8).repeat(2)
            for epoch in range(3):
                detector.start_epoch(epoch, 3)
                contrast = Contrast.build(rows, rows, rows, index, index, index.unsqueeze(1) == index)
                detector.observe(contrast)
                assert detector.detect(contrast).shape == (1, 16, 16)


# --- bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('options, message', [
    (dict(alpha=0), r'alpha=0 is outside \(0, 1\)'), (dict(alpha=1.), r'alpha=1.0 is outside \(0, 1\)'),
    (dict(optimizer='lamb'), "optimizer='lamb' of QuantileThresholdDetector is unknown; choose one of adam, sgd"),
    (dict(decay='linear'), "decay='linear' .* choose one of exponential, constant"),
    (dict(bias_correction='steps'), "bias_correction='steps' .* choose one of visits, epoch"),
    (dict(initialization='zero'), "initialization='zero' .* choose one of one, batch_quantile"),
    (dict(learning_rate=0), 'learning_rate=0 .* is not positive'),
    (dict(betas=(0.9, 1.)), r'betas=\(0.9, 1.0\) .* two numbers in \[0, 1\)'),
    (dict(gradient_limit=0.), 'gradient_limit=0.0 .* is not positive'),
    (dict(start_epoch=-1), 'start_epoch=-1 and warmup_epochs=0 .* must not be negative'),
    (dict(start_epoch=5, filter_epoch=4), 'filter_epoch=4 .* is before start_epoch=5')])
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        QuantileThresholdDetector(**options)


def test_a_start_beyond_the_training_is_refused():
    with pytest.raises(ValueError, match='start_epoch=70 of .* is beyond the training of 40 epochs; choose at most 39'):
        bound(start_epoch=70).start_epoch(0, 40)
    with pytest.raises(ValueError, match='filter_epoch=40 of .* is beyond the training of 40 epochs; choose at'):
        bound(filter_epoch=40).start_epoch(0, 40)


@pytest.mark.parametrize('index', [3, -1])
def test_an_index_outside_the_table_is_refused(index):
    detector = bound(3)
    for call in (detector.observe, detector.detect):
        with pytest.raises(RuntimeError, match='an image index is outside the table of 3 images; bind'):
            call(contrast_from([[0.5]], [index]))


def test_an_unbound_detector_says_so():
    with pytest.raises(RuntimeError, match=r'nothing is kept per image yet; call bind\(num_samples\) first'):
        QuantileThresholdDetector().observe(contrast_from([[0.5]], [0]))
