import torch

from mmifnd.models.backbones import SmallCNN


def test_every_layer_but_the_first_halves_the_resolution():
    maps = SmallCNN(in_channels=3, widths=(4, 6, 8))(torch.randn(2, 3, 16, 16))
    assert [tuple(m.shape) for m in maps] == [(2, 8, 4, 4)]
    assert SmallCNN(widths=(4,))(torch.randn(2, 1, 9, 9))[0].shape == (2, 4, 9, 9)
