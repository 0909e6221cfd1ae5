"""Towers of texts, and open_clip's towers of both kinds, where it is installed."""

import sys

import pytest
import torch

from mmifnd.errors import MissingExtra
from mmifnd.models.towers import OpenCLIPImage, OpenCLIPText, TextTransformer, TokenBag, towers_of_one_model
from mmifnd.models.towers.open_clip import build_open_clip
from mmifnd.registry import MODELS

SMALL = dict(embed_dim=12, vision_cfg=dict(layers=1, width=16, head_width=8, patch_size=8, image_size=16),
             text_cfg=dict(context_length=9, vocab_size=30, width=16, heads=2, layers=1))
TEXTS = torch.tensor([[5, 7, 29, 0, 0], [3, 29, 0, 0, 0]])


def transformer(**options):
    torch.manual_seed(0)
    return TextTransformer(vocab_size=30, width=16, layers=2, heads=2, context_length=9, **options).eval()


def test_a_bag_has_no_order_and_no_padding():
    torch.manual_seed(0)
    bag = TokenBag(vocab_size=30, width=8)
    first = bag(torch.tensor([[4, 9, 9, 0]]))[0]
    torch.testing.assert_close(first, bag(torch.tensor([[9, 4, 0, 9, 0, 0]]))[0])
    torch.testing.assert_close(first, bag.layers(bag.tokens.weight[[4, 9, 9]].mean(0, keepdim=True)))


@pytest.mark.parametrize('options', [dict(pool='end'), dict(pool='mean', causal=False), dict(pool='mean'), dict(pool='first')])
def test_padding_changes_nothing(options):
    tower = transformer(**options)
    torch.testing.assert_close(tower(TEXTS)[0], tower(torch.cat([TEXTS, torch.zeros(2, 3, dtype=torch.long)], 1))[0])
    assert tower(TEXTS)[0].shape == (2, 16)


def test_causal_tokens_do_not_see_what_follows():
    later = TEXTS.clone()
    later[:, 1] = 8
    for causal, same in ((True, True), (False, False)):
        tower = transformer(pool='first', causal=causal)
        assert torch.allclose(tower(TEXTS)[0], tower(later)[0]) is same


def test_the_end_token_is_looked_for():
    assert not torch.allclose(transformer(pool='end')(TEXTS)[0], transformer(pool='end', end_token=0)(TEXTS)[0])
    with pytest.raises(RuntimeError, match="a text has no end token 29, which pool='end' of TextTransformer looks for"):
        transformer(pool='end')(torch.tensor([[4, 5]]))


@pytest.mark.parametrize('arguments, words', [
    (dict(width=10, heads=3), 'heads divide the width'), (dict(layers=0), 'layers=0'), (dict(pool='last'), "pool='last'")])
def test_options_out_of_range(arguments, words):
    with pytest.raises(ValueError, match=words):
        TextTransformer(**{**dict(vocab_size=30, width=8, layers=1, heads=2), **arguments})


@pytest.mark.parametrize('text, words', [
    (torch.zeros(2, 10, dtype=torch.long), 'texts have 10 tokens, but context_length=9 of TextTransformer'),
    (torch.zeros(2, 3, 4, 4), r'takes token ids int64 \(B, L\), got torch.float32')])
def test_texts_that_do_not_fit(text, words):
    with pytest.raises(ValueError, match=words):
        transformer()(text)


def test_the_extra_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, 'open_clip', None)
    with pytest.raises(MissingExtra, match=r"open_clip is not installed; pip install 'mmifnd\[clip\]'"):
        OpenCLIPText(SMALL)


# --- open_clip --------------------------------------------------------------------------------------------------------


@pytest.fixture
def open_clip():
    return pytest.importorskip('open_clip')


def test_towers_have_the_features_of_a_local_checkpoint(open_clip, tmp_path):
    torch.manual_seed(0)
    whole, dim = build_open_clip(SMALL)
    torch.save(whole.state_dict(), tmp_path / 'weights.pt')
    images, text = torch.randn(2, 3, 16, 16), torch.randint(1, 30, (2, 9))
    weights = str(tmp_path / 'weights.pt')
    image_tower, text_tower = (kind(SMALL, pretrained=weights).eval() for kind in (OpenCLIPImage, OpenCLIPText))
    whole.eval()
    torch.testing.assert_close(image_tower(images)[0], whole.encode_image(images))
    torch.testing.assert_close(text_tower(text)[0], whole.encode_text(text))
    assert image_tower.out_channels == text_tower.out_channels == dim == 12
    assert (text_tower.vocab_size, text_tower.context_length) == (30, 9)


def test_both_towers_of_a_framework_come_from_one_model(open_clip, monkeypatch):
    models, create = [], open_clip.create_model

    def noted(*args, **options):
        models.append(create(*args, **options))
        return models[-1]

    monkeypatch.setattr(open_clip, 'create_model', noted)
    neck = dict(type='PassThrough', channels=12)
    config = dict(type='CLIPAdapter', backbone=dict(type='OpenCLIPImage', model=SMALL), neck=neck, text_neck=neck,
                  text_backbone=dict(type='OpenCLIPText', model=SMALL), head=dict(type='ElimContrastiveHead'))
    first, second = MODELS.build(config), MODELS.build(config)
    assert [(whole.visual, whole.text) for whole in models] == [
        (framework.backbone.tower, framework.text_backbone.tower) for framework in (first, second)]
    with towers_of_one_model():  # two of a kind are two
        assert OpenCLIPImage(SMALL).tower is not OpenCLIPImage(SMALL).tower
    assert OpenCLIPText(SMALL).tower is not OpenCLIPText(SMALL).tower and len(models) == 6


def test_a_plain_checkpoint_of_open_clip_fits_the_separate_towers(open_clip, tmp_path):
    config = dict(SMALL, embed_dim=24)  # a model that no other test has registered
    before = set(open_clip.list_models())
    build_open_clip(config)
    name, = set(open_clip.list_models()) - before
    plain = open_clip.create_model(name).eval()
    torch.save(plain.state_dict(), tmp_path / 'plain.pt')
    text = torch.randint(1, 30, (2, 9))
    tower = OpenCLIPText(config, pretrained=str(tmp_path / 'plain.pt')).eval()
    torch.testing.assert_close(tower(text)[0], plain.encode_text(text))


def test_models_and_weights_that_do_not_exist(open_clip, tmp_path):
    with pytest.raises(ValueError, match="model='RN51' is not among the models of open_clip; did you mean"):
        OpenCLIPImage('RN51')
    with pytest.raises(ValueError, match="pretrained='openai' is no file; download the checkpoint"):
        OpenCLIPImage('RN50', pretrained='openai')
