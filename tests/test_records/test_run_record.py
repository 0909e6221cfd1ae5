import io
import json
import zipfile

import numpy as np
import pytest

from mmifnd.records.arrays import RecordError, forget_arrays
from mmifnd.records.lines import CHECK, add_record, read_records
from mmifnd.records.names import SNAPSHOT
from mmifnd.records.run_record import NoRecordError, RunRecord

NUM_IMAGES, CLUSTER_COUNTS = 60, (3, 6)


def test_reads_back_what_the_run_wrote(run_dir):
    record = RunRecord.load(run_dir)
    assert [entry['epoch'] for entry in record.history] == record.epochs == [8, 16, 24, 32]
    assert len(record.scalars) == 64
    snapshot = record.snapshot(16)
    assert snapshot.labels.shape == snapshot.confidence.shape == (2, NUM_IMAGES)
    assert [len(centroids) for centroids in snapshot.centroids] == list(CLUSTER_COUNTS)
    assert snapshot.features.dtype == np.float32 and len(snapshot.features) == NUM_IMAGES
    assert snapshot.rate == pytest.approx(0.4)


@pytest.mark.parametrize('wanted, position', [(None, 0), (1, 0), (4, 0), (5, 1), (100, 1)])
def test_nearest_granularity(run_dir, wanted, position):
    assert RunRecord.load(run_dir).snapshot(8).granularity(wanted) == position


def test_only_snapshots_with_features_are_offered_for_a_map(tmp_path, write_run):
    record = RunRecord.load(write_run(tmp_path / 'run', with_features=False))
    assert record.epochs_with_features() == []
    assert record.snapshot(8).features is None


@pytest.mark.parametrize('cut', [1, 10, 200])
def test_torn_last_line_is_left_out(run_dir, cut):
    path = run_dir / 'false_negatives/history.jsonl'
    path.write_bytes(path.read_bytes().rstrip(b'\n')[:-cut])
    assert [entry['epoch'] for entry in RunRecord.load(run_dir).history] == [8, 16, 24]


def test_damaged_line_in_the_middle_is_named(run_dir):
    path = run_dir / 'false_negatives/history.jsonl'
    lines = path.read_text().splitlines()
    path.write_text('\n'.join([lines[0], lines[1][:20], *lines[2:]]))
    record = RunRecord.load(run_dir)
    assert [entry['epoch'] for entry in record.history] == [8, 24, 32]
    assert record.problems == [f'{path}, line 2: not JSON; it is left out']
    with pytest.raises(RecordError, match='history.jsonl, line 2: not JSON; repair or delete that line'):
        read_records(path)


def test_line_without_a_needed_key_is_named(run_dir):
    path = run_dir / 'false_negatives/history.jsonl'
    path.write_text('{"epoch": 1, "granularities": []}\n{"epoch": 2}\n3\n')
    problems = RunRecord.load(run_dir).problems
    assert [problem.partition('history.jsonl, ')[2] for problem in problems] == [
        'line 2: granularities missing; it is left out', 'line 3: the object missing; it is left out']


def test_training_curve_from_mmengines_log_over_a_resume(run_dir):
    (run_dir / 'scalars.jsonl').unlink()
    starts = {'20250101_000000': [(5, 1, 3.), (10, 2, 2.)], '20250102_000000': [(10, 2, 2.5), (15, 3, 1.)]}
    for start, rows in starts.items():
        (run_dir / start / 'vis_data').mkdir(parents=True)
        lines = [json.dumps(dict(step=step, epoch=epoch, loss=loss)) for step, epoch, loss in rows]
        lines.append('{"step": 10, "knn": 90.0}')
        (run_dir / start / 'vis_data/scalars.json').write_text('\n'.join(lines) + '\n')
    assert [entry['loss'] for entry in RunRecord.load(run_dir).scalars] == [3., 2.5, 1.]


def test_the_later_of_two_entries_of_an_epoch_counts(run_dir):
    path = run_dir / 'false_negatives/history.jsonl'
    repeated = dict(json.loads(path.read_text().splitlines()[0]), rate=0.77)
    del repeated[CHECK]
    with path.open('a') as file:
        file.write(json.dumps(repeated) + '\n')
    history = RunRecord.load(run_dir).history
    assert [entry['epoch'] for entry in history] == [8, 16, 24, 32]
    assert history[0]['rate'] == 0.77


def test_directory_without_a_record(tmp_path):
    with pytest.raises(NoRecordError, match='holds no record'):
        RunRecord.load(tmp_path / 'nothing')


@pytest.mark.parametrize('arrays, message', [
    (dict(confidence=None), 'confidence missing'),
    (dict(confidence=np.zeros((1, NUM_IMAGES))), r'confidence float64 of shape .1, 60., expected .* of shape .2, 60.'),
    (dict(centroids_1=None), 'centroids_1 missing'),
    (dict(features=np.zeros((5, 4))), r'features float64 of shape .5, 4., expected real numbers of shape .60, D.'),
    (dict(labels=np.array([[None]])), 'damaged'),
])
def test_snapshot_that_does_not_fit(run_dir, arrays, message, replace_arrays):
    path = run_dir / 'false_negatives/epoch_0008.npz'
    replace_arrays(path, **arrays)
    with pytest.raises(RecordError, match=message) as caught:
        RunRecord.load(run_dir).snapshot(8)
    assert 'epoch_0008.npz' in str(caught.value) and '\n' not in str(caught.value)


@pytest.mark.parametrize('content', [b'', b'no archive', 'half'])
def test_snapshot_that_cannot_be_read(run_dir, content):
    path = run_dir / 'false_negatives/epoch_0008.npz'
    path.write_bytes(path.read_bytes()[:-200] if content == 'half' else content)
    with pytest.raises(RecordError, match='epoch_0008.npz: damaged, or no file of plain arrays'):
        RunRecord.load(run_dir).snapshot(8)


def header(shape, dtype='<f4'):
    """The first bytes of an array of that shape."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, dict(descr=dtype, fortran_order=False, shape=shape))
    return file.getvalue()


@pytest.mark.parametrize('shape', [(10**12,), (10**6, 10**6), (3, 0, 7), (2,)])
def test_an_array_that_claims_another_size_is_not_allocated(run_dir, shape):
    path = run_dir / 'false_negatives/epoch_0008.npz'
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('labels.npy', header(shape) + bytes(12))
    with pytest.raises(RecordError, match=r'epoch_0008.npz: damaged \(labels.npy claims .* bytes and has'):
        RunRecord.load(run_dir).snapshot(8)


def test_a_bomb_is_refused_before_it_unpacks(run_dir):
    path, count = run_dir / 'false_negatives/epoch_0008.npz', (1 << 30) + (1 << 20)
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED, compresslevel=1) as archive, archive.open('labels.npy', 'w') as file:
        file.write(header((count,), '|u1'))
        for _ in range(count >> 20):
            file.write(bytes(1 << 20))
    with pytest.raises(RecordError, match='bytes that unpack to'):
        RunRecord.load(run_dir).snapshot(8)


@pytest.mark.parametrize('name', ['epoch_x.npz', 'epoch_.npz', 'epoch_0008 (copy).npz', 'epoch_99999999999999999999.npz',
                                  'epoch_-1.npz', 'epoch_٣.npz'])
def test_a_foreign_file_among_the_snapshots_stays_and_harms_nothing(run_dir, name):
    path = run_dir / 'false_negatives' / name
    path.write_bytes(b'of somebody else')
    assert RunRecord.load(run_dir).epochs == [8, 16, 24, 32]
    forget_arrays(path.parent, SNAPSHOT, 0)
    assert [path.name for path in path.parent.glob('*.npz')] == [name]


@pytest.mark.parametrize('line', ['{"epoch": "3"}', '{"epoch": null}', '{"epoch": true}', '{"epoch": 1.5}', '[1]',
                                  pytest.param('[' * 100_000, id='nested')])
def test_an_entry_whose_epoch_is_no_number_is_named(tmp_path, line):
    path = tmp_path / 'history.jsonl'
    path.write_text(f'{line}\n{{"epoch": 4}}\n')
    with pytest.raises(RecordError, match='history.jsonl') as caught:
        read_records(path)
    assert '\n' not in str(caught.value)
    lines = []
    add_record(path, dict(epoch=9), report=lines.append)
    assert read_records(path) == [dict(epoch=4), dict(epoch=9)] and len(lines) == 1 and 'history.jsonl, line 1' in lines[0]


def test_missing_epoch_is_named(run_dir):
    with pytest.raises(RecordError, match=r'no snapshot of epoch 9; choose one of \[8, 16, 24, 32\]'):
        RunRecord.load(run_dir).snapshot(9)
