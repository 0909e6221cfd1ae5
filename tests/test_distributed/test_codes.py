"""SwAV over processes: codes are of all rows, however these are dealt out, and a run goes on with another number."""

import distributed_jobs as jobs
import pytest
import torch


def skewed_scores(rows, prototypes=5, seed=0):
    """Each half of the rows crowds at prototypes of its own; the second at far higher scores."""
    generator = torch.Generator().manual_seed(seed)
    scores = 0.3 * torch.randn(rows, prototypes, generator=generator, dtype=torch.float64)
    scores[:rows // 2, 0] += 0.8
    scores[rows // 2:, 3:] += 1.5
    return scores


@pytest.mark.parametrize('shares', [(6, 6), (2, 10), (11, 1)])
@pytest.mark.parametrize('dtype, tolerance', [(torch.float64, 1e-12), (torch.float32, 1e-6)])
def test_two_processes_give_the_codes_of_one(two_processes, shares, dtype, tolerance):
    scores = skewed_scores(sum(shares)).to(dtype)
    expected, ranks = jobs.codes(scores, shares), two_processes.run(jobs.codes, scores, shares)
    torch.testing.assert_close(torch.cat(ranks), expected, atol=tolerance, rtol=0)
    alone = torch.cat([jobs.codes(rows, (len(rows),)) for rows in scores.split(shares)])
    assert (alone - expected).abs().max() > 0.1  # sums of one process only would give other codes


def test_a_filled_queue_is_resumed_on_another_number_of_processes(two_processes):
    state = two_processes.run(jobs.train, 'SwAVAdapter', 'swav', 'pseudo', {})[0]['states'][-1]
    assert (state['queue.index'] >= 0).all()
    loss, queued = jobs.resume(state)
    for found, index in two_processes.run(jobs.resume, state):
        assert found == pytest.approx(loss, abs=1e-10, rel=1e-8) and index == queued
    state['queue.index'] = torch.full_like(state['queue.index'], -1)  # an empty queue takes no part
    assert jobs.resume(state)[0] != pytest.approx(loss, rel=1e-4)
