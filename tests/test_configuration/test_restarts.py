"""What a training goes on from that torchrun has started again."""

import errno

import pytest
import torch
from mmengine.config import Config

from mmifnd.configuration.restarts import BEFORE, note_checkpoints, resume_after_restart
from mmifnd.shortage import ShortageError


def save(folder, name, epoch):
    torch.save(dict(meta=dict(epoch=epoch, iter=epoch), state_dict=dict(w=torch.zeros(2) + epoch)), folder / name)
    (folder / 'last_checkpoint').write_text(name)


@pytest.fixture
def attempt(monkeypatch, tmp_path):
    """Function (number, **config) -> (resume, load_from, line) of the start of that number."""
    def start(number, **config):
        monkeypatch.setenv('TORCHELASTIC_RESTART_COUNT', str(number))
        monkeypatch.setenv('TORCHELASTIC_MAX_RESTARTS', '3')
        config, lines = Config(dict(work_dir=str(tmp_path), resume=False, load_from=None) | config), []
        note_checkpoints(tmp_path)
        resume_after_restart(config, lines.append)
        return config.resume, config.load_from, *lines
    return start


def test_a_run_goes_on_from_what_it_has_written(attempt, tmp_path):
    assert attempt(0) == (False, None)
    save(tmp_path, 'epoch_1.pth', 1)
    assert attempt(1) == (True, None, 'restart 1 of 3 after a failure: going on from epoch_1.pth')


def test_an_older_run_in_the_same_folder_is_not_gone_on_from(attempt, tmp_path):
    save(tmp_path, 'epoch_9.pth', 9)
    attempt(0)
    assert attempt(1)[:2] == (False, None)
    assert attempt(1)[2] == 'restart 1 of 3 after a failure: no checkpoint was written, so the training begins again'
    save(tmp_path, 'epoch_9.pth', 9)  # written anew
    assert attempt(2) == (True, None, 'restart 2 of 3 after a failure: going on from epoch_9.pth')


def test_a_run_that_was_resumed_may_resume_the_same_file_again(attempt, tmp_path):
    save(tmp_path, 'epoch_1.pth', 1)
    attempt(0, resume=True)
    assert attempt(1, resume=True)[:2] == (True, None)


def test_a_named_checkpoint_is_resumed_until_the_run_has_one_of_its_own(attempt, tmp_path):
    save(tmp_path, 'epoch_1.pth', 1)
    attempt(0, resume=True, load_from='other.pth')
    assert attempt(1, resume=True, load_from='other.pth')[:2] == (True, 'other.pth')
    save(tmp_path, 'iter_2.pth', 2)
    assert attempt(2, resume=True, load_from='other.pth')[:2] == (True, None)


def test_what_cannot_be_read_is_not_gone_on_from(attempt, tmp_path):
    attempt(0)
    (tmp_path / 'epoch_1.pth').write_bytes(b'PK')
    (tmp_path / 'last_checkpoint').write_text('epoch_1.pth')
    resume, load_from, damage, line = attempt(1)
    assert (resume, load_from) == (False, None) and 'it is passed over' in damage
    assert line == 'restart 1 of 3 after a failure: no checkpoint that was written can be read, so the training begins again'


@pytest.mark.parametrize('text', ['', '[', '{"a": 1}', '[1, null]'])
def test_a_damaged_note_is_no_note(attempt, tmp_path, text):
    save(tmp_path, 'epoch_1.pth', 1)
    (tmp_path / BEFORE).write_text(text)
    assert attempt(1)[0] is True


def test_a_note_that_the_machine_cannot_read_now_is_no_damaged_one(attempt, tmp_path, monkeypatch):
    attempt(0)
    monkeypatch.setattr('mmifnd.files.open_regular', lambda *_: (_ for _ in ()).throw(OSError(errno.EIO, 'Input/output error')))
    with pytest.raises(ShortageError, match='input/output error; check the disk'):
        attempt(1)


def test_without_restarts_nothing_is_noted(monkeypatch, tmp_path):
    monkeypatch.delenv('TORCHELASTIC_MAX_RESTARTS', raising=False)
    note_checkpoints(tmp_path)
    assert not list(tmp_path.iterdir())
