"""The builder of emoji, on small archives of its own."""

import hashlib
import importlib.util
import io
import json
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
EMOJI = [dict(label='red fox', hexcode='1F98A', emoji='F', tags=['animal', 'sly'], group=3, subgroup=1, order=2),
         dict(label='green heart', hexcode='2764-FE0F', emoji='H', group=0, subgroup=0, order=1),
         dict(label='light skin tone', hexcode='1F3FB', emoji='T', group=2, subgroup=2, order=3),
         dict(label='regional indicator A', hexcode='1F1E6', emoji='A')]
GROUPS = dict(groups={'0': 'smileys', '2': 'component', '3': 'animals'}, subgroups={'0': 'heart', '1': 'mammal', '2': 'skin'})


@pytest.fixture
def tool(monkeypatch):
    """The module; pictures are drawn without a renderer, one colour for each drawing."""
    path = ROOT / 'tools' / 'dataset_converters' / 'make_emoji.py'
    spec = importlib.util.spec_from_file_location('make_emoji', path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, 'make_emoji', module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, 'rendered', lambda svg, size: np.full(
        (size, size, 3), hashlib.sha256(svg.encode()).digest()[0], np.uint8))
    return module


def write_archive(folder, package, files):
    """Write a package of npm, and return it with the right checksum."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode='w:gz') as tar:
        for name, content in files.items():
            data = json.dumps(content).encode()
            member = tarfile.TarInfo(f'package/{name}')
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    (folder / package.file).write_bytes(buffer.getvalue())
    return replace(package, sha256=hashlib.sha256(buffer.getvalue()).hexdigest())


@pytest.fixture
def archives(tool, tmp_path, monkeypatch):
    """All packages: one artist by code points, the others by names."""
    names = write_archive(tmp_path, tool.NAMES, {'en/data.json': EMOJI, 'meta/groups.json': GROUPS})
    monkeypatch.setattr(tool, 'NAMES', names)
    artists = {}
    for place, (artist, package) in enumerate(tool.ARTISTS.items()):
        icons = {'red-fox': dict(body=f'<circle r="{place}"/>'), 'greenheart': dict(body=f'<path d="{place}"/>', height=64)}
        files = {'icons.json': dict(icons=icons, width=32, height=32)}
        if artist == 'noto':
            files['chars.json'] = {'1f98a': 'red-fox', '2764': 'greenheart'}
        artists[artist] = write_archive(tmp_path, package, files)
    monkeypatch.setattr(tool, 'ARTISTS', artists)
    return tmp_path


def build(tool, monkeypatch, archives, out, *options):
    monkeypatch.setattr(sys, 'argv', ['make_emoji.py', '--tgz', str(archives), '--out', str(out), '--size', '4', *options])
    tool.main()


def test_builds_what_the_data_set_reads(tool, archives, tmp_path, monkeypatch):
    from mmifnd.datasets import EmojiPairs
    out = tmp_path / 'out'
    build(tool, monkeypatch, archives, out)
    pairs = EmojiPairs('train', dict(type='HashTokenizer', buckets=50, context_length=64), root=str(out))
    assert len(pairs) == 2 * 5 and pairs.images.shape[1:] == (3, 4, 4)
    assert pairs.metainfo['classes'] == ('green heart', 'red fox'), 'in the order of Unicode, without parts and letters'
    fox = [pairs.captions_at(row)[0] for row in range(10) if pairs.labels[row] == 1]
    assert all(set(caption.split(', ')) <= {'red fox', 'animal', 'sly'} for caption in fox) and len(set(fox)) > 1


def test_builds_twice_the_same(tool, archives, tmp_path, monkeypatch):
    for name in 'ab':
        build(tool, monkeypatch, archives, tmp_path / name, '--names', '1')
    assert (tmp_path / 'a' / 'emoji.csv').read_bytes() == (tmp_path / 'b' / 'emoji.csv').read_bytes()
    assert (tmp_path / 'a' / 'emoji.csv').read_text().count('\n') == 1 + 6


def test_drawings_are_squared(tool, archives):
    with tool.archive(tool.ARTISTS['noto'], archives) as tar:
        assert 'viewBox="-16.0 0.0 64 64"' in tool.Drawings(tar).svg(EMOJI[1])


def test_equal_drawings_of_one_artist_are_left_out(tool, archives, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(tool, 'rendered', lambda svg, size: np.zeros((size, size, 3), np.uint8))
    build(tool, monkeypatch, archives, tmp_path / 'out')
    assert 'fluent: 1 drawings; 1 left out' in capsys.readouterr().out


@pytest.mark.parametrize('change, message', [
    (lambda path: path.write_bytes(b'other'), 'has SHA-256 .*, expected '),
    (lambda path: path.unlink(), r'does not exist; run: npm pack @iconify-json/noto@')])
def test_another_archive_is_refused(tool, archives, tmp_path, monkeypatch, change, message):
    change(archives / tool.ARTISTS['noto'].file)
    with pytest.raises(SystemExit, match=message):
        build(tool, monkeypatch, archives, tmp_path / 'out')


def test_more_names_than_there_are(tool, archives, tmp_path, monkeypatch):
    with pytest.raises(SystemExit, match='--names 9: only 2 names'):
        build(tool, monkeypatch, archives, tmp_path / 'out', '--names', '9')
