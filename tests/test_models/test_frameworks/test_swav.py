"""SwAV: crops, queue, codes of rows that mean the same."""

import pytest
import torch
import torch.nn.functional as F
from small_models import NUM_SAMPLES, Labels, build_framework, framework_config, views_of

from mmifnd.functional import sinkhorn_codes, swapped_prediction_loss
from mmifnd.models.frameworks import ContrastiveFramework
from mmifnd.registry import MODELS

QUEUE = 16


class SomeLabels:
    """Pseudo labels that a test makes up, (G, N)."""

    def __init__(self, labels):
        self.labels = torch.as_tensor(labels)


def swav(detector='none', head=(), **options):
    """In float64, in training."""
    config = framework_config('SwAVAdapter', 'swav', detector, **options)
    config['head'].update(head)
    torch.manual_seed(0)
    model = MODELS.build(config)
    model.bind(NUM_SAMPLES, torch.arange(NUM_SAMPLES) % 4)
    return model.double().train()


def crops_of(index, step=0, num_views=2):
    return views_of(index, step, torch.float64, num_views)


def step(model, index, number=0, crops=None):
    """The losses of a step without an update, and the gradients."""
    model.zero_grad()
    index = torch.as_tensor(index)
    losses = model(crops or crops_of(index, number), index, mode='loss')
    losses['loss'].backward()
    model.finish_step()
    return losses, [p.grad.clone() for p in model.parameters() if p.requires_grad]


def contrasts_of(model):
    """What the head is handed from now on."""
    seen, criterion = [], model.head.criterion
    model.head.criterion = lambda contrast, mask: (seen.append(contrast), criterion(contrast, mask))[1]
    return seen


# --- crops ----------------------------------------------------------------------------------------------------------


def test_crops_of_one_size_share_a_forward_and_all_are_predicted():
    model = swav(head=dict(temperature=0.1)).eval()
    sizes, forward = [], model.backbone.forward
    model.backbone.forward = lambda images: (sizes.append(tuple(images.shape)), forward(images))[1]
    index = torch.tensor([3, 1, 4])
    crops = crops_of(index, num_views=5)
    crops[2:] = [F.interpolate(crop, 6) for crop in crops[2:]]
    loss = model(crops, index, mode='loss')['loss']
    assert sizes == [(6, 1, 8, 8), (9, 1, 6, 6)]
    embedding = torch.stack([F.normalize(model.neck(model.backbone(crop))[0], dim=1) for crop in crops])
    scores = embedding @ model.head.prototypes.weight.T
    codes = torch.stack([sinkhorn_codes(scores[crop]) for crop in (0, 1)])
    torch.testing.assert_close(loss, swapped_prediction_loss(scores, codes, (0, 1), 0.1), atol=1e-10, rtol=1e-10)


def test_assigned_crops_need_not_come_first():
    model, index = swav(crops_for_assign=(2,)), torch.arange(4)
    seen = contrasts_of(model)
    crops = crops_of(index, num_views=3)
    step(model, index, crops=crops)
    assert seen[0].assigned.rows.shape == (4, 1, 6) and seen[0].anchor.equal(seen[0].crops[2])


@pytest.mark.parametrize('crops', [0, 1])
def test_too_few_crops(crops):
    with pytest.raises(ValueError, match=f'the batch has {crops} view of each image, and contrastive learning needs two'):
        swav()(crops_of(torch.arange(4))[:crops], torch.arange(4), mode='loss')


def test_crops_that_are_not_there_cannot_be_assigned():
    with pytest.raises(ValueError, match=r'\(0, 2\) names crop 2, but the preprocessor makes 2 crops, 0 to 1'):
        step(swav(crops_for_assign=(0, 2)), torch.arange(4))


@pytest.mark.parametrize('options, words', [
    (dict(crops_for_assign=()), r'crops_for_assign=\(\) must be different numbers from 0'),
    (dict(crops_for_assign=(1, 1)), r'crops_for_assign=\(1, 1\) must be'),
    (dict(crops_for_assign=(-1,)), r'crops_for_assign=\(-1,\) must be'),
    (dict(queue_len=-1), 'queue_len=-1 and queue_start_epoch=0 must not be negative'),
    (dict(head=dict(type='mmifnd.ElimContrastiveHead')), 'head mmifnd.ElimContrastiveHead has no prototypes; SwAVAdapter'),
    (dict(head=dict(type='Elim')), 'head Elim has no prototypes; SwAVAdapter needs SwAVHead, which takes any detector')])
def test_bad_options(options, words):
    with pytest.raises(ValueError, match=words):
        MODELS.build({**framework_config('SwAVAdapter', 'swav'), **options})


@pytest.mark.parametrize('options, words', [
    (dict(epsilon=0.), 'epsilon=0.0 of SwAVHead is not positive; 0.05 is usual'),
    (dict(num_prototypes=1), 'num_prototypes=1, num_iterations=3 and freeze_iterations=1 of SwAVHead must be at least 2, 1'),
    (dict(num_iterations=0), 'num_iterations=0'), (dict(freeze_iterations=-1), 'freeze_iterations=-1')])
def test_bad_options_of_the_head(options, words):
    with pytest.raises(ValueError, match=words):
        swav(head=options)


def test_the_head_needs_crops():
    model = build_framework('SimCLRAdapter')
    model.head = swav().head
    with pytest.raises(TypeError, match='SwAVHead got a Contrast, which has no crops to predict codes from; use it in SwAV'):
        model.double().train()(crops_of(torch.arange(4)), torch.arange(4), mode='loss')


# --- prototypes -----------------------------------------------------------------------------------------------------


def test_prototypes_are_unit_vectors_and_move_when_they_thaw():
    model = swav(head=dict(freeze_iterations=2))
    optimizer = torch.optim.SGD(model.head.parameters(), lr=1.)
    start = F.normalize(model.head.prototypes.weight.detach(), dim=1)
    for number in range(3):
        step(model, range(8), number)
        weight = model.head.prototypes.weight
        torch.testing.assert_close(weight.norm(dim=1), torch.ones(5, dtype=torch.float64))
        torch.testing.assert_close(weight.detach(), start)
        assert weight.grad.any() == (number == 2)
        optimizer.step()
    assert (weight - start).abs().max() > 1e-3 and model.head.step == 3


def test_weight_decay_and_momentum_pass_frozen_prototypes_over():
    model = swav(head=dict(freeze_iterations=2))
    weight = model.head.prototypes.weight
    optimizer = torch.optim.SGD(model.head.parameters(), lr=1., momentum=0.9, weight_decay=0.1)
    optimizer.register_step_pre_hook(lambda *_: model.before_update())
    for number in range(4):
        model.start_step(number, 4)
        optimizer.zero_grad()
        step(model, range(8), number)
        before = weight.detach().clone()
        optimizer.step()
        assert weight.equal(before) == (number < 2) and bool(optimizer.state) == (number >= 2)


def test_more_prototypes_than_rows():
    model = swav(head=dict(num_prototypes=25))
    with pytest.raises(ValueError, match='num_prototypes=25 exceeds the 24 images of queue and batch'):
        step(model, range(8))


# --- the queue ------------------------------------------------------------------------------------------------------


def test_the_queue_is_used_once_it_is_full():
    model = swav()
    seen, kept = contrasts_of(model), []
    for number, index in enumerate((range(6), range(6, 12), range(12, 18), range(18, 24))):
        step(model, index, number)
        kept.append(seen[-1])
    assert [len(contrast.assigned.index) for contrast in kept] == [6, 6, 6, 22]
    assert kept[3].assigned.index.tolist() == [16, 17, *range(2, 16), *range(18, 24)]  # a ring: 0 and 1 went first
    for row, image in enumerate(kept[3].assigned.index[:QUEUE].tolist()):
        expected = kept[image // 6].crops[:, image % 6]
        torch.testing.assert_close(kept[3].assigned.rows[row], expected.detach())
    assert not kept[3].assigned.rows.requires_grad


def test_the_queue_opens_at_its_epoch():
    model = swav(queue_start_epoch=1)
    seen = contrasts_of(model)
    for epoch in range(3):
        model.start_epoch(epoch, 3)
        step(model, range(16), epoch)
    assert [len(contrast.assigned.index) for contrast in seen] == [16, 16, 32]
    with pytest.raises(ValueError, match='queue_start_epoch=1 is beyond the training of 1 epochs; choose at most 0, or queue'):
        model.start_epoch(0, 1)


def test_a_queue_below_one_batch():
    with pytest.raises(ValueError, match='queue_len=16 is below one batch of 20 images; take a multiple of it, or 0 for no'):
        step(swav(), range(20))


def test_a_step_without_its_end():
    model = swav()
    model(crops_of(torch.arange(4)), torch.arange(4), mode='loss')
    with pytest.raises(RuntimeError, match=r'call finish_step\(\) after each update'):
        model(crops_of(torch.arange(4)), torch.arange(4), mode='loss')


def test_a_loaded_queue_counts():
    one = swav('pseudo')
    one.publish(Labels())
    for number in range(2):
        step(one, range(8 * number, 8 * number + 8), number)
    other = swav('pseudo')
    other.load_state_dict(one.state_dict())
    for model in (one, other):
        seen = contrasts_of(model)
        losses, gradients = step(model, range(8), 7)
        assert len(seen[0].assigned.index) == QUEUE + 8
        if model is one:
            expected = losses['loss'], gradients
    assert losses['loss'].equal(expected[0]) and all(map(torch.equal, gradients, expected[1]))


# --- rows that mean the same ----------------------------------------------------------------------------------------


@pytest.mark.parametrize('granularities', [1, 2, 3])
def test_without_accepted_labels_it_is_swav_to_the_last_bit(granularities):
    plain, labelled = swav(), swav('pseudo')
    labelled.publish(SomeLabels(torch.full((granularities, NUM_SAMPLES), -1)))
    for number, index in enumerate((range(8), range(8, 16), range(16, 24), range(4, 12))):  # images that are queued come again
        (one, gradients), (other, expected) = step(plain, index, number), step(labelled, index, number)
        assert one['loss'].equal(other['loss']) and all(map(torch.equal, gradients, expected))
    assert plain.state_dict()['queue.features'].equal(labelled.state_dict()['queue.features'])


def by_loops(contrast, labels, head, relation=None):
    """The loss from the rows: each granularity, each crop, each row by itself."""
    rows, index = contrast.assigned.rows, contrast.assigned.index.tolist()
    codes = []
    for level in labels:
        codes.append([])
        for crop in range(rows.shape[1]):
            means = []
            for position, image in enumerate(index):
                same = [other for other in range(len(index)) if other == position or relation(level, image, index[other])]
                mean = sum(rows[other, crop] for other in same) / len(same)
                means.append(F.normalize(mean, dim=0) if head.renormalize and len(same) > 1 else mean)
            code = sinkhorn_codes(torch.stack(means) @ head.prototypes.weight.T, head.epsilon, head.num_iterations)
            codes[-1].append(code[contrast.assigned.batch])
    losses = []
    scores = contrast.crops @ head.prototypes.weight.T
    for code in codes:
        losses.append(swapped_prediction_loss(scores, torch.stack(code), contrast.crops_for_assign, head.temperature))
    return torch.stack(losses).mean()


def same_label(labels, one, other):
    return labels[one] == labels[other] and labels[one] >= 0


@pytest.mark.parametrize('renormalize', [True, False])
@pytest.mark.parametrize('detector', ['pseudo', 'truth'])
def test_labels_against_loops(detector, renormalize):
    model = swav(detector, head=dict(renormalize=renormalize))
    model.publish(Labels())
    labels = Labels().labels.tolist() if detector == 'pseudo' else [[image % 4 for image in range(NUM_SAMPLES)]]
    seen, losses = contrasts_of(model), []
    for number, index in enumerate((range(8), range(8, 16), range(12, 20))):
        losses.append(step(model, index, number)[0]['loss'].detach())
        torch.testing.assert_close(losses[-1], by_loops(seen[-1], labels, model.head, same_label).detach())
    plain = swav(head=dict(renormalize=renormalize))
    assert not torch.isclose(step(plain, range(8))[0]['loss'], losses[0], rtol=1e-4)


def test_any_relation_against_loops():
    model = swav('random')
    seen = contrasts_of(model)
    for number, index in enumerate((range(8), range(8, 16), range(16, 24))):
        found = step(model, index, number)[0]['loss'].detach()
        contrast = seen[-1]
        detector, total = model.head.detector, len(contrast.assigned.index)
        every_row = contrast.assigned.contrast(torch.arange(total))
        mask = detector.detect(every_row)[0, :total, :total]
        assert mask.any() and not mask.equal(mask.T)
        position = {image: row for row, image in enumerate(contrast.assigned.index.tolist())}
        expected = by_loops(contrast, [None], model.head, lambda _, one, other: mask[position[one], position[other]])
        torch.testing.assert_close(found, expected.detach())


def test_codes_of_one_label_are_equal_to_the_last_bit():
    model = swav('pseudo', head=dict(num_prototypes=13))
    model.publish(SomeLabels([[image % 3 for image in range(NUM_SAMPLES)]]))
    seen = contrasts_of(model)
    codes, inner = [], model.head.codes
    model.head.codes = lambda *arguments: (codes.append(inner(*arguments)), codes[-1])[1]
    for number in range(4):
        index = torch.arange(14) + number
        step(model, index, number)
        for crop in codes[-1]:
            for label in range(3):
                same = crop[(seen[-1].assigned.index[seen[-1].assigned.batch]) % 3 == label]
                assert len(same) > 3 and all(row.equal(same[0]) for row in same)
            assert not crop[0].equal(crop[1])


def test_thresholds_learn_from_the_batch_only():
    model = swav('none')
    model.head.detector = MODELS.build(dict(type='mmifnd.QuantileThresholdDetector', alpha=0.2))
    model.head.detector.bind(NUM_SAMPLES)
    model.start_epoch(0, 1)
    for number in range(3):
        step(model, range(8 * number, 8 * number + 8), number)
    assert model.head.detector.table.visits.tolist() == [1] * 24 + [0] * 16


def test_the_contrast_holds_rows_of_one_crop_against_each_other():
    model = swav()
    seen = contrasts_of(model)
    for number in range(3):
        step(model, range(5 * number, 5 * number + 8), number)
    contrast = seen[-1]
    total, batch = QUEUE + 8, 8
    assert contrast.negative_similarity.shape == (2 * batch, 2 * total)
    rows, index = contrast.assigned.rows, contrast.assigned.index
    for crop in range(2):
        for row in range(batch):
            for other in range(total):
                found = contrast.negative_similarity[crop * batch + row, crop * total + other]
                assert contrast.negative_similarity[crop * batch + row, (1 - crop) * total + other] == -torch.inf
                if index[other] == index[QUEUE + row]:
                    assert found == -torch.inf
                else:
                    torch.testing.assert_close(found, rows[QUEUE + row, crop] @ rows[other, crop])
        torch.testing.assert_close(contrast.positive[crop * batch:(crop + 1) * batch], rows[QUEUE:, 1 - crop])
    assert len(contrast.of_queue.anchor) == 2 * QUEUE


def test_what_was_detected_is_handed_to_who_watches():
    model = swav('pseudo')
    model.publish(Labels())
    records = []
    model.watch_steps(lambda direction, record: records.append(record))
    losses, _ = step(model, range(8))
    detection, = records
    assert detection.false_negative.shape == (2, 16, 16) and detection.anchor_index.tolist() == [*range(8)] * 2
    labels = Labels().labels
    for level, mask in zip(labels, detection.false_negative):
        expected = (level[:8].unsqueeze(1) == level[:8]) & (level[:8] >= 0) & ~torch.eye(8, dtype=torch.bool)
        assert mask[:8, :8].equal(expected) and mask[8:, 8:].equal(expected) and not mask[:8, 8:].any()
    assert losses['false_negatives_per_anchor'] == detection.false_negative.sum() / 32


# --- precision, features --------------------------------------------------------------------------------------------


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
@pytest.mark.parametrize('detector', ['pseudo', 'union'])
def test_autocast_around_the_head_changes_nothing(detector, dtype):
    model = swav(detector).float()
    model.publish(Labels())
    seen = contrasts_of(model)
    for number in range(3):
        index = torch.arange(8 * number, 8 * number + 8)
        step(model, index, number, [crop.float() for crop in crops_of(index, number)])
    contrast, mask = seen[-1], model.head.detector.detect(seen[-1])
    model.eval()  # as if nothing had been learned in between
    expected = model.head.criterion(contrast, mask)
    with torch.autocast('cpu', dtype=dtype):
        found = model.head.criterion(contrast, mask)
    assert found.dtype == torch.float32 and found.equal(expected)


def test_features_to_cluster_are_those_of_the_first_crop():
    model, index = swav(), torch.tensor([3, 30, 7, 12])
    model.keep_features('z', NUM_SAMPLES)
    seen = contrasts_of(model)
    step(model, index)
    features, has_feature = model.feature_bank.collect()
    assert has_feature.nonzero().flatten().tolist() == [3, 7, 12, 30]
    torch.testing.assert_close(features[index], seen[0].crops[0].detach().float(), atol=1e-3, rtol=0)
    assert type(model).cluster_feature is ContrastiveFramework.cluster_feature  # the online encoder
