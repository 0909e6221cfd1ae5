"""With equal weights, on one process, SwAVAdapter is mmpretrain's SwAV, its hook's queue included."""

import copy

import pytest
import torch
import torch.nn.functional as F
from small_models import views_of

from mmifnd.registry import MODELS

BATCH, QUEUE, PROTOTYPES = 4, 12, 7


@pytest.fixture
def twins():
    """Ours and theirs, in float64, with the same weights: two crops of 8 pixels and two of 6."""
    torch.manual_seed(0)
    ours = MODELS.build(dict(
        type='mmifnd.SwAVAdapter', queue_len=QUEUE, backbone=dict(type='mmifnd.SmallCNN', widths=(4, 8)),
        neck=dict(type='mmifnd.ProjectionMLP', in_channels=8, hidden_channels=8, out_channels=6, num_layers=2,
                  norm_cfg=dict(type='BN1d')),
        head=dict(type='mmifnd.SwAVHead', num_prototypes=PROTOTYPES))).double().train()
    theirs = MODELS.get('mmpretrain.SwAV')(
        backbone=copy.deepcopy(ours.backbone),
        neck=dict(type='mmpretrain.SwAVNeck', in_channels=8, hid_channels=8, out_channels=6, norm_cfg=dict(type='BN1d')),
        head=dict(type='mmpretrain.SwAVHead', loss=dict(
            type='mmpretrain.SwAVLoss', feat_dim=6, num_crops=[2, 2], num_prototypes=PROTOTYPES))).double().train()
    theirs.neck.projection_neck.load_state_dict(ours.neck.mlp.state_dict())
    theirs.head.loss_module.prototypes.load_state_dict(ours.head.prototypes.state_dict())
    theirs.head.loss_module.queue = torch.zeros(2, QUEUE, 6, dtype=torch.float64)
    return ours, theirs


def test_losses_gradients_and_queues_stay_equal(twins):
    ours, theirs = twins
    optimizers = [torch.optim.SGD(model.parameters(), lr=0.5) for model in twins]
    parts = [(ours.backbone, theirs.backbone), (ours.neck.mlp, theirs.neck.projection_neck),
             (ours.head.prototypes, theirs.head.loss_module.prototypes)]
    seen = []
    for step in range(7):  # full after three
        index = torch.arange(step * BATCH, (step + 1) * BATCH) % 10
        crops = views_of(index, step, torch.float64, 4)
        crops[2:] = [F.interpolate(crop, 6) for crop in crops[2:]]
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss, expected = ours.loss(crops, index)['loss'], theirs.loss(crops, [])['loss']
        loss.backward()
        expected.backward()
        torch.testing.assert_close(loss, expected, atol=1e-9, rtol=1e-9)
        for one, other in parts:
            for p, q in zip(one.parameters(), other.parameters(), strict=True):
                torch.testing.assert_close(p.grad, q.grad, atol=1e-9, rtol=1e-7)
        for optimizer in optimizers:
            optimizer.step()
        ours.finish_step()
        newest = torch.cat([ours.queue.features.roll(-int(ours.queue.pointer), 0).view(3, BATCH, 2, 6).flip(0)])
        assert theirs.head.loss_module.use_queue == (step >= 3)
        torch.testing.assert_close(newest.flatten(0, 1).transpose(0, 1)[:, :BATCH * min(step + 1, 3)],
                                   theirs.head.loss_module.queue[:, :BATCH * min(step + 1, 3)], atol=1e-9, rtol=0)
        seen.append(loss.item())
    assert len(set(seen)) == 7
