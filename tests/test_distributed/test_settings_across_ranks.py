"""What a run is told when it goes on, and how often the key encoder moves, hold on several processes as on one."""

import pytest
import runner_jobs as jobs

SCHEDULE = [dict(type='CosineAnnealingLR', by_epoch=True, begin=0, eta_min=0., convert_to_iter_based=True)]


@pytest.mark.slow
def test_a_longer_run_has_its_schedule_and_its_options_on_both_ranks(two_processes, tmp_path, restored_torch):
    options = dict(param_scheduler=SCHEDULE)
    two_processes.run(jobs.steps_of, tmp_path / 'parts', 1, **options)
    changed = {**options, 'optim_wrapper.optimizer.lr': 4e-4, 'optim_wrapper.optimizer.weight_decay': 0.5}
    (first, *_), (second, *_) = ranks = two_processes.run(jobs.steps_of, tmp_path / 'parts', 3, resume=True, **changed)
    whole = jobs.steps_of(tmp_path / 'whole', 3, **changed)[0]
    assert first == second == pytest.approx(whole[5:])  # of 15 steps
    assert [rank[2] for rank in ranks] == [0.5, 0.5]
    assert all(value.equal(ranks[1][3][name]) for name, value in ranks[0][3].items() if 'running' not in name)


def test_the_key_encoder_moves_once_per_update_on_both_ranks(two_processes, tmp_path):
    """Ten steps of three make four updates, the last one of one step."""
    ranks = two_processes.run(jobs.steps_of, tmp_path, 2, **{
        'optim_wrapper.accumulative_counts': 3, 'param_scheduler': []})
    moves, others = ranks[0][1], ranks[1][1]
    assert len(ranks[0][0]) == 10 and moves == others and len(moves) == 4
    keys = {name: value for name, value in ranks[0][3].items() if 'key_' in name or 'momentum' in name}
    assert keys and all(value.equal(ranks[1][3][name]) for name, value in keys.items() if 'running' not in name)
