import pytest
import torch
from torch import nn

from mmifnd.models.necks import ProjectionMLP


@pytest.mark.parametrize('num_layers, kinds', [
    (1, [nn.Linear]), (2, [nn.Linear, nn.ReLU, nn.Linear]),
    (3, [nn.Linear, nn.ReLU, nn.Linear, nn.ReLU, nn.Linear])])
def test_layers(num_layers, kinds):
    neck = ProjectionMLP(8, 16, 4, num_layers)
    assert [type(layer) for layer in neck.mlp] == kinds
    embedding, = neck((torch.randn(5, 3, 2, 2), torch.randn(5, 8, 3, 3)))
    assert embedding.shape == (5, 4)


def test_normalisation_stands_behind_each_hidden_layer():
    neck = ProjectionMLP(8, 16, 4, 3, norm_cfg=dict(type='BN1d'))
    assert [type(layer).__name__ for layer in neck.mlp] == [
        'Linear', 'BatchNorm1d', 'ReLU', 'Linear', 'BatchNorm1d', 'ReLU', 'Linear']


def test_the_last_layer_and_biases():
    """GloFND's released projector: no biases, and a last normalisation without scale and shift."""
    neck = ProjectionMLP(8, 16, 4, 2, dict(type='BN1d'), bias=False, last_norm_cfg=dict(type='BN1d', affine=False))
    assert [type(layer).__name__ for layer in neck.mlp] == ['Linear', 'BatchNorm1d', 'ReLU', 'Linear', 'BatchNorm1d']
    assert all(layer.bias is None for layer in neck.mlp if isinstance(layer, nn.Linear)) and neck.mlp[-1].weight is None
    torch.testing.assert_close(neck(torch.randn(64, 8))[0].mean(dim=0), torch.zeros(4), atol=1e-6, rtol=0)


def test_maps_are_pooled_and_vectors_taken_as_they_are():
    neck, maps = ProjectionMLP(8, 16, 4), torch.randn(5, 8, 3, 3)
    vector = maps.mean(dim=(2, 3))
    assert neck((maps,))[0].equal(neck((vector,))[0]) and neck(vector)[0].equal(neck.mlp(vector))


def test_no_layer_is_refused():
    with pytest.raises(ValueError, match='num_layers=0 of ProjectionMLP is below 1; 2 and 3 are usual'):
        ProjectionMLP(8, 16, 4, 0)
