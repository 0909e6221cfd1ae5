"""A temperature that is learned like a weight (CLIP: Radford et al., ICML 2021; FastCLIP: Wei et al., 2024)."""

import math

import torch
from torch import Tensor, nn

from mmifnd.checks import check_divisor


class LearnedTemperature(nn.Module):
    """One temperature t, learned as ``log_scale = log(1 / t)``, as in CLIP's code.

    Args:
        initial (float): t at the start.
        bounds (tuple[float, float]): smallest and largest t; :meth:`clamp` keeps to them after each update.

    Raises:
        ValueError: if the bounds are not in (0, 1], or the initial value is outside of them.
    """

    def __init__(self, initial: float, bounds: tuple[float, float] = (0.01, 1.)) -> None:
        super().__init__()
        check_bounds('learned_temperature', initial, bounds)
        self.bounds = tuple(bounds)
        self.log_scale = nn.Parameter(torch.tensor(-math.log(initial)))

    def forward(self) -> Tensor:
        """The temperature, a scalar with gradient; nothing waits for the device."""
        return (-self.log_scale).exp()

    @torch.no_grad()
    def clamp(self) -> None:
        """Keep to the bounds."""
        lowest, highest = self.bounds
        self.log_scale.clamp_(-math.log(highest), -math.log(lowest))


def check_bounds(owner: str, initial: float, bounds: tuple[float, float]) -> None:
    """Refuse bounds outside (0, 1], and a temperature outside its bounds."""
    if len(bounds) != 2 or not 0 < bounds[0] <= bounds[1] <= 1:
        raise ValueError(f'bounds={tuple(bounds)} of {owner} are not in (0, 1]; give the smallest and the largest temperature, '
                         'such as 0.01 and 1')
    check_divisor('bounds[0]', bounds[0], owner, '0.01 is usual')
    if not bounds[0] <= initial <= bounds[1]:
        raise ValueError(f'temperature={initial} lies outside bounds={tuple(bounds)} of {owner}; it is the value at the start')
