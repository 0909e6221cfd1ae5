import pytest
import torch

from mmifnd.registry import MODELS

BACKBONE = dict(type='mmifnd.SmallCNN', widths=(4, 8))


def test_takes_the_backbone_of_any_framework():
    framework = MODELS.build(dict(
        type='mmifnd.MoCoAdapter', backbone=BACKBONE, queue_len=8, head=dict(type='mmifnd.ElimContrastiveHead'),
        neck=dict(type='mmifnd.ProjectionMLP', in_channels=8, hidden_channels=8, out_channels=4),
        data_preprocessor=dict(type='mmifnd.ImageViewsPreprocessor'))).eval()
    state = framework.state_dict()
    encoder = MODELS.build(dict(
        type='mmifnd.Encoder', backbone=BACKBONE, data_preprocessor=dict(type='mmifnd.ImageViewsPreprocessor'))).eval()
    missing, unexpected = encoder.load_state_dict(dict(state))  # strict
    assert not missing and not unexpected and 'queue.features' in state
    images = torch.randn(3, 1, 8, 8)
    assert torch.equal(encoder(images), framework(images)) and torch.equal(encoder([images, images]), framework(images))
    with pytest.raises(RuntimeError, match='Missing key'):
        encoder.load_state_dict({name: value for name, value in state.items() if 'backbone' not in name})


def test_trains_nothing():
    encoder = MODELS.build(dict(
        type='mmifnd.Encoder', backbone=BACKBONE, data_preprocessor=dict(type='mmifnd.ImageViewsPreprocessor')))
    with pytest.raises(ValueError, match="mode='loss' is unknown; an Encoder gives features only"):
        encoder([torch.zeros(2, 1, 8, 8)], mode='loss')
