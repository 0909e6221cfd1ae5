"""The parts of a config that are no components, and studies."""

import argparse
from pathlib import Path

import pytest
from mmengine.hooks import Hook

from mmifnd.apis import UserError
from mmifnd.configuration import load_config
from mmifnd.configuration.command_line import add_cfg_options
from mmifnd.registry import HOOKS
from mmifnd.studies import load_study

IFND, STUDY = 'configs/ifnd/ifnd_simclr_digits.py', 'configs/studies/digits.py'


@pytest.mark.parametrize('options, words', [
    ({'model': 'SimCLR'}, "model='SimCLR' must be a dict"),
    ({'train_dataloader': [1]}, r'train_dataloader=\[1\] must be a dict'),
    ({'train_dataloader.batch_size': 0}, 'train_dataloader.batch_size=0 must be a whole number of at least 1'),
    ({'test_dataloader.num_workers': -1}, 'test_dataloader.num_workers=-1 must be a whole number of at least 0'),
    ({'train_dataloader.sampler': None}, 'train_dataloader has no sampler; give it'),
    ({'train_dataloader.collate_fn': dict(type='keep_batches')}, 'keep_batches is not registered; did you mean keep_batch'),
    ({'default_hooks.detection': None}, 'default_hooks.detection=None must be a dict; to do without it'),
    ({'test_cfg.measures': ['knn']}, r"test_cfg.measures=\['knn'\] must be a dict"),
    ({'test_cfg.measures.knn': 20}, 'test_cfg.measures.knn=20 must be a dict with a type, or None to leave it out'),
    ({'randomness.seed': -1}, 'randomness.seed=-1 must be a whole number from 0'),
    ({'log_level': 'LOUD'}, "log_level='LOUD' is unknown; choose one of DEBUG"),
    ({'default_scope': 'nowhere'}, "default_scope='nowhere' is unknown; choose one of mmengine, mmpretrain, mmifnd"),
    ({'train_cfg.type': 'EpochBasedTrainLoop'}, 'train_cfg.type=EpochBasedTrainLoop cannot train SimCLRAdapter'),
    ({'model.neck': None}, 'model.neck=None must be a dict'),
    ({'model.head': dict(_delete_=True, temperature=1.)}, 'model.head has no type; name its class'),
    ({'optim_wrapper.optimizer': dict(_delete_=True, lr=0.1)}, 'optim_wrapper.optimizer has no type; name its class'),
    ({'model.neck': dict(_delete_=True, type='ProjectionMLP')}, 'model.neck: ProjectionMLP needs in_channels; give it'),
])
def test_one_line_names_the_key(options, words):
    with pytest.raises(UserError, match=words) as error:
        load_config(IFND, options)
    assert '\n' not in str(error.value)


def test_a_hook_that_mmengine_adds_is_turned_off_by_none():
    assert load_config(IFND, {'default_hooks.timer': None}).default_hooks.timer is None


WAITING = {'model.head.detector.type': 'PseudoLabelDetector', 'default_hooks': dict(_delete_=True)}
OF_PCL = {'model.head': dict(_delete_=True, type='ProtoNCEHead'), 'default_hooks': dict(_delete_=True)}
UNION = dict(_delete_=True, type='UnionDetector', detectors=dict(labels=dict(type='PseudoLabelDetector')))


@pytest.mark.parametrize('options, words', [
    (WAITING, 'model.head.detector: PseudoLabelDetector waits for pseudo labels, which no hook makes; give default_hooks='),
    (OF_PCL, 'model.head: ProtoNCEHead waits for pseudo labels'),
    ({**WAITING, 'model.head.detector': UNION}, 'model.head.detector.detectors.labels: PseudoLabelDetector waits'),
    ({**WAITING, 'custom_hooks': [dict(type='OnlineProbeHook')]}, 'which no hook makes')])
def test_a_model_that_would_wait_for_labels_for_ever(options, words):
    with pytest.raises(UserError, match=words) as error:
        load_config(IFND, options)
    assert '\n' not in str(error.value)


class OwnClustering(Hook):
    """Of a user: it could publish labels."""


@pytest.mark.parametrize('options', [
    {'custom_hooks': [dict(type='FalseNegativeHook', num_clusters=(5,), acceptance=dict(type='ConfidenceAcceptance'))]},
    {'load_from': 'labels_of_an_earlier_run.pth'}, {'custom_hooks': [dict(type='OwnClustering')]}])
def test_labels_that_come_another_way(options, monkeypatch):
    monkeypatch.setitem(HOOKS._module_dict, 'OwnClustering', OwnClustering)
    assert load_config(IFND, {**WAITING, **options}).model.head.detector.type == 'PseudoLabelDetector'


@pytest.mark.parametrize('value, words', [
    ('OnlineProbeHook', "custom_hooks='OnlineProbeHook' must be a list"),
    (['OnlineProbeHook'], r"custom_hooks\[0\]='OnlineProbeHook' must be a dict with a type"),
    ([dict(lr=1)], r"custom_hooks\[0\]=\{'lr': 1\} must be a dict with a type"),
    ([dict(type='OnlineProbHook')], 'did you mean OnlineProbeHook')])
def test_custom_hooks_that_are_none(value, words):
    with pytest.raises(UserError, match=words):
        load_config(IFND, {'custom_hooks': value})


@pytest.mark.parametrize('name, hint', [
    ('custom_hook', '; did you mean custom_hooks'), ('epochs', '$'), ('launcher', '$'), ('work_dir', '$')])
def test_an_option_is_no_part_of_a_config(name, hint):
    with pytest.raises(UserError, match=f'--cfg-options {name}: the config has no such key{hint}'):
        load_config(IFND, {name: 'x'})


def test_a_part_that_the_config_leaves_out_is_given_on_the_command_line():
    text = "custom_hooks=[{'type': 'OnlineProbeHook', 'lr': 0.1}]"
    parser = argparse.ArgumentParser()
    add_cfg_options(parser)
    args = parser.parse_args(['--cfg-options', text, 'experiment_name=mine', 'log_level={x}'])
    config = load_config(IFND, {**args.cfg_options, 'log_level': 'ERROR'})
    assert config.custom_hooks == [dict(type='OnlineProbeHook', lr=0.1)] and config.experiment_name == 'mine'
    assert args.cfg_options['log_level'] == '{x}'


def study_of(folder, text):
    (folder / 'study.py').write_text(f'_base_ = {str(Path(STUDY).resolve())!r}\n{text}\n')
    return load_study(folder / 'study.py')


@pytest.mark.parametrize('text, words', [
    ('methods = dict(_delete_=True)', 'has no methods'), ('methods = []', r'methods=\[\] must be a dict'),
    ("methods = dict(simclr=dict(config='no.py'))", 'methods.simclr: config no.py does not exist'),
    ("methods = dict(random=dict(rate_from='random'))", 'methods.random.rate_from names random, which does not exist'),
    ("comparisons = [('oracle', 'simclr')]", r"comparisons\[0\]=\('oracle', 'simclr'\) must be two methods and a measure"),
    ("comparisons = [('oracle', 'simclr', 'map')]", r'comparisons\[0\] names map, which does not exist'),
    ("figure_run = 'simclrr'", 'figure_run names simclrr, which does not exist; did you mean simclr'),
    ('methods = dict(', 'study.py cannot be read: SyntaxError')])
def test_a_study_that_does_not_fit_together(tmp_path, text, words):
    with pytest.raises(UserError, match=words) as error:
        study_of(tmp_path, text)
    assert '\n' not in str(error.value)
