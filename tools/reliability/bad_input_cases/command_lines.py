"""Wrong command lines; wrong study files, results, reports and features for the tools that read them."""

import json
from functools import partial
from pathlib import Path

import numpy as np

from .case import Case, nothing, train, written
from .config_values import SIMCLR
from .data_files import folder

STUDY = 'configs/studies/digits.py'
AT = ('--out', '{here}/out')


def _text(name: str, content: str, here: Path) -> None:
    (here / name).write_text(content)


def _json(name: str, value, here: Path) -> None:
    _text(name, json.dumps(value), here)


def _arrays(here: Path, **arrays) -> None:
    np.savez(here / 'features.npz', **arrays)


ROWS = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
NAN = np.where(np.arange(160).reshape(40, 4) == 7, np.nan, ROWS)

COMMANDS = [
    ('train: no config', 'train', (), 'the following arguments are required: config'),
    ('train: an unknown option', 'train', (SIMCLR, '--epoch', '3'), 'unrecognized arguments: --epoch'),
    ('train: an unknown launcher', 'train', (SIMCLR, '--launcher', 'ssh'), "invalid choice: 'ssh'"),
    ('train: Slurm without srun', 'train', (SIMCLR, '--launcher', 'slurm'), 'SLURM_PROCID is not set; start with srun'),
    ('train: torchrun without torchrun', 'train', (SIMCLR, '--launcher', 'pytorch'), '--launcher pytorch'),
    ('train: --amp without a GPU', 'train', (SIMCLR, '--amp'), '--amp needs a GPU'),
    ('train: --fresh-image-state alone', 'train', (SIMCLR, '--fresh-image-state'), 'goes with --resume'),
    ('train: --auto-scale-lr without a base', 'train', (SIMCLR, '--auto-scale-lr'), 'has no auto_scale_lr.base_batch_size'),
    ('train: a work folder that is a file', 'train', (SIMCLR, '--work-dir', 'setup.py'), 'setup.py'),
    ('test: no checkpoint', 'test', (SIMCLR,), 'the following arguments are required: checkpoint'),
    ('test: no config', 'test', ('no.py', 'no.pth'), 'config no.py does not exist'),
    ('test: a config without measures', 'test', ('configs/_base_/default_runtime.py', 'no.pth'), 'has no model'),
    ('study: no such study', 'study', ('no.py', *AT), 'study no.py does not exist'),
    ('study: no seeds', 'study', (STUDY, '--seeds', '0', *AT), '--seeds 0 is below 1'),
    ('study: seeds in words', 'study', (STUDY, '--seeds', 'three', *AT), "invalid int value: 'three'"),
    ('study: no workers', 'study', (STUDY, '--workers', '0', *AT), '--workers 0 is below 1'),
    ('study: no epochs', 'study', (STUDY, '--epochs', '-1', *AT), '--epochs -1 is below 1'),
    ('study: no epochs at all', 'study', (STUDY, '--epochs', '0', *AT), '--epochs 0 is below 1'),
    ('study: an unknown method', 'study', (STUDY, '--methods', 'moco', *AT), '--methods moco: the study has no such method'),
    ('study: an option that leads nowhere', 'study', (STUDY, '--seeds', '1', '--cfg-options', 'model.hed.x=1', *AT),
     'model.hed'),
    ('study: a config for a study', 'study', (SIMCLR, *AT), 'lacks a part'),
    ('study: an output that is a file', 'study', (STUDY, '--seeds', '1', '--out', 'setup.py'), 'setup.py'),
    ('select: no such study', 'select_temperature', ('no.py', *AT), 'study no.py does not exist'),
    ('select: temperature 0', 'select_temperature', (STUDY, '--temperatures', '0', '--seeds', '1', *AT), 'temperature'),
    ('select: a negative seed', 'select_temperature', (STUDY, '--seeds', '-1', *AT), '--seeds -1'),
    ('select: no workers', 'select_temperature', (STUDY, '--workers', '0', *AT), '--workers 0 is below 1'),
    ('select: an unknown measure', 'select_temperature', (STUDY, '--measure', 'map', *AT), '--measure map'),
    ('select: an unknown method', 'select_temperature', (STUDY, '--methods', 'moco', *AT), '--methods moco'),
    ('select: a study without selection', 'select_temperature', ('{here}/study.py', *AT), 'has no selection'),
    ('report: nothing', 'report', (), 'give either WORK_DIR... or --check FILE'),
    ('report: no such folder', 'report', ('no/such',), 'no/such'),
    ('report: an empty folder', 'report', ('{here}',), '{here} holds no record of a run'),
    ('export: an unknown layout', 'model_converters/export_backbone', ('a.pth', 'b.pth', '--to', 'keras'),
     "invalid choice: 'keras'"),
    ('browse: no images', 'visualization/browse_views', (SIMCLR, '--images', '0'), '--images 0'),
    ('browse: no such config', 'visualization/browse_views', ('no.py',), 'config no.py does not exist'),
    ('schedules: no such config', 'visualization/schedules', ('no.py',), 'config no.py does not exist'),
    ('schedules: a config without training', 'visualization/schedules', ('configs/_base_/default_runtime.py',), 'has no'),
    ('compare: no such file', 'compare_results', ('no.json',), 'no.json does not exist'),
    ('significance: nothing to compare with', 'significance', ('no.json',), '--against'),
]

#: Results that are none; what compare_results.py, significance.py and report.py say.
RESULTS = [
    ('an empty results.json', '', 'results.json'),
    ('a truncated results.json', '{"runs": [', 'results.json'),
    ('results that are a list', '[]', 'results.json'),
    ('results without runs', '{"title": "x"}', 'results.json'),
    ('results whose runs are a number', '{"runs": 3}', 'results.json'),
    ('results whose runs lack measures', '{"runs": [{"method": "a", "seed": 0}]}', 'results.json'),
]

#: Study files: text, and what the line must say.
STUDIES = [
    ('an empty study', '', 'lacks a part'),
    ('a study without methods', "title = 'x'", 'lacks a part'),
    ('a study whose methods are a list', 'methods = []', 'methods=[] must be a dict'),
    ('a study of no methods', 'methods = dict(_delete_=True)', 'has no methods'),
    ('a method without a config', "methods = dict(simclr=dict(_delete_=True, label='SimCLR'))", 'lacks a part'),
    ('a method whose config does not exist', "methods = dict(simclr=dict(config='configs/no.py'))",
     'methods.simclr: config configs/no.py does not exist'),
    ('a method with a misspelt key', 'methods = dict(simclr=dict(lable=1))', 'lable'),
    ('a method that copies the rate of nobody', "methods = dict(random=dict(rate_from='moco'))", 'moco'),
    ('a method that copies its own rate', "methods = dict(random=dict(rate_from='random'))", 'rate_from'),
    ('a comparison with nobody', "comparisons = [('moco', 'simclr', 'shot_1')]", 'moco'),
    ('a comparison by nothing', "comparisons = [('oracle', 'simclr', 'map')]", 'names map, which does not exist'),
    ('a comparison of two names', "comparisons = [('oracle', 'simclr')]", 'comparisons'),
    ('a figure of nobody', "figure_run = 'moco'", 'moco'),
    ('a study with a syntax error', 'methods = dict(', 'study.py'),
]

#: Features for the audit: what is wrong, how it is made, further arguments, and what the line must say.
FEATURES = [
    ('features without features', partial(_arrays, rows=ROWS), (), 'features'),
    ('features that are NaN', partial(_arrays, features=NAN), (), 'NaN'),
    ('features of one dimension', partial(_arrays, features=ROWS[:, 0]), (), '(40,)'),
    ('no features', partial(_arrays, features=ROWS[:0]), (), '0'),
    ('one image', partial(_arrays, features=ROWS[:1]), (), '1'),
    ('features of text', partial(_arrays, features=np.array(['a'] * 40)), (), 'features'),
    ('too few labels', partial(_arrays, features=ROWS, labels=np.zeros(3, int)), (), 'labels'),
    ('labels of floats', partial(_arrays, features=ROWS, labels=np.zeros(40)), (), 'labels'),
    ('an archive of text', partial(_text, 'features.npz', 'hello'), (), 'features.npz'),
    ('an empty archive', partial(_text, 'features.npz', ''), (), 'features.npz'),
    ('too many clusters', partial(_arrays, features=ROWS), ('--clusters', '400'), '400'),
    ('one cluster', partial(_arrays, features=ROWS), ('--clusters', '1'), '1'),
    ('alpha 0', partial(_arrays, features=ROWS), ('--alphas', '0'), '0'),
    ('alpha 2', partial(_arrays, features=ROWS), ('--alphas', '2'), '2'),
    ('batches of one image', partial(_arrays, features=ROWS), ('--batch-sizes', '1'), '1'),
    ('a negative number of examples', partial(_arrays, features=ROWS), ('--examples', '-1'), '-1'),
    ('a negative seed', partial(_arrays, features=ROWS), ('--seed', '-1'), '-1'),
]


def _study_of(text: str):
    base = None if text in ('', "title = 'x'") else 'studies/digits.py'
    return lambda here: (written(base, text)(here), (here / 'config.py').rename(here / 'study.py'))


def _without_selection(here: Path) -> None:
    written('studies/digits.py', 'selection = dict(_delete_=True)')(here)
    (here / 'config.py').rename(here / 'study.py')


def _files_of(name: str):
    return _without_selection if name == 'select: a study without selection' else nothing


def _cases():
    for name, tool, arguments, words in COMMANDS:
        yield Case(name, tool, arguments, words, _files_of(name))
    for name, text, words in RESULTS:
        write = partial(_text, 'results.json', text)
        yield Case(f'compare: {name}', 'compare_results', ('{here}/results.json',), words, write)
        yield Case(f'significance: {name}', 'significance', ('{here}/results.json', '--against', '{here}/results.json'), words,
                   write)
        yield Case(f'report: {name}', 'report', ('{here}',), words, write)
    for name, text, words in STUDIES:
        yield Case(f'study: {name}', 'study', ('{here}/study.py', '--seeds', '1', '--workers', '1', *AT), words,
                   _study_of(text))
    for name, files, further, words in FEATURES:
        yield Case(f'audit: {name}', 'audit', ('{here}/features.npz', *further, *AT), words, files)
    yield Case('audit: no such file', 'audit', ('no.npz', *AT), 'no.npz')
    yield Case('audit: an empty folder of images', 'audit', ('{here}/features.npz', '{here}', *AT), 'holds no image',
               partial(_arrays, features=ROWS))
    yield Case('audit: more images than features', 'audit', ('{here}/features.npz', '{here}/data', *AT), '8',
               lambda here: (folder()(here), _arrays(here, features=ROWS)))
    yield train('--work-dir below a file', SIMCLR, 'setup.py', '--work-dir', 'setup.py/run')


CASES: list[Case] = list(_cases())
