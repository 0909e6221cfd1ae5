"""Two towers and two directions: what is shared, what is not, and what is refused."""

import copy
import dataclasses

import pytest
import torch
import torch.nn.functional as F
from small_models import NUM_SAMPLES, build_framework, texts_of, views_of

from mmifnd.detectors import RandomDetector
from mmifnd.registry import MODELS

INDEX = torch.tensor([3, 9, 1, 7, 20, 11])


def clip(head='elim', detector='none', **options):
    return build_framework('CLIPAdapter', head, detector, **options).train()


def step(model, index=INDEX, number=0):
    return model([views_of(index, number)[0]], index, text=texts_of(index, number), mode='loss')


def contrasts_of(model, index=INDEX):
    image = model.encode_image(views_of(index)[0])
    return model.contrasts(image, model.encode_text(texts_of(index)), index)


def test_each_direction_has_its_own_positive_and_the_other_texts_or_images():
    model = clip()
    image, text = model.encode_image(views_of(INDEX)[0]), model.encode_text(texts_of(INDEX))
    own = torch.eye(6, dtype=torch.bool)
    for name, contrast in contrasts_of(model).items():
        anchor, other = (image, text) if name == 'image' else (text, image)
        similarity = anchor @ other.T
        torch.testing.assert_close(contrast.positive_similarity.squeeze(1), similarity.diagonal())
        torch.testing.assert_close(contrast.negative_similarity, similarity.masked_fill(own, -torch.inf))
        assert contrast.anchor_kind == name and contrast.anchor_index.equal(INDEX)


def test_pairs_of_one_index_are_no_negatives_unless_asked_for():
    index = torch.tensor([3, 9, 3])
    for same_image, absent in (('exclude', [[1, 0, 1], [0, 1, 0], [1, 0, 1]]), ('negative', torch.eye(3))):
        contrast = contrasts_of(clip(same_image=same_image), index)['text']
        assert contrast.is_candidate.equal(~torch.as_tensor(absent).bool())


def test_the_loss_of_infonce_is_the_mean_of_both_directions_and_is_logged_by_direction():
    model = clip('elim', 'random')
    losses = step(model)
    assert {name.split('/')[0] for name in losses} == {'loss', 'image', 'text'}
    assert losses['image/false_negative_share'] != losses['text/false_negative_share']  # each drew for itself
    logits = model.encode_image(views_of(INDEX)[0]) @ model.encode_text(texts_of(INDEX)).T / 0.2
    plain = step(clip())['loss']
    both = [F.cross_entropy(rows, torch.arange(6)) for rows in (logits, logits.T)]
    torch.testing.assert_close(plain, sum(both) / 2)


def test_the_global_losses_are_summed():
    model = clip('fastclip_v1')
    losses = step(model)
    assert losses['loss'].item() == pytest.approx(2., rel=1e-5)  # the first estimate is the average: 1 in each direction


@pytest.mark.parametrize('head, count', [('elim', 0), ('learned', 1), ('fastclip_v3', 1), ('siglip', 2)])
def test_what_is_learned_is_one_value_for_both_directions(head, count):
    model = clip(head)
    names = [name for name, _ in model.named_parameters() if 'head' in name]
    assert len(names) == count and not any(name.startswith('text_head') for name in names)
    assert [name for name in model.state_dict() if 'log_scale' in name or name.endswith('head.bias')] == names
    if count:
        step(model)['loss'].backward()
        assert model.head.learned_temperature.log_scale.grad.abs() > 0
        assert model.text_head.current_temperature.item() == model.head.current_temperature.item() == pytest.approx(0.2)


def test_a_copy_learns_for_itself():
    model = clip('learned')
    twin = copy.deepcopy(model)
    with torch.no_grad():
        twin.head.learned_temperature.log_scale += 1
    assert twin.text_head.current_temperature.item() == twin.head.current_temperature.item() < 0.1
    assert model.text_head.current_temperature.item() == pytest.approx(0.2)


@pytest.mark.parametrize('moved, kept', [(9., 0.01), (-9., 1.)])
def test_a_learned_temperature_keeps_to_its_bounds_after_the_step(moved, kept):
    model = clip('siglip')
    with torch.no_grad():
        model.head.learned_temperature.log_scale.fill_(moved)
    model.finish_step()
    assert model.temperature == pytest.approx(kept)
    assert step(model)['text/temperature'].item() == pytest.approx(kept)


def test_a_head_of_texts_may_differ():
    model = clip('elim', 'random', text_head=dict(detector=dict(rate=0.), temperature=0.5))
    assert model.head.detector.rates == [0.3] and model.text_head.detector.rates == [0.]
    assert model.head.temperature == 0.2 and model.text_head.temperature == 0.5
    replaced = clip('elim', 'random', text_head=dict(detector=dict(_delete_=True, type='mmifnd.NoDetector')))
    assert not isinstance(replaced.text_head.detector, RandomDetector)


@pytest.mark.parametrize('name, value', [('temperature', 0.1), ('learned_temperature', dict(bounds=(0.1, 1.)))])
def test_what_is_learned_cannot_differ(name, value):
    with pytest.raises(ValueError, match=f'text_head.{name} of CLIPAdapter: what is learned is one value for both'):
        clip('learned', text_head={name: value})


def test_towers_of_different_dimensions_are_refused():
    with pytest.raises(ValueError, match='text_neck.out_channels=5 differs from neck.out_channels=6'):
        clip(text_neck=dict(type='mmifnd.LinearProjection', in_channels=8, out_channels=5))


def test_a_batch_of_one_pair_is_refused():
    with pytest.raises(ValueError, match='a batch of 1 pair on 1 process has no negatives; raise train_dataloader.batch_size'):
        step(clip(), torch.tensor([4]))


def test_texts_and_images_can_be_clustered():
    model = clip().eval()
    texts, images = texts_of(INDEX), views_of(INDEX)[0]
    torch.testing.assert_close(model.cluster_feature(texts, 't'), model.encode_text(texts))
    torch.testing.assert_close(model.cluster_feature(images, 'z'), model.encode_image(images))
    assert model.cluster_feature(images, 'f').shape == (6, 8)
    model.keep_features('t', NUM_SAMPLES)
    step(model)
    features, seen = model.feature_bank.collect()
    assert seen.nonzero().squeeze(1).tolist() == INDEX.sort().values.tolist()
    torch.testing.assert_close(features[INDEX], model.encode_text(texts), atol=1e-3, rtol=0)
    with pytest.raises(ValueError, match="cluster_feature='q' is unknown; .* or 't'"):
        model.keep_features('q', NUM_SAMPLES)
    with pytest.raises(ValueError, match="cluster_feature='t' is unknown"):
        build_framework().keep_features('t', NUM_SAMPLES)


def test_similarities_within_images_and_within_texts():
    model = clip()
    image, text = model.encode_image(views_of(INDEX)[0]), model.encode_text(texts_of(INDEX))
    own = torch.eye(6, dtype=torch.bool)
    for contrast in contrasts_of(model).values():
        torch.testing.assert_close(contrast.similarity_by('image'), (image @ image.T).masked_fill(own, -torch.inf))
        torch.testing.assert_close(contrast.similarity_by('text'), (text @ text.T).masked_fill(own, -torch.inf))
        assert contrast.similarity_by('cross').equal(contrast.negative_similarity.detach())
        with pytest.raises(ValueError, match="source='sound' is unknown; choose one of cross, image, text"):
            contrast.similarity_by('sound')


def test_images_only_have_no_texts_to_compare(make_contrast):
    with pytest.raises(ValueError, match="source='text' compares images, or texts, of image-text pairs, and these are images"):
        make_contrast([0, 1], [2, 3]).similarity_by('text')


def test_the_image_tower_is_the_encoder_of_everything_else():
    model = clip().eval()
    images = views_of(INDEX)[0]
    assert model([images]).equal(model.extract_feat(images)) and model(images).equal(model.extract_feat(images))
    with pytest.raises(ValueError, match="mode='predict' is unknown"):
        model([images], mode='predict')


@pytest.mark.parametrize('detector', [
    dict(type='mmifnd.QuantileThresholdDetector', alpha=0.3), dict(type='mmifnd.BatchQuantileDetector', alpha=0.3),
    dict(type='mmifnd.TopKDetector', k=2, threshold=-1.)], ids=lambda config: config['type'])
@pytest.mark.parametrize('source', ['image', 'text'])
def test_detectors_may_judge_within_images_or_within_texts(detector, source):
    """They decide as they would if the loss compared these similarities."""
    contrast = contrasts_of(clip())['text']
    judge, plain = (MODELS.build(dict(detector, **options)) for options in (dict(source=source), {}))
    for part in (judge, plain):
        part.bind(NUM_SAMPLES)
        part.start_epoch(0, 2)
        if hasattr(part, 'table'):
            part.table.fill(threshold=0.1)
    anchor, candidate = contrast.similarity_by(source), contrast.similarity_by('cross')
    swapped = dataclasses.replace(contrast, negative_similarity=anchor)
    judge.observe(contrast)
    plain.observe(swapped)
    if detector['type'] == 'mmifnd.TopKDetector':
        expected = torch.zeros(6, 6, dtype=torch.bool).scatter_(1, anchor.topk(2, dim=1).indices, True)
    else:
        expected = plain.detect(swapped)[0]
        assert judge.threshold_of(contrast) is None and plain.threshold_of(contrast) is not None
    assert judge.detect(contrast)[0].equal(expected) and expected.any() and not anchor.equal(candidate)
    with pytest.raises(ValueError, match="source='sound' is unknown"):
        MODELS.build(dict(detector, source='sound'))
