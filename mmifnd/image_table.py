"""`ImageTable`: values kept for each image of the training set, the same on every rank after every step."""

from typing import Any

import torch
from torch import Tensor, nn

from .buffers import take_loaded_shapes
from .distributed import gather_together
from .errors import UserError
from .slots import slots_of, sum_by_slot


class ImageTable(nn.Module):
    """Columns of N values, one per image, in persistent buffers on the model's device.

    Reads and writes are whole-tensor operations without host synchronisation. Rows of one image in a step (views,
    repeats, ranks) are averaged by :func:`mean_per_image` before they are written.

    Args:
        **columns (int | float): value that each image starts with, by name; an int gives an int32 column.
    """

    def __init__(self, **columns: int | float) -> None:
        super().__init__()
        self.initial = columns
        self.num_samples: int | None = None
        for name, value in columns.items():
            self.register_buffer(name, _filled(0, value))

    def allocate(self, num_samples: int) -> None:
        """Start with ``num_samples`` rows."""
        self.num_samples = num_samples
        for name, value in self.initial.items():
            setattr(self, name, _filled(num_samples, value, getattr(self, name).device))

    def read(self, index: Tensor) -> dict[str, Tensor]:
        """Values (R,) of images ``index`` (R,), by column.

        Raises:
            RuntimeError: if the table has no rows, or an index lies outside of it (on a GPU, without waiting: a
                device-side assertion).
        """
        self._check_index(index)
        return {name: getattr(self, name)[index] for name in self.initial}

    @torch.no_grad()
    def write(self, index: Tensor, changed: Tensor, **columns: Tensor) -> None:
        """Set values (R,) of images ``index`` (R,) where bool ``changed`` (R,); rows of one image must be equal."""
        self._check_index(index)
        for name, values in columns.items():
            column = getattr(self, name)
            column[index] = torch.where(changed, values.to(column.dtype), column[index])

    @torch.no_grad()
    def fill(self, **columns: Tensor | float) -> None:
        """Give all images the same value, a scalar."""
        for name, value in columns.items():
            column = getattr(self, name)
            column.copy_(torch.as_tensor(value).expand_as(column))

    def _check_index(self, index: Tensor) -> None:
        rows = len(getattr(self, next(iter(self.initial))))
        if not rows:
            raise RuntimeError('nothing is kept per image yet; call bind(num_samples) first (tools/train.py does)')
        torch._assert_async(
            ((index >= 0) & (index < rows)).all(),
            f'an image index is outside the table of {rows} images; bind(num_samples) must be given the size of the '
            'training set, and indices count from 0')

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any, **kwargs: Any) -> None:
        take_loaded_shapes(self, state_dict, prefix, self._check_size)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)

    def _check_size(self, name: str, loaded: Tensor) -> None:
        if self.num_samples is not None:
            raise UserError(f'the checkpoint holds {name} of {len(loaded)} images, but {self.num_samples} are trained on; '
                             'resume on the data set, and with the options, of the checkpoint')


@torch.no_grad()
def mean_per_image(index: Tensor, counts: Tensor, *rows: Tensor) -> tuple[Tensor, ...]:
    """Average the rows of each image, over all ranks.

    Args:
        index (Tensor): int64, the image of each row of this rank, (R,).
        counts (Tensor): bool, whether a row takes part, (R,).
        *rows (Tensor): values, (R,) each.

    Returns:
        tuple[Tensor, ...]: index (M,) of the rows of all ranks; bool (M,), whether any row of that image takes part;
        and for each of ``rows`` its mean over those, (M,), the same for all rows of an image; 0 where none takes part.
    """
    index, counts, *columns = gather_together(index, counts, *rows)
    slots = slots_of(index)
    number = sum_by_slot(slots, counts.to(torch.int32))
    means = []
    for values in columns:
        total = sum_by_slot(slots, torch.where(counts, values, 0))
        means.append(total / number.clamp(min=1))
    return index, number > 0, *means


@torch.no_grad()
def log_mean_exp_per_image(index: Tensor, counts: Tensor, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Average one column of logarithms as :func:`mean_per_image` does; -inf if no row takes part."""
    gathered, counts, rows = gather_together(index, counts, torch.where(counts, rows, -torch.inf))
    slots = slots_of(gathered)
    peak = torch.full_like(rows, -torch.inf).scatter_reduce(0, slots, rows, 'amax')[slots]
    peak = torch.where(peak > -torch.inf, peak, 0)
    number = sum_by_slot(slots, counts.to(torch.int32))
    mean = sum_by_slot(slots, (rows - peak).exp()) / number.clamp(min=1)
    return gathered, number > 0, mean.log() + peak


def _filled(count: int, value: int | float, device: torch.device | None = None) -> Tensor:
    dtype = torch.int32 if isinstance(value, int) else torch.float32
    return torch.full((count,), value, dtype=dtype, device=device)
