"""The epoch from which a detector's mask is used."""

import torch
from torch import Tensor, nn

from mmifnd.checks import check_at_least


class FilterGate(nn.Module):
    """A gate that opens at an epoch; kept in the checkpoint, so that a model that is only tested filters as it was trained.

    Args:
        owner (str): the class that has the option, for messages.
        option (str): the option's name.
        epoch (int): the first epoch (0-based) in which the gate is open.

    Raises:
        ValueError: if the epoch is negative.
    """

    is_open: Tensor

    def __init__(self, owner: str, option: str, epoch: int) -> None:
        super().__init__()
        check_at_least(option, epoch, 0, owner, 'epochs count from 0')
        self.owner, self.option, self.epoch = owner, option, epoch
        self.register_buffer('is_open', torch.tensor(epoch == 0))

    def update(self, epoch: int, max_epochs: int) -> None:
        """Open or close the gate for the epoch (0-based) that begins.

        Raises:
            ValueError: if the gate would never open.
        """
        if self.epoch >= max_epochs:
            raise ValueError(f'{self.option}={self.epoch} of {self.owner} is beyond the training of {max_epochs} epochs'
                             f'; choose at most {max_epochs - 1}')
        self.is_open.fill_(epoch >= self.epoch)

    def apply_to(self, threshold: Tensor) -> Tensor:
        """Return ``threshold`` if the gate is open, else +inf, which nothing exceeds."""
        return torch.where(self.is_open, threshold, torch.inf)
