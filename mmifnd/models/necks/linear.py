"""Necks of image-text towers: one linear layer, or none."""

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmifnd.registry import MODELS


@MODELS.register_module()
class LinearProjection(BaseModule):
    """One linear layer without bias from the pooled feature to the embedding, as CLIP's towers end.

    Args:
        in_channels (int): of the backbone's feature.
        out_channels (int): dimension D of the embedding.
        init_cfg (dict, optional): initialisation, as in mmengine; by default normal with a deviation of
            ``in_channels ** -0.5``.

    Raises:
        ValueError: if a number is below 1, or the backbone gives another number of channels.
    """

    def __init__(self, in_channels: int, out_channels: int, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        if min(in_channels, out_channels) < 1:
            raise ValueError(f'in_channels={in_channels} and out_channels={out_channels} of LinearProjection must be at '
                             'least 1')
        self.in_channels, self.out_channels = in_channels, out_channels
        self.linear = nn.Linear(in_channels, out_channels, bias=False)
        nn.init.normal_(self.linear.weight, std=in_channels**-0.5)

    def forward(self, maps: tuple[Tensor, ...]) -> tuple[Tensor]:
        """The embedding (B, D) of the last of ``maps``, (B, C, H, W) or (B, C); not normalised."""
        return (self.linear(pooled(self, maps)),)


@MODELS.register_module()
class PassThrough(BaseModule):
    """No neck: the backbone's pooled feature is the embedding, as of towers that end with a projection of their own.

    Args:
        channels (int): of the backbone's feature.

    Raises:
        ValueError: if the backbone gives another number of channels.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.in_channels = self.out_channels = channels

    def forward(self, maps: tuple[Tensor, ...]) -> tuple[Tensor]:
        """The pooled last of ``maps``, (B, C)."""
        return (pooled(self, maps),)


def pooled(neck: nn.Module, maps: tuple[Tensor, ...]) -> Tensor:
    """Global average (B, C) of the last of ``maps``, whose channels are those of the neck."""
    last = maps[-1] if isinstance(maps, (tuple, list)) else maps
    if last.shape[1] != neck.in_channels:
        raise ValueError(f'{type(neck).__name__} takes {neck.in_channels} channels, but its backbone gives {last.shape[1]}; '
                         f'set its channels to {last.shape[1]}')
    return last.mean(dim=(2, 3)) if last.dim() == 4 else last
