"""The tool of the other tests: it must tell when a rank fails."""

import distributed_jobs as jobs
import pytest


def test_a_failure_comes_back_with_its_traceback_and_the_pool_goes_on(two_processes):
    with pytest.raises(AssertionError) as error:
        two_processes.run(jobs.fail_on, 1)
    assert 'rank 0: succeeded' in str(error.value) and 'rank 1: Traceback' in str(error.value)
    assert 'ValueError: rank 1 was told to fail' in str(error.value)
    assert two_processes.run(jobs.count_ranks) == [2, 2]
    assert two_processes.run(jobs.fail_on, 7) == [0, 1]
