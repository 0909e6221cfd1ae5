"""Retrieval, classification by texts, the gap, and detection by direction, of a model trained on pairs."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from pair_runs import pair_run, write_pairs
from torch import nn

from mmifnd.configuration import build_runner
from mmifnd.datasets import CaptionTokens, HashTokenizer
from mmifnd.engine.metrics import Representation, Texts
from mmifnd.errors import UserError
from mmifnd.evaluation import class_weights, detection_scores, modality_gap, retrieval_recall, zero_shot_accuracy
from mmifnd.registry import METRICS

pytestmark = pytest.mark.usefixtures('restored_torch')
CLASSES = ['cat', 'dog', 'fox', 'owl']


def build(name, **options):
    return METRICS.build(dict(type=name, **options))


def unit(*shape, seed=0):
    rows = torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
    return nn.functional.normalize(rows, dim=-1)


@pytest.fixture
def representation():
    """Six images with two captions each, two of which are the same text."""
    texts = Texts(unit(12, 4, seed=1), torch.arange(6).repeat_interleave(2), torch.tensor([0, 1, 2, 0, *range(3, 11)]))
    return Representation(unit(8, 3), unit(6, 3), torch.arange(8) % 4, torch.arange(6) % 4, unit(8, 4), nn.Identity(),
                          test_classes=tuple(CLASSES), test_embedding=unit(6, 4), texts=texts,
                          encode_texts=lambda prompts: unit(len(prompts), 4, seed=5))


def test_retrieval_is_given_with_and_without_equal_captions(representation):
    found = build('ImageTextRetrieval', ks=(1, 3))(representation)
    texts, images = representation.texts, representation.test_embedding
    own = retrieval_recall(images, texts.embedding, texts.owner, ks=(1, 3))
    same = retrieval_recall(images, texts.embedding, texts.owner, texts.group, ks=(1, 3))
    assert {name: found[name] for name in own} == own
    assert found['t2i_R@3_same_caption'] == same['t2i_R@3'] and 'i2t_mean_rank_same_caption' not in found
    first = build('ImageTextRetrieval', ks=(1, 3), captions=1)(representation)
    assert {name: first[name] for name in own} == retrieval_recall(images, texts.embedding[::2], ks=(1, 3))


def test_gap(representation):
    found = build('ModalityGap')(representation)
    expected = modality_gap(representation.test_embedding, representation.texts.embedding, representation.texts.owner)
    assert list(found.values()) == list(expected)


def test_zero_shot_takes_the_classes_of_the_test_set(representation):
    found = build('ZeroShotClassification', templates=['a {}', '{}', 'my {}'])(representation)
    weights = class_weights(unit(12, 4, seed=5).view(4, 3, 4))
    expected = zero_shot_accuracy(representation.test_embedding, weights, representation.test_labels)
    assert found == dict(zero_shot=expected.top1, zero_shot_per_class=expected.per_class)


def test_zero_shot_of_groups(representation):
    groups = dict(cat='pet', dog='pet', fox='wild', owl='wild')
    found = build('ZeroShotClassification', groups=dict(kind=groups))(representation)
    weights = class_weights(unit(8, 4, seed=5).view(4, 2, 4))
    of_groups = nn.functional.normalize(weights.view(2, 2, 4).sum(1), dim=1)
    labels = representation.test_labels // 2
    assert found['zero_shot_kind'] == zero_shot_accuracy(representation.test_embedding, of_groups, labels).top1
    with pytest.raises(ValueError, match='groups.kind has no group of 1 of 4 classes, such as owl'):
        build('ZeroShotClassification', groups=dict(kind=dict(cat='a', dog='a', fox='b')))(representation)


@pytest.mark.parametrize('options, words', [
    (dict(classes=['cat', 'dog']), 'the labels of the test set run up to 3, but there are 2 classes'),
    (dict(classes=[*CLASSES, 'emu']), 'the test set has 4 classes, but classes of ZeroShotClassification names 5')])
def test_classes_that_do_not_fit_are_refused(representation, options, words):
    with pytest.raises(UserError, match=words):
        build('ZeroShotClassification', **options)(representation)


@pytest.mark.parametrize('options, words', [
    (dict(classes=['cat', 'dog', 'cat']), "classes names 'cat' twice"),
    (dict(templates=['a photo']), "template 'a photo' has no {}"),
    (dict(templates='nowhere.txt'), "templates=nowhere.txt is neither 'openai' nor 'simple' nor a file"),
    (dict(templates=[]), 'holds nothing')])
def test_prompts_that_cannot_be_used_are_refused_when_the_config_is_built(options, words):
    with pytest.raises(UserError, match=words):
        build('ZeroShotClassification', **options)


def test_what_is_missing_is_said(representation):
    retrieval, zero_shot = build('ImageTextRetrieval'), build('ZeroShotClassification')
    assert representation.missing_for(retrieval) == representation.missing_for(zero_shot) == ''
    images_only = replace(representation, texts=None, encode_texts=None)
    assert images_only.missing_for(retrieval) == images_only.missing_for(zero_shot) == 'the model has no text tower'
    assert replace(representation, test_labels=None).missing_for(zero_shot) == 'the test set has no labels'


def measured(folder):
    cfg = pair_run(folder, epochs=1)
    test = dict(type='InMemoryPairs', file=str(folder / 'pairs.npz'), tokenizer=cfg['train_dataloader']['dataset']['tokenizer'])
    cfg.update(
        test_dataloader=dict(batch_size=10, num_workers=0, collate_fn=dict(type='keep_batch'), dataset=test,
                             sampler=dict(type='DefaultSampler', shuffle=False)),
        test_evaluator=dict(), test_cfg=dict(type='RepresentationLoop', batch_size=10, measures=dict(
            retrieval=dict(type='ImageTextRetrieval', ks=(1, 5)), gap=dict(type='ModalityGap'),
            zero_shot=dict(type='ZeroShotClassification', classes=CLASSES), knn=dict(type='KNNAccuracy', k=3),
            quality=dict(type='DetectionQuality'), error=dict(type='QuantileError'))))
    runner = build_runner(Config(cfg))
    runner.train()
    return runner, runner.test()


def test_all_of_them_by_the_loop(tmp_path):
    runner, found = measured(write_pairs(tmp_path))
    model = runner.model.eval()
    dataset = runner.train_loop.dataset.evaluation_view()
    batch = model.data_preprocessor(dataset.__getitems__(range(24)))
    with torch.no_grad():
        images, texts = model.encode_image(batch['inputs'][0]), model.encode_text(batch['text'])
        prompts = dataset.tokenizer()([text for name in CLASSES for text in (f'a photo of a {name}.', name)])
        weights = class_weights(model.encode_text(torch.from_numpy(prompts[0])).view(4, 2, -1))
    own = retrieval_recall(images, texts, ks=(1, 5))
    assert {name: found[name] for name in own} == pytest.approx(own, abs=1e-3)
    assert found['modality_gap'] == pytest.approx(modality_gap(images, texts).gap, abs=1e-5)
    assert found['zero_shot'] == pytest.approx(zero_shot_accuracy(images, weights, np.arange(24) % 4).top1, abs=1e-3)
    thresholds = model.text_head.detector.threshold
    removed = (texts @ images.T) > thresholds[:, None]
    scores = detection_scores(lambda anchors: removed[anchors], np.arange(24) % 4)
    assert found['text/precision_micro'] == pytest.approx(100 * scores.precision_micro, abs=1e-3)
    assert found['image/threshold_mae'] > 0 and {'knn', 'image/recall_macro'} <= set(found)


def test_broken_images_take_their_captions_with_them():
    tokens = CaptionTokens(['a', 'b', 'A.', 'c'], torch.tensor([0, 1, 1, 2]), HashTokenizer(context_length=2))
    assert tokens.group[0] == tokens.group[2] and len(tokens.group.unique()) == 3
    kept = tokens.of_images(torch.tensor([False, True, True]))
    assert kept.texts == ['b', 'A.', 'c'] and kept.owner.tolist() == [0, 0, 1]
    assert kept.rows(torch.tensor([1])).equal(tokens.rows(torch.tensor([2])))
