"""From which epoch on a detector's mask is used."""

import torch
from torch import Tensor, nn


class FilterGate(nn.Module):
    """Open from an epoch on; kept in the checkpoint, so that a model that is only tested filters as it was trained.

    Args:
        owner (str): class that has the option, named in messages.
        option (str): name of the option.
        epoch (int): first epoch (0-based) in which it is open.

    Raises:
        ValueError: where the epoch is negative.
    """

    def __init__(self, owner: str, option: str, epoch: int) -> None:
        super().__init__()
        if epoch < 0:
            raise ValueError(f'{option}={epoch} of {owner} is negative; epochs count from 0')
        self.owner, self.option, self.epoch = owner, option, epoch
        self.register_buffer('is_open', torch.tensor(epoch == 0))

    def update(self, epoch: int, max_epochs: int) -> None:
        """Take note of the epoch (0-based) that begins.

        Raises:
            ValueError: where the gate would never open.
        """
        if self.epoch >= max_epochs:
            raise ValueError(f'{self.option}={self.epoch} of {self.owner} is beyond the training of {max_epochs} epochs'
                             f'; choose at most {max_epochs - 1}')
        self.is_open.fill_(epoch >= self.epoch)

    def apply_to(self, threshold: Tensor) -> Tensor:
        """``threshold`` where the gate is open, else +inf, which nothing exceeds."""
        return torch.where(self.is_open, threshold, torch.inf)
