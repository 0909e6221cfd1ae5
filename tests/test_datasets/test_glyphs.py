"""Characters of many fonts: nested classes, label depths, splits by family; and how they are drawn."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from mmifnd.datasets import Glyphs
from mmifnd.datasets.glyph_labels import DEPTHS, label_at, numbered_labels

TOOLS = Path(__file__).parents[2] / 'tools' / 'dataset_converters'
CHARACTERS = ['0', '1', 'a', 'A', 'é', 'Ж']


@pytest.fixture
def tool(monkeypatch):
    """The converter's modules."""
    monkeypatch.syspath_prepend(str(TOOLS))
    import glyph_families
    import make_glyphs
    yield make_glyphs, glyph_families
    for name in ('make_glyphs', 'glyph_families'):
        sys.modules.pop(name, None)


@pytest.fixture
def glyph_file(tmp_path):
    """Six characters in nine fonts, three a part; the first pixel is the character, the second the font."""
    font, character = (x.ravel() for x in np.meshgrid(np.arange(9), np.arange(6), indexing='ij'))
    images = np.zeros((54, 8, 8), np.uint8)
    images[:, 0, 0], images[:, 0, 1] = character, font
    arrays = dict(images=images, character=character.astype(np.int16), font=font.astype(np.int16),
                  family=font.astype(np.int16), part=(font // 3).astype(np.int8), characters=np.array(CHARACTERS),
                  families=np.array([f'family {i}' for i in range(9)]), parts=np.array(['train', 'val', 'test']))
    keep = np.arange(54) != 3  # one character is missing in one font
    np.savez(tmp_path / 'glyphs.npz', **{k: v[keep] if len(v) == 54 else v for k, v in arrays.items()})
    return str(tmp_path / 'glyphs.npz')


def columns(glyphs):
    return glyphs.images[:, 0, 0, 0].tolist(), glyphs.images[:, 0, 0, 1].tolist()


def test_labels_refine_each_other():
    characters = '0Aaéжйш'
    labels = [numbered_labels(characters, depth)[0] for depth in DEPTHS]
    for coarse, fine in zip(labels, labels[1:]):
        assert len(set(zip(coarse, fine))) == len(set(fine))
    assert label_at('Й', 'letter') == label_at('и', 'letter') == 'cyrillic и'
    assert numbered_labels('aáA', 'letter_case') == ([0, 0, 1], ['latin a', 'latin A'])
    with pytest.raises(ValueError, match='depth=.word. is not one of'):
        label_at('a', 'word')


@pytest.mark.parametrize('split, fonts', [('train', {0, 1, 2}), ('val', {3, 4, 5}), ('test', {6, 7, 8})])
def test_splits_have_families_of_their_own(glyph_file, split, fonts):
    glyphs = Glyphs(glyph_file, split=split)
    characters, found = columns(glyphs)
    assert set(found) == fonts and glyphs.labels.tolist() == characters
    assert len(glyphs) == (17 if split == 'train' else 18) and glyphs.metainfo['classes'] == tuple(CHARACTERS)


def test_classes_and_numbers_of_images_are_nested(glyph_file):
    few, more = Glyphs(glyph_file, num_classes=3), Glyphs(glyph_file, num_classes=5)
    assert set(zip(*columns(few))) < set(zip(*columns(more))) and few.metainfo['classes'] == ('0', '1', 'a')
    two, one = Glyphs(glyph_file, images_per_class=2), Glyphs(glyph_file, images_per_class=1)
    assert torch.bincount(two.labels).tolist() == [2] * 6 and set(zip(*columns(one))) < set(zip(*columns(two)))
    for total in (7, 12, 17):
        counts = torch.bincount(Glyphs(glyph_file, max_images=total).labels, minlength=6)
        assert counts.sum() == total and counts.max() - counts.min() <= (1 if total < 17 else 2)


def test_depth_changes_labels_and_not_images(glyph_file):
    fine, coarse = Glyphs(glyph_file), Glyphs(glyph_file, depth='script')
    assert torch.equal(fine.images, coarse.images) and coarse.metainfo['classes'] == ('digit', 'latin', 'cyrillic')
    assert torch.equal(fine.labels_at('script'), coarse.labels)
    letters = fine.labels_at('letter')
    assert set(letters[fine.labels == 2].tolist()) == set(letters[fine.labels == 3].tolist())


@pytest.mark.parametrize('options, message', [
    (dict(split='dev'), "split='dev' of Glyphs.*train, val, test"),
    (dict(num_classes=7), 'num_classes=7 of Glyphs must be from 2 to 6'),
    (dict(depth='font'), "depth='font' of Glyphs; choose one of script"),
    (dict(max_images=18), 'max_images=18 of Glyphs must be from 1 to 17'),
    (dict(images_per_class=3), 'images_per_class=3 of Glyphs must be from 1 to 2'),
    (dict(images_per_class=1, max_images=1), 'give one of them')])
def test_what_there_is_not_is_refused(glyph_file, options, message):
    with pytest.raises(ValueError, match=message):
        Glyphs(glyph_file, **options)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match='make_glyphs.py'):
        Glyphs(str(tmp_path / 'none.npz'))
    np.savez(tmp_path / 'other.npz', images=np.zeros(3))
    with pytest.raises(ValueError, match='is no file of make_glyphs.py'):
        Glyphs(str(tmp_path / 'other.npz'))


@pytest.mark.parametrize('name, value', [
    ('images', np.zeros((53, 8, 8), np.float32)), ('images', np.zeros((53, 64), np.uint8)), ('part', np.zeros(5, np.int8)),
    ('character', np.full(53, 6, np.int16)), ('character', np.zeros(53)), ('part', np.full(53, -1, np.int8)),
    ('characters', np.arange(6)), ('parts', np.array([['train', 'val', 'test']]))])
def test_arrays_that_do_not_fit_one_another_are_refused(glyph_file, name, value):
    with np.load(glyph_file) as arrays:
        np.savez(glyph_file, **{**arrays, name: value})
    with pytest.raises(ValueError, match='is no file of make_glyphs.py .its arrays do not fit one another'):
        Glyphs(glyph_file)


def test_a_damaged_file_is_refused_in_one_line(glyph_file):
    content = Path(glyph_file).read_bytes()
    for damaged in (content[:60], content[:-40], b'PK' + bytes(50)):
        Path(glyph_file).write_bytes(damaged)
        with pytest.raises(ValueError, match='is no file of make_glyphs.py') as error:
            Glyphs(glyph_file)
        assert '\n' not in str(error.value)


def test_families_of_one_design_stay_together(tool):
    _, families = tool
    assert families.design_of('Nimbus Sans Narrow') == families.design_of('Liberation Sans') == 'helvetica'
    assert families.design_of('Inter Display') == families.design_of('Inter') != families.design_of('Inconsolata')
    assert families.design_of('DejaVu Math TeX Gyre') is None
    parts = families.split_families(np.arange(47))
    assert np.bincount(parts).tolist() == [26, 7, 14]
    assert np.array_equal(parts, families.split_families(np.arange(47)))


def test_look_alikes_empty_and_equal_images_are_dropped(tool):
    make_glyphs, _ = tool
    images = np.random.RandomState(0).randint(1, 255, (10, 4, 8, 8)).astype(np.uint8)
    images[:3, 2] = images[:3, 0]  # alike in three fonts of ten
    images[0, 3] = images[0, 1]  # in one
    images[5, 1] = 0
    assert make_glyphs.distinct_characters(images) == [0, 1, 3]
    inked, used = make_glyphs.distinct_images(images[:, [0, 1, 3]])
    assert np.argwhere(~inked).tolist() == [[5, 1]] and np.argwhere(~used).tolist() == [[0, 2], [5, 1]]


def test_a_real_font_is_drawn(tool, tmp_path):
    make_glyphs, _ = tool
    import matplotlib
    folder = Path(matplotlib.get_data_path()) / 'fonts' / 'ttf'
    path = folder / 'DejaVuSans.ttf'
    images = make_glyphs.draw_face((path, 'HhΑA', 16))
    assert images.shape == (4, 16, 16) and np.array_equal(images[2], images[3])  # Alpha has the outline of A
    rows = np.flatnonzero(images[0].max(axis=1) > 128)
    assert 7 <= len(rows) <= 9 and rows[-1] in (10, 11)
    one = tmp_path / 'fonts'
    one.mkdir()
    (one / 'a.ttf').symlink_to(path)
    (one / 'b.ttf').write_bytes(b'no font')
    faces, dropped = make_glyphs.find_faces(one, 'HA')
    assert [face.family for face in faces] == ['DejaVu Sans'] and dropped['unreadable'] == 1
    assert make_glyphs.find_faces(one, 'H漢')[1]['incomplete'] == 1
