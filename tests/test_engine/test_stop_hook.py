"""Ctrl-C and SIGTERM end a run with a checkpoint."""

import multiprocessing
import os
import signal
import subprocess
import time

import pytest
from mmengine.hooks import Hook

from mmifnd.engine.checkpoints.latest_checkpoint import newest_sound_checkpoint
from mmifnd.engine.hooks import STOPPED, StopHook, stop_hook


class SignalHook(Hook):
    """Signals come in the middle of step 3."""

    def __init__(self, *numbers):
        self.numbers = numbers

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == 2:
            for number in self.numbers:
                os.kill(os.getpid(), number)


@pytest.fixture(autouse=True)
def handlers():
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def signalled(runner, *numbers):
    runner.register_hook(StopHook())
    runner.register_hook(SignalHook(*numbers))
    return runner


@pytest.mark.parametrize('numbers', [(signal.SIGTERM, ), (signal.SIGINT, signal.SIGINT)], ids=['term', 'int'])
def test_the_step_is_ended_and_saved(digits_runner, tmp_path, capfd, numbers):
    handler = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as stop:
        signalled(digits_runner(epochs=2), *numbers).train()
    assert stop.value.code == STOPPED == 75 and signal.getsignal(signal.SIGTERM) == handler
    assert newest_sound_checkpoint(tmp_path, print).name == 'iter_3.pth'
    assert f'{numbers[0].name}: saving after this step; a second Ctrl-C stops at once' in capfd.readouterr().err


def test_loader_processes_outlive_the_signal(digits_runner, tmp_path):
    """Slurm signals every process; those that read images must go on until the step is saved, and end with the run."""
    others, elsewhere = [], set(multiprocessing.active_children())  # the pool of other tests may still be alive

    class SignalAll(Hook):

        def before_train_iter(self, runner, batch_idx, data_batch=None):
            if runner.iter == 2:
                others.extend(set(multiprocessing.active_children()) - elsewhere)
                subprocess.run(['kill', '-TERM', str(os.getpid()), *(str(process.pid) for process in others)], check=True)
                time.sleep(0.2)
                assert all(process.is_alive() for process in others)

    runner = digits_runner(epochs=2, train_dataloader__num_workers=1)
    runner.register_hook(StopHook())
    runner.register_hook(SignalAll())
    with pytest.raises(SystemExit):
        runner.train()
    assert len(others) == 1 and newest_sound_checkpoint(tmp_path, print).name == 'iter_3.pth'
    del runner
    others[0].terminate()  # by its parent, as the loader does
    others[0].join(20)
    assert others[0].exitcode == 0


def test_a_second_ctrl_c_stops_at_once(digits_runner, tmp_path, monkeypatch):
    monkeypatch.setattr(stop_hook, 'SAME_SIGNAL', -1.)
    with pytest.raises(KeyboardInterrupt):
        signalled(digits_runner(epochs=2), signal.SIGINT, signal.SIGINT).train()
    assert not list(tmp_path.glob('*.pth'))


def test_a_run_that_ends_gives_the_signals_back(digits_runner):
    handler = signal.getsignal(signal.SIGINT)
    signalled(digits_runner(epochs=1)).train()
    assert signal.getsignal(signal.SIGINT) == handler
