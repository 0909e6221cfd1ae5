import csv

import numpy as np
import pytest

from mmifnd.records import removed_pairs
from mmifnd.records.detected import ByLabels, InSteps, Removed
from mmifnd.records.removed_pairs import HEADER, MAX_ANCHORS, Told, anchors_to_list, write_removed_pairs

LABELS = np.array([0, 0, 1, 1, 0, -1])
RELATION = ByLabels(LABELS, np.array([.9, .8, .7, .6, .5, .4]))
CLASSES = np.array([0, 0, 1, 0, 1, 1])


def read(path):
    with open(path, newline='', encoding='utf-8') as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == HEADER
    return rows


def test_every_pair_once_the_surest_first(tmp_path):
    written = write_removed_pairs(tmp_path / 'removed.csv', [Told('a run', 7, RELATION)], CLASSES)
    expected = [['a run', '7', str(anchor), str(image), f'{RELATION.confidence[image]:.4f}',
                 'yes' if CLASSES[anchor] == CLASSES[image] else 'no']
                for anchor in range(6) for image in range(6)
                if anchor != image and LABELS[anchor] == LABELS[image] >= 0]
    assert read(tmp_path / 'removed.csv') == expected and len(expected) == 8
    assert written == (8, 5, 0)


def test_without_classes_nothing_is_judged_and_without_scores_none_is_written(tmp_path):
    relation = InSteps({2: Removed(2, np.array([5, 0]))}, np.array([.1]), 6)
    write_removed_pairs(tmp_path / 'removed.csv', [Told('r', 1, relation)])
    assert read(tmp_path / 'removed.csv') == [['r', '1', '2', '5', '', ''], ['r', '1', '2', '0', '', '']]


@pytest.mark.parametrize('name, cell', [
    ('=HYPERLINK("x")', '\'=HYPERLINK("x")'), ('+1.png', "'+1.png"), ('-1.png', "'-1.png"), ('@a', "'@a"),
    ('a\nb.png', 'a\ufffdb.png'), ('a,"b".png', 'a,"b".png'),
    ('\x1b[31m.png', '\ufffd[31m.png'), ('größe 1.png', 'größe 1.png')])
def test_a_name_is_data_for_a_spreadsheet_and_a_terminal(tmp_path, name, cell):
    names = ['0.png', name, *(f'{number}.png' for number in range(2, 6))]
    write_removed_pairs(tmp_path / 'removed.csv', [Told('r', 1, RELATION)], None, names)
    assert read(tmp_path / 'removed.csv')[0][2:4] == ['0.png', cell]


def test_of_many_anchors_some_are_listed_and_those_that_are_asked_for(tmp_path):
    many = ByLabels(np.zeros(500, dtype=int), np.ones(500))
    chosen = anchors_to_list(many, [3])
    assert len(chosen) == MAX_ANCHORS + 1 and {0, 3, 499} <= set(chosen) and chosen == sorted(chosen)


def test_what_is_left_out_is_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(removed_pairs, 'MAX_ROWS', 3)
    assert write_removed_pairs(tmp_path / 'removed.csv', [Told('r', 1, RELATION)]) == (3, 2, 5)
    assert len(read(tmp_path / 'removed.csv')) == 3
