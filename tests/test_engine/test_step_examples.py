"""What training steps removed for a few images: against naive loops, of whole runs, and without a trace in them."""

import dataclasses

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

from mmifnd.detectors import GroundTruthDetector
from mmifnd.engine.hooks import DetectionHook
from mmifnd.engine.hooks.detection_hook import HeadDetection
from mmifnd.engine.hooks.step_examples import StepExamples, is_shown
from mmifnd.models.heads.step_record import StepRecord
from mmifnd.records.steps import read_steps

ANCHORS, CANDIDATES = [3, 0, 5], [7, -1, 4, 7, 2, 0, 4, 6]


@pytest.fixture
def detection():
    """Two granularities; images 7 and 4 are candidates twice, and one slot is empty."""
    generator = torch.Generator().manual_seed(0)
    similarity = torch.rand(3, 8, generator=generator) * 2 - 1
    similarity[1, 5] = -torch.inf
    mask = (torch.rand(2, 3, 8, generator=generator) < .5) & (similarity > -torch.inf)
    return StepRecord(torch.tensor(ANCHORS), torch.tensor(CANDIDATES), similarity > -torch.inf, mask, similarity,
                      torch.zeros(3), lambda: torch.tensor([.1, .2, .3]))


def test_a_visit_against_loops(detection):
    examples = StepExamples(8, 8)
    examples.note(detection, [2, 0])
    found = examples.collect()
    assert [visit['anchor'] for visit in found] == [3, 5] and examples.collect() == []
    for visit, row in zip(found, (0, 2)):
        highest, lost = {}, 0
        for column, image in enumerate(CANDIDATES):
            if detection.false_negative[0, row, column] or detection.false_negative[1, row, column]:
                lost += 1
                if image >= 0:
                    highest[image] = max(highest.get(image, -2.), float(detection.similarity[row, column]))
        assert len(highest) < lost, 'an image that was removed twice is told once'
        assert visit['images'].tolist() == sorted(highest, key=highest.get, reverse=True)
        assert visit['similarity'].tolist() == sorted(highest.values(), reverse=True)
        assert visit['share'] == lost / int(detection.is_candidate[row].sum())
        assert visit['threshold'] == pytest.approx([.1, .2, .3][row])


def test_what_was_noted_survives_a_checkpoint(detection, tmp_path):
    examples, resumed = StepExamples(8, 8), StepExamples(8, 8)
    examples.note(detection, [0])
    torch.save(examples.state(), tmp_path / 'state.pth')
    resumed.load(torch.load(tmp_path / 'state.pth', weights_only=True))
    for one in (examples, resumed):
        one.note(dataclasses.replace(detection, threshold=lambda: None), [1])
        one.write(tmp_path / one.__class__.__name__ / str(id(one)), 3, one.collect())
    first, second = (read_steps(path) for path in sorted(tmp_path.rglob('removed_0003.npz')))
    assert first['anchors'].tolist() == [0, 3] and np.isnan(first['thresholds']).tolist() == [True, False]
    for key in first:
        np.testing.assert_array_equal(first[key], second[key])


def test_nothing_waits_for_the_device():
    examples = StepExamples(40, 40)
    with FakeTensorMode():
        fake = StepRecord(torch.arange(6), torch.arange(9), torch.ones(6, 9, dtype=torch.bool),
                          torch.zeros(2, 6, 9, dtype=torch.bool), torch.zeros(6, 9), torch.zeros(6), lambda: torch.zeros(6))
        examples.note(fake, [0, 4])
        with pytest.raises(DataDependentOutputException):
            int(fake.anchor_index[0])


def test_anchors_are_the_same_in_every_run_and_found_in_a_batch():
    examples = StepExamples(1000, 5)
    assert examples.anchors == {0, 250, 500, 749, 999}
    assert examples.rows(torch.tensor([4, 250, 1, 999])) == [1, 3] and StepExamples(1000, 0).anchors == set()


@pytest.mark.parametrize('epochs, shown', [
    (3, [0, 1, 2]), (40, list(range(3, 40, 4))), (15, [1, 2, 4, 5, 7, 8, 10, 11, 13, 14])])
def test_ten_epochs_with_the_last_are_kept(epochs, shown):
    assert [epoch for epoch in range(epochs) if is_shown(epoch, epochs)] == shown


# --- whole runs ---------------------------------------------------------------------------------------------------------

TRUTH = dict(model__head__detector=dict(type='GroundTruthDetector'))
MOCO = dict(TRUTH, model__empty='exclude', model__same_image='exclude')


@pytest.mark.parametrize('config, options', [
    ('configs/baselines/simclr_oracle_digits.py', {}), ('configs/baselines/moco_digits.py', MOCO),
    pytest.param('configs/swav/swav_digits.py', TRUTH, marks=pytest.mark.slow)])
def test_the_oracle_removes_images_of_the_anchors_class(digits_runner, tmp_path, config, options):
    runner = digits_runner(config, epochs=2, **options)
    runner.train()
    labels = runner.train_loop.dataset.labels()
    steps = read_steps(tmp_path / 'false_negatives' / 'removed_0002.npz')
    assert steps['num_images'] == 1297 and len(steps['anchors']) > 55, 'but for those that filled no step'
    assert (labels[steps['images']] == np.repeat(labels[steps['anchors']], steps['counts'])).all()
    assert steps['shares'].mean() == pytest.approx(.1, abs=.03) and np.isnan(steps['thresholds']).all()
    assert sorted(path.name for path in tmp_path.glob('false_negatives/removed*')) == ['removed_0001.npz', 'removed_0002.npz']


def test_fnc_tells_its_thresholds(digits_runner, tmp_path):
    digits_runner('configs/glofnd/sogclr_fnc_digits.py', epochs=1, model__head__detector__start_epoch=0).train()
    steps = read_steps(tmp_path / 'false_negatives' / 'removed_0001.npz')
    assert (steps['similarities'] > np.repeat(steps['thresholds'], steps['counts'])).all()
    np.testing.assert_allclose(steps['shares'], .1, atol=.002)  # alpha, of 510 candidates


def weights_of(digits_runner, folder, path, count, **options):
    runner = digits_runner(path, epochs=2, work_dir=folder, default_hooks__detection__num_examples=count, **options)
    runner.train()
    return runner.model.state_dict()


@pytest.mark.parametrize('path, options', [
    ('configs/glofnd/sogclr_fnc_digits.py', dict(model__head__detector__start_epoch=0)),
    pytest.param('configs/glofnd/moco_glofnd_digits.py', dict(model__head__detector__start_epoch=0), marks=pytest.mark.slow)])
def test_recording_leaves_the_run_as_it_is(digits_runner, tmp_path, path, options):
    without, recorded = (weights_of(digits_runner, tmp_path / str(count), path, count, **options) for count in (0, 64))
    assert all(torch.equal(value, recorded[name]) for name, value in without.items())
    scores = [(tmp_path / str(count) / 'false_negatives' / 'detection.jsonl').read_text() for count in (0, 64)]
    assert scores[0] == scores[1], 'the same steps are scored'
    assert not list((tmp_path / '0').rglob('removed*')) and list((tmp_path / '64').rglob('removed*'))


def test_nothing_is_kept_of_a_run_that_detects_nobody(digits_runner, tmp_path):
    digits_runner('configs/baselines/simclr_digits.py', epochs=1).train()
    assert not list(tmp_path.rglob('removed*'))


def test_a_negative_number_is_refused():
    with pytest.raises(ValueError, match='num_examples=-1 of DetectionHook is negative; 0 keeps none'):
        DetectionHook(num_examples=-1)


def test_checkpoints_of_before_are_taken():
    hook, head = DetectionHook(), HeadDetection('', GroundTruthDetector(), 8, 8)
    hook.heads, hook.labels = {'': head}, torch.zeros(8)
    hook.load_rank_states([dict(counts=[torch.ones(4, 1)])])
    assert len(head.counts) == 1 and head.examples.state() == []
