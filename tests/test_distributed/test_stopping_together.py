"""A signal to one rank stops all of them behind the same step."""

import pytest
import runner_jobs as jobs

from mmifnd.engine.hooks.stop_hook import STOPPED


@pytest.mark.parametrize('signalled, reason', [(0, 'SIGTERM'), (1, 'a signal to another process')])
def test_all_ranks_stop_behind_the_step_in_which_they_talk(two_processes, signalled, reason):
    ranks = two_processes.run(jobs.stop_behind, signalled, 3, 4)
    assert [rank[:2] for rank in ranks] == [(4, STOPPED)] * 2
    assert ranks[0][2] == [f'stopped by {reason} after step 4 of 20, in epoch 1; nothing saved, without a CheckpointHook']
    assert ranks[1][2] == []
