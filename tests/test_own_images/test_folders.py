"""What a folder means: which files are images, which folders classes, what is skipped, and that it is said."""

import os

import pytest
from hypothesis import given, settings, strategies
from PIL import Image

from mmifnd.apis.pretraining import pretraining_config
from mmifnd.datasets import IndexedDataset
from mmifnd.datasets.folder import readable_suffixes, walk_folder
from mmifnd.datasets.image_data import image_dataset, read_folder
from mmifnd.errors import UserError


@pytest.fixture
def classes(put, tmp_path):
    """Two classes of two images."""
    for number in range(2):
        for name in 'ab':
            put(tmp_path / 'images' / name / f'{number}.jpg', number)
    return tmp_path / 'images'


def names_and_labels(folder):
    dataset = image_dataset(folder)
    labels = dataset.labels()
    return dataset.names(), None if labels is None else labels.tolist(), dataset.metainfo.get('classes')


PLAIN = (['a/0.jpg', 'a/1.jpg', 'b/0.jpg', 'b/1.jpg'], [0, 0, 1, 1], ('a', 'b'))


def test_every_format_that_the_libraries_read(put, tmp_path):
    suffixes = ['png', 'JPG', 'jpeg', 'webp', 'tiff', 'TIF', 'gif', 'bmp', 'JPEG', 'jp2', 'jfif', 'avif', 'ppm', 'tga']
    for number, suffix in enumerate(suffixes):
        put(tmp_path / f'{number:02d}.{suffix}', number, **(dict(format='JPEG') if suffix == 'jfif' else {}))
    for number in range(9):
        (tmp_path / f'{number}.xcf').write_bytes(b'gimp xcf')
    for number in range(3):
        (tmp_path / f'{number}.svg').write_text('<svg/>')
    (tmp_path / 'README').write_text('text')
    folder = read_folder(tmp_path)
    assert folder.layout.num_images == len(suffixes) and folder.layout.kind == 'flat'
    assert '13 files left out: .xcf 9, .svg 3, no suffix 1' in folder.describe()
    dataset = image_dataset(tmp_path, pipeline=[dict(type='LoadImageFromFile'), dict(type='PackInputs')])
    assert all(dataset[position]['inputs'].shape == (3, 24, 24) for position in range(len(suffixes)))
    assert {'.png', '.webp', '.tiff', '.gif', '.jp2', '.jfif', '.avif'} <= readable_suffixes()
    assert not {'.eps', '.pdf', '.svg', '.mpg', '.txt', '.ico', '.h5'} & readable_suffixes()


def test_a_class_of_another_format_stays(put, classes):
    put(classes / 'c' / '0.webp')
    names, labels, known = names_and_labels(classes)
    assert names[-1] == 'c/0.webp' and labels == [0, 0, 1, 1, 2] and known == ('a', 'b', 'c')


def test_hidden_names_are_no_classes_and_no_images(put, classes):
    for hidden in ('.ipynb_checkpoints', '@eaDir', '__MACOSX'):
        put(classes / hidden / '0-checkpoint.jpg')
        put(classes / 'a' / hidden / '0-checkpoint.jpg')
    put(classes / 'b' / '._0.jpg')
    (classes / '.DS_Store').write_bytes(b'x')
    assert names_and_labels(classes) == PLAIN
    assert '8 hidden names skipped' in read_folder(classes).describe()


def test_links_are_followed(put, classes, tmp_path):
    (tmp_path / 'links').mkdir()
    for name in 'ab':
        os.symlink(classes / name, tmp_path / 'links' / name)
    assert names_and_labels(tmp_path / 'links') == PLAIN
    put(tmp_path / 'one' / 'b' / '0.jpg')
    os.symlink(classes / 'a', tmp_path / 'one' / 'a')
    assert names_and_labels(tmp_path / 'one') == (['a/0.jpg', 'a/1.jpg', 'b/0.jpg'], [0, 0, 1], ('a', 'b'))
    os.symlink(classes, tmp_path / 'root')
    assert names_and_labels(tmp_path / 'root') == PLAIN


def test_links_in_circles_and_to_nowhere_end(classes):
    os.symlink(classes, classes / 'a' / 'again')
    os.symlink(classes / 'a', classes / 'a' / 'self')
    os.symlink(classes / 'gone.jpg', classes / 'a' / 'dead.jpg')
    os.mkfifo(classes / 'a' / 'pipe.jpg')
    os.symlink('itself.jpg', classes / 'a' / 'itself.jpg')
    assert names_and_labels(classes)[0] == PLAIN[0]
    assert '3 files left out: no regular file 3' in read_folder(classes).describe()


def test_a_loose_file_does_not_remove_the_labels(put, classes):
    put(classes / 'montage.png')
    assert names_and_labels(classes) == PLAIN
    said = read_folder(classes).describe()
    assert '4 images in 2 classes (a, b); 1 image beside the class folders left out (montage.png)' in said
    for number in range(4):
        put(classes / f'{number}.png')
    names, labels, _ = names_and_labels(classes)  # now most images are loose
    assert len(names) == 9 and labels is None and '9 images without labels' in read_folder(classes).describe()


def test_a_class_without_images_keeps_its_label(classes):
    (classes / 'aa').mkdir()
    assert names_and_labels(classes) == (PLAIN[0], [0, 0, 2, 2], ('a', 'aa', 'b'))
    assert 'no image in aa' in read_folder(classes).describe()


def test_folders_for_training_and_testing(put, tmp_path):
    for part, count in (('train', 3), ('val', 2)):
        for name in 'ab':
            for number in range(count):
                put(tmp_path / 'images' / part / name / f'{number}.png', number)
    folder = read_folder(tmp_path / 'images')
    assert folder.layout.kind == 'split' and folder.layout.classes == ('a', 'b')
    assert folder.describe().endswith('trains on the 6 images of train in 2 classes (a, b), tests on the 4 of val')
    train, test = (IndexedDataset(config) for config in (folder.train, folder.test))
    assert (len(train), len(test), test.labels().tolist()) == (6, 4, [0, 0, 1, 1])
    config, _ = pretraining_config(tmp_path / 'images', 'ifnd', 'mocov2', 'resnet18', 1, None, 16, 0, 0)
    assert config.train_dataloader.dataset.data_prefix == 'train' and config.test_dataloader.dataset.data_prefix == 'val'
    put(tmp_path / 'images' / 'test' / 'a' / '0.png')
    assert read_folder(tmp_path / 'images').describe().endswith('tests on the 4 of val; 1 image of test left out')
    put(tmp_path / 'images' / 'other' / '0.png')
    assert read_folder(tmp_path / 'images').layout.kind == 'classes'


def test_classes_that_are_a_folder_too_deep(put, classes, tmp_path):
    outer = tmp_path / 'outer'
    (outer / 'dataset').mkdir(parents=True)
    classes.rename(outer / 'dataset' / 'images')
    said = read_folder(outer).describe()
    assert '4 images without labels' in said
    assert f'to have the 2 folders of dataset/images as classes, give {outer}/dataset/images' in said
    flat = tmp_path / 'flat'
    put(flat / 'cats' / '0.png')
    put(flat / 'cats' / '1.png')
    assert 'as classes' not in read_folder(flat).describe()


@pytest.mark.parametrize('mark', ['last_checkpoint', 'starts.jsonl'])
def test_pictures_of_a_run_inside_the_folder_are_not_trained_on(put, classes, mark):
    put(classes / 'run' / 'vis' / 'removed.png')
    (classes / 'run' / mark).write_text('epoch_1.pth')
    assert names_and_labels(classes) == PLAIN
    assert '1 folder of training runs skipped (run)' in read_folder(classes).describe()


def test_names_are_only_names(put, tmp_path):
    root = tmp_path / 'näme mit leer {x} #1 %20 日本'
    for name in ['kl ä', "o'neil", '[bold]x[/]', 'a\nb']:
        put(root / name / '0 ü "q".jpg')
    os.mkdir(os.fsencode(root) + b'/latin\xe9')
    Image.new('RGB', (4, 4)).save(root / os.fsdecode(b'latin\xe9') / '0.png')
    dataset = image_dataset(root, pipeline=[dict(type='LoadImageFromFile'), dict(type='PackInputs')])
    assert len(dataset) == 5 and len(dataset.fingerprint()) == 16
    assert all(dataset[position]['inputs'].ndim == 3 for position in range(5))
    assert '\n' not in read_folder(root).describe()
    (tmp_path / '{{ fileDirname }}').mkdir()
    with pytest.raises(UserError, match='has {{ in its path, which configs take for a variable; rename the folder'):
        read_folder(tmp_path / '{{ fileDirname }}')


def test_a_relative_folder_is_written_down_as_an_absolute_one(classes, monkeypatch):
    monkeypatch.chdir(classes.parent)
    assert read_folder('images').train['data_root'] == str(classes)
    monkeypatch.setenv('HOME', str(classes.parent))
    assert read_folder('~/images').train['data_root'] == str(classes)


def test_one_image_is_refused_in_its_own_words(put, tmp_path):
    put(tmp_path / 'images' / '0.png')
    with pytest.raises(UserError, match='holds one image to train on; contrastive learning compares images: give at least 2'):
        pretraining_config(tmp_path / 'images', 'ifnd', 'mocov2', 'resnet18', 1, None, 16, 0, 0)
    (tmp_path / 'none').mkdir()
    (tmp_path / 'none' / 'a.xcf').write_bytes(b'gimp xcf')
    with pytest.raises(UserError, match=r'none holds no image \(.*\.avif.*\) at any depth: 1 file left out: .xcf 1'):
        read_folder(tmp_path / 'none')


@pytest.mark.parametrize('with_label', [False, True])
def test_plain_folders_are_read_as_by_mmpretrain(put, tmp_path, with_label):
    for number, name in enumerate(['b/2.png', 'b/10.png', 'a b/1.png', 'a/z/1.png', 'a/1.JPG', 'a/z.png', 'c/x/y/1.bmp']):
        put(tmp_path / name, number)
    ours = IndexedDataset(dict(type='CustomDataset', data_root=str(tmp_path), with_label=with_label))
    theirs = IndexedDataset(dict(type='mmpretrain.CustomDataset', data_root=str(tmp_path), with_label=with_label))
    assert ours.names() == theirs.names() and ours.fingerprint() == theirs.fingerprint()
    assert ours.metainfo.get('classes') == theirs.metainfo.get('classes')
    assert not with_label or ours.labels().tolist() == theirs.labels().tolist()


PARTS = strategies.text('ab.@_é ', min_size=1, max_size=4).filter(lambda name: name.strip('. '))


@settings(max_examples=40, deadline=None)
@given(paths=strategies.sets(strategies.lists(PARTS, min_size=1, max_size=3).map(tuple), max_size=8))
def test_a_walk_finds_each_file_that_is_not_hidden_once(tmp_path_factory, paths):
    root = tmp_path_factory.mktemp('walk')
    expected = set()
    for parts in paths:
        path = root.joinpath(*parts[:-1], f'{parts[-1]}.png')
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b'')
        except OSError:  # a file has the name of the folder
            continue
        if not any(part.startswith('.') for part in parts):
            expected.add(path.relative_to(root).as_posix())
    found = walk_folder(str(root)).images
    assert set(found) == expected and len(found) == len(expected) and list(found) == sorted(found)
