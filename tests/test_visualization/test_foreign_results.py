"""Results of somebody else name folders of runs; they are below the folder of the study, or are not looked into."""

import json

import pytest

from mmifnd.cli.report import read_results
from mmifnd.errors import UserError
from mmifnd.records.arrays import RecordError
from mmifnd.visualization.report import load_runs


@pytest.mark.parametrize('folder', ['/etc', '../other', 'a/../../b', '', 'a\0b', 5])
def test_a_folder_elsewhere_is_refused(tmp_path, folder):
    results = dict(runs=[dict(method='a', work_dir=folder)])
    (tmp_path / 'results.json').write_text(json.dumps(results))
    with pytest.raises(UserError, match='results.json names the folder .* of a run; folders of runs are below'):
        read_results(tmp_path / 'results.json')
    with pytest.raises(RecordError, match='as the folder of a run; it must be below'):
        load_runs(results, tmp_path)


def test_folders_of_runs(tmp_path):
    results = dict(runs=[dict(method='a', work_dir='ifnd/seed_0')])
    (tmp_path / 'results.json').write_text(json.dumps(results))
    assert read_results(tmp_path / 'results.json') == results and load_runs(results, tmp_path) == ({}, ['ifnd/seed_0'])
