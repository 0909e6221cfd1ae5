"""Reports of image-text models: each direction by itself, captions as text and under pictures."""

import csv
import json
from argparse import Namespace

import numpy as np
import pytest

from mmifnd.cli import contact_sheet
from mmifnd.cli.contact_sheet import relations_by_name
from mmifnd.records.detected import last_steps
from mmifnd.records.lines import add_record
from mmifnd.records.names import DETECTION, DIRECTIONS, folder_of
from mmifnd.records.run_record import RunRecord
from mmifnd.records.steps import Removed, write_steps
from mmifnd.visualization import check_report, write_run_report
from mmifnd.visualization.cells import wrapped
from mmifnd.visualization.curves import Group
from mmifnd.visualization.detection import by_direction
from mmifnd.visualization.removed import reading, sheet_of
from mmifnd.visualization.style import series_styles

CAPTIONS = [f'caption {number} <of> $5' for number in range(60)]
LOST = dict(image=[1, 30], text=[2])


def write_pairs(work_dir):
    """A run of two heads: image 0 loses the captions 1 and 30, caption 0 the image 2."""
    folder = folder_of(work_dir)
    folder.mkdir(parents=True)
    for epoch in (1, 2):
        add_record(folder / DETECTION, *(
            dict(epoch=epoch, direction=direction, precision_micro=10. * place + epoch, recall_micro=5., f1_micro=6.,
                 predicted_share=1., true_share=2.) for place, direction in enumerate(DIRECTIONS, 1)))
    for direction, lost in LOST.items():
        removed = Removed(0, np.array(lost), np.linspace(.9, .8, len(lost)), .7 if direction == 'image' else .6, .1)
        write_steps(folder, 2, 60, [removed], direction)
    (work_dir / 'evaluation.json').write_text(json.dumps(dict(kind='evaluation', measures={
        name: dict(value=value) for name, value in {'i2t_R@1': 41., 't2i_R@1': 39., 'modality_gap': .25}.items()})))
    return work_dir


@pytest.fixture(scope='module')
def pairs(tmp_path_factory):
    return write_pairs(tmp_path_factory.mktemp('pairs') / 'glofnd')


def test_a_record_is_split_by_direction(pairs):
    record = RunRecord.load(pairs)
    assert record.directions == ['image', 'text'] and record.step_paths == {}
    views = record.by_direction()
    assert list(views) == ['image anchors', 'text anchors']
    assert [[entry['precision_micro'] for entry in view.detection] for view in views.values()] == [[11., 12.], [21., 22.]]
    assert [last_steps(view)[1][0].of(0).images.tolist() for view in views.values()] == [[1, 30], [2]]


def test_a_record_of_one_head_stays_whole(tmp_path, write_run):
    record = RunRecord.load(write_run(tmp_path / 'run'))
    assert record.directions == [] and record.by_direction() == {'': record}


def test_detection_has_a_line_per_direction(pairs, tmp_path, write_run):
    records = dict(pairs=RunRecord.load(pairs), images=RunRecord.load(write_run(tmp_path / 'run')))
    styles = series_styles(list(records))
    groups = by_direction([Group(name, [record], styles[name]) for name, record in records.items()])
    assert [group.label for group in groups] == ['pairs, image anchors', 'pairs, text anchors', 'images']
    assert len({group.style.color for group in groups}) == 3


def relation_of(pairs, direction):
    return last_steps(RunRecord.load(pairs).of_direction(direction))[1][0]


def test_an_image_loses_captions(pairs, images, labels):
    relations = dict(a=relation_of(pairs, 'image'))
    axes, = sheet_of(relations, images, labels, [0], captions=CAPTIONS).axes
    assert len(axes.images) == 1, 'the anchor alone is a picture'
    texts = [text.get_text().replace('\n', ' ') for text in axes.texts]
    assert texts[0] == r'caption 0 <of> $5' and r'caption 1 <of> $5' in texts and r'caption 30 <of> $5' in texts
    assert axes.get_title(loc='left') == 'class 0, image 0: 2 removed, 50% rightly; threshold 0.70'
    assert 'captions that no longer count' in reading(relations, labels)


def test_a_caption_loses_images(pairs, images, labels):
    relations = dict(a=relation_of(pairs, 'text'))
    axes, = sheet_of(relations, images, labels, [0], captions=CAPTIONS).axes
    assert len(axes.images) == 1, 'the removed one alone is a picture'
    assert axes.images[0].get_extent()[0] > 1, 'right of the anchor'
    assert r'caption 2 <of> $5' in [text.get_text().replace('\n', ' ') for text in axes.texts], 'under its picture'
    assert axes.get_title(loc='left').startswith('class 0, text of image 0: 1 removed')
    assert 'images that no longer count' in reading(relations, labels)


def test_a_direction_cannot_be_drawn_without_captions(pairs, images):
    with pytest.raises(ValueError, match='captions are needed'):
        sheet_of(dict(a=relation_of(pairs, 'text')), images, anchors=[0])


def test_report_of_both_directions(pairs, images, labels, tmp_path):
    path = write_run_report([pairs], tmp_path / 'report.html', images, labels, captions=CAPTIONS)
    text = path.read_text()
    assert check_report(path) == []
    for part in ('glofnd, image anchors', 'glofnd, text anchors', 'image 0: 2 removed', 'text of image 0: 1 removed',
                 '<li>caption 30 &lt;of&gt; $5</li>', 'Image to text R@1', '41.0', '0.250',
                 'one threshold per image and one per text'):
        assert part in text, part
    rows = list(csv.reader((tmp_path / 'removed.csv').open(encoding='utf-8')))[1:]
    assert [row[2:4] for row in rows] == [['0', CAPTIONS[1]], ['0', CAPTIONS[30]], [CAPTIONS[0], '2']]


@pytest.mark.parametrize('direction', DIRECTIONS)
def test_contact_sheet_of_one_direction(pairs, direction):
    args = Namespace(work_dirs=[str(pairs)], direction=direction, epoch=None, of=None)
    (name, relation), = relations_by_name(args, None).items()
    assert tuple(DIRECTIONS) == contact_sheet.DIRECTIONS
    assert name == 'glofnd, epoch 2' and relation.of(0).images.tolist() == LOST[direction]


def test_two_runs_are_compared_in_each_direction(pairs, images, labels, tmp_path):
    other = write_pairs(tmp_path / 'fnc')
    path = write_run_report([pairs, other], tmp_path / 'report.html', images, labels, captions=CAPTIONS)
    text = path.read_text()
    assert check_report(path) == []
    assert text.count('Two detectors side by side') == 1
    assert '<h3>image anchors</h3>' in text and '<h3>text anchors</h3>' in text


def test_without_captions_the_rest_is_reported(pairs, images, labels, tmp_path):
    path = write_run_report([pairs], tmp_path / 'report.html', images, labels)
    assert check_report(path) == [] and 'captions that no longer count' not in path.read_text()


def test_long_captions_are_cut_and_say_so():
    assert wrapped('a red fox', 11, 2) == ['a red fox']
    assert wrapped('a red fox jumps over the lazy dog', 9, 2) == ['a red fox', 'jumps…']
    assert wrapped('', 9, 2) == [''] and wrapped('$x$', 9, 2) == ['$x$']
