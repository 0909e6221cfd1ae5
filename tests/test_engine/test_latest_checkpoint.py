"""Which checkpoint a resumed run takes, whatever a kill or a bad disk has left."""

import pytest
import torch

from mmifnd.checkpoint_file import damage_of
from mmifnd.engine.checkpoints.latest_checkpoint import newest_sound_checkpoint
from mmifnd.errors import UserError


def save(folder, name, epoch, step):
    torch.save(dict(meta=dict(epoch=epoch, iter=step), state_dict=dict(weight=torch.full((100, ), 1.5))), folder / name)
    (folder / 'last_checkpoint').write_text(str(folder / name))


@pytest.fixture
def run(tmp_path):
    """Epochs 1 to 3 of 5 steps, and step 17."""
    for epoch in (1, 2, 3):
        save(tmp_path, f'epoch_{epoch}.pth', epoch, 5 * epoch)
    save(tmp_path, 'iter_17.pth', 3, 17)
    return tmp_path


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[content.find(torch.full((3, ), 1.5).numpy().tobytes())] ^= 1
    path.write_bytes(content)


def cut(path):
    path.write_bytes(path.read_bytes()[:200])


def empty(path):
    path.write_bytes(b'')


def found(folder):
    lines = []
    path = newest_sound_checkpoint(folder, lines.append)
    assert all('\n' not in line for line in lines)
    return path and path.name, lines


def test_the_one_that_is_named(run):
    assert found(run) == ('iter_17.pth', [])
    (run / 'last_checkpoint').write_text(str(run / 'epoch_2.pth'))
    assert found(run) == ('epoch_2.pth', [])


@pytest.mark.parametrize('damage', [flip_a_bit, cut, empty])
def test_a_damaged_one_is_passed_over_with_a_line(run, damage):
    damage(run / 'iter_17.pth')
    name, (line, ) = found(run)
    assert name == 'epoch_3.pth' and 'iter_17.pth is damaged' in line and line.endswith('it is passed over')
    damage(run / 'epoch_3.pth')
    assert found(run)[0] == 'epoch_2.pth'


def test_torch_itself_does_not_see_a_changed_bit(run):
    path = run / 'epoch_1.pth'
    flip_a_bit(path)
    assert not torch.load(path, weights_only=True)['state_dict']['weight'].eq(1.5).all()
    assert 'wrong checksum' in damage_of(path)


@pytest.mark.parametrize('text', ['', '\0\0', None])
def test_a_damaged_name_is_not_needed(run, text):
    (run / 'last_checkpoint').unlink() if text is None else (run / 'last_checkpoint').write_text(text)
    assert found(run) == ('iter_17.pth', [])


def test_a_folder_that_was_moved(run):
    (run / 'last_checkpoint').write_text('/nowhere/epoch_2.pth')
    assert found(run) == ('epoch_2.pth', [])


def test_an_older_run_that_went_further_is_not_taken(run):
    save(run, 'epoch_40.pth', 40, 200)
    (run / 'last_checkpoint').write_text(str(run / 'epoch_2.pth'))
    cut(run / 'epoch_2.pth')
    assert found(run)[0] == 'epoch_1.pth'


def test_none_and_none_that_can_be_read(tmp_path, run):
    assert found(tmp_path / 'elsewhere') == (None, [])
    for path in run.glob('*.pth'):
        empty(path)
    with pytest.raises(UserError, match='none of the 4 checkpoints in .* can be read; begin anew'):
        found(run)
