"""The look before a training: what it counts, what it sets, what it refuses, and that the report shows it."""

import io
import json
import shutil

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from mmifnd.apis import inspect, pretrain
from mmifnd.apis.inspection_sheet import contact_sheet
from mmifnd.configuration import load_config
from mmifnd.datasets import LoadImageFromFile
from mmifnd.datasets.image_data import image_dataset
from mmifnd.errors import UserError
from mmifnd.records.inspection import read_inspection, write_inspection
from mmifnd.visualization import check_report, write_run_report
from mmifnd.visualization.inspected import inspection_figure

SMALL = {'model.backbone.base_channels': 4, 'model.neck.in_channels': 32, 'log_level': 'ERROR'}


@pytest.fixture
def odd(put, tmp_path):
    """Two classes with one of everything."""
    root = tmp_path / 'images'
    for number in range(16):
        put(root / 'ab'[number % 2] / f'{number:02d}.png', number, size=(20, 16))
    Image.fromarray(np.full((9, 9, 3), (200, 10, 10), np.uint8)).save(root / 'a' / 'red.png')
    Image.fromarray(np.linspace(0, 4095, 400).reshape(20, 20).astype(np.uint16)).save(root / 'b' / 'deep.png')
    pixels = np.random.default_rng(9).integers(0, 255, (20, 20, 4), dtype=np.uint8)
    Image.fromarray(pixels).save(root / 'a' / 'alpha $x$ [b].png')
    shutil.copy(root / 'a' / '00.png', root / 'b' / 'copy.png')
    Image.open(root / 'a' / '02.png').save(root / 'b' / 'other.bmp')
    frames = [Image.fromarray(np.random.default_rng(n).integers(0, 255, (9, 9, 3), dtype=np.uint8)) for n in (50, 51)]
    frames[0].save(root / 'a' / 'moving.gif', save_all=True, append_images=frames[1:])
    (root / 'a' / 'empty.png').write_bytes(b'')
    (root / 'b' / 'cut.png').write_bytes((root / 'a' / '00.png').read_bytes()[:200])
    Image.new('RGB', (20_000, 1)).save(root / 'b' / 'thin.png')
    (root / 'x.xcf').write_bytes(b'gimp xcf')
    return root


def test_everything_is_counted(odd):
    found = inspect(odd)
    assert len(found.names) == 25 == found.folder.layout.num_images
    assert found.flat == ['a/red.png', 'b/thin.png'] and found.dark == ['b/deep.png'] and found.data_range == (0, 4095)
    assert found.duplicates == [['a/00.png', 'b/copy.png'], ['a/02.png', 'b/other.bmp']]
    assert found.broken.keys() == {'a/empty.png', 'b/cut.png'} and found.too_large == {
        'b/thin.png': '20000 x 1 pixels, too thin to be resized to a short edge of 256'}
    rows = dict(found.rows())
    assert len(rows) == 10 and rows['folder'] == '25 images in 2 classes (a, b)'
    assert rows['size'] == '9 x 9 to 20000 x 1 pixels, median 20 x 16'
    assert '1 of several pages or frames, of which the first is taken, such as a/moving.gif' in rows['format']
    assert '1 with transparency, laid on a background, such as a/alpha $x$ [b].png' in rows['mode']
    assert "1 of more, with values from 0 to 4095; 1 use under 1/16 of their range and come out dark: set depth='data'" in rows[
        'depth']
    assert rows['equal'].startswith('4 images have the pixels of another one, such as a/00.png = b/copy.png')
    assert rows['broken'] == '2 cannot be read, such as a/empty.png (the file is empty); 1 too large, such as b/thin.png'
    assert rows['left out'] == '1 file left out: .xcf 1'
    console = Console(width=110, record=True, file=io.StringIO())
    found.print(console)
    text = ' '.join(console.export_text().split())
    assert all(what in text for what in rows) and 'alpha $x$ [b].png' in text


def test_some_of_many(odd):
    found = inspect(odd, max_images=3)
    assert len(found.looks) == 3 and found.names[0] == 'a/00.png' and dict(found.rows())['images'] == (
        '25, of which 3 were looked at, evenly spread')
    with pytest.raises(UserError, match='max_images=0 is below 1'):
        inspect(odd, max_images=0)


@pytest.mark.parametrize('count', [1, 8, 11])
def test_a_sheet_has_no_empty_places(count):
    figure = inspection_figure(np.zeros((count, 3, 72, 72), np.uint8), ['a $b.png\nflat'] * count)
    assert len(figure.axes) == count and figure.axes[0].get_title(loc='left') == 'a $b.png\nflat'


def test_only_what_is_trained_on_is_looked_at(put, tmp_path):
    for part in ('train', 'val'):
        for name in 'ab':
            put(tmp_path / part / name / '0.png')
    put(tmp_path / 'train' / 'loose.png')
    assert inspect(tmp_path).names == ('train/a/0.png', 'train/b/0.png')


def test_the_contact_sheet_and_its_record(odd, tmp_path):
    found = inspect(odd)
    pictures, titles = contact_sheet(found, LoadImageFromFile())
    assert len(pictures) == len(titles) and pictures.shape[1:] == (3, 72, 72)
    kinds = {title.split('\n')[0]: title.split('\n')[1] for title in titles}
    assert kinds['red.png'] == 'flat' and kinds['copy.png'] == 'equal'
    assert kinds['alpha $x$ [b].png'] == 'transparent' and kinds['deep.png'] == 'dark'
    red = pictures[titles.index('red.png\nflat')]
    assert red[:, 36, 36].tolist() == [200, 10, 10] and 'empty.png' not in kinds
    write_inspection(tmp_path, found.record())
    record = read_inspection(tmp_path)
    assert record.rows == found.rows() and record.titles == titles and np.array_equal(record.pictures, pictures)
    assert json.loads((tmp_path / 'inspection.json').read_text())['duplicates'] == found.duplicates
    (tmp_path / 'inspection.npz').write_bytes(b'x')
    with pytest.raises(ValueError, match='damaged'):
        read_inspection(tmp_path)
    assert read_inspection(tmp_path / 'none') is None


def test_pretraining_looks_first(odd, tmp_path, capsys):
    result = pretrain(odd, tmp_path / 'out', epochs=1, image_size=16, num_workers=0, background=(0, 0, 255), depth='data',
                      options=SMALL)
    assert 'come out dark' in capsys.readouterr().err
    config = load_config(result.config)
    for loader in (config.train_dataloader, config.test_dataloader):
        step = loader.dataset.pipeline[0]
        assert tuple(step.background) == (0, 0, 255) and step.depth == 'data' and tuple(step.data_range) == (0, 4095)
    dataset = image_dataset(config.train_dataloader.dataset.to_dict(), pipeline=[
        dict(type='LoadImageFromFile'), dict(type='PackInputs')], max_broken=None)
    names = dataset.names()
    if 'b/deep.png' in names:  # unless it is held out
        assert dataset[names.index('b/deep.png')]['inputs'].max() == 255
    path = write_run_report([tmp_path / 'out'], tmp_path / 'report.html')
    text = path.read_text()
    assert 'The images' in text and 'A contact sheet of' in text and '25 images in 2 classes' in text
    assert not check_report(path)


def test_a_folder_of_broken_images_is_refused_before_anything_is_written(put, tmp_path):
    for number in range(30):
        put(tmp_path / 'images' / f'{number:02d}.png', number)
    for number in range(12):
        (tmp_path / 'images' / f'{number:02d}.png').write_bytes(b'')
    with pytest.raises(UserError, match=r'12 of 30 images cannot be read, such as 00.png \(the file is empty\), more than '
                                        r'train_cfg.max_broken=10; repair or remove them, or raise that number'):
        pretrain(tmp_path / 'images', tmp_path / 'out', epochs=1, image_size=16, num_workers=0, options=SMALL)
    assert not (tmp_path / 'out').exists()
    for option, message in [(dict(depth='half'), "depth='half'"), (dict(background=(0, 0, 300)), 'is no colour')]:
        with pytest.raises(ValueError, match=message):
            pretrain(tmp_path / 'images', tmp_path / 'out', epochs=1, image_size=16, num_workers=0, options=SMALL, **option)


def test_names_with_marks_do_not_cut_the_table(put, tmp_path):
    for name in ('a; b', 'c: d'):
        put(tmp_path / 'my: images; all' / name / '0.png')
    assert dict(inspect(tmp_path / 'my: images; all').rows())['folder'] == '2 images in 2 classes (a; b, c: d)'
