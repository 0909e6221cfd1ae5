import pytest
import torch

from mmifnd.models.backbones import SmallCNN


def test_every_layer_but_the_first_halves_the_resolution():
    maps = SmallCNN(in_channels=3, widths=(4, 6, 8))(torch.randn(2, 3, 16, 16))
    assert [tuple(m.shape) for m in maps] == [(2, 8, 4, 4)]
    assert SmallCNN(widths=(4,))(torch.randn(2, 1, 9, 9))[0].shape == (2, 4, 9, 9)


def test_unfit_channels_are_refused_with_the_remedy():
    with pytest.raises(ValueError, match=r'in_channels=0 and widths=\(4,\) of SmallCNN must be at least 1'):
        SmallCNN(in_channels=0, widths=(4,))
    with pytest.raises(ValueError, match='the images have 3; set model.backbone.in_channels=3'):
        SmallCNN(in_channels=1)(torch.randn(2, 3, 8, 8))
