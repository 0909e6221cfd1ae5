"""The emoji that come with the package."""

import csv
import shutil

import numpy as np
import pytest
import torch

from mmifnd.datasets import EmojiPairs, HashTokenizer, IndexedDataset
from mmifnd.datasets.emoji_pairs import _SHIPPED, SPLITS
from mmifnd.detectors import GuideDetector

TOKENIZER = dict(type='HashTokenizer', buckets=500, context_length=192)
NUM_PAIRS = dict(train=887, val=200, test=200)


@pytest.fixture(scope='module')
def splits():
    """All three splits."""
    return {split: EmojiPairs(split, TOKENIZER, text='caption' if split == 'train' else 'name') for split in SPLITS}


@pytest.fixture
def root(tmp_path):
    """A copy of the shipped files."""
    return shutil.copytree(str(_SHIPPED), tmp_path / 'emoji')


@pytest.mark.parametrize('split', SPLITS)
def test_pairs_of_each_split(splits, split):
    pairs = splits[split]
    assert pairs.images.shape == (NUM_PAIRS[split], 3, 32, 32) and pairs.images.dtype == torch.uint8
    assert len(pairs.metainfo['classes']) == 200 == len(pairs.labels.unique())
    assert pairs.num_cut == 0


def test_splits_share_names_but_no_drawing(splits):
    classes = {pairs.metainfo['classes'] for pairs in splits.values()}
    drawings = [image.numpy().tobytes() for pairs in splits.values() for image in pairs.images]
    assert len(classes) == 1 and len(set(drawings)) == len(drawings) == sum(NUM_PAIRS.values())


def test_evaluation_asks_for_the_name(splits):
    test = splits['test']
    assert [test.captions_at(row)[0] for row in range(200)] == [test.metainfo['classes'][label] for label in test.labels]


def test_captions_are_of_name_and_tags_and_differ_between_artists(splits):
    captions = [splits['train'].captions_at(row)[0] for row in range(887)]
    assert {caption.count(', ') + 1 for caption in captions} >= {1, 2, 3}
    assert len(set(captions)) > 700


def test_four_in_a_thousand_pairs_are_false_negatives(splits):
    labels = splits['train'].labels
    same = (labels.unsqueeze(0) == labels.unsqueeze(1)).sum().item() - 887
    assert same / (887 * 886) == pytest.approx(0.004, abs=2e-4)


@pytest.mark.parametrize('label, count', [('subgroup', 70), ('group', 8)])
def test_coarser_labels(label, count):
    assert len(EmojiPairs('test', TOKENIZER, label=label).metainfo['classes']) == count


def test_artists_instead_of_those_of_the_split(splits):
    pairs = EmojiPairs('train', TOKENIZER, artists=['openmoji'])
    assert len(pairs) == 200 and set(pairs.labels.tolist()) == set(range(200))


def test_rows_and_images_belong_together(root):
    """The table's order is that of the images: with the rows of one artist moved, another drawing would come."""
    rows = list(csv.DictReader((root / 'emoji.csv').open(encoding='utf-8')))
    position = next(number for number, row in enumerate(rows) if row['artist'] == 'fluent')
    image = np.load(root / 'emoji.npz')['images'][position]
    pairs = EmojiPairs('test', TOKENIZER, text='name', root=str(root))
    assert (pairs.images[0].permute(1, 2, 0).numpy() == image).all() and pairs.captions_at(0) == [rows[position]['name']]


def test_the_guide_is_of_the_training_set():
    tokenizer = HashTokenizer(buckets=8192, context_length=192)
    dataset = IndexedDataset(EmojiPairs('train', tokenizer))
    guide = GuideDetector('mmifnd/datasets/emoji/guide.npy', alpha=0.004)
    guide.bind(dataset.num_samples)
    guide.bind_fingerprint(dataset.fingerprint())
    with pytest.raises(ValueError, match='fingerprint'):
        guide.bind_fingerprint('of another set')


@pytest.mark.parametrize('options, message', [
    (dict(split='trian'), 'trian'), (dict(split='test', text='tag'), 'tag'), (dict(split='test', label='artist'), 'artist'),
    (dict(split='test', artists=['apple']), 'apple has no drawing; there are noto'),
    (dict(split='test', artists=[]), 'at least one')])
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        EmojiPairs(**{'tokenizer': TOKENIZER, **options})


def test_refuses_damaged_files(root):
    lines = (root / 'openmoji.csv').read_text(encoding='utf-8').splitlines()
    (root / 'openmoji.csv').write_text('\n'.join(lines[:-1]), encoding='utf-8')
    with pytest.raises(ValueError, match='200 images, but openmoji.csv 199 rows'):
        EmojiPairs('train', TOKENIZER, root=str(root))
    (root / 'openmoji.csv').write_text('\n'.join([*lines[:-1], 'x,y']), encoding='utf-8')
    with pytest.raises(ValueError, match='openmoji.csv of EmojiPairs: row 200 has other columns than the first'):
        EmojiPairs('train', TOKENIZER, root=str(root))
    (root / 'openmoji.csv').write_text('\n'.join([*lines[:-1], 'x' * 200_000]), encoding='utf-8')
    with pytest.raises(ValueError, match='openmoji.csv of EmojiPairs(: row 200 has| is no table .field larger)'):
        EmojiPairs('train', TOKENIZER, root=str(root))
    (root / 'openmoji.csv').write_text('artist,name\n', encoding='utf-8')
    with pytest.raises(ValueError, match='no column emoji'):
        EmojiPairs('train', TOKENIZER, root=str(root))
    (root / 'emoji.npz').write_bytes(b'PK\x03\x04 nothing')
    with pytest.raises(ValueError, match='of EmojiPairs is no .npz'):
        EmojiPairs('train', TOKENIZER, root=str(root))
    (root / 'emoji.npz').unlink()
    with pytest.raises(FileNotFoundError, match='make_emoji.py'):
        EmojiPairs('train', TOKENIZER, root=str(root))
