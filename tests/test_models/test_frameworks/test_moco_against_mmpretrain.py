"""With equal weights and queue, and its options, MoCoAdapter is mmpretrain's MoCo."""

import copy

import pytest
import torch
from small_models import views_of

from mmifnd.registry import MODELS

BACKBONES = dict(
    small=(dict(type='mmifnd.SmallCNN', in_channels=1, widths=(4, 8)), 8),
    resnet=(dict(type='mmpretrain.ResNet_CIFAR', depth=18, in_channels=1, stem_channels=4, base_channels=4), 32))
BATCH, QUEUE = 4, 12


@pytest.fixture(params=BACKBONES)
def twins(request):
    """Ours and theirs, in float64, with the same weights and queue."""
    backbone, channels = BACKBONES[request.param]
    torch.manual_seed(0)
    ours = MODELS.build(dict(
        type='mmifnd.MoCoAdapter', queue_len=QUEUE, momentum=0.9, same_image='negative', empty='negative',
        backbone=backbone,
        neck=dict(type='mmifnd.ProjectionMLP', in_channels=channels, hidden_channels=8, out_channels=6, num_layers=2),
        head=dict(type='mmifnd.ElimContrastiveHead', temperature=0.2))).double().train()
    neck = MODELS.build(dict(
        type='mmpretrain.MoCoV2Neck', in_channels=channels, hid_channels=8, out_channels=6, with_avg_pool=True)).double()
    neck.load_state_dict(ours.neck.state_dict())
    theirs = MODELS.get('mmpretrain.MoCo')(
        backbone=copy.deepcopy(ours.backbone), neck=neck, queue_len=QUEUE, feat_dim=6, momentum=0.1,
        head=dict(type='mmpretrain.ContrastiveHead', temperature=0.2, loss=dict(type='mmpretrain.CrossEntropyLoss')))
    theirs = theirs.double().train()
    theirs.queue.copy_(ours.queue.features.T)
    return ours, theirs


def trained(model):
    return [p for p in model.parameters() if p.requires_grad]


def test_losses_gradients_and_queues_stay_equal(twins):
    ours, theirs = twins
    optimizers = [torch.optim.SGD([*m.backbone.parameters(), *m.neck.parameters()], lr=0.5) for m in twins]
    start = ours.neck.mlp[0].weight.detach().clone()
    seen = []
    for step in range(7):  # the queue wraps twice
        index = torch.arange(step * BATCH, (step + 1) * BATCH) % 10  # images that are in the queue come again
        views = views_of(index, step, torch.float64)
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss, expected = ours.loss(views, index)['loss'], theirs.loss(views, [])['loss']
        loss.backward()
        expected.backward()
        torch.testing.assert_close(loss, expected, atol=1e-9, rtol=1e-9)
        for part in ('backbone', 'neck'):
            for p, q in zip(getattr(ours, part).parameters(), getattr(theirs, part).parameters(), strict=True):
                torch.testing.assert_close(p.grad, q.grad, atol=1e-9, rtol=1e-7)
        for optimizer in optimizers:
            optimizer.step()
        ours.finish_step()
        torch.testing.assert_close(ours.queue.features.T, theirs.queue, atol=1e-9, rtol=0)
        assert ours.queue.pointer == theirs.queue_ptr[0]
        seen.append(loss.item())
    assert not ours.neck.mlp[0].weight.equal(start) and len(set(seen)) == 7


def test_excluding_the_same_image_differs(twins):
    ours, theirs = twins
    ours.same_image = 'exclude'
    ours.queue.index.copy_(torch.arange(QUEUE))
    index = torch.arange(BATCH)
    views = views_of(index, 0, torch.float64)
    assert ours.loss(views, index)['loss'] < theirs.loss(views, [])['loss'] - 1e-6
