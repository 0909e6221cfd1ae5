"""Files that are no images: cut off, empty, no regular files, thin, too large; and what a broken image is not."""

import csv
import errno
import io
import os
import threading

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from mmifnd.apis import pretrain
from mmifnd.datasets import BROKEN_LIST, IndexedDataset, file_bytes
from mmifnd.datasets.broken_images import BrokenImages
from mmifnd.datasets.file_bytes import BrokenImageError, read_bytes, tried_again
from mmifnd.datasets.folder import walk_folder
from mmifnd.datasets.pixels import decode
from mmifnd.errors import UserError
from mmifnd.registry import TRANSFORMS
from mmifnd.shortage import ShortageError, shortage_of

LOAD = [dict(type='LoadImageFromFile'), dict(type='Resize', scale=(8, 8)), dict(type='PackInputs')]


def stored(image, kind, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def folder(root, pipeline=LOAD, **options):
    config = dict(type='CustomDataset', data_root=str(root), with_label=False, pipeline=pipeline)
    return IndexedDataset(config, **options)


KINDS = [('JPEG', {}), ('JPEG', dict(progressive=True)), ('PNG', {}), ('WEBP', {}), ('WEBP', dict(lossless=True)), ('TIFF', {}),
         ('TIFF', dict(compression='tiff_lzw')), ('BMP', {}), ('GIF', {}), ('PPM', {}), ('AVIF', {})]


@pytest.mark.parametrize('kind, options', KINDS)
def test_what_is_cut_off_is_broken_and_what_follows_the_end_is_no_damage(photo, kind, options):
    content = stored(photo, kind, **options)
    whole = decode(content)[0]
    for share in (0.1, 0.3, 0.5, 0.9, 0.99):
        with pytest.raises(BrokenImageError) as error:
            decode(content[:int(len(content) * share)])
        assert '\n' not in str(error.value)
    assert np.array_equal(decode(content + b'bytes of a camera\xff\xd9' * 9)[0], whole)


@pytest.mark.parametrize('progressive', [False, True])
def test_the_end_marker_of_a_thumbnail_is_not_that_of_the_picture(photo, progressive):
    thumbnail = stored(photo.resize((16, 12)), 'JPEG')
    segment = b'Exif\0\0' + thumbnail
    content = stored(photo, 'JPEG', progressive=progressive)
    content = content[:2] + b'\xff\xe1' + (len(segment) + 2).to_bytes(2, 'big') + segment + content[2:]
    assert decode(content)[0].shape == (96, 128, 3)
    for length in range(len(segment) + 10, len(content), 97):
        with pytest.raises(BrokenImageError, match='cut off: the end of its JPEG data is missing|damaged|no image'):
            decode(content[:length])


def test_an_end_marker_in_a_table_between_two_scans_is_none(photo):
    content = stored(photo, 'JPEG', progressive=True)
    second = content.index(b'\xff\xda', content.index(b'\xff\xda') + 1)
    table = b'\xff\xfe' + (6).to_bytes(2, 'big') + b'\xff\xd9ab'  # a comment, for the decoder
    assert np.array_equal(decode(content[:second] + table + content[second:] + b'more')[0], decode(content)[0])
    for end in (second + len(table), second + len(table) + 200):
        with pytest.raises(BrokenImageError, match='cut off'):
            decode((content[:second] + table + content[second:])[:end])


def test_only_regular_files_of_bounded_size_are_read(tmp_path):
    (tmp_path / 'empty.png').write_bytes(b'')
    (tmp_path / 'large.png').write_bytes(bytes(101))
    os.mkfifo(tmp_path / 'fifo.png')
    os.symlink('/dev/zero', tmp_path / 'zero.png')
    for name, message in dict(empty='is empty', large='has 101 bytes, more than the 100', fifo='no regular file',
                              zero='no regular file').items():
        with pytest.raises(BrokenImageError, match=message):
            read_bytes(str(tmp_path / f'{name}.png'), max_bytes=100)


def test_a_limit_that_is_raised_is_raised_beyond_pillow_s_own(monkeypatch):
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 16)
    content = stored(Image.new('L', (9, 9)), 'PNG')
    assert decode(content)[0].shape == (9, 9, 3) and Image.MAX_IMAGE_PIXELS == 16
    with pytest.raises(BrokenImageError, match='9 x 9 pixels, more than max_pixels=80.*pipeline.0.max_pixels'):
        decode(content, max_pixels=80)


def test_a_thin_image_is_not_blown_up(tmp_path):
    Image.new('RGB', (20_000, 1), (90, 9, 9)).save(tmp_path / 'thin.png')
    loaded = TRANSFORMS.build(dict(type='LoadImageFromFile'))(dict(img_path=str(tmp_path / 'thin.png')))
    resize = TRANSFORMS.build(dict(type='ResizeEdge', scale=256, edge='short', backend='pillow'))
    with pytest.raises(BrokenImageError, match='20000 x 1 pixels would be resized to 5120000 x 256, more than max_pixels=89'):
        resize(loaded)
    small = TRANSFORMS.build(dict(type='ResizeEdge', scale=2, edge='short', backend='pillow'))
    assert small(loaded)['img'].shape == (2, 40_000, 3)
    long = TRANSFORMS.build(dict(type='ResizeEdge', scale=10, edge='long', backend='pillow', max_pixels=20))
    assert long(dict(img=np.zeros((4, 20, 3), np.uint8)))['img'].shape == (2, 10, 3)


# --- what a broken image is not -----------------------------------------------------------------------------------------


@pytest.mark.parametrize('error, words', [
    (OSError(errno.EMFILE, 'Too many open files'), 'ulimit -n'), (OSError(errno.EIO, 'Input/output error'), 'check the disk'),
    (MemoryError(), 'out of memory; lower num_workers'), (OSError(errno.ENOMEM, 'Cannot allocate'), 'out of memory')])
def test_a_shortage_of_the_machine_ends_the_run_with_its_remedy(put, tmp_path, monkeypatch, error, words):
    put(tmp_path / '0.png')
    put(tmp_path / '1.png')
    dataset = folder(tmp_path, max_broken=2)
    calls = []

    def fail(*args, **kwargs):
        calls.append(args)
        raise error

    monkeypatch.setattr('mmifnd.datasets.load_image.read_bytes', fail)
    monkeypatch.setattr(file_bytes.time, 'sleep', lambda seconds: None)
    with pytest.raises(ShortageError, match=words):
        dataset[0]
    assert len(calls) == 1 + len(file_bytes.PAUSES) and not dataset.broken().any()


def test_what_the_machine_is_short_of_for_a_moment_is_waited_for(put, tmp_path, monkeypatch):
    put(tmp_path / '0.png')
    dataset, failures = folder(tmp_path, max_broken=1), [OSError(errno.EMFILE, 'Too many open files')]

    def once(*args, **kwargs):
        if failures:
            raise failures.pop()
        return read_bytes(*args, **kwargs)

    monkeypatch.setattr('mmifnd.datasets.load_image.read_bytes', once)
    monkeypatch.setattr(file_bytes.time, 'sleep', lambda seconds: None)
    assert dataset[0]['data_samples'].sample_idx == 0 and not dataset.broken().any()


@pytest.mark.parametrize('number', [errno.EMFILE, errno.EIO])
def test_a_shortage_is_no_difference_and_no_missing_folder(put, tmp_path, monkeypatch, number):
    """Comparing images, walking over a folder and leaving out empty ones: none takes the machine's trouble for the file's."""
    put(tmp_path / '0.png')
    dataset = folder(tmp_path)

    def fail(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(file_bytes.time, 'sleep', lambda seconds: None)
    monkeypatch.setattr('mmifnd.datasets.load_image.read_bytes', fail)
    with pytest.raises(ShortageError):
        dataset.identity().content(0)
    with pytest.raises(OSError):
        TRANSFORMS.build(dict(type='LoadImageFromFile', ignore_empty=True)).transform(dict(img_path=str(tmp_path / '0.png')))
    monkeypatch.setattr(os, 'scandir', fail)
    with pytest.raises(ShortageError):
        walk_folder(str(tmp_path))


def test_a_second_try_decides():
    failures = [ValueError('half written')]

    def read():
        if failures:
            raise failures.pop()
        return 'image'

    assert tried_again(read) == 'image'
    with pytest.raises(ValueError, match='always'):
        tried_again(lambda: (_ for _ in ()).throw(ValueError('always')))
    assert shortage_of(ValueError('damaged')) is None
    try:
        try:
            raise OSError(errno.EMFILE, 'Too many open files')
        except OSError as error:
            raise RuntimeError('cannot be loaded') from error
    except RuntimeError as error:
        assert 'too many open files' in shortage_of(error)


# --- counted, said once, listed -----------------------------------------------------------------------------------------


@pytest.fixture
def some_broken(put, tmp_path):
    for number in range(12):
        put(tmp_path / 'images' / f'{number:02d}.png', number)
    (tmp_path / 'images' / '03.png').write_bytes(b'')
    (tmp_path / 'images' / '07, "quoted".png').write_bytes(b'no image')
    return tmp_path / 'images'


def rows_of(path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text())))


@pytest.mark.parametrize('workers', [0, 2])
def test_broken_images_are_said_once_and_listed(some_broken, tmp_path, logged, workers):
    dataset = folder(some_broken, max_broken=2)
    dataset.broken_images.list_file = str(tmp_path / BROKEN_LIST)
    for _ in range(2):  # epochs, each with a pass over the images
        for view in (dataset, dataset.evaluation_view()):
            list(DataLoader(view, 4, num_workers=workers, collate_fn=list))
    assert logged().count('and another image replaces it') == 2
    assert torch.equal(dataset.broken(), dataset.evaluation_view().broken())
    assert dataset.broken().nonzero().flatten().tolist() == [3, 7]
    rows = rows_of(tmp_path / BROKEN_LIST)
    assert rows[0] == ['image', 'reason'] and sorted(row[0] for row in rows[1:]) == [
        'image 3 (03.png)', 'image 7 (07, "quoted".png)'] and all(len(row) == 2 for row in rows)
    resumed = folder(some_broken, max_broken=2)
    resumed.broken_images.list_file = str(tmp_path / BROKEN_LIST)
    list(map(resumed.__getitem__, range(12)))
    assert rows_of(tmp_path / BROKEN_LIST) == rows


def test_a_known_broken_image_is_not_read_again(some_broken, monkeypatch):
    dataset = folder(some_broken, max_broken=2)
    first = dataset[3]['data_samples'].sample_idx
    paths = []

    def read(path, *args):
        paths.append(path)
        return read_bytes(path, *args)

    monkeypatch.setattr('mmifnd.datasets.load_image.read_bytes', read)
    assert dataset[3]['data_samples'].sample_idx == first and not any(path.endswith('03.png') for path in paths)


def test_a_pipe_in_a_list_does_not_hang(put, tmp_path):
    put(tmp_path / '0.png')
    os.mkfifo(tmp_path / '1.png')
    (tmp_path / 'list.txt').write_text('0.png\n1.png\n')
    dataset = IndexedDataset(dict(type='CustomDataset', data_root=str(tmp_path), ann_file='list.txt', with_label=False,
                                  pipeline=LOAD), max_broken=1)
    samples = []
    reader = threading.Thread(target=lambda: samples.append(dataset[1]), daemon=True)
    reader.start()
    reader.join(20)
    assert not reader.is_alive() and dataset.broken().tolist() == [False, True]
    assert samples[0]['data_samples'].sample_idx == 0


@pytest.mark.parametrize('count', [2, 12])
def test_the_only_sound_image_replaces_all_others(put, tmp_path, count):
    """However often the draws fall on broken ones."""
    for number in range(count):
        (tmp_path / f'{number:02d}.png').write_bytes(b'')
    put(tmp_path / f'{count - 1:02d}.png')
    dataset = folder(tmp_path, max_broken=count - 1)
    assert {int(dataset[number]['data_samples'].sample_idx) for number in range(count)} == {count - 1}


def test_a_damaged_list_is_gone_on_with(tmp_path):
    listed = tmp_path / BROKEN_LIST
    listed.write_text('image,reason\na.png,cut\n' + 'x' * 200_000 + '\n')
    broken = BrokenImages(4, limit=9)
    broken.list_file = str(listed)
    for name in ('a.png', 'b.png', 'b.png'):
        broken._write(name, 'cut')
    lines = listed.read_text().splitlines()
    assert lines[1] == 'a.png,cut' and lines[-1] == 'b.png,cut'  # once or twice, as far as the damaged line can be read


@pytest.mark.parametrize('make, kind', [(os.mkfifo, 'a FIFO'), (lambda path: os.symlink('other', path), 'a link')])
def test_a_list_that_is_no_file_keeps_no_run_waiting(tmp_path, make, kind):
    make(tmp_path / BROKEN_LIST)
    broken = BrokenImages(4, limit=9)
    broken.list_file = str(tmp_path / BROKEN_LIST)
    with pytest.raises(UserError, match=f'{BROKEN_LIST} is {kind}, and a file is to be written there; move it away'):
        broken._write('a.png', 'cut')
    assert not (tmp_path / 'other').exists()


def test_a_run_lists_them_in_its_folder(some_broken, tmp_path, logged):
    pretrain(some_broken, tmp_path / 'run', epochs=2, image_size=16, num_workers=0, options={
        'model.backbone.base_channels': 4, 'model.neck.in_channels': 32, 'log_level': 'WARNING'})
    assert [row[0] for row in rows_of(tmp_path / 'run' / BROKEN_LIST)] == [
        'image', 'image 3 (03.png)', 'image 7 (07, "quoted".png)']
    logs = ''.join(path.read_text() for path in (tmp_path / 'run').glob('*/*.log'))
    assert logs.count('of at most 10): ') == 2
