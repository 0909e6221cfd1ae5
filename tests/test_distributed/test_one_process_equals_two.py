"""Wall 6: loss and gradient of 1 x 2B equal those of 2 x B, for an encoder without batch statistics."""

import distributed_jobs as jobs
import pytest
import torch

EQUAL = dict(atol=1e-10, rtol=1e-8)
CASES = [
    (framework, head, detector, options)
    for framework, options in (
        ('SimCLRAdapter', {}), ('SimCLRAdapter', dict(same_image='negative')), ('MoCoAdapter', {}),
        ('MoCoAdapter', dict(same_image='negative', empty='negative')))
    for head, detector in (
        ('elim', 'pseudo'), ('attr', 'pseudo'), ('reweighted', 'union'), ('elim', 'random'), ('attr', 'truth'))
]


@pytest.mark.parametrize('framework, head, detector, options', CASES)
def test_loss_gradient_and_state(two_processes, framework, head, detector, options):
    case = framework, head, detector, options
    expected, ranks = jobs.train(*case), two_processes.run(jobs.train, *case)
    assert len(set(expected['losses'])) == 4 and max(expected['losses']) > 0.1
    for found in ranks:
        assert found['losses'] == pytest.approx(expected['losses'], abs=1e-10, rel=1e-8)
        for step, gradients in enumerate(expected['gradients']):
            for name, gradient in gradients.items():
                torch.testing.assert_close(found['gradients'][step][name], gradient, **EQUAL, msg=f'step {step}, {name}')
        assert found['state'].keys() == expected['state'].keys()
        for name, value in expected['state'].items():  # weights, queue and its indices, labels, steps
            torch.testing.assert_close(found['state'][name], value, **EQUAL, msg=name)
    if framework == 'MoCoAdapter':
        assert (expected['state']['queue.index'] >= 0).all() and expected['state']['queue.pointer'] == 32 % 12


def test_batches_of_different_halves_would_be_noticed(two_processes):
    """The comparison can fail: a global batch of another size gives another loss."""
    case = 'SimCLRAdapter', 'elim', 'pseudo', {}
    expected, found = jobs.train(*case, batch=4), two_processes.run(jobs.train, *case)[0]
    assert found['losses'] != pytest.approx(expected['losses'], rel=1e-3)
