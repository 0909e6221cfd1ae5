"""Damaged records: noticed, named in one line, and left out; what a full disk cuts off is not left behind."""

import errno
import io
import json
import os
import random
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mmifnd.errors import UserError
from mmifnd.files import FullDiskError, append_line, open_own, open_regular, read_regular, remove_partials, write_whole
from mmifnd.places import check_places
from mmifnd.records.arrays import RecordError, read_array, read_arrays, write_arrays
from mmifnd.records.lines import CHECK, add_record, read_json_lines, read_records
from mmifnd.records.names import RECORD_FILES, RUN_FILES
from mmifnd.records.run_record import RunRecord, without_damaged
from mmifnd.shortage import ShortageError

ENTRIES = [dict(epoch=epoch, nmi=12.5 * epoch, granularities=[dict(num_clusters=3, share=0.25)], direction='\u00fc',
                spread=float('inf'))
           for epoch in (1, 2, 3)]


@pytest.fixture
def history(tmp_path):
    """A file of three entries."""
    for entry in ENTRIES:
        add_record(tmp_path / 'history.jsonl', entry)
    return tmp_path / 'history.jsonl'


def test_every_flip_of_a_line_is_noticed_or_harmless(history):
    content, numbers, left_out = history.read_bytes(), random.Random(0), 0
    for _ in range(400):
        changed = bytearray(content)
        changed[numbers.randrange(len(content))] ^= 1 << numbers.randrange(8)
        history.write_bytes(changed)
        problems = []
        entries = read_records(history, report=problems.append)
        whole = [{key: entry.get(key) for key in ENTRIES[0]} for entry in entries]  # a changed key of the checksum is one more
        assert all(entry in ENTRIES for entry in whole) and (len(entries) == 3 or problems), bytes(changed)
        left_out += len(entries) < 3
    assert left_out > 300


def test_lines_without_a_checksum_are_read_as_they_are(history):
    history.write_text(''.join(json.dumps(entry) + '\n' for entry in ENTRIES))
    assert read_records(history) == ENTRIES
    add_record(history, dict(epoch=4))
    assert read_records(history) == [*ENTRIES, dict(epoch=4)]
    assert all(CHECK in json.loads(line) for line in history.read_text().splitlines())


def test_a_run_keeps_a_damaged_file_aside_and_goes_on(history):
    content = history.read_text().replace('25.0', '26.0').encode()
    history.write_bytes(content)
    lines = []
    add_record(history, dict(epoch=4), report=lines.append)
    assert [entry['epoch'] for entry in read_records(history)] == [1, 3, 4]
    line, = lines
    assert 'line 2: wrong checksum; it is left out' in line and 'kept as history.jsonl.damaged' in line
    assert history.with_name('history.jsonl.damaged').read_bytes() == content


def test_a_cut_last_line_of_a_log_is_a_kill_and_of_a_record_damage(tmp_path):
    path = tmp_path / 'scalars.json'
    path.write_text('{"epoch": 1}\n{"epoch": 2, "lo')
    assert read_json_lines(path) == [dict(epoch=1)]
    with pytest.raises(RecordError, match='line 2: not JSON'):
        read_records(path)


def test_a_damaged_snapshot_is_left_out_of_what_is_built(tmp_path, caplog):
    for epoch in (1, 2):
        write_arrays(tmp_path / 'false_negatives', 'epoch', epoch, dict(labels=np.zeros(3)))
    path = tmp_path / 'false_negatives' / 'epoch_0002.npz'
    path.write_bytes(path.read_bytes()[:-30])
    record = RunRecord.load(tmp_path)
    assert without_damaged(dict(run=record), lambda: record.epochs_with('labels')) == [1]
    assert len(record.problems) == 1 and 'epoch_0002.npz: damaged' in record.problems[0] and record.problems[0] in caplog.text


@pytest.mark.parametrize('change', [
    lambda content: content[:-1], lambda content: content[:40], lambda content: b'', lambda content: content + b'x',
    lambda content: content.replace(b'(3,)', b'(9,)'), lambda content: content.replace(b'<i8', b'|O8')])
def test_an_array_is_compared_with_its_header(tmp_path, change):
    path = tmp_path / 'groups.npy'
    np.save(path, np.arange(3))
    assert read_array(path).tolist() == [0, 1, 2] == read_array(path, mmap_mode='r').tolist()
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(RecordError, match=r'groups.npy: damaged[^\n]*$'):
        read_array(path)


@pytest.mark.parametrize('shape', [(10**12,), (-5,), (10**6, 10**6)])
def test_an_array_of_claims_is_not_allocated(tmp_path, shape):
    with open(tmp_path / 'x.npy', 'wb') as file:
        np.lib.format.write_array_header_1_0(file, dict(descr='<i8', fortran_order=False, shape=shape))
        file.write(bytes(100))
    with pytest.raises(RecordError, match='x.npy: damaged'):
        read_array(tmp_path / 'x.npy')


@pytest.mark.parametrize('kind', ['<U0', '|V0', '|S0'])
def test_elements_without_bytes_are_not_counted_up(tmp_path, kind):
    head = repr(dict(descr=kind, fortran_order=False, shape=(10**12, ))).encode()
    content = b'\x93NUMPY\1\0' + (118).to_bytes(2, 'little') + head.ljust(117) + b'\n'
    (tmp_path / 'x.npy').write_bytes(content)
    with zipfile.ZipFile(tmp_path / 'x.npz', 'w') as archive:
        archive.writestr('titles.npy', content)
    for read, name in ((read_array, 'x.npy'), (read_arrays, 'x.npz')):
        with pytest.raises(RecordError, match=f'{name}: damaged.*no bytes, and it claims 1000000000000 of them'):
            read(tmp_path / name)


@pytest.mark.parametrize('names', [('x.npy', 'x.npy'), ('x.npy', 'x')])
def test_an_array_that_stands_twice_is_not_chosen_from(tmp_path, names):
    with zipfile.ZipFile(tmp_path / 'x.npz', 'w') as archive:
        for number, name in enumerate(names):
            file = io.BytesIO()
            np.save(file, np.arange(number, 3))
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                archive.writestr(name, file.getvalue())
    with pytest.raises(RecordError, match='x.npz: damaged .it holds x twice'):
        read_arrays(tmp_path / 'x.npz')


def test_every_flip_of_an_archive_is_noticed_or_harmless(tmp_path):
    arrays = dict(labels=np.arange(6), other=np.ones((2, 3), np.float32))
    path = write_arrays(tmp_path, 'epoch', 1, arrays)
    content, numbers, noticed = path.read_bytes(), random.Random(0), 0
    for _ in range(400):
        changed = bytearray(content)
        changed[numbers.randrange(len(content))] ^= 1 << numbers.randrange(8)
        path.write_bytes(changed)
        try:
            read = read_arrays(path, ('labels', 'other'))
        except RecordError as error:
            assert '\n' not in str(error)
            noticed += 1
        else:
            assert all(np.array_equal(read[key], value) for key, value in arrays.items())
    assert noticed > 200


def test_records_that_are_swapped_are_noticed(tmp_path):
    path = write_arrays(tmp_path, 'epoch', 1, dict(labels=np.arange(6), assignments=np.arange(6) + 1))
    with zipfile.ZipFile(path) as archive:
        first, second = (archive.read(name) for name in archive.namelist())
    content = path.read_bytes()
    path.write_bytes(content.replace(first, b'-').replace(second, first).replace(b'-', second, 1))
    with pytest.raises(RecordError, match='damaged'):
        read_arrays(path)


# --- files in general ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('make, words', [
    (os.mkfifo, 'is a FIFO, no regular file'), (os.mkdir, 'is a folder, no regular file'),
    (lambda path: os.symlink('/dev/zero', path), 'is a device, no regular file')])
def test_only_regular_files_are_opened(tmp_path, make, words):
    make(tmp_path / 'x')
    with pytest.raises(UserError, match=words):
        open_regular(tmp_path / 'x')


def test_a_file_beyond_the_limit_is_not_read(tmp_path):
    (tmp_path / 'x').write_bytes(bytes(10))
    assert read_regular(tmp_path / 'x', max_bytes=10) == bytes(10)
    with pytest.raises(UserError, match='the list has 10 bytes, more than the 9 that are read'):
        read_regular(tmp_path / 'x', 'the list', 9)
    with pytest.raises(FileNotFoundError, match='y does not exist'):
        read_regular(tmp_path / 'y')


def test_a_shortage_of_the_machine_is_none_of_the_file(tmp_path, monkeypatch):
    (tmp_path / 'x.npy').write_bytes(b'x')
    monkeypatch.setattr(os, 'open', lambda *args: (_ for _ in ()).throw(OSError(errno.EMFILE, 'Too many open files')))
    with pytest.raises(ShortageError, match='too many open files; raise the limit'):
        read_regular(tmp_path / 'x.npy')
    with pytest.raises(ShortageError):
        read_array(tmp_path / 'x.npy')


@pytest.mark.parametrize('number', [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_leaves_the_old_file_and_nothing_half_written(tmp_path, monkeypatch, number):
    write_whole(tmp_path / 'report.html', 'old')

    def fail(*args):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, 'replace', fail)
    with pytest.raises(FullDiskError, match='report.html could not be written .* free some room on .*, then run') as error:
        write_whole(tmp_path / 'report.html', 'new')
    assert isinstance(error.value, UserError) and isinstance(error.value, OSError)
    assert (tmp_path / 'report.html').read_text() == 'old' and len(list(tmp_path.iterdir())) == 1


def test_a_line_is_added_whole_or_not_at_all(tmp_path, monkeypatch):
    append_line(tmp_path / 'starts.jsonl', '{"a": 1}')
    write = os.write
    monkeypatch.setattr(os, 'write', lambda handle, content: write(handle, content[:3]))
    with pytest.raises(FullDiskError, match='starts.jsonl could not be written'):
        append_line(tmp_path / 'starts.jsonl', '{"b": 2}')
    assert (tmp_path / 'starts.jsonl').read_text() == '{"a": 1}\n'


def test_what_kills_left_half_written_goes(tmp_path):
    users = ['.partial', 'cache.partial', 'download.csv.abcd_123.partial', 'download.csv.partial', 'epoch.partial',
             'epoch_1.pth', 'epoch_1.pth.partial', 'epoch_2.pth.abcd_123.partial', 'partial']
    for name in ('epoch_1.pth.abcd_123.partial', 'last_checkpoint.abcd_123.partial', *users):
        (tmp_path / name).mkdir() if name == 'epoch_2.pth.abcd_123.partial' else (tmp_path / name).touch()
    remove_partials(tmp_path, RUN_FILES)
    assert sorted(path.name for path in tmp_path.iterdir()) == users


def test_the_writer_leaves_names_that_are_cleared_away(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, 'unlink', lambda *args, **options: None)  # as if it were killed
    monkeypatch.setattr(os, 'replace', lambda *args: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        write_arrays(tmp_path, 'removed_image', 3, dict(a=np.zeros(1)))
    monkeypatch.undo()
    assert len(list(tmp_path.iterdir())) == 1
    remove_partials(tmp_path, RECORD_FILES)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('make, kind', [(os.mkfifo, 'a FIFO'), (os.mkdir, 'a folder'),
                                        (lambda path: os.symlink('outside', path), 'a link')])
def test_lines_are_added_to_regular_files_only(tmp_path, make, kind):
    (tmp_path / 'outside').write_text('kept')
    make(tmp_path / 'starts.jsonl')
    message = f'starts.jsonl is {kind}, and a file is to be written there; move it away'
    with pytest.raises(UserError, match=message):
        append_line(tmp_path / 'starts.jsonl', 'line')
    with pytest.raises(UserError, match=message):
        open_own(tmp_path / 'starts.jsonl', os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    assert (tmp_path / 'outside').read_text() == 'kept'


def test_what_stands_in_the_place_of_a_file_is_named(tmp_path):
    (tmp_path / 'epoch_0002.npz').mkdir()
    with pytest.raises(UserError, match='epoch_0002.npz is a folder, and a file is to be written there; move it away'):
        write_arrays(tmp_path, 'epoch', 2, {})
    with pytest.raises(UserError, match='epoch_0002.npz is a folder'):
        check_places(tmp_path, RECORD_FILES)
    check_places(tmp_path, RUN_FILES)
    check_places(tmp_path / 'missing', RUN_FILES)
    (tmp_path / 'file').touch()
    for refuse in (lambda path: write_whole(path, 'x'), lambda path: check_places(path.parent, RUN_FILES)):
        with pytest.raises(UserError, match='file is no folder, and .* is to be written into it; move it away'):
            refuse(tmp_path / 'file' / 'records' / 'report.html')


def test_an_array_that_a_flipped_bit_hides_is_missed(tmp_path):
    np.savez(tmp_path / 'a.npz', features=np.ones((3, 2)), labels=np.arange(3))
    content = bytearray((tmp_path / 'a.npz').read_bytes())
    content[content.index(b'PK\x01\x02') + 32] = 60  # length of the comment of the first entry: it swallows the second
    (tmp_path / 'a.npz').write_bytes(content)
    with pytest.raises(RecordError, match=r'a\.npz: damaged \(it claims 2 arrays and lists 1\)'):
        read_arrays(tmp_path / 'a.npz')
