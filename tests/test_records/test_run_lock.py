"""One folder, one run: the lock of a work directory."""

import hashlib
import json
import os
import subprocess
import sys
import threading
import time

import pytest

from mmifnd.engine.checkpoints.checkpoint_format import AtomicFileBackend
from mmifnd.errors import UserError
from mmifnd.records import process_identity, run_lock
from mmifnd.records.arrays import forget_arrays, write_arrays
from mmifnd.records.lines import add_record
from mmifnd.records.process_identity import this_process
from mmifnd.records.run_lock import LOCK, locked

#: Seconds between two heartbeats, here.
SOON = .2


def write_lock(folder, **changed):
    """The lock of another run."""
    text = json.dumps({'token': 'other', **this_process(), **changed})
    (folder / LOCK).write_text(text)
    return text


#: A run that holds a folder until it is killed.
HOLDS = ('import sys; from mmifnd.records.run_lock import locked\n'
         'with locked(sys.argv[1]): print("held", flush=True); sys.stdin.read()')


def test_the_lock_goes_with_the_block_and_nothing_else_is_left(tmp_path):
    folder = tmp_path / 'new' / 'run'
    with locked(folder) as lock:
        lock.check()
        owner = json.loads((folder / LOCK).read_text())
        assert owner['pid'] == os.getpid() and owner['host'] and owner['user'] and os.listdir(folder) == [LOCK]
        with locked(folder) as again:
            assert again is lock
        assert (folder / LOCK).exists()
    assert os.listdir(folder) == []


def test_a_living_process_of_this_host_refuses_at_once_and_a_killed_one_frees_at_once(tmp_path):
    run = subprocess.Popen([sys.executable, '-c', HOLDS, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert run.stdout.readline() == b'held\n'
    with pytest.raises(UserError, match=rf'is in use by a run of \S+ on host \S+ \(process {run.pid}\); .*--take-over'), \
            locked(tmp_path):
        pass
    run.kill()
    run.communicate()
    lines = []
    with locked(tmp_path, report=lines.append):
        assert json.loads((tmp_path / LOCK).read_text())['pid'] == os.getpid()
    assert lines == []


def test_a_number_that_another_process_has_now_is_not_the_owner(tmp_path):
    write_lock(tmp_path, born='1')
    with locked(tmp_path, report=pytest.fail):
        assert json.loads((tmp_path / LOCK).read_text())['born'] != '1'


def test_another_host_that_is_silent_loses_the_folder(tmp_path):
    write_lock(tmp_path, host='far', place='other', pid=7)
    lines, began = [], time.monotonic()
    with locked(tmp_path, report=lines.append, interval=SOON):
        assert time.monotonic() - began >= 2 * SOON
    assert lines == [f'{tmp_path} is locked by a run of {this_process()["user"]} on host far (process 7): watching for its '
                     'heartbeat, up to 0 s']


def test_another_host_that_beats_keeps_the_folder(tmp_path):
    with locked(tmp_path, interval=SOON) as lock:
        text = write_lock(tmp_path, host='far', place='other')
        lock._text = text.encode()  # this process beats for the other host
        run_lock._HELD.clear()
        with pytest.raises(UserError, match='is in use by a run of .* on host far'), \
                locked(tmp_path, report=lambda line: None, interval=2 * SOON):
            pass
    assert (tmp_path / LOCK).exists() is False


@pytest.fixture
def hidden(monkeypatch):
    """A process of another user of which /proc shows nothing, as if it were mounted with hidepid."""
    number, kill = 2**22 + 1, os.kill

    def refuse(pid, signal):
        if pid == number:
            raise PermissionError(1, 'Operation not permitted')
        return kill(pid, signal)

    monkeypatch.setattr(os, 'kill', refuse)
    return number


def test_a_hidden_process_of_this_host_that_beats_keeps_the_folder(tmp_path, hidden):
    write_lock(tmp_path, pid=hidden, born='1')
    is_over = threading.Event()

    def beat():
        while not is_over.wait(SOON / 5):
            os.utime(tmp_path / LOCK)

    owner = threading.Thread(target=beat)
    owner.start()
    lines = []
    try:
        with pytest.raises(UserError, match=rf'is in use by a run of .* \(process {hidden}\)'), \
                locked(tmp_path, report=lines.append, interval=SOON):
            pass
    finally:
        is_over.set()
        owner.join()
    assert len(lines) == 1 and 'watching for its heartbeat' in lines[0]


def test_a_hidden_process_of_this_host_that_is_silent_loses_the_folder(tmp_path, hidden):
    write_lock(tmp_path, pid=hidden, born='1')
    lines = []
    with locked(tmp_path, report=lines.append, interval=SOON):
        assert json.loads((tmp_path / LOCK).read_text())['pid'] == os.getpid()
    assert len(lines) == 1 and 'watching for its heartbeat' in lines[0]


def test_who_loses_a_folder_is_told_and_leaves_the_new_lock_alone(tmp_path):
    lines = []
    with locked(tmp_path) as lock:
        run_lock._HELD.clear()
        with locked(tmp_path, take_over=True, report=lines.append) as second:
            second.check()
            with pytest.raises(UserError, match=rf'was taken over by a run of .*process {os.getpid()}\); this run ends'):
                lock.check()
            lock._release()
            assert (tmp_path / LOCK).exists()
    assert 'is taken over from' in lines[0] and os.listdir(tmp_path) == []


@pytest.mark.parametrize('write', [
    lambda folder: add_record(folder / 'history.jsonl', dict(epoch=1)),
    lambda folder: write_arrays(folder, 'epoch', 1, {}), lambda folder: forget_arrays(folder, 'epoch', 1),
    lambda folder: AtomicFileBackend().put(b'new', folder.parent / 'epoch_1.pth'),
    lambda folder: AtomicFileBackend().put_text('new', folder.parent / 'last_checkpoint')])
def test_a_run_that_stood_still_while_it_lost_its_folder_writes_nothing_more(tmp_path, write):
    run, records = tmp_path / 'run', tmp_path / 'run' / 'false_negatives'
    with locked(tmp_path / 'other'), locked(run):
        write(records)
        before = {path: path.read_bytes() for path in run.rglob('*') if path.is_file() and path.name != LOCK}
        write_lock(run)
        with pytest.raises(UserError, match='run was taken over by a run of'):
            write(records)
        write(tmp_path / 'other' / 'false_negatives')
        write(tmp_path / 'run_2' / 'false_negatives')
        assert before == {path: path.read_bytes() for path in run.rglob('*') if path.is_file() and path.name != LOCK}


@pytest.fixture
def each_thread_is_a_process(monkeypatch):
    monkeypatch.setattr(os, 'getpid', threading.get_ident)
    for module in (run_lock, process_identity):
        monkeypatch.setattr(module, 'birth', lambda pid: '1' if pid == 1 else f'born {pid}')


def test_of_many_who_find_a_dead_lock_one_gets_the_folder(tmp_path, each_thread_is_a_process):
    for _ in range(20):
        write_lock(tmp_path, born='1')
        meeting, ended, outcomes = threading.Barrier(8), threading.Barrier(8), []

        def run(meeting=meeting, ended=ended, outcomes=outcomes):
            meeting.wait()
            try:
                with locked(tmp_path) as lock:
                    outcomes.append('held')
                    ended.wait()
                    lock.check()
            except UserError:
                outcomes.append('refused')
                ended.wait()

        threads = [threading.Thread(target=run) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ['held'] + ['refused'] * 7 and os.listdir(tmp_path) == []


def test_who_comes_late_does_not_touch_the_lock_that_has_replaced_the_dead_one(tmp_path, monkeypatch):
    dead = write_lock(tmp_path, born='1').encode()
    late = run_lock.RunLock(tmp_path)
    with locked(tmp_path):
        def touched(path, *_, **__):
            assert os.path.basename(path) != LOCK
        monkeypatch.setattr(os, 'rename', touched)
        unlink = os.unlink
        monkeypatch.setattr(os, 'unlink', lambda path, *_, **__: (touched(path), unlink(path)))
        late._remove(tmp_path / LOCK, dead, pytest.fail)
        assert os.listdir(tmp_path) == [LOCK]
        monkeypatch.undo()


def claimed(folder, held, **changed):
    """What a run that is removing the lock with the text ``held`` has written."""
    claim = folder / f'{LOCK}.{hashlib.sha256(held.encode()).hexdigest()[:16]}'
    claim.write_text(json.dumps({'token': 'claimant', **this_process(), **changed}))


def test_a_run_killed_while_it_removed_a_dead_lock_does_not_block_the_next(tmp_path):
    claimed(tmp_path, write_lock(tmp_path, born='1'), born='2')
    with locked(tmp_path, report=pytest.fail):
        assert os.listdir(tmp_path) == [LOCK]
    assert os.listdir(tmp_path) == []


def test_a_claim_that_does_not_go_on_is_named(tmp_path):
    dead = write_lock(tmp_path, born='1')
    claimed(tmp_path, dead)
    with pytest.raises(UserError, match=rf'being taken over by a run of .*process {os.getpid()}\), which does not go on'), \
            locked(tmp_path, interval=.02):
        pass
    assert (tmp_path / LOCK).read_text() == dead


@pytest.mark.parametrize('make, words', [
    (os.mkfifo, 'is no regular file'), (os.mkdir, 'is no regular file'),
    (lambda path: os.symlink('/dev/zero', path), 'is a link'), (lambda path: os.symlink('nowhere', path), 'is a link'),
    (lambda path: os.symlink(LOCK, path), 'is a link')])
def test_what_is_no_file_is_no_lock_and_keeps_nobody_waiting(tmp_path, make, words):
    make(tmp_path / LOCK)
    with pytest.raises(UserError, match=f'{LOCK} {words}.*; remove it'), locked(tmp_path, interval=.05):
        pass


@pytest.mark.parametrize('pid', ['Infinity', 'NaN', '1e400', '-1', '"1/../1"', '1' * 5000, '[1]', 'true'])
def test_a_number_that_no_process_has_frees_the_folder_at_once(tmp_path, pid):
    owner = dict(user='a', host='b', born='1', place=this_process()['place'])
    (tmp_path / LOCK).write_text(json.dumps(owner)[:-1] + f', "pid": {pid}}}')
    with locked(tmp_path, report=lambda line: None, interval=.05):
        assert json.loads((tmp_path / LOCK).read_text())['pid'] == os.getpid()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize('text', [b'', b'{', b'[1]', b'\xff', b'[' * 60_000,
                                  b'{"user": "\\u001b[31m", "host": "a\\nb", "pid": {}}'])
def test_a_damaged_lock_is_watched_and_then_replaced_in_one_line(tmp_path, text):
    (tmp_path / LOCK).write_bytes(text)
    lines = []
    with locked(tmp_path, report=lines.append, interval=.05):
        pass
    assert len(lines) == 1 and '\n' not in lines[0] and '\x1b' not in lines[0]


def test_without_hard_links_the_file_is_created_exclusively(tmp_path, monkeypatch):
    def link(*_):
        raise OSError(1, 'Operation not permitted')
    monkeypatch.setattr(os, 'link', link)
    with locked(tmp_path):
        run_lock._HELD.clear()
        with pytest.raises(UserError, match='is in use by'), locked(tmp_path):
            pass


def test_a_folder_without_room_is_named(tmp_path, monkeypatch):
    def link(*_):
        raise OSError(28, 'No space left on device')
    monkeypatch.setattr(os, 'link', link)
    with pytest.raises(UserError, match=rf'{LOCK} cannot be written \(No space left on device\)'), locked(tmp_path):
        pass
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize('take_over', [True, False])
def test_a_lock_that_may_not_be_read_is_that_of_another_user(tmp_path, monkeypatch, take_over):
    write_lock(tmp_path)
    opened = os.open

    def refuse(path, *args, **kwargs):
        if os.path.basename(path) == LOCK:
            raise PermissionError(13, 'Permission denied', str(path))
        return opened(path, *args, **kwargs)

    monkeypatch.setattr(os, 'open', refuse)
    with pytest.raises(UserError, match=rf'{LOCK} may not be read: the user {tmp_path.owner()} has a run there, or had one; '
                                        'choose another folder, or ask'), locked(tmp_path, take_over, interval=.05):
        pass
    assert os.listdir(tmp_path) == [LOCK]


@pytest.mark.parametrize('changed', [dict(born=None), dict(born=None, pid='x'), dict(born=None, pid=2**40)])
def test_a_dead_process_whose_birth_is_not_known_frees_the_folder_at_once(tmp_path, changed):
    write_lock(tmp_path, **dict(dict(pid=2**22 + 1), **changed))
    with locked(tmp_path, report=pytest.fail):
        assert json.loads((tmp_path / LOCK).read_text())['pid'] == os.getpid()


def test_a_folder_that_cannot_be_made_is_named_with_what_is_in_the_way(tmp_path, monkeypatch):
    (tmp_path / 'file').write_text('')
    with pytest.raises(UserError, match=r'run cannot be made: .*/file is a file; give a folder'), locked(tmp_path / 'file/run'):
        pass
    with pytest.raises(UserError, match='cannot be written: a name in it has 300 bytes, more than the'), \
            locked(tmp_path / ('x' * 300)):
        pass
    monkeypatch.setattr(os, 'access', lambda path, mode: False)
    with pytest.raises(UserError, match=rf'run cannot be written: there is no permission to write into {tmp_path}'), \
            locked(tmp_path / 'run'):
        pass
    assert os.listdir(tmp_path) == ['file']
