"""All ranks go on from the same checkpoint, or none of them does: hosts need not share a work directory."""

import shutil
import socket

import pytest
import runner_jobs as jobs
import torch

HOST = socket.gethostname()


def save(folder, name, epoch, weight=0.):
    folder.mkdir(exist_ok=True)
    torch.save(dict(meta=dict(epoch=epoch, iter=5 * epoch), state_dict=dict(w=torch.full((64,), weight))), folder / name)


@pytest.fixture
def hosts(tmp_path):
    """Work directories of two hosts, which hold the same two checkpoints."""
    for epoch in (1, 2):
        save(tmp_path / 'h0', f'epoch_{epoch}.pth', epoch)
    (tmp_path / 'h0' / 'last_checkpoint').write_text('epoch_2.pth')
    shutil.copytree(tmp_path / 'h0', tmp_path / 'h1')
    return [tmp_path / 'h0', tmp_path / 'h1']


def flip_a_weight(path):
    data = bytearray(path.read_bytes())
    at = data.index(bytes(64 * 4))  # the zeros of the tensor
    data[at + 17] ^= 1
    path.write_bytes(data)


def empty(folder):
    for path in folder.iterdir():
        path.unlink()


def test_the_same_file_in_two_folders_is_gone_on_from(two_processes, hosts):
    ranks = two_processes.run(jobs.settle, hosts)
    assert ranks == [(True, str(folder / 'epoch_2.pth'), []) for folder in hosts]


def test_what_rank_0_passes_over_all_pass_over(two_processes, hosts):
    flip_a_weight(hosts[0] / 'epoch_2.pth')
    ranks = two_processes.run(jobs.settle, hosts)
    assert [rank[:2] for rank in ranks] == [(True, str(folder / 'epoch_1.pth')) for folder in hosts]
    assert 'it is passed over' in ranks[0][2][0] and ranks[1][2] == []


def test_a_new_start_is_one_on_all(two_processes, hosts):
    for folder in hosts:
        empty(folder)
    ranks = two_processes.run(jobs.settle, hosts)
    assert [rank[:2] for rank in ranks] == [(False, None)] * 2 and 'begins anew' in ranks[0][2][0]


@pytest.mark.parametrize('spoil, words', [
    (lambda hosts: empty(hosts[1]), 'epoch_2.pth does not exist, and rank 0 goes on from it; let all hosts share'),
    (lambda hosts: empty(hosts[0]), 'holds epoch_2.pth, and rank 0 finds no checkpoint there; let all hosts share'),
    (lambda hosts: save(hosts[1], 'epoch_2.pth', 2, 1.), 'the checkpoint differs from the file of the same name on rank 0'),
    (lambda hosts: flip_a_weight(hosts[1] / 'epoch_2.pth'), 'is damaged (wrong checksum of')],
    ids=['only rank 0 has it', 'only rank 1 has it', 'another run', 'damaged on one host'])
def test_a_difference_ends_the_run_on_all_ranks_with_one_line(two_processes, hosts, spoil, words):
    spoil(hosts)
    ranks = two_processes.run(jobs.settle, hosts)
    assert ranks[0] == ranks[1] and ranks[0].startswith(f'rank 1 on host {HOST}: ')
    assert words in ranks[0] and '\n' not in ranks[0]


def test_a_damaged_file_that_was_named_is_refused_on_all_ranks(two_processes, hosts):
    named = hosts[0] / 'epoch_2.pth'
    assert two_processes.run(jobs.settle, hosts, str(named)) == [(True, str(named), [])] * 2
    flip_a_weight(named)
    first, second = two_processes.run(jobs.settle, hosts, str(named))
    assert first == second and first.startswith(f'checkpoint {named} is damaged (wrong checksum of')
