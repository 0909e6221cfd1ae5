"""Tokenizers: ids, padding, cutting, and the step of a pipeline that draws a caption."""

import random
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mmifnd.datasets.pairs.caption_text import caption_hash, normalized_caption
from mmifnd.datasets.pairs.joined_groups import joined_groups
from mmifnd.datasets.tokenizers import HashTokenizer, HFTokenizer, Tokenize
from mmifnd.errors import UserError


def test_ids_are_within_the_vocabulary_and_padded_with_zero():
    tokenizer = HashTokenizer(buckets=30, context_length=20)
    ids, is_cut = tokenizer(['a fox', '', 'brainy, nerd face 🤓', '日本語', 'x' * 40])
    assert ids.dtype == np.int64 and ids.shape == (5, 20) and ids.min() == 0 and ids.max() < tokenizer.vocab_size
    assert not ids[1].any() and ids[[0, 2, 3]].any(axis=1).all() and is_cut.tolist() == [False, False, True, False, True]
    assert (ids[4] > 0).all()


def test_words_and_their_ngrams_do_not_depend_on_case_or_company():
    tokenizer = HashTokenizer(ngrams=(3, 4), context_length=30)
    (alone, together, upper), _ = tokenizer(['cat', 'big cat', 'CAT'])
    of_cat = set(alone[alone > 0])
    assert len(of_cat) == 6  # <cat>, <ca, cat, at>, <cat, cat>
    assert of_cat <= set(together) and (alone == upper).all()


def test_whole_words_keep_their_order():
    (first, second), _ = HashTokenizer(ngrams=None, context_length=4)(['dog bites man', 'man bites dog'])
    assert first[:3].tolist() == second[:3][::-1].tolist() and first[3] == 0


def test_hashes_are_the_same_on_every_machine():
    ids, _ = HashTokenizer(buckets=1000, ngrams=None, context_length=2)(['fox'])
    assert ids.tolist() == [[1 + 0xD9B2680D % 1000, 0]]  # CRC-32 of <fox>


@pytest.mark.parametrize('options, words', [
    (dict(buckets=0), 'buckets=0'), (dict(context_length=0), 'context_length=0'), (dict(ngrams=(5, 3)), r'ngrams=\(5, 3\)'),
    (dict(ngrams=(3,)), r'ngrams=\(3,\)')])
def test_options_out_of_range_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        HashTokenizer(**options)


def test_what_is_no_text_is_refused():
    with pytest.raises(TypeError, match='caption 1 is nan, no text'):
        HashTokenizer()(['a', float('nan')])


def test_the_pipeline_draws_a_caption_by_the_seeded_generator_and_counts_what_it_cuts():
    step = Tokenize(dict(type='mmifnd.HashTokenizer', ngrams=None, context_length=2))
    captions, seen = ['one', 'two', 'three long words'], set()
    for seed in range(20):
        random.seed(seed)
        text = step.transform(dict(captions=captions))['text']
        random.seed(seed)
        assert text.equal(step.transform(dict(captions=captions))['text'])
        seen.add(tuple(text.tolist()))
    assert len(seen) == 3 and 0 < step.num_cut < 40 and text.dtype == torch.int64
    first = Tokenize(dict(type='mmifnd.HashTokenizer', ngrams=None, context_length=2), caption='first')
    assert {tuple(first.transform(dict(captions=captions))['text'].tolist()) for _ in range(5)} <= seen and not first.num_cut


def test_tokenize_needs_captions():
    with pytest.raises(ValueError, match='Tokenize found no captions'):
        Tokenize(dict(type='mmifnd.HashTokenizer')).transform(dict(captions=[]))
    with pytest.raises(ValueError, match="caption='last' of Tokenize is unknown"):
        Tokenize(dict(type='mmifnd.HashTokenizer'), caption='last')


@pytest.mark.parametrize('one, other, same', [
    ('A red fox', '  a  RED\tfox. ', True), ('ﬁne', 'fine', True), ('Straße', 'STRASSE!', True), ('a fox', 'fox', False),
    ('100 %', '100', False), ('日本語。', '日本語', True)])
def test_captions_that_mean_the_same_text(one, other, same):
    assert (normalized_caption(one) == normalized_caption(other)) is same
    assert (caption_hash(one) == caption_hash(other)) is same


def test_groups_join_through_others():
    assert joined_groups([['a'], ['b'], ['b', 'a'], [], ['c', 'd'], ['d']]).tolist() == [0, 0, 0, 1, 2, 2]


class OfTransformers:
    """Answers as AutoTokenizer does: a word is its length, between a first id and a last one."""

    pad_token_id = None

    @classmethod
    def from_pretrained(cls, path, local_files_only):
        assert local_files_only  # the hub is never asked
        if not (Path(path) / 'tokenizer.json').exists():
            raise OSError('no file named\ntokenizer.json')
        return cls()

    def __len__(self):
        return 50

    def __call__(self, caption, truncation):
        return dict(input_ids=[48, *map(len, caption.split()), 49])


def test_a_tokenizer_of_transformers_is_read_from_a_folder(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'transformers', SimpleNamespace(AutoTokenizer=OfTransformers))
    (tmp_path / 'tokenizer.json').write_text('{}')
    tokenizer = HFTokenizer(str(tmp_path), context_length=4)
    ids, is_cut = tokenizer(['a fox', 'a very long caption'])
    assert ids.tolist() == [[48, 1, 3, 49], [48, 1, 4, 49]] and is_cut.tolist() == [False, True]
    assert (tokenizer.vocab_size, tokenizer.padding) == (50, 0)
    (tmp_path / 'tokenizer.json').unlink()
    with pytest.raises(UserError, match=r'holds no tokenizer \(no file named tokenizer.json\)'):
        HFTokenizer(str(tmp_path))


def test_transformers_is_named_where_it_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'transformers', None)
    with pytest.raises(UserError, match='HFTokenizer needs transformers, which is not installed'):
        HFTokenizer(str(tmp_path))
