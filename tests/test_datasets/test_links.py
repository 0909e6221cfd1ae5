"""Files and links that a list or a folder names: regular files only, and links out of the data root are no secret."""

import os

import pytest
from PIL import Image

from mmifnd.datasets import IndexedDataset, said
from mmifnd.datasets.group_files import read_group_array, read_group_table
from mmifnd.datasets.image_list import read_listed
from mmifnd.errors import UserError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two images in the data root, one of which is a link to a file outside; a link to the root; and a list of both."""
    monkeypatch.setattr(said, '_said', set())
    for path in (tmp_path / 'disk' / 'data' / 'own.png', tmp_path / 'secret' / 'private.png'):
        path.parent.mkdir(parents=True)
        Image.new('RGB', (4, 4)).save(path)
    os.symlink(tmp_path / 'secret' / 'private.png', tmp_path / 'disk' / 'data' / 'link.png')
    os.symlink(tmp_path / 'disk' / 'data', tmp_path / 'data')
    (tmp_path / 'list.txt').write_text('own.png\nlink.png\n')
    return tmp_path


def dataset(folder, **options):
    return IndexedDataset(dict(type='CustomDataset', data_root=str(folder / 'data'), with_label=False, **options))


@pytest.mark.parametrize('by_list', [False, True])
def test_links_out_of_the_root_are_followed_with_a_line_or_refused(folder, monkeypatch, by_list):
    lines = []
    monkeypatch.setattr(said, 'print_log', lambda line, **options: lines.append(line))
    options = dict(ann_file=str(folder / 'list.txt')) if by_list else {}
    assert dataset(folder, **options).num_samples == 2
    dataset(folder, **options)
    assert len(lines) == 1 and '1 of the 2 images are links that lead out of' in lines[0]
    with pytest.raises(ValueError, match="links that lead out of .*; copy .* or set outside_links='follow'"):
        dataset(folder, outside_links='refuse', **options)


def test_a_root_that_is_a_link_itself_is_none(folder):
    (folder / 'list.txt').write_text('own.png\n')
    assert dataset(folder, ann_file=str(folder / 'list.txt'), outside_links='refuse').num_samples == 1


def test_an_unknown_choice_is_named(folder):
    with pytest.raises(ValueError, match="outside_links='x' of CustomDataset is unknown; choose one of follow, refuse"):
        dataset(folder, outside_links='x')


@pytest.mark.parametrize('read', [lambda path: read_listed(path, 'the list', False), read_group_table,
                                  lambda path: read_group_array(path, 3)])
@pytest.mark.parametrize('name', ['fifo', '/dev/zero'])
def test_lists_and_groups_are_regular_files(tmp_path, read, name):
    path = tmp_path / 'fifo'
    os.mkfifo(path)
    with pytest.raises((UserError, FileNotFoundError, ValueError), match='regular file|does not exist'):
        read(str(path) if name == 'fifo' else name)
