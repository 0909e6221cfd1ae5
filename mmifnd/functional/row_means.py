"""The mean of rows that mean the same, which IFND puts in their place before SwAV computes codes.

"When computing codes, use an average feature embedding to represent the features with an identical pseudo label" (IFND:
Chen et al., ICLR 2022, appendix F). Nothing here waits for the device.

Shapes: R rows of dimension D; C candidates.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from mmifnd.slots import slots_of, sum_by_slot

from ._checks import check_rows


@torch.no_grad()
def mean_by_label(rows: Tensor, labels: Tensor, renormalize: bool = True) -> Tensor:
    """Replace each row by the mean of all rows with its label; rows of one label are equal to the last bit.

    Args:
        rows (Tensor): unit vectors, (R, ..., D).
        labels (Tensor): integers, (R,); a row with a negative label, or a label of its own, stays as it is.
        renormalize (bool): scale means to unit length; the mean of unit vectors is shorter.

    Returns:
        Tensor: (R, ..., D), no gradient.

    Raises:
        ValueError: if there is not one label per row.

    Example:
        >>> rows = torch.tensor([[1., 0.], [0., 1.], [1., 0.]])
        >>> mean_by_label(rows, labels=torch.tensor([4, 4, -1]), renormalize=False).tolist()
        [[0.5, 0.5], [0.5, 0.5], [1.0, 0.0]]
    """
    check_rows('labels', labels, len(rows))
    slots = slots_of(labels)
    count = sum_by_slot(slots, torch.ones_like(slots))
    return _mean(rows, sum_by_slot(slots, rows), count.view(-1, *[1] * (rows.dim() - 1)), renormalize)


@torch.no_grad()
def mean_with_detected(rows: Tensor, candidates: Tensor, detected: Tensor, renormalize: bool = True) -> Tensor:
    """Replace each row by the mean of itself and of the candidates detected for it, if detection is no equivalence relation.

    Args:
        rows (Tensor): unit vectors, (R, D).
        candidates (Tensor): unit vectors, (C, D).
        detected (Tensor): bool, (R, C); a row without any detected candidate stays as it is.
        renormalize (bool): scale means to unit length.

    Returns:
        Tensor: (R, D), no gradient.

    Raises:
        ValueError: if shapes do not fit.

    Example:
        >>> row, candidate = torch.tensor([[1., 0.]]), torch.tensor([[0., 1.]])
        >>> mean_with_detected(row, candidate, torch.tensor([[True]]), renormalize=False)
        tensor([[0.5000, 0.5000]])
    """
    if detected.shape != (len(rows), len(candidates)):
        raise ValueError(f'detected has shape {tuple(detected.shape)}; expected ({len(rows)}, {len(candidates)})')
    with torch.autocast(rows.device.type, enabled=False):
        total = rows + detected.to(rows.dtype) @ candidates.to(rows.dtype)
    return _mean(rows, total, 1 + detected.sum(dim=1, keepdim=True), renormalize)


def first_of_label(labels: Tensor) -> Tensor:
    """Find the first position of each label.

    Args:
        labels (Tensor): integers, (R,); a negative label is equal to no other.

    Returns:
        Tensor: int64, (R,), the position of the first row with the same label.

    Example:
        >>> first_of_label(torch.tensor([3, 5, 3, -1, -1]))
        tensor([0, 1, 0, 3, 4])
    """
    position = torch.arange(len(labels), device=labels.device)
    same = (labels.unsqueeze(1) == labels) & (labels >= 0) | (position.unsqueeze(1) == position)
    return same.to(torch.uint8).argmax(dim=1)


def _mean(rows: Tensor, total: Tensor, count: Tensor, renormalize: bool) -> Tensor:
    """Divide totals by counts, except that rows whose count is 1 stay the same to the last bit."""
    mean = F.normalize(total, dim=-1) if renormalize else total / count
    return torch.where(count > 1, mean, rows)
