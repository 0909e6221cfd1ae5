"""ImageNet's classes by WordNet depth: the table, the data set, and the builder of the table."""

import importlib.util
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmifnd.datasets import IndexedDataset, WordNetDepthDataset, wordnet_groups, wordnet_names

ROOT = Path(__file__).resolve().parents[2]
LOAD = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]
#: Tench, goldfish, ambulance, volcano, burrito.
WNIDS = ('n01440764', 'n01443537', 'n02701002', 'n09472597', 'n07880968')


# --- the table ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('depth, count', [(3, 9), (5, 36), (7, 206), (9, 486), (18, 1000)])
def test_counts_of_table_5(depth, count):
    groups = wordnet_groups(depth)
    assert len(groups) == 1000 and len(set(groups.values())) == count


def test_groups_of_the_goldfish():
    found = {depth: wordnet_groups(depth)['n01443537'] for depth in (3, 5, 7, 9, 18)}
    assert found == {3: 'n00003553', 5: 'n00004475', 7: 'n01466257', 9: 'n01473806', 18: 'n01443537'}


def test_each_class_and_group_has_a_name():
    names = wordnet_names()
    assert set(names) == {wnid for depth in (3, 5, 7, 9, 18) for pair in wordnet_groups(depth).items() for wnid in pair}
    assert [names[wordnet_groups(depth)['n01443537']] for depth in (3, 5, 7, 9, 18)] == [
        'whole', 'organism', 'chordate', 'aquatic vertebrate', 'goldfish']


def test_a_deeper_group_lies_in_one_group():
    for coarse, fine in ((3, 5), (5, 7), (7, 9), (9, 18)):
        pairs = set(zip(wordnet_groups(fine).values(), wordnet_groups(coarse).values()))
        assert len(pairs) == len(set(wordnet_groups(fine).values()))


@pytest.mark.parametrize('depth', [0, 4, -3, '3,5', None])
def test_another_depth_is_named(depth):
    with pytest.raises(ValueError, match=f'depth={depth} is not in the WordNet table .* choose one of 3, 5, 7, 9, 18'):
        wordnet_groups(depth)


def test_table_and_licence_are_installed(tmp_path):
    subprocess.run([sys.executable, '-W', 'ignore', 'setup.py', '-q', 'build_py', '-d', str(tmp_path)], cwd=ROOT, check=True)
    for name in ('imagenet_wordnet_depth.csv', 'imagenet_wordnet_names.csv', 'LICENSE'):
        built = tmp_path / 'mmifnd' / 'datasets' / 'wordnet' / name
        assert built.read_bytes() == files('mmifnd').joinpath('datasets', 'wordnet', name).read_bytes()
    assert 'WordNet 3.0 Copyright 2006 by Princeton University' in built.read_text()


# --- the data set ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """Two images of each class of WNIDS; a folder of another name beside them."""
    root = tmp_path_factory.mktemp('imagenet')
    for wnid in WNIDS:
        for number in range(2):
            path = root / 'train' / wnid / f'{wnid}_{number}.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((4, 4, 3), number, np.uint8)).save(path)
    (root / 'pets' / 'cat').mkdir(parents=True)
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(root / 'pets' / 'cat' / '0.png')
    return root


def build(root, depth, prefix='train', **kwargs):
    return WordNetDepthDataset(depth=depth, data_root=str(root), data_prefix=prefix, pipeline=LOAD, **kwargs)


@pytest.mark.parametrize('depth', [3, 5, 7, 9, 18])
def test_labels_are_the_groups(root, depth):
    dataset = build(root, depth)
    groups, classes = wordnet_groups(depth), dataset.metainfo['classes']
    assert classes == tuple(sorted(set(groups.values())))
    labels = IndexedDataset(dataset).labels()
    assert [classes[label] for label in labels] == [groups[wnid] for wnid in sorted(WNIDS) for _ in range(2)]
    assert dataset[0]['data_samples'].gt_label.item() == labels[0]


def test_labels_do_not_depend_on_which_folders_are_there(root, tmp_path):
    part = tmp_path / 'train' / 'n09472597'
    part.mkdir(parents=True)
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(part / '0.png')
    assert set(IndexedDataset(build(tmp_path, 7)).labels()) < set(IndexedDataset(build(root, 7)).labels())


def test_images_and_fingerprint_are_those_of_any_depth(root):
    """One pre-training without labels can be probed at every depth."""
    coarse, fine = IndexedDataset(build(root, 3)), IndexedDataset(build(root, 18))
    assert coarse.names() == fine.names() and coarse.fingerprint() == fine.fingerprint()
    assert len(set(coarse.labels())) < len(set(fine.labels())) == 5
    view = coarse.evaluation_view(LOAD)
    assert np.array_equal(view.labels(), coarse.labels())


def test_a_list_of_images_works_too(root, tmp_path):
    (tmp_path / 'list.txt').write_text(f'{WNIDS[1]}/{WNIDS[1]}_0.png 0\n{WNIDS[3]}/{WNIDS[3]}_1.png 7\n')
    dataset = build(root, 18, ann_file=str(tmp_path / 'list.txt'))
    classes = dataset.metainfo['classes']
    assert [classes[label] for label in IndexedDataset(dataset).labels()] == [WNIDS[1], WNIDS[3]]


@pytest.mark.parametrize('options, message', [
    (dict(depth=4), 'depth=4 is not in the WordNet table'),
    (dict(depth=3, prefix='pets'), '1 folders with images in .*pets are no classes of ImageNet-1k, such as cat; WordNetDepth'),
    (dict(depth=3, with_label=False), 'with_label=False of WordNetDepthDataset')])
def test_refuses(root, options, message):
    with pytest.raises(ValueError, match=message):
        build(root, **options)


# --- the builder ----------------------------------------------------------------------------------------------------

#: Offset, words, parents: entity <- thing <- {animal, pet}; a dog is both; Rex is an instance of a dog.
NOUNS = {
    '00000001': (['entity'], []),
    '00000002': (['thing', 'Object_Thing'], ['@ 00000001 n 0000']),
    '00000003': (['pet'], ['@ 00000002 n 0000', '~ 00000005 n 0000']),
    '00000004': (['Animal'], ['+ 00000009 v 0101', '@ 00000002 n 0000']),
    '00000005': (['dog'], ['@ 00000003 n 0000', '@ 00000004 n 0000']),
    '00000006': (['rex'], ['@i 00000005 n 0000']),
    '00000007': (['pet'], ['@ 00000001 n 0000'])}


@pytest.fixture(scope='module')
def builder():
    path = ROOT / 'tools' / 'dataset_converters' / 'wordnet_depth.py'
    spec = importlib.util.spec_from_file_location('wordnet_depth_builder', path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def wordnet(tmp_path):
    """NOUNS in the format of WordNet's files, behind a licence."""
    data, senses = ['  1 a licence'], {}
    for offset, (words, pointers) in NOUNS.items():
        lemmas = ' '.join(f'{word} 0' for word in words)
        data.append(f'{offset} 03 n {len(words):02x} {lemmas} {len(pointers):03d} {" ".join(pointers)} | a gloss')
        for word in words:
            senses.setdefault(word.lower(), []).append(offset)
    index = ['  1 a licence']
    for lemma, offsets in senses.items():
        index.append(f'{lemma} n {len(offsets)} 2 @ ~ {len(offsets)} 0 {" ".join(offsets)}')
    (tmp_path / 'data.noun').write_text('\n'.join(data) + '\n')
    (tmp_path / 'index.noun').write_text('\n'.join(index) + '\n')
    return tmp_path


def test_the_way_goes_by_the_first_parent_of_the_alphabet(builder, wordnet):
    nouns = builder.read_nouns(wordnet)
    assert nouns.names['00000004'] == 'animal.n.01' and nouns.names['00000007'] == 'pet.n.02'
    assert nouns.path('00000006') == ['00000001', '00000002', '00000004', '00000005', '00000006']
    rows = builder.group_rows(nouns, ['n00000006', 'n00000005', 'n00000007'], (2, 3, 9))
    assert rows == [['n00000006', 'n00000004', 'n00000005', 'n00000006'],
                    ['n00000005', 'n00000004', 'n00000005', 'n00000005'],
                    ['n00000007', 'n00000007', 'n00000007', 'n00000007']]


def test_a_wnid_of_another_version_is_named(builder, wordnet):
    with pytest.raises(ValueError, match='1 of 1 wnids, such as n00000042, are no nouns of this WordNet; .* version 3.0'):
        builder.group_rows(builder.read_nouns(wordnet), ['n00000042'], (3,))


def test_files_of_another_format_are_named(builder, wordnet):
    (wordnet / 'data.noun').write_text('dog 1\n')
    with pytest.raises(ValueError, match='data.noun and index.noun in .* are not those of WordNet 3.0'):
        builder.read_nouns(wordnet)


def test_the_tool_writes_a_table_that_reads_as_ours(builder, wordnet, tmp_path, monkeypatch, capsys):
    (tmp_path / 'wnids.txt').write_text('n00000006\nn00000005\n')
    options = ['--wnids', str(tmp_path / 'wnids.txt'), '--depths', '2', '3', '--out', str(tmp_path / 'out.csv'),
               '--names', str(tmp_path / 'names.csv')]
    monkeypatch.setattr(sys, 'argv', ['wordnet_depth.py', str(wordnet), *options])
    assert builder.main() == 0
    assert '2 classes; groups at depth 2: 1, at depth 3: 1' in capsys.readouterr().out
    monkeypatch.setattr('mmifnd.datasets.wordnet_depth.TABLE', tmp_path / 'out.csv')
    assert wordnet_groups(3) == {'n00000006': 'n00000005', 'n00000005': 'n00000005'}
    monkeypatch.setattr('mmifnd.datasets.wordnet_depth.NAMES', tmp_path / 'names.csv')
    assert wordnet_names() == {'n00000004': 'animal', 'n00000005': 'dog', 'n00000006': 'rex'}
    monkeypatch.setattr(sys, 'argv', ['wordnet_depth.py', str(tmp_path / 'no'), '--out', str(tmp_path / 'out.csv')])
    assert builder.main() == 2 and 'error: ' in capsys.readouterr().err
