import pytest
import torch

from mmifnd.models.backbones import SmallCNN


def test_every_layer_but_the_first_halves_the_resolution():
    maps = SmallCNN(in_channels=3, widths=(4, 6, 8))(torch.randn(2, 3, 16, 16))
    assert [tuple(m.shape) for m in maps] == [(2, 8, 4, 4)]
    assert SmallCNN(widths=(4,))(torch.randn(2, 1, 9, 9))[0].shape == (2, 4, 9, 9)


def test_patches_lie_side_by_side():
    net = SmallCNN(widths=(4, 6), patch=4).eval()
    images = torch.randn(1, 1, 16, 16)
    assert net(images)[0].shape == (1, 6, 2, 2)
    changed = images.clone()
    changed[..., :4, :4] += 1  # one patch
    first = net.layers[0]
    assert ((first(changed) - first(images)).abs().sum(dim=1) > 0).nonzero().tolist() == [[0, 0, 0]]


def test_unfit_channels_are_refused_with_the_remedy():
    with pytest.raises(ValueError, match=r'in_channels=0 and widths=\(4,\) of SmallCNN must be at least 1'):
        SmallCNN(in_channels=0, widths=(4,))
    with pytest.raises(ValueError, match='patch=0 of SmallCNN must be at least 1'):
        SmallCNN(patch=0)
    with pytest.raises(ValueError, match='the images have 3; set model.backbone.in_channels=3'):
        SmallCNN(in_channels=1)(torch.randn(2, 3, 8, 8))


def test_a_first_stride_halves_the_resolution_at_once():
    assert SmallCNN(widths=(4, 6), first_stride=2)(torch.randn(2, 1, 16, 16))[0].shape == (2, 6, 4, 4)
    with pytest.raises(ValueError, match='first_stride=3 of SmallCNN must be 1 or 2'):
        SmallCNN(first_stride=3)
    with pytest.raises(ValueError, match='and 1 with patch=4'):
        SmallCNN(patch=4, first_stride=2)
