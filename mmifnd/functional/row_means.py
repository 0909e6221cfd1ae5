"""Rows that mean the same, replaced by their mean: what IFND does to the rows that SwAV computes codes from.

"When computing codes, use an average feature embedding to represent the features with an identical pseudo label" (IFND:
Chen et al., ICLR 2022, appendix F). Shapes: R rows of dimension D. Nothing waits for the device.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


@torch.no_grad()
def mean_by_label(rows: Tensor, labels: Tensor, renormalize: bool = True) -> Tensor:
    """Each row becomes the mean of all rows with its label; rows of one label are equal to the last bit.

    Args:
        rows (Tensor): unit vectors, (R, ..., D).
        labels (Tensor): integers, (R,); a row below 0 is equal to nobody and stays as it is, as does one that is alone.
        renormalize (bool): give means unit length again; a mean is shorter than what it is of.

    Returns:
        Tensor: (R, ..., D), no gradient.

    Raises:
        ValueError: where there is not one label for each row.
    """
    if labels.shape != rows.shape[:1]:
        raise ValueError(f'labels have shape {tuple(labels.shape)}; expected ({len(rows)},), one for each row')
    slot = _slot_of_label(labels)
    # index_put_ accumulates in a fixed order on a GPU, index_add_ does not; ranks must agree to the last bit.
    total = torch.zeros_like(rows).index_put_((slot,), rows, accumulate=True)
    count = torch.zeros_like(slot).index_put_((slot,), torch.ones_like(slot), accumulate=True)
    return _mean(rows, total[slot], count[slot].view(-1, *[1] * (rows.dim() - 1)), renormalize)


@torch.no_grad()
def mean_with_detected(rows: Tensor, candidates: Tensor, detected: Tensor, renormalize: bool = True) -> Tensor:
    """Each row becomes the mean of itself and of the candidates detected for it: for relations that are no equivalence.

    Args:
        rows (Tensor): unit vectors, (R, D).
        candidates (Tensor): unit vectors, (C, D).
        detected (Tensor): bool, (R, C); a row without any stays as it is.
        renormalize (bool): give means unit length again.

    Returns:
        Tensor: (R, D), no gradient.

    Raises:
        ValueError: where shapes do not fit.
    """
    if detected.shape != (len(rows), len(candidates)):
        raise ValueError(f'detected has shape {tuple(detected.shape)}; expected ({len(rows)}, {len(candidates)})')
    with torch.autocast(rows.device.type, enabled=False):
        total = rows + detected.to(rows.dtype) @ candidates.to(rows.dtype)
    return _mean(rows, total, 1 + detected.sum(dim=1, keepdim=True), renormalize)


def first_of_label(labels: Tensor) -> Tensor:
    """Position of the first of ``labels`` (R,) that equals each one, int64 (R,); labels below 0 equal only themselves."""
    own = torch.arange(len(labels), device=labels.device)
    same = (labels.unsqueeze(1) == labels) & (labels >= 0) | (own.unsqueeze(1) == own)
    return same.to(torch.uint8).argmax(dim=1)


def _mean(rows: Tensor, total: Tensor, count: Tensor, renormalize: bool) -> Tensor:
    """``total / count``, except that rows whose count is 1 stay the same to the last bit."""
    mean = F.normalize(total, dim=-1) if renormalize else total / count
    return torch.where(count > 1, mean, rows)


def _slot_of_label(labels: Tensor) -> Tensor:
    """A number in [0, R) for each row, shared by rows of one label >= 0; ``unique`` would wait for the device."""
    ordered, order = labels.sort(stable=True)
    is_new = ((ordered[1:] != ordered[:-1]) | (ordered[1:] < 0)).long()
    return torch.empty_like(order).scatter_(0, order, torch.cat([torch.zeros_like(order[:1]), is_new]).cumsum(0))
