"""What training steps removed, of any detector: read, compared on one footing, and drawn."""

import numpy as np
import pytest

from mmifnd.records.arrays import RecordError
from mmifnd.records.detected import ByLabels, InSteps, last_steps, shared_anchors, told_of
from mmifnd.records.run_record import RunRecord
from mmifnd.visualization import check_report, write_run_report
from mmifnd.visualization.removed import reading, sheet_of


@pytest.fixture
def two(tmp_path, write_run, write_steps):
    """A run with snapshots of labels and steps; and FNC, whose clusterings nobody asks for."""
    ifnd, fnc = (write_run(tmp_path / name) for name in ('ifnd', 'fnc'))
    for path in (fnc / 'false_negatives').glob('epoch_*'):
        path.unlink()
    write_steps(ifnd, epoch=24, threshold=np.nan)
    write_steps(fnc, epoch=32)
    return dict(ifnd=RunRecord.load(ifnd), fnc=RunRecord.load(fnc))


def test_what_steps_removed_is_read_back(two):
    epoch, (steps,) = last_steps(two['fnc'])
    assert epoch == 32 and len(steps) == 60 and steps.anchors.tolist() == [0, 25, 50]
    found = steps.of(50)
    assert found.images.tolist() == [*range(51, 60), 0] and found.threshold == .5
    np.testing.assert_allclose(found.scores, np.linspace(.9, .6, 10), rtol=1e-6)
    assert len(steps.of(0).images) == len(steps.of(7).images) == 0, 'lost nothing; was not recorded'
    assert last_steps(two['ifnd'])[1][0].of(50).threshold is None


def test_runs_are_compared_on_one_footing(two, tmp_path, write_run):
    told = told_of(two, None)
    assert [(name, epoch, type(relations[0])) for name, (epoch, relations) in told.items()] == [
        ('ifnd', 24, InSteps), ('fnc', 32, InSteps)]
    assert shared_anchors([relations[0] for _, relations in told.values()], None, 9, 0) == [25, 50]
    assert type(told_of(dict(ifnd=two['ifnd']), None)['ifnd'][1][0]) is ByLabels, 'of all images, where that can be told'
    assert type(told_of(dict(fnc=two['fnc']), None)['fnc'][1][0]) is InSteps
    old = RunRecord.load(write_run(tmp_path / 'old'))
    assert [type(found[1][0]) for found in told_of(dict(two, old=old), None).values()] == [ByLabels, InSteps, ByLabels]
    assert list(told_of(two, None, source='snapshot')) == ['ifnd'] and list(told_of(two, None, epoch=32)) == ['ifnd', 'fnc']
    assert told_of(two, None, epoch=9) == {}


def test_of_several_runs_the_last_epoch_that_all_recorded_is_taken(two, write_steps):
    for name, epochs in (('ifnd', (8, 16)), ('fnc', (16, 40))):
        for epoch in epochs:
            write_steps(two[name].work_dir, epoch=epoch)
        two[name] = RunRecord.load(two[name].work_dir)
    assert {name: (epoch, type(relations[0])) for name, (epoch, relations) in told_of(two, None).items()} == dict(
        ifnd=(16, InSteps), fnc=(16, InSteps))
    assert told_of(dict(fnc=two['fnc']), None)['fnc'][0] == 40, 'a single run tells of its last epoch'


def test_steps_that_removed_nothing_tell_nothing(two, replace_arrays):
    path = two['fnc'].step_paths[32]
    replace_arrays(path, shares=np.zeros(3), counts=np.zeros(3, dtype=int), images=np.zeros(0, dtype=int),
                   similarities=np.zeros(0))
    assert last_steps(two['fnc']) is None and list(told_of(two, None)) == ['ifnd']


def test_sheet_of_two_detectors_with_similarity_and_threshold(two, images, labels):
    relations = {name: found[0] for name, (_, found) in told_of(two, None).items()}
    figure = sheet_of(relations, images, labels, num_examples=3)
    lost = 'class 1, image 25: 10 removed, 100% rightly'
    assert [axes.get_title(loc='left') for axes in figure.axes[:2]] == [
        f'ifnd\n{lost}', f'fnc\n{lost}; threshold 0.50']
    assert [text.get_text() for text in figure.axes[1].texts] == ['0.90', '0.77', '0.60']
    assert 'its cosine similarity to the anchor in that training step' in reading(relations, labels)


def test_report_of_a_run_without_labels_or_thresholds(two, images, labels, tmp_path):
    path = write_run_report([two['fnc'].work_dir], tmp_path / 'report.html', images, labels)
    text = path.read_text()
    assert check_report(path) == [] and 'candidates of its step masked (%)' in text
    assert 'class 1, image 25: 10 removed' in text and 'Nothing tells' not in text
    both = write_run_report([record.work_dir for record in two.values()], tmp_path / 'both.html', images, labels)
    assert check_report(both) == [] and 'ifnd at epoch 24, fnc at epoch 32' in both.read_text()


@pytest.mark.parametrize('arrays, message', [
    (dict(counts=None), 'counts missing'),
    (dict(counts=np.array([0, 10, 11])), 'counts of 21 images in all, but 20 are named'),
    (dict(thresholds=np.zeros(2)), r'thresholds float64 of shape \(2,\), expected real numbers of shape \(3,\)'),
    (dict(images=np.arange(50, 70)), 'images from 50 to 69, expected values from 0 to 59'),
    (dict(anchors=np.zeros((3, 1), dtype=int)), r'anchors int64 of shape \(3, 1\)')])
def test_a_file_that_does_not_fit_is_named(two, replace_arrays, arrays, message):
    replace_arrays(two['fnc'].step_paths[32], **arrays)
    with pytest.raises(RecordError, match=message) as error:
        two['fnc'].steps(32)
    assert 'removed_0032.npz' in str(error.value)


def test_an_epoch_that_was_not_recorded(two):
    with pytest.raises(RecordError, match=r'no record of the steps of epoch 9; choose one of \[32\]'):
        two['fnc'].steps(9)


def test_a_report_says_what_a_grey_field_is(two, images, tmp_path, undrawn):
    class Unread(type(images)):  # as Thumbnails, which note the names of what cannot be read
        unread: dict = {}

        def __getitem__(self, index):
            if np.ndim(index) == 0:
                self.unread[f'image {int(index)}'] = None
            return super().__getitem__(index)

    with undrawn():
        path = write_run_report([two['fnc'].work_dir], tmp_path / 'report.html', images=images.view(Unread))
        plain = write_run_report([two['fnc'].work_dir], tmp_path / 'plain.html', images=images)
    note = next(line for line in path.read_text().splitlines() if 'A grey field with a cross' in line)
    assert 'stands for an image that cannot be read: image 25, ' in note and note.count('image ') == 11 and 'more' in note
    assert 'grey field' not in plain.read_text()
