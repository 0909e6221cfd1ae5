"""Checkpoints that are damaged, or claim what they do not hold: found on every way in, before torch believes them."""

import os
import random
import zipfile

import pytest
import torch

from mmifnd.checkpoint_file import DamagedError, damage_of, read_checkpoint, sealed
from mmifnd.checkpoint_file.archive import archive_problem
from mmifnd.engine.checkpoints.checkpoint_format import AtomicFileBackend
from mmifnd.errors import UserError
from mmifnd.shortage import ShortageError

CONTENT = dict(meta=dict(epoch=2, iter=10), state_dict={f'w{i}': torch.arange(20.) + i for i in range(6)})


def written(path, content=CONTENT):
    torch.save(content, path)
    return path.read_bytes()


@pytest.fixture
def plain(tmp_path):
    """The path of a file as torch writes it, without a seal."""
    written(tmp_path / 'plain.pth')
    return tmp_path / 'plain.pth'


@pytest.fixture
def own(tmp_path, plain):
    """The path of a sealed file."""
    AtomicFileBackend().put(plain.read_bytes(), tmp_path / 'own.pth')
    return tmp_path / 'own.pth'


def same(first, second):
    return torch.equal(first, second) if isinstance(first, torch.Tensor) else first == second


def is_unchanged(content):
    return content['meta'] == CONTENT['meta'] and all(same(content['state_dict'][key], value)
                                                      for key, value in CONTENT['state_dict'].items())


def test_a_sealed_file_is_read_by_torch_and_by_us(own, plain):
    lines = []
    assert is_unchanged(torch.load(own, weights_only=True)) and is_unchanged(torch.load(own, weights_only=True, mmap=True))
    assert is_unchanged(read_checkpoint(own, report=lines.append)) and not lines
    assert own.read_bytes()[:100] == plain.read_bytes()[:100] and zipfile.ZipFile(own).testzip() is None


def test_a_file_without_a_seal_is_read_with_one_line(plain):
    lines = []
    for _ in range(2):
        assert is_unchanged(read_checkpoint(plain, report=lines.append))
    assert len(lines) == 1 and 'plain.pth has no seal of mmifnd' in lines[0] and '\n' not in lines[0]


def test_the_format_before_zip_archives_is_read_with_one_line(tmp_path):
    lines = []
    torch.save(CONTENT, tmp_path / 'old.pth', _use_new_zipfile_serialization=False)
    assert is_unchanged(read_checkpoint(tmp_path / 'old.pth', report=lines.append)) and len(lines) == 1


@pytest.mark.parametrize('which', ['own', 'plain'])
def test_every_flip_and_every_cut_is_found_or_harmless(tmp_path, request, which):
    """Anywhere in the file: records, pickle, headers, directory, end. The seal finds all of them."""
    content = request.getfixturevalue(which).read_bytes()
    path, numbers, found = tmp_path / 'wrong.pth', random.Random(0), 0
    places = [*(numbers.randrange(len(content)) for _ in range(150)), *range(len(content) - 100, len(content))]
    for place in places:
        changed = bytearray(content)
        changed[place] ^= 1 << numbers.randrange(8)
        path.write_bytes(changed)
        found += _is_found(path)
    for end in (0, 1, 3, 4, 30, len(content) // 2, *range(len(content) - 60, len(content))):
        path.write_bytes(content[:end])
        assert _is_found(path), end
    assert found > len(places) - 12 if which == 'own' else found > 100  # a changed name of the seal makes it none


def _is_found(path):
    try:
        assert is_unchanged(read_checkpoint(path))
    except UserError as error:
        assert 'wrong.pth' in str(error) and '\n' not in str(error)
        return True
    return False


def test_an_entry_that_torch_takes_for_a_folder_is_found(tmp_path, plain):
    """torch gives whatever the memory holds for such a record, and tests no checksum."""
    content = bytearray(plain.read_bytes())
    with zipfile.ZipFile(plain) as archive:
        place = archive.start_dir
    while b'/data/' not in content[place:place + 100]:
        place += 46 + int.from_bytes(content[place + 28:place + 30], 'little') + int.from_bytes(content[place + 30:place + 32],
                                                                                               'little')
    content[place + 38] |= 0x10
    (tmp_path / 'folder.pth').write_bytes(content)
    assert 'is no record of bytes' in damage_of(tmp_path / 'folder.pth')


@pytest.mark.parametrize('seals', [False, True])
def test_a_record_that_is_shorter_than_its_tensor_claims_is_found(tmp_path, plain, seals):
    """torch reads beyond the end of the record; a seal says only that nobody has changed the file since."""
    path = tmp_path / 'short.pth'
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, 'w') as target:
        for entry in source.infolist():
            content = source.read(entry)
            target.writestr(entry.filename, content[:8] if entry.filename.endswith('/data/3') else content)
    if seals:
        path.write_bytes(b''.join(sealed(path.read_bytes())))
    assert 'has 8 bytes and claims 80' in damage_of(path)


@pytest.mark.parametrize('name', ['DATA.PKL', 'Data.pkl', 'DATA/0'])
def test_names_that_torch_does_not_tell_apart_are_found(tmp_path, plain, name):
    path = tmp_path / 'twice.pth'
    path.write_bytes(plain.read_bytes())
    with zipfile.ZipFile(path, 'a') as archive:
        archive.writestr(f'{archive.namelist()[0].partition("/")[0]}/{name}', b'x')
    with pytest.raises(DamagedError, match='its records have the same name'):
        read_checkpoint(path)


def test_a_storage_of_the_old_format_that_claims_more_than_the_file_is_damage_and_no_shortage(tmp_path):
    path = tmp_path / 'old.pth'
    torch.save(dict(weight=torch.ones(2)), path, _use_new_zipfile_serialization=False)
    content = path.read_bytes()
    place = content.index(b'K\2', content.index(b'cpuq'))
    path.write_bytes(content[:place] + b'\x8a\6' + (10**12).to_bytes(6, 'little') + content[place + 2:])
    with pytest.raises(DamagedError, match='old.pth is damaged .storage .* claims 1000000000000 elements and the file has'):
        read_checkpoint(path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, plain):
    path = tmp_path / 'bomb.pth'
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            target.writestr(entry.filename, bytes(1 << 22) if entry.filename.endswith('/data/3') else source.read(entry))
    assert path.stat().st_size < 1 << 15
    assert 'is compressed, which torch.save never does' in damage_of(path)


def test_a_tensor_of_far_more_elements_than_bytes_is_refused(tmp_path):
    written(tmp_path / 'wide.pth', dict(state_dict=dict(queue=torch.zeros(1).expand(10**6, 10**6))))
    with pytest.raises(DamagedError, match='a tensor claims 1000000000000 elements and holds 1'):
        read_checkpoint(tmp_path / 'wide.pth')
    small = dict(scale=torch.ones(1).expand(100), row=torch.arange(6.).as_strided((4, 3), (1, 1)))
    written(tmp_path / 'small.pth', small)
    assert read_checkpoint(tmp_path / 'small.pth')['row'].shape == (4, 3)


@pytest.mark.parametrize('content', [b'', b'PK', b'PK\3\4', b'<html>404 Not Found</html>', b'\x80\x02' * 50, bytes(1000)])
def test_what_torch_did_not_write_is_refused_in_one_line(tmp_path, content):
    (tmp_path / 'wrong.pth').write_bytes(content)
    with pytest.raises(DamagedError, match=r'^checkpoint .*wrong.pth is damaged [^\n]*; use an earlier one$'):
        read_checkpoint(tmp_path / 'wrong.pth')


def test_no_class_of_a_pickle_is_looked_up(tmp_path):
    class Marker:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / 'made'),)

    torch.save(dict(evil=Marker()), tmp_path / 'evil.pth')
    with open(tmp_path / 'evil.pth', 'rb') as file:
        assert archive_problem(file, True) == ''
    with pytest.raises(UserError, match='holds more than tensors and plain values and is not loaded'):
        read_checkpoint(tmp_path / 'evil.pth')
    assert not (tmp_path / 'made').exists()


@pytest.mark.parametrize('make, words', [
    (os.mkfifo, 'is a FIFO, no regular file'), (os.mkdir, 'is a folder, no regular file'),
    (lambda path: os.symlink('/dev/zero', path), 'is a device, no regular file')])
def test_what_is_no_regular_file_is_refused_at_once(tmp_path, make, words):
    make(tmp_path / 'x.pth')
    with pytest.raises(UserError, match=words):
        read_checkpoint(tmp_path / 'x.pth')


@pytest.mark.parametrize('error, words', [
    (OSError(24, 'Too many open files'), 'too many open files'), (OSError(5, 'Input/output error'), 'input/output error'),
    (MemoryError(), 'out of memory'), (RuntimeError('DefaultCPUAllocator: not enough memory: you tried'), 'out of memory')])
def test_a_shortage_of_the_machine_is_no_damage(own, monkeypatch, error, words):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(torch, 'load', fail)
    with pytest.raises(ShortageError, match=words):
        damage_of(own)


def test_each_file_is_looked_at_once_by_a_process_unless_it_changes(own, monkeypatch):
    os.utime(own, (1, 1))
    assert damage_of(own) == ''
    monkeypatch.setattr('mmifnd.checkpoint_file.reading._look', lambda file: pytest.fail('looked again'))
    assert damage_of(own) == ''
    monkeypatch.undo()
    content = bytearray(own.read_bytes())
    content[len(content) // 2] ^= 1
    own.write_bytes(content)
    assert 'is damaged (wrong checksum of' in damage_of(own)
