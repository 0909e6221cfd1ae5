"""Which step went wrong first, and with which images: noted on the device, read when somebody asks."""

from typing import NamedTuple

import torch
from torch import Tensor

from mmifnd.distributed import gather

NOBODY = -1


class Fault(NamedTuple):
    """The first of the steps that were not finite.

    Attributes:
        step (int): as it was noted.
        images (list[int]): stable indices, in ascending order.
        is_exact (bool): whether these images are not finite; else they are some of the step's, which cannot be told apart.
    """

    step: int
    images: list[int]
    is_exact: bool


class FiniteWatch:
    """Notes steps that were not finite, without waiting for the device.

    Args:
        device (torch.device): of the values.
        patience (int): steps in a row that must not be finite.
        max_images (int): images that are kept.
    """

    def __init__(self, device: torch.device, patience: int = 1, max_images: int = 5) -> None:
        self.patience, self.max_images = patience, max_images
        self._in_a_row = torch.zeros((), dtype=torch.int64, device=device)
        self._is_over = torch.zeros((), dtype=torch.bool, device=device)
        self._first = torch.full((2 + max_images,), NOBODY, dtype=torch.int64, device=device)

    def note(self, step: int, is_finite: Tensor, index: Tensor, is_finite_image: Tensor) -> None:
        """Note a step.

        Args:
            step (int): its number.
            is_finite (Tensor): bool scalar, of the loss.
            index (Tensor): int64, images of the step, (B,).
            is_finite_image (Tensor): bool, whether what is known of the image is, (B,).
        """
        is_bad_image = ~is_finite_image
        is_bad = ~is_finite | is_bad_image.any()
        begins = is_bad & (self._in_a_row == 0) & ~self._is_over
        chosen = is_bad_image | ~is_bad_image.any()
        place = torch.arange(len(index), 0, -1, device=index.device) * chosen  # the first ones have the largest
        best, rows = place.topk(min(self.max_images, len(index)))
        first = torch.full_like(self._first, step)
        first[1] = is_bad_image.any() & ~is_bad_image.all()
        first[2:] = NOBODY
        first[2:2 + len(rows)] = torch.where(best > 0, index[rows], NOBODY)
        self._first = torch.where(begins, first, self._first)
        self._in_a_row = (self._in_a_row + 1) * is_bad
        self._is_over = self._is_over | (self._in_a_row >= self.patience)

    def read(self) -> Fault | None:
        """The first step, where ``patience`` steps in a row were not finite. Waits for the device."""
        return _fault_of(self._record().unsqueeze(0))

    def read_all(self) -> Fault | None:
        """Read over all ranks, as :meth:`read`; each must call it."""
        return _fault_of(gather(self._record().unsqueeze(0)))

    def _record(self) -> Tensor:
        return torch.cat([self._is_over.long().view(1), self._first])


def _fault_of(records: Tensor) -> Fault | None:
    faults = [rows[1:] for rows in records.tolist() if rows[0]]
    if not faults:
        return None
    step = min(rows[0] for rows in faults)
    faults = [rows for rows in faults if rows[0] == step]
    is_exact = any(rows[1] for rows in faults)
    images = {image for rows in faults if rows[1] == is_exact for image in rows[2:] if image != NOBODY}
    return Fault(step, sorted(images), is_exact)
