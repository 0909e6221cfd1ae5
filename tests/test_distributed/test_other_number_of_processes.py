"""What is kept per image survives a resume on another number of processes."""

import pytest
import runner_jobs as jobs
import torch

from mmifnd.engine.checkpoints.checkpoint_format import load_plain

EPOCHS, STOP = 3, 2

#: Of the state, what is kept per image, and what a queue holds.
PER_IMAGE = ('table.', 'detector.labels', 'queue.')


def runs(two_processes, count, *args, **kwargs):
    """The states that runs begin and end with on each of ``count`` ranks."""
    return two_processes.run(jobs.train_digits, *args, **kwargs) if count == 2 else [jobs.train_digits(*args, **kwargs)]


def per_image(state):
    return {name: value for name, value in state.items() if any(part in name for part in PER_IMAGE)}


@pytest.mark.slow
@pytest.mark.parametrize('before, after', [(2, 1), (1, 2)])
@pytest.mark.parametrize('kind', jobs.CONFIGS)
def test_the_run_goes_on_as_if_it_had_not_stopped(two_processes, tmp_path, restored_torch, kind, before, after):
    whole = runs(two_processes, before, kind, tmp_path / 'whole', EPOCHS)[0][1]
    runs(two_processes, before, kind, tmp_path / 'parts', EPOCHS, stop=STOP)
    saved = per_image(load_plain(tmp_path / 'parts' / f'epoch_{STOP}.pth')['state_dict'])
    ranks = runs(two_processes, after, kind, tmp_path / 'parts', EPOCHS, resume=True)
    for begun, ended in ranks:
        assert len(saved) >= 3
        for name, value in saved.items():
            assert begun[name].equal(value), name  # to the last bit
        for name, value in per_image(ranks[0][1]).items():
            assert ended[name].equal(value), name
    check_equal(per_image(whole), per_image(ranks[0][1]))


def check_equal(whole, ended):
    """As a run that never stopped: the same images in each step, and sums over ranks that differ in the last bits."""
    for name, value in whole.items():
        if name.endswith(('visits', 'labels', 'pointer')):
            assert ended[name].equal(value), name
        elif 'table.' in name:  # a similarity that is the threshold but for the last bits counts on one side or the other
            difference = (ended[name] - value).abs()[value.isfinite()]
            assert ended[name].isfinite().equal(value.isfinite()) and difference.max() < 2e-3, name
            assert (difference < 1e-5).float().mean() > 0.99, name
    if 'queue.index' in whole:
        (index, order), (ended_index, ended_order) = whole['queue.index'].sort(), ended['queue.index'].sort()
        assert ended_index.equal(index)
        torch.testing.assert_close(ended['queue.features'][ended_order], whole['queue.features'][order], atol=1e-4, rtol=0)
