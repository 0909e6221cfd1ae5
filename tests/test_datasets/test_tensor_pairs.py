"""Pairs in memory: which caption comes with which image, what changes the fingerprint, and what is refused."""

import numpy as np
import pytest
import torch

from mmifnd.datasets import IndexedDataset, SubsetDataset, TensorPairs
from mmifnd.datasets.tokenizers import HashTokenizer
from mmifnd.models.preprocessors import TensorPairsPreprocessor

CAPTIONS = ['a cat', ['one', 'two', 'three'], 'A  CAT.', 'dog']
TOKENIZER = HashTokenizer(buckets=500, ngrams=None, context_length=3)


def images(count=4):
    return torch.arange(count * 12, dtype=torch.uint8).view(count, 3, 2, 2)


def pairs(captions=CAPTIONS, **options):
    return TensorPairs.from_captions(images(len(captions)), captions, TOKENIZER, **options)


def ids(*captions):
    return torch.from_numpy(TOKENIZER(captions)[0]).int()


def test_each_image_comes_with_one_of_its_own_captions_drawn_by_seed_epoch_and_image():
    dataset, seen = IndexedDataset(pairs(), seed=3), set()
    for epoch in range(20):
        dataset.set_epoch(epoch)
        batch = dataset.__getitems__([3, 1, 0, 1])
        assert batch['text'].dtype == torch.int32 and batch['text'][[0, 2]].equal(ids('dog', 'a cat'))
        assert batch['text'][1].equal(batch['text'][3])  # one image, one draw
        seen.add([tuple(row.tolist()) for row in ids('one', 'two', 'three')].index(tuple(batch['text'][1].tolist())))
    assert seen == {0, 1, 2}


def test_evaluation_takes_the_first_caption():
    dataset = IndexedDataset(SubsetDataset(pairs(), [2, 1]))
    view = dataset.evaluation_view()
    for epoch in range(3):
        view.set_epoch(epoch)
        assert view.__getitems__([0, 1])['text'].equal(ids('A  CAT.', 'one'))


def test_captions_by_stable_index():
    dataset = IndexedDataset(SubsetDataset(pairs(), [1, 0, 1]))
    assert dataset.captions() == [['one', 'two', 'three'], ['a cat']]
    assert dataset.text_format() == (501, 3)


def test_images_with_the_same_normalised_caption_are_a_group():
    assert IndexedDataset(pairs(groups='caption')).groups().tolist() == [0, 1, 0, 2]
    with pytest.raises(ValueError, match="groups='image' of TensorPairs: 'caption' joins images that share one"):
        pairs(groups='image')
    with pytest.raises(ValueError, match='needs the captions'):
        TensorPairs(images(1), ids('a'), torch.tensor([0]), groups='caption')


def test_other_captions_are_another_data_set():
    prints = {IndexedDataset(pairs([*CAPTIONS[:3], last])).fingerprint(ordered)
              for last in ('dog', 'wolf') for ordered in (True, False)}
    assert len(prints) == 4
    assert IndexedDataset(pairs()).fingerprint() == IndexedDataset(pairs()).fingerprint()


def test_captions_in_any_order_go_to_their_owner():
    owner = torch.tensor([1, 0, 1])
    found = TensorPairs(images(2), ids('x', 'y', 'z'), owner, ['x', 'y', 'z'])
    assert [found.captions_at(position) for position in (0, 1)] == [['y'], ['x', 'z']]
    assert found.get_texts(torch.tensor([1, 0])).equal(ids('x', 'y'))


def test_captions_that_are_cut_are_counted():
    assert IndexedDataset(pairs(['one two three four', 'b'])).num_cut_captions() == 1
    assert IndexedDataset(pairs()).num_cut_captions() == 0


def test_the_preprocessor_hands_on_images_and_ids():
    batch = IndexedDataset(pairs()).__getitems__([0, 3])
    for training in (True, False):
        ready = TensorPairsPreprocessor(mean=[0.5] * 3, std=[0.5] * 3)(batch, training)
        assert len(ready['inputs']) == 1 and ready['text'].equal(ids('a cat', 'dog').long())
    without_texts = {name: value for name, value in batch.items() if name != 'text'}
    with pytest.raises(ValueError, match='the batch has no texts; image-text training on tensors needs a TensorPairs'):
        TensorPairsPreprocessor()(without_texts, training=True)
    assert 'text' not in TensorPairsPreprocessor(mean=[0.5] * 3, std=[0.5] * 3)(without_texts)  # images to classify


@pytest.mark.parametrize('arguments, words', [
    ((images(2), ids('a'), torch.tensor([0])), r'image 1 has no caption \(1 have none\)'),
    ((images(1), ids('a').float(), torch.tensor([0])), r'tokens must be integers \(M, L\), got torch.float32'),
    ((images(1), ids('a'), torch.tensor([0, 0])), r'owner must be integers \(1,\)'),
    ((images(1), ids('a'), torch.tensor([1])), 'owner names images 1 to 1, but there are 1'),
    ((images(1), ids('a'), torch.tensor([0]), ['a', 'b']), 'there are 2 captions but 1 rows of tokens'),
    ((images(1), ids('a'), torch.tensor([0]), None, 2), 'outside vocab_size=2')])
def test_what_does_not_fit_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        TensorPairs(*arguments)


@pytest.mark.parametrize('captions, words', [
    (['a', '  '], 'image 1 has an empty caption'),
    (['a', np.nan], 'not iterable|image 1'),
    (['a', [7]], 'image 1: the caption is 7, no text'),
    (['a', 'x' * 70_000], 'image 1: the caption has more than 64 kB'),
    (['a', '\ud83d'], 'image 1: the caption .* holds half of a surrogate pair')])
def test_captions_that_are_none_are_refused(captions, words):
    with pytest.raises((ValueError, TypeError), match=words):
        pairs(captions)


def test_the_number_of_captions_is_checked():
    with pytest.raises(ValueError, match='there are 1 captions of 2 images'):
        TensorPairs.from_captions(images(2), ['a'], TOKENIZER)
