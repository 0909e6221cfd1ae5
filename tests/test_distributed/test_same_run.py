"""Hosts with another config, other versions, other weights or other images do not train together."""

import socket

import pytest
import runner_jobs as jobs
import torch
from image_folders import write_images

HERE = f'rank 1 on host {socket.gethostname()}: '


def config(**changed):
    return dict(model=dict(momentum=.99), train_dataloader=dict(num_workers=2, dataset=dict(data_root='/a')), **changed)


@pytest.mark.parametrize('other', [
    config(), config(work_dir='other', log_level='ERROR', env_cfg=dict(dist_cfg=dict(timeout=5))),
    dict(config(), train_dataloader=dict(num_workers=7, dataset=dict(data_root='/b')))],
    ids=['equal', 'own folder', 'own data root'])
def test_hosts_with_the_same_training_go_on(two_processes, other):
    assert two_processes.run(jobs.compare_hosts, [config(work_dir='mine'), other]) == [None, None]


@pytest.mark.parametrize('other, words', [
    (dict(config(), model=dict(momentum=.5)), 'model.momentum of the config is 0.5 and 0.99 on rank 0'),
    (config(randomness=dict(seed=1)), 'randomness.seed of the config is 1 and None on rank 0'),
    (dict(config(), model={}), 'model.momentum of the config is None and 0.99 on rank 0')])
def test_another_config_ends_all_ranks_with_the_key(two_processes, other, words):
    ranks = two_processes.run(jobs.compare_hosts, [config(), other])
    assert ranks[0] == ranks[1] == f'{HERE}{words}; start all hosts with the same config'


def test_another_version_ends_all_ranks_with_the_package(two_processes):
    ranks = two_processes.run(jobs.compare_hosts, [config()] * 2, [dict(torch='2.6.0'), dict(torch='2.7.0')])
    assert ranks == [f'{HERE}torch is 2.7.0, and 2.6.0 on rank 0; install the same versions on all hosts'] * 2


def test_other_initial_weights_end_all_ranks_and_a_copy_is_the_same(two_processes, tmp_path):
    paths = [tmp_path / name for name in ('a.pth', 'b.pth', 'copy.pth')]
    for path, value in zip(paths, (0., 1., 0.), strict=True):
        torch.save(dict(state_dict=dict(w=torch.full((9, ), value))), path)
    configs = [config(load_from=str(path)) for path in paths]
    assert two_processes.run(jobs.compare_hosts, [configs[0], configs[2]]) == [None, None]
    ranks = two_processes.run(jobs.compare_hosts, configs[:2])
    assert ranks == [f'{HERE}load_from={paths[1]} is not the file that rank 0 begins with; copy it to all hosts'] * 2


@pytest.mark.parametrize('spoil, words', [
    (lambda folder: None, None),
    (lambda folder: (folder / 'class_0' / '000.png').unlink(), '23 instead of 24'),
    (lambda folder: (folder / 'class_0' / '000.png').rename(folder / 'class_0' / '0.png'), 'other names'),
    (lambda folder: (folder / 'class_0' / '000.png').write_bytes((folder / 'class_1' / '001.png').read_bytes()),
     'files of other sizes under the same names, files of another content under the same names and sizes')],
    ids=['equal', 'one is missing', 'one has another name', 'one is another file'])
def test_other_images_end_all_ranks(two_processes, tmp_path, spoil, words):
    folders = [write_images(tmp_path / name) for name in 'ab']
    spoil(folders[1])
    line = words and f'{HERE}the training images are not those of rank 0 ({words}); let all hosts read the same data'
    assert two_processes.run(jobs.compare_images, folders) == [line] * 2
