"""Tar shards: what the index finds, that pairs are read as they were written, and what is refused in one line."""

import gzip
import io
import json
import os
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mmifnd.datasets import IndexedDataset, PairShards, ShardWindowSampler
from mmifnd.datasets.pairs.shard_index import build_index, index_file, load_index
from mmifnd.datasets.pairs.shards import expand_shards
from mmifnd.datasets.pairs.tar_members import members_of
from mmifnd.errors import UserError
from mmifnd.registry import default_scope

PIPELINE = [dict(type='LoadImageFromFile'),
            dict(type='Tokenize', tokenizer=dict(type='HashTokenizer', ngrams=None, context_length=4)),
            dict(type='PackInputs', meta_keys=('text',))]


def picture(colour, kind='PNG'):
    file = io.BytesIO()
    Image.new('RGB', (4, 3), (colour, 0, 0)).save(file, kind)
    return file.getvalue()


def shard(folder, name, *members, form=tarfile.USTAR_FORMAT):
    """A tar of (name, content)."""
    folder.mkdir(exist_ok=True)
    with tarfile.open(folder / name, 'w', format=form) as archive:
        for member, content in members:
            info = tarfile.TarInfo(member)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return str(folder / name)


def sample(key, colour, caption, suffix='txt'):
    text = caption.encode() if suffix == 'txt' else json.dumps(dict(caption=caption)).encode()
    return (f'{key}.png', picture(colour)), (f'{key}.{suffix}', text)


@pytest.fixture
def shards(tmp_path):
    """Two shards of three and two pairs, the second with captions in json."""
    shard(tmp_path, '000.tar', *sample('0000', 1, 'a cat'), *sample('0001', 2, 'a dog'), *sample('0002', 3, 'A Cat.'))
    shard(tmp_path, '001.tar', *sample('0010', 4, 'fox', 'json'), *sample('0011', 5, 'a cat', 'json'))
    return tmp_path


def test_pairs_are_read_as_they_were_written(shards):
    dataset = PairShards('{000..001}.tar', data_root=str(shards))
    infos = [dataset.get_data_info(position) for position in range(len(dataset))]
    assert [info['captions'] for info in infos] == [['a cat'], ['a dog'], ['A Cat.'], ['fox'], ['a cat']]
    assert [info['img_bytes'] for info in infos] == [picture(colour) for colour in range(1, 6)]
    assert [os.path.relpath(info['img_path'], shards) for info in infos][2:4] == ['000.tar/0002.png', '001.tar/0010.png']
    assert dataset.shard_sizes() == [3, 2]


def test_through_a_pipeline_with_a_stable_index(shards):
    with default_scope():
        dataset = IndexedDataset(PairShards('*.tar', data_root=str(shards), pipeline=PIPELINE, groups='caption'))
    assert dataset.num_samples == 5 and dataset.groups().tolist() == [0, 1, 0, 2, 0] and dataset.labels() is None
    assert dataset.names()[4] == '001.tar/0011.png' and dataset.captions()[3] == ['fox'] and dataset.text_format() == (8193, 4)
    found = dataset[3]
    assert found['inputs'].shape == (3, 3, 4) and int(found['inputs'][2].max()) == 4  # blue, green, red
    assert found['data_samples'].sample_idx == 3 and found['data_samples'].text.shape == (4,)


def test_the_index_is_kept_and_renewed_with_its_shard(shards):
    path = str(shards / '000.tar')
    assert load_index(path) is None
    PairShards('*.tar', data_root=str(shards))
    kept = index_file(path).read_bytes()
    assert len(load_index(path).pairs) == 3
    PairShards('*.tar', data_root=str(shards), index='ready')
    assert index_file(path).read_bytes() == kept
    os.utime(path, ns=(1, 1))
    assert load_index(path) is None
    with pytest.raises(ValueError, match='000.tar.index.npz is older than its shard; run tools/dataset_converters'):
        PairShards('*.tar', data_root=str(shards), index='ready')
    assert len(PairShards('*.tar', data_root=str(shards))) == 5 and load_index(path) is not None


def test_the_index_may_be_elsewhere(shards, tmp_path_factory):
    folder = tmp_path_factory.mktemp('index') / 'new'
    PairShards('*.tar', data_root=str(shards), index_dir=str(folder))
    assert sorted(path.name for path in folder.iterdir()) == ['000.tar.index.npz', '001.tar.index.npz']
    assert not list(shards.glob('*.npz'))


def test_the_fingerprint_knows_captions_and_places_but_no_times(shards):
    def fingerprints():
        dataset = IndexedDataset(PairShards('*.tar', data_root=str(shards)))
        return dataset.fingerprint(), dataset.fingerprint(ordered=False)

    before = fingerprints()
    os.utime(shards / '000.tar', ns=(1, 1))
    assert fingerprints() == before
    shard(shards, '000.tar', *sample('0000', 1, 'a cat'), *sample('0001', 2, 'a cow'), *sample('0002', 3, 'A Cat.'))
    assert all(new != old for new, old in zip(fingerprints(), before, strict=True))


def test_a_copy_in_another_process_opens_the_shards_for_itself(shards):
    dataset = PairShards('*.tar', data_root=str(shards))
    dataset.get_data_info(0)
    assert dataset._files and not pickle.loads(pickle.dumps(dataset))._files


def test_samples_without_image_or_caption_are_left_out_and_counted(tmp_path):
    shard(tmp_path, 'a.tar', *sample('0', 1, 'a'), ('1.png', picture(2)), ('2.txt', b'x'), ('3.png', picture(3)),
          ('3.txt', b' \n'), ('4.png', picture(4)), ('4.json', b'{"url": "x"}'))
    found = build_index(str(tmp_path / 'a.tar'))
    assert (len(found.pairs), found.no_image, found.no_caption) == (1, 1, 3)
    with pytest.raises(ValueError, match='1 shards have 1 samples without an image and 3 without a caption; set skip_empty'):
        PairShards('a.tar', data_root=str(tmp_path), skip_empty=False)


@pytest.mark.parametrize('form', [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_long_names_and_every_format_of_tar(tmp_path, form):
    names = ['n' * 80 + '/' + 'm' * 80 + '.jpg', 'b.txt', 'é.webp']
    if form != tarfile.USTAR_FORMAT:
        names.append('l' * 300 + '.png')
    path = shard(tmp_path, 'a.tar', *((name, b'x' * 700) for name in names), form=form)
    found = members_of(path)
    assert [member.name for member in found] == names
    content = Path(path).read_bytes()
    assert all(content[member.offset:member.offset + member.size] == b'x' * 700 for member in found)


def _cut(path):
    Path(path).write_bytes(Path(path).read_bytes()[:1500])


def _gzip(path):
    Path(path).write_bytes(gzip.compress(Path(path).read_bytes()))


def _flip(path):
    with open(path, 'r+b') as file:
        file.seek(3)
        file.write(b'Z')


@pytest.mark.parametrize('members, spoil, words', [
    (sample('0', 1, 'a'), _cut, 'is cut off'),
    (sample('0', 1, 'a'), _gzip, r'is compressed \(gzip\) and cannot be read at random'),
    (sample('0', 1, 'a'), _flip, 'is damaged at byte 0, or no tar file'),
    (sample('0', 1, 'a'), lambda path: Path(path).write_bytes(b'hello'), 'is cut off after 5 bytes, or no tar file'),
    ([*sample('0', 1, 'a'), ('0.jpg', picture(1, 'JPEG'))], None, "has 2 images of the key '0', .jpg and .png"),
    ([*sample('0', 1, 'a'), *sample('1', 1, 'a'), ('0.json', b'{}')], None, "has the key '0' twice"),
    ([*sample('0', 1, 'a'), ('0.txt', b'b')], None, "has '0.txt' twice"),
    ([('../0.png', picture(1)), ('../0.txt', b'a')], None, "has a member '../0.png', whose path is absolute or leaves"),
    ([('/0.png', picture(1)), ('/0.txt', b'a')], None, 'whose path is absolute'),
    ([('0.png', picture(1)), ('0.txt', b'\xff\xfe\xfa')], None, '0 of .*a.tar: the caption cannot be read'),
    ([('0.png', picture(1)), ('0.json', b'[1]')], None, 'the caption cannot be read'),
    ([('0.png', picture(1)), ('0.json', b'{"caption": 3}')], None, 'the caption is 3, no text'),
    ([('0.png', picture(1)), ('0.txt', b'x' * 70_000)], None, 'has more than 64 kB'),
    ([('0.txt', b'x')], None, 'hold no image with a caption')])
def test_shards_that_cannot_be_used(tmp_path, members, spoil, words):
    path = shard(tmp_path, 'a.tar', *members)
    if spoil:
        spoil(path)
    with pytest.raises(ValueError, match=words) as error:
        PairShards('a.tar', data_root=str(tmp_path))
    assert '\n' not in str(error.value)


def test_an_index_that_is_none(shards):
    index_file(str(shards / '000.tar')).write_text('hello')
    with pytest.raises(ValueError, match='000.tar.index.npz is no index of a shard .*; remove it'):
        PairShards('*.tar', data_root=str(shards))


@pytest.mark.parametrize('key, value', [('image', 10**12), ('image', -1), ('image', 511),
                                        ('image_size', 2**31 - 1), ('text_size', -2**31)])
def test_an_index_whose_places_are_not_in_the_shard(shards, key, value):
    PairShards('*.tar', data_root=str(shards))
    file = index_file(str(shards / '000.tar'))
    with np.load(file) as archive:
        arrays = dict(archive)
    arrays['pairs'][key][1] = value
    np.savez(file, **arrays)
    with pytest.raises(ValueError, match='000.tar.index.npz names places that its shard does not have; remove it'):
        load_index(str(shards / '000.tar'))


@pytest.mark.parametrize('counts', [[-1, 0], [0.5, 0], [[0, 0]], [0]])
def test_an_index_whose_counts_are_none(shards, counts):
    PairShards('*.tar', data_root=str(shards))
    file = index_file(str(shards / '000.tar'))
    with np.load(file) as archive:
        np.savez(file, **{**archive, 'left_out': np.array(counts)})
    with pytest.raises(ValueError, match='000.tar.index.npz names places that its shard does not have; remove it'):
        load_index(str(shards / '000.tar'))


@pytest.mark.parametrize('key, value', [('image', 1024), ('image_size', 20), ('image_size', 0), ('text', 512),
                                        ('text_size', 1)])
def test_an_index_that_names_other_places_of_the_shard_ends_the_run(shards, key, value):
    PairShards('*.tar', data_root=str(shards))
    file = index_file(str(shards / '000.tar'))
    with np.load(file) as archive:
        arrays = dict(archive)
    arrays['pairs'][key][0] = value
    np.savez(file, **arrays)
    with pytest.raises(UserError, match='000.tar has no file of .* bytes at byte .*000.tar.index.npz names one; remove'):
        PairShards('*.tar', data_root=str(shards)).get_data_info(0)


def header(name, size, kind=b'0'):
    """A header of a tar with a right checksum, whatever its size says."""
    block = bytearray(512)
    block[:len(name)], block[100:108], block[124:136], block[156:157] = name, b'0000644\0', size.ljust(12, b'\0'), kind
    block[257:265], block[148:156] = b'ustar\x0000', b' ' * 8
    block[148:156] = b'%06o\0 ' % sum(block)
    return bytes(block)


@pytest.mark.parametrize('blocks, words', [
    ([header(b'x.png', b'-0000002000')], "'x.png' has -1024 bytes"), ([header(b'x.png', b'\xff' * 12)], 'has -1 bytes'),
    ([header(b'p', b'15', b'x'), b'15 size=-100000'.ljust(512, b'\0'), header(b'x.png', b'10')], "'x.png' has -1"),
    ([header(b'x.png', b'\x80' + b'\x7f' * 11)], 'damaged or cut off'), ([header(b'x.png', b'10', b'S')], 'holes'),
    ([header(b'p', b'1351035300000', b'x')], 'a header claims .* bytes'),
    ([header(b'././@LongLink', b'7346545000', b'L')], 'a header claims .* bytes')])
def test_sizes_that_would_lead_back_or_take_all_memory_are_refused_at_once(tmp_path, blocks, words):
    good = Path(shard(tmp_path, 'good.tar', *sample('0', 1, 'a'))).read_bytes().rstrip(b'\0')
    path = tmp_path / 'a.tar'
    path.write_bytes(good.ljust(-(-len(good) // 512) * 512, b'\0') + b''.join(blocks) + bytes(1024))
    with pytest.raises(ValueError, match=f'a.tar is .*{words}') as error:
        members_of(str(path))
    assert '\n' not in str(error.value)


@pytest.mark.parametrize('pattern, words', [
    ('x*.tar', 'fits no file; check data_root'), ('{000..003}.tar', '2 of 4 files do not exist, such as .*002.tar'),
    ('none.tar', '1 of 1 files do not exist'), ('s3://bucket/0.tar', 'is a stream'), ('pipe:cat 0.tar', 'is a stream'),
    (['000.tar', '00*.tar'], '000.tar twice')])
def test_patterns_that_fit_nothing(shards, pattern, words):
    with pytest.raises((ValueError, FileNotFoundError), match=words):
        expand_shards(pattern, str(shards))


def many(tmp_path, sizes=(3, 5, 2, 4)):
    for number, size in enumerate(sizes):
        shard(tmp_path, f'{number}.tar', *(file for row in range(size) for file in sample(f'{number}{row}', row, f'c {row}')))
    return IndexedDataset(PairShards('*.tar', data_root=str(tmp_path)))


def test_a_window_of_shards_is_an_order_of_all_pairs_and_its_own_in_each_epoch(tmp_path):
    dataset, orders = many(tmp_path), []
    for epoch in range(3):
        sampler = ShardWindowSampler(dataset, window=2, seed=5)
        sampler.set_epoch(epoch)
        orders.append(list(sampler))
        assert sorted(orders[-1]) == list(range(14)) and len(sampler) == 14 and list(sampler) == orders[-1]
    assert orders[0] != orders[1] != orders[2]


def test_a_window_reads_from_its_shards_only(tmp_path):
    sampler = ShardWindowSampler(many(tmp_path, (6, 6, 6, 6)), window=2, seed=1)
    shards = torch.tensor(list(sampler)) // 6
    assert len(shards[:12].unique()) == len(shards[12:].unique()) == 2 and shards[:6].unique().numel() == 2


def test_a_window_orders_shards_only():
    with pytest.raises(ValueError, match='ShardWindowSampler orders the shards of PairShards, not list'):
        ShardWindowSampler([1, 2])
