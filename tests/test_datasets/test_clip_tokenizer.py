"""CLIP's tokenizer against open_clip's own ids, and tokenizers of transformers."""

import sys
from pathlib import Path

import numpy as np
import pytest

from mmifnd.datasets.tokenizers import CLIPTokenizer, HFTokenizer
from mmifnd.errors import MissingExtra, UserError

PATH = Path(__file__).parents[1] / 'data' / 'bimodal_golden.npz'


@pytest.mark.parametrize('length', [77, 16])
def test_ids_are_those_of_open_clip(length):
    """Case, NFKC, html, emoji, nothing, a hundred words, white space; what is too long keeps its end token."""
    pytest.importorskip('open_clip')
    with np.load(PATH) as golden:
        texts, expected = golden['c6/tokenizer/texts'].tolist(), golden[f'c6/tokenizer/ids{length}']
    ids, is_cut = CLIPTokenizer(length)(texts)
    assert (ids == expected).all() and is_cut.sum() == (expected[:, -1] == 49407).sum() > 0
    assert ids.max() == CLIPTokenizer().vocab_size - 1 == 49407


def test_a_context_has_room_for_start_and_end():
    with pytest.raises(ValueError, match='context_length=2 of CLIPTokenizer'):
        CLIPTokenizer(2)


def test_the_extra_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, 'open_clip.tokenizer', None)
    monkeypatch.setitem(sys.modules, 'open_clip', None)
    with pytest.raises(MissingExtra, match=r"open_clip is not installed; pip install 'mmifnd\[clip\]'"):
        CLIPTokenizer()


def test_tokenizers_of_the_hub_need_local_files(monkeypatch, tmp_path):
    with pytest.raises(UserError, match='path=google/siglip of HFTokenizer is no folder; put tokenizer.json'):
        HFTokenizer('google/siglip')
    monkeypatch.setitem(sys.modules, 'transformers', None)
    with pytest.raises(UserError, match='HFTokenizer needs transformers, which is not installed; pip install transformers'):
        HFTokenizer(str(tmp_path))
