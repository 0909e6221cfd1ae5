"""A fault on one rank is heard of on all, in the same words."""

import pytest
import runner_jobs as jobs

from mmifnd.engine.hooks.finite_watch import Fault


@pytest.mark.parametrize('faults, expected', [
    ([], None), ([(1, 1, 13), (0, 2, 4)], Fault(1, [13], True)), ([(1, 2, 13), (0, 2, 4)], Fault(2, [4, 13], True))])
def test_all_ranks_hear_of_the_first_fault(two_processes, faults, expected):
    ranks = two_processes.run(jobs.watch_steps, faults)
    assert [everywhere for _, everywhere in ranks] == [expected] * 2
    for number, (own, _) in enumerate(ranks):
        assert bool(own) == any(fault[0] == number for fault in faults)


@pytest.mark.slow
@pytest.mark.parametrize('spoilt_rank', [0, 1])
def test_a_run_ends_alike_on_all_ranks(two_processes, tmp_path, spoilt_rank):
    ranks = two_processes.run(jobs.end_with_a_spoilt_view, tmp_path, spoilt_rank)
    image, = ranks[spoilt_rank][1]
    assert ranks[0][0] == ranks[1][0]
    assert ranks[0][0].startswith(f'step 3 gave NaN or infinite values for image {image}; look at these images')
    assert ranks[0][0].endswith('there is no checkpoint yet') and not list(tmp_path.glob('*.pth'))
