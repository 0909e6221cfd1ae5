"""The model index finds each config, the READMEs list all of them, and no result in either was not measured."""

import json
import re
from pathlib import Path

import modelindex
import pytest
import yaml
from mmengine.config import Config

ROOT = Path(__file__).resolve().parent.parent
IMPORTED = yaml.safe_load((ROOT / 'model-index.yml').read_text())['Import']
FOLDERS = sorted(path.name for path in (ROOT / 'configs').iterdir() if path.is_dir() and path.name != '_base_')
#: Names of a metafile's metrics, and of the measures of a study.
MEASURES = {'1-shot Accuracy': 'shot_1', 'kNN Accuracy': 'knn', 'Linear Accuracy': 'linear', 'NMI': 'nmi'}


def configs_of(folder):
    """Paths of the configs of a folder that can be run, below the checkout."""
    files = (ROOT / 'configs' / folder).rglob('*.py')
    return {str(path.relative_to(ROOT)) for path in files if '_base_' not in path.parts}


def metafile_of(folder):
    return yaml.safe_load((ROOT / 'configs' / folder / 'metafile.yml').read_text())


def results_of(folder):
    return [(model, result) for model in metafile_of(folder)['Models'] for result in model['Results'] or []]


def test_every_folder_is_imported_and_modelindex_reads_it():
    assert sorted(IMPORTED) == sorted(f'configs/{folder}/metafile.yml' for folder in FOLDERS)
    index = modelindex.load(str(ROOT / 'model-index.yml'))
    assert {model.config for model in index.models} == set().union(*map(configs_of, FOLDERS))
    names = [model.name for model in index.models]
    assert len(set(names)) == len(names)
    assert {model.in_collection for model in index.models} == {collection.name for collection in index.collections}


@pytest.mark.parametrize('folder', FOLDERS)
def test_metafile_names_each_config_with_its_epochs_and_batch(folder):
    models = metafile_of(folder)['Models']
    assert sorted(model['Config'] for model in models) == sorted(configs_of(folder))
    for model in models:
        if 'Epochs' in model['Metadata']:
            config = Config.fromfile(ROOT / model['Config'])  # unchecked: tests/test_configs/test_files.py checks it
            batch = config.get('auto_scale_lr', {}).get('base_batch_size') or config.train_dataloader.batch_size
            assert model['Metadata']['Epochs'] == config.train_cfg.max_epochs, model['Config']
            assert model['Metadata']['Batch Size'] == batch, model['Config']


@pytest.mark.parametrize('folder', FOLDERS)
def test_readme_links_each_config_and_each_link_leads_somewhere(folder):
    path = ROOT / 'configs' / folder / 'README.md'
    links = {link for link in re.findall(r'\]\(([^)#]+)', path.read_text()) if '://' not in link}
    assert not [link for link in links if not (path.parent / link).exists()]
    linked = {str((path.parent / link).resolve().relative_to(ROOT)) for link in links}
    assert not configs_of(folder) - linked


@pytest.mark.parametrize('folder', FOLDERS)
def test_each_result_is_one_that_a_study_measured(folder):
    for model, result in results_of(folder):
        study = json.loads((ROOT / result['Measured In']).read_text())
        method, summary = study['methods'][result['Method']], study['summary'][result['Method']]
        assert method['config'] == model['Config'] and result['Metrics'].keys() <= MEASURES.keys()
        for name, value in result['Metrics'].items():
            assert value == round(summary[MEASURES[name]]['mean'], 1), (model['Name'], name)
            assert result['Seeds'] == summary[MEASURES[name]]['n']


@pytest.mark.parametrize('folder', FOLDERS)
def test_readme_shows_the_results_of_the_metafile(folder):
    text = (ROOT / 'configs' / folder / 'README.md').read_text()
    rows = [line for line in text.splitlines() if line.startswith('|') and '±' in line]
    assert len(rows) == len(results_of(folder))
    for model, result in results_of(folder):
        row, = (row for row in rows if f'({model["Config"].removeprefix(f"configs/{folder}/")})' in row)
        cells = [float(cell.split('±')[0]) for cell in row.split('|') if '±' in cell]
        assert cells == list(result['Metrics'].values()), row
