"""Codes by optimal transport, and the loss that predicts them (SwAV: Caron et al., NeurIPS 2020).

Shapes: R rows, of which a batch may be a part; P prototypes; V crops of B images; E of the crops are assigned codes.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from .reduction import Reduce, of_one_process


@torch.no_grad()
def sinkhorn_codes(scores: Tensor, epsilon: float = 0.05, num_iterations: int = 3,
                   reduce: Reduce = of_one_process) -> Tensor:
    """Soft assignments of rows to prototypes that give each prototype the same share of the rows (SwAV, Eq. 3 to 5).

    ``exp(scores / epsilon)``; then, by turns, each prototype's weights are divided by their sum over the rows of *all*
    processes, and each row's by its sum. The total, P and R, by which SwAV's code divides besides, cancel.

    Args:
        scores (Tensor): similarity of each row of this process to each prototype, (..., R, P); leading dimensions are
            problems of their own.
        epsilon (float): weight of the entropy, > 0; larger values give softer codes.
        num_iterations (int): at least 1.
        reduce: for rows that lie on several processes.

    Returns:
        Tensor: codes, (..., R, P), float32 or wider; each row sums to 1. No gradient.

    Raises:
        ValueError: where epsilon or the number of iterations is out of range.

    Example:
        >>> sinkhorn_codes(torch.tensor([[1., 0.], [0.9, 0.1]]), epsilon=0.5, num_iterations=50).sum(dim=0)
        tensor([1.0000, 1.0000])
    """
    if not epsilon > 0 or num_iterations < 1:
        raise ValueError(f'epsilon={epsilon} and num_iterations={num_iterations} of the codes must be positive; '
                         '0.05 and 3 are usual')
    with torch.autocast(scores.device.type, enabled=False):
        scores = scores.to(torch.promote_types(scores.dtype, torch.float32))
        # The same number is subtracted on every process, or their sums would not belong together.
        codes = scores - reduce(scores.amax(dim=(-2, -1), keepdim=True), 'max')
        codes.div_(epsilon).exp_()
        smallest = torch.finfo(codes.dtype).tiny  # where all weights of a row or prototype are 0, they stay 0
        for _ in range(num_iterations):
            codes /= reduce(codes.sum(dim=-2, keepdim=True), 'sum').clamp_(min=smallest)
            codes /= codes.sum(dim=-1, keepdim=True).clamp_(min=smallest)
    return codes


def swapped_prediction_loss(
        scores: Tensor, codes: Tensor, crops_for_assign: Sequence[int], temperature: float = 0.1) -> Tensor:
    """Each assigned crop's code is predicted from all other crops of the image (SwAV, Eq. 2, and its multi-crop form).

    ``-sum_p code_p log softmax_p(scores / temperature)``, the mean over images, other crops and assigned crops. It is
    linear in the codes: the loss of their mean over granularities is the mean of the granularities' losses.

    Args:
        scores (Tensor): similarity of each crop to each prototype, (V, B, P).
        codes (Tensor): of the assigned crops, (E, B, P).
        crops_for_assign (Sequence[int]): which crops the codes are of, E numbers in [0, V).
        temperature (float): > 0.

    Returns:
        Tensor: scalar.

    Raises:
        ValueError: where shapes or temperature do not fit; the message shows what was got and what was expected.
    """
    if scores.dim() != 3 or codes.shape != (len(crops_for_assign), *scores.shape[1:]):
        raise ValueError(f'scores and codes have shapes {tuple(scores.shape)} and {tuple(codes.shape)}; expected '
                         f'(V, B, P) and ({len(crops_for_assign)}, B, P)')
    if len(scores) < 2 or not all(0 <= crop < len(scores) for crop in crops_for_assign):
        raise ValueError(f'crops_for_assign={tuple(crops_for_assign)} does not fit {len(scores)} crops; a code needs a '
                         'crop that it is of and another one to be predicted from')
    if not temperature > 0:
        raise ValueError(f'temperature={temperature} is not positive; 0.1 is usual')
    wide = torch.promote_types(scores.dtype, torch.float32)
    log_probability = (scores.to(wide) / temperature).log_softmax(dim=2)
    total = log_probability.sum(dim=0)
    losses = [-(code * (total - log_probability[crop])).sum(dim=1).mean() for code, crop in zip(codes, crops_for_assign)]
    return torch.stack(losses).mean() / (len(scores) - 1)
