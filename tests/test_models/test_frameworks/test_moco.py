import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, strategies as st
from small_models import Labels, build_framework, framework_config, views_of

from mmifnd.registry import MODELS


def train(model, steps, batch=4, lr=0.1):
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=lr)
    for step in range(steps):
        index = torch.arange(step * batch, (step + 1) * batch) % 40
        optimizer.zero_grad()
        model(views_of(index, step), index, mode='loss')['loss'].backward()
        optimizer.step()
        model.finish_step()
    return model


def pairs(model):
    """Parameters of the query encoder with those of the key encoder."""
    for source, target in ((model.backbone, model.key_backbone), (model.neck, model.key_neck)):
        yield from zip(source.parameters(), target.parameters(), strict=True)


@given(index=st.lists(st.integers(0, 6), min_size=1, max_size=5),
       queued=st.lists(st.integers(-1, 6), min_size=12, max_size=12),
       same_image=st.sampled_from(['exclude', 'negative']), empty=st.sampled_from(['exclude', 'negative']))
def test_contrast_against_loops(index, queued, same_image, empty):
    model = build_framework('MoCoAdapter', same_image=same_image, empty=empty)
    model.queue.index.copy_(torch.tensor(queued))
    generator = torch.Generator().manual_seed(len(index))
    query, key = (F.normalize(torch.randn(len(index), 6, generator=generator), dim=1) for _ in range(2))
    contrast = model.contrast(query, key, torch.tensor(index))
    for i, image in enumerate(index):
        assert contrast.positive_similarity[i, 0].item() == pytest.approx(sum(query[i] * key[i]).item(), abs=1e-6)
        for j, other in enumerate(queued):
            found = contrast.negative_similarity[i, j].item()
            if (other == -1 and empty == 'exclude') or (other == image and same_image == 'exclude'):
                assert found == -float('inf')
            else:
                assert found == pytest.approx(sum(query[i] * model.queue.features[j]).item(), abs=1e-6)
    assert contrast.candidate_index.tolist() == queued


def test_key_encoder_starts_as_a_copy_without_gradient():
    model = build_framework('MoCoAdapter')
    for source, target in pairs(model):
        assert source.equal(target) and source.requires_grad and not target.requires_grad
        assert source.data_ptr() != target.data_ptr()


def test_key_encoder_is_a_copy_of_what_init_weights_made():
    config = framework_config('MoCoAdapter')
    config['backbone']['init_cfg'] = dict(type='Kaiming', layer='Conv2d')
    config['neck']['init_cfg'] = dict(type='Xavier', layer='Linear')
    model = MODELS.build(config)
    before = [source.clone() for source, _ in pairs(model)]
    model.init_weights()
    assert any(not source.equal(old) for (source, _), old in zip(pairs(model), before))
    assert all(source.equal(target) for source, target in pairs(model))


def test_momentum_update():
    model = train(build_framework('MoCoAdapter'), steps=3)
    expected = [0.9 * target.detach() + 0.1 * source.detach() for source, target in pairs(model)]
    assert any(not source.equal(target) for source, target in pairs(model))
    model(views_of(torch.arange(4)), torch.arange(4), mode='loss')
    for (_, target), value in zip(pairs(model), expected):
        torch.testing.assert_close(target.detach(), value, atol=1e-7, rtol=1e-6)
    assert model.step == 4


def test_evaluation_moves_nothing():
    model = train(build_framework('MoCoAdapter', 'elim', 'random'), steps=2).eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    for _ in range(2):
        model(views_of(torch.arange(4)), torch.arange(4), mode='loss')
        model.finish_step()
    assert all(value.equal(before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize('batch', [3, 4, 5, 12, 17])
def test_queue_holds_the_keys_of_the_last_images(batch):
    model = train(build_framework('MoCoAdapter'), steps=4, batch=batch)
    last = [image % 40 for image in range(4 * batch)][-12:]
    assert sorted(model.queue.index.tolist()) == sorted(last)
    torch.testing.assert_close(model.queue.features.norm(dim=1), torch.ones(12))


def test_queue_holds_the_keys_themselves():
    model = build_framework('MoCoAdapter').train()
    index = torch.arange(4)
    views = views_of(index)
    model(views, index, mode='loss')
    model.finish_step()
    expected = F.normalize(model.key_neck(model.key_backbone(views[1]))[0], dim=1)
    torch.testing.assert_close(model.queue.features[:4], expected, atol=1e-6, rtol=0)
    assert model.queue.index[:5].tolist() == [0, 1, 2, 3, -1]


def test_forgotten_finish_step_is_named():
    model = build_framework('MoCoAdapter').train()
    index = torch.arange(4)
    model(views_of(index), index, mode='loss')
    with pytest.raises(RuntimeError, match=r'call finish_step\(\) after each update; .*EpochLoop'):
        model(views_of(index), index, mode='loss')


def test_finish_step_pushes_once():
    model = train(build_framework('MoCoAdapter'), steps=1)
    model.finish_step()
    assert model.queue.pointer == 4


def test_an_empty_queue_gives_no_loss_unless_its_slots_are_negatives():
    index = torch.arange(4)
    for empty, silent in (('exclude', True), ('negative', False)):
        model = build_framework('MoCoAdapter', empty=empty).train()
        loss = model(views_of(index), index, mode='loss')['loss']
        loss.backward()
        gradients = [p.grad for p in model.parameters() if p.requires_grad]
        assert (loss.item() == 0) is silent
        assert all((g == 0).all() for g in gradients) is silent
        assert all(g.isfinite().all() for g in gradients)


def test_new_labels_reach_keys_in_the_queue():
    model = train(build_framework('MoCoAdapter', detector='pseudo', same_image='negative'), steps=3)
    index = torch.arange(4)
    query = F.normalize(torch.randn(4, 6), dim=1)
    contrast = model.contrast(query, query, index)
    assert not model.head.detector.detect(contrast).any()
    labels = Labels()
    model.publish(labels)
    level = labels.labels[0]
    expected = (level[index].unsqueeze(1) == level[model.queue.index].unsqueeze(0)) & (level[index] >= 0).unsqueeze(1)
    assert model.head.detector.detect(contrast)[0].equal(expected) and expected.any()


def test_features_to_cluster_come_from_the_key_encoder():
    model = train(build_framework('MoCoAdapter'), steps=3).eval()
    images = views_of(torch.arange(5))[0]
    expected = F.normalize(model.key_neck(model.key_backbone(images))[0], dim=1)
    assert model.cluster_feature(images).equal(expected)
    assert not expected.equal(F.normalize(model.neck(model.backbone(images))[0], dim=1))
    assert model.extract_feat(images).equal(model.backbone(images)[0].mean(dim=(2, 3)))


@pytest.mark.parametrize('options, words', [
    (dict(momentum=1.5), r'momentum=1.5 is outside \[0, 1\]; it weighs the old parameters'),
    (dict(empty='zero'), "empty='zero' is unknown; choose one of exclude, negative"),
    (dict(queue_len=0), 'queue_len=0 and feat_dim=6 must be positive'),
])
def test_options_out_of_range_are_named(options, words):
    with pytest.raises(ValueError, match=words):
        MODELS.build({**framework_config('MoCoAdapter'), **options})
