"""Results that stand on unchecked formulas say so, wherever they are written or printed."""

import io

import pytest
from rich.console import Console

from mmifnd.configuration import load_config
from mmifnd.studies import Method, Study, as_markdown, print_table, summary_of
from mmifnd.studies.provisional import FOOTNOTE, is_provisional
from mmifnd.studies.results import evaluation_results


@pytest.mark.parametrize('name, expected', [
    ('sane/sane_moco_digits', True), ('sce/sce_moco_digits', False), ('baselines/moco_digits', False)])
def test_configs(name, expected):
    assert is_provisional(load_config(f'configs/{name}.py').model.to_dict()) is expected


def test_a_part_is_enough():
    assert is_provisional(dict(type='MoCoAdapter', head=dict(type='SCEHead'), mixup=dict(type='MomentumMixup')))
    assert is_provisional([dict(), [dict(type='mmifnd.SANEHead')]])
    assert not is_provisional(dict(type='NoSuchThing', values=[1, 'SANEHead']))


@pytest.fixture
def results():
    methods = {name: Method(name, name.upper(), f'configs/{room}/{name}_moco_digits.py') for name, room in (
        ('sane', 'sane'), ('sce', 'sce'))}
    study = Study('title', 'data', methods, dict(knn=dict(label='kNN', unit='%', higher_is_better=True)), [], 'sane')
    return summary_of(study, [dict(method=name, seed=0, measures=dict(knn=50.)) for name in methods], 'pytest')


def test_a_study_marks_them(results):
    assert [results['methods'][name]['provisional'] for name in ('sane', 'sce')] == [True, False]
    console = Console(record=True, width=120, file=io.StringIO())
    print_table(results, console)
    for text in (console.export_text(), as_markdown(results)):
        assert 'SANE*' in text and 'SCE*' not in text and text.count(FOOTNOTE) == 1
    results['methods'].pop('sane')
    assert FOOTNOTE not in as_markdown(results)


def test_results_of_before_have_no_mark(results):
    for method in results['methods'].values():
        del method['provisional']
    assert '*' not in as_markdown(results)


def test_an_evaluation_says_so(tmp_path):
    (tmp_path / 'epoch_1.pth').write_bytes(b'weights')
    for name, expected in (('sane/sane_moco_digits', True), ('sce/sce_moco_digits', False)):
        config = load_config(f'configs/{name}.py')
        found = evaluation_results(name, config, tmp_path / 'epoch_1.pth', {}, dict(knn=1.), {}, 'pytest')
        assert found['provisional'] is expected
