"""Further crops are further queries of the same image: more anchors, the same keys."""

import copy

import pytest
import torch
import torch.nn.functional as F
from small_models import Labels, build_framework, freeze_batch_statistics, views_of
from torch._subclasses.fake_tensor import FakeCopyMode, FakeTensor, FakeTensorMode

from mmifnd.models.frameworks.multi_crop import encode_crops

INDEX = torch.arange(6)


def crops(num_small=3, step=0):
    views = views_of(INDEX, step, torch.float64, 2 + num_small)
    return views[:2] + [view[:, :, 1:7, 1:7] for view in views[2:]]


def frozen(head='sane', detector='pseudo', **options):
    model = freeze_batch_statistics(build_framework('MoCoAdapter', head, detector, **options).double())
    model.publish(Labels())
    model.start_epoch(0, 2)
    return model


def steps(model, inputs):
    """Two steps, so that the queue is filled; the gradient of the second."""
    for number in range(2):
        model.zero_grad()
        losses = model(inputs(number), INDEX, mode='loss')
        losses['loss'].backward()
        model.finish_step()
    return losses['loss'], [p.grad for p in model.backbone.parameters()]


def test_crops_of_one_size_share_a_forward_pass():
    seen = []

    def encode(images):
        seen.append(tuple(images.shape))
        return images.mean(dim=(1, 2, 3)).unsqueeze(1)

    views = crops()
    rows = encode_crops(encode, views)
    assert seen == [(12, 1, 8, 8), (18, 1, 6, 6)]
    torch.testing.assert_close(rows, torch.cat([view.mean(dim=(1, 2, 3)).unsqueeze(1) for view in views]))


@pytest.mark.parametrize('head', ['elim', 'attr', 'sane', 'sce'])
def test_the_loss_is_the_mean_over_crops(head):
    together = frozen(head, multi_crop=True)
    apart = [frozen(head) for _ in range(4)]
    for model in apart:
        assert all(a.equal(b) for a, b in zip(model.parameters(), together.parameters()))
    loss, gradients = steps(together, lambda number: crops(step=number))
    queries = (0, 2, 3, 4)
    found = [steps(model, lambda number, view=view: [crops(step=number)[view], crops(step=number)[1]])
             for model, view in zip(apart, queries)]
    torch.testing.assert_close(loss, torch.stack([value for value, _ in found]).mean(), atol=1e-12, rtol=1e-10)
    for number, gradient in enumerate(gradients):
        expected = torch.stack([each[number] for _, each in found]).mean(dim=0)
        torch.testing.assert_close(gradient, expected, atol=1e-12, rtol=1e-9)


def test_the_queue_takes_each_image_once():
    model = frozen(multi_crop=True)
    model(crops(), INDEX, mode='loss')
    model.finish_step()
    assert model.queue.index[:7].tolist() == [*range(6), -1]
    expected = F.normalize(model.key_neck(model.key_backbone(crops()[1]))[0], dim=1)
    torch.testing.assert_close(model.queue.features[:6], expected)


def test_without_the_option_further_views_are_not_used():
    plain, more = frozen(), frozen()
    torch.testing.assert_close(steps(plain, lambda number: crops(step=number)[:2])[0],
                               steps(more, lambda number: crops(step=number))[0], atol=0, rtol=0)


def test_steps_without_values():
    real = build_framework('MoCoAdapter', 'sane', 'pseudo', multi_crop=True,
                           data_preprocessor=dict(type='mmifnd.ImageViewsPreprocessor'))
    mode = FakeTensorMode()
    with FakeCopyMode(mode):
        model = copy.deepcopy(real)
    with mode:
        model.train().publish(Labels())
        for _ in range(2):
            views = [torch.randn(6, 1, size, size) for size in (8, 8, 6, 6)]
            loss = model(views, torch.arange(6), mode='loss')['loss']
            loss.backward()
            model.finish_step()
    assert isinstance(loss, FakeTensor) and loss.shape == ()
    assert all(parameter.grad is not None for parameter in model.backbone.parameters())
