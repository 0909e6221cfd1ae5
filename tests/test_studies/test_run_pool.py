"""What the processes of a study tell the one that waits for them."""

import os
import queue
from types import SimpleNamespace

from mmifnd.errors import UserError
from mmifnd.studies import run_pool


def messages_of(monkeypatch, tmp_path, kept=None, trained=None):
    def train(*arguments):
        if isinstance(trained, BaseException):
            raise trained
        arguments[-1](1, 2)  # half of the steps are done
        return trained
    monkeypatch.setattr(run_pool, 'finished_before', lambda *arguments: kept)
    monkeypatch.setattr(run_pool, 'train_and_test', train)
    messages = queue.Queue()
    run_pool._work(SimpleNamespace(folder='a/seed_0'), tmp_path, None, messages)
    return list(messages.queue)


def test_a_run_that_was_finished_before_is_kept(monkeypatch, tmp_path):
    assert messages_of(monkeypatch, tmp_path, kept=dict(seed=0)) == [('kept', 'a/seed_0', dict(seed=0))]


def test_progress_and_result_of_a_run(monkeypatch, tmp_path):
    assert messages_of(monkeypatch, tmp_path, trained=dict(seed=1)) == [
        ('progress', 'a/seed_0', 0.45), ('finished', 'a/seed_0', dict(seed=1))]


def test_a_run_that_fails_says_why_and_keeps_its_traceback(monkeypatch, tmp_path):
    for error in (UserError('k=5 exceeds 3'), SystemExit('k=5 exceeds 3')):
        assert messages_of(monkeypatch, tmp_path, trained=error) == [('failed', 'a/seed_0', 'k=5 exceeds 3')]
        assert type(error).__name__ in (tmp_path / 'a/seed_0/log.txt').read_text()


def test_a_log_that_cannot_be_written_keeps_nobody_waiting(monkeypatch, tmp_path):
    (tmp_path / 'a/seed_0').mkdir(parents=True)
    os.mkfifo(tmp_path / 'a/seed_0/log.txt')
    assert messages_of(monkeypatch, tmp_path, trained=UserError('why')) == [('failed', 'a/seed_0', 'why')]


def test_a_process_that_was_killed_counts_as_failed():
    class Silent:
        def get(self, timeout):
            raise queue.Empty

    running = SimpleNamespace(is_alive=lambda: True, exitcode=None)
    killed = SimpleNamespace(is_alive=lambda: False, exitcode=-9)
    kind, folder, reason = run_pool._next_message(Silent(), dict(a=running, b=killed))
    assert (kind, folder) == ('failed', 'b') and 'exit code -9 (-9: killed, often for want of memory)' in reason
