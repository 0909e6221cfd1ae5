"""The projection head: a multi-layer perceptron from the backbone's feature to the embedding."""

from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmifnd.registry import MODELS


@MODELS.register_module()
class ProjectionMLP(BaseModule):
    """Linear layers with ReLU between them, after a global average pool.

    MoCo v2 has 2 layers without normalisation; IFND says "3-layer MLP" to 128 dimensions.

    Args:
        in_channels (int): of the backbone's last map.
        hidden_channels (int): of the layers between.
        out_channels (int): dimension D of the embedding.
        num_layers (int): linear layers, at least 1.
        norm_cfg (dict, optional): normalisation after each hidden layer, such as ``dict(type='BN1d')``.
        bias (bool): whether linear layers have biases; GloFND's released code has none.
        last_norm_cfg (dict, optional): normalisation of the embedding, as in GloFND's released code.
        init_cfg (dict, optional): initialisation, as in mmengine.

    Raises:
        ValueError: if a number is below 1, or the backbone gives another number of channels.
    """

    def __init__(self, in_channels: int, hidden_channels: int, out_channels: int, num_layers: int = 3,
                 norm_cfg: dict | None = None, init_cfg: dict | None = None, bias: bool = True,
                 last_norm_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        if num_layers < 1:
            raise ValueError(f'num_layers={num_layers} of ProjectionMLP is below 1; 2 and 3 are usual')
        if min(in_channels, hidden_channels, out_channels) < 1:
            raise ValueError(f'in_channels={in_channels}, hidden_channels={hidden_channels} and out_channels={out_channels} of '
                             'ProjectionMLP must be at least 1')
        self.in_channels, self.out_channels = in_channels, out_channels
        widths = [in_channels] + [hidden_channels] * (num_layers - 1) + [out_channels]
        layers: list[nn.Module] = []
        for position, (fan_in, fan_out) in enumerate(zip(widths, widths[1:]), start=1):
            is_last = position == num_layers
            norm = last_norm_cfg if is_last else norm_cfg
            layers.append(nn.Linear(fan_in, fan_out, bias=bias))
            layers += [build_norm_layer(norm, fan_out)[1]] if norm else []
            layers += [] if is_last else [nn.ReLU(inplace=True)]
        self.mlp = nn.Sequential(*layers)

    def forward(self, maps: tuple[Tensor, ...]) -> tuple[Tensor]:
        """The embedding (B, D) of the last of ``maps``, (B, C, H, W) or (B, C); not normalised."""
        last = maps[-1] if isinstance(maps, (tuple, list)) else maps
        if last.shape[1] != self.in_channels:
            raise ValueError(f'in_channels={self.in_channels} of ProjectionMLP, but the backbone gives {last.shape[1]}; set '
                             f'model.neck.in_channels={last.shape[1]}')
        return (self.mlp(last.mean(dim=(2, 3)) if last.dim() == 4 else last),)
