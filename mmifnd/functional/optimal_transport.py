"""Codes by optimal transport, and the loss that predicts them (SwAV: Caron et al., NeurIPS 2020).

Shapes: R rows, of which a batch may be a part; P prototypes; V crops of B images; E of the crops are assigned codes.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from mmifnd.checks import check_at_least, check_divisor

from ._checks import check_temperature
from .reduction import Reduce, of_one_process


@torch.no_grad()
def sinkhorn_codes(scores: Tensor, epsilon: float = 0.05, num_iterations: int = 3,
                   reduce: Reduce = of_one_process) -> Tensor:
    """Soft assignments of rows to prototypes that give each prototype the same share of the rows (SwAV, Eq. 3 to 5).

    Starting from ``exp(scores / epsilon)``, each prototype's weights are divided by their sum over the rows of *all*
    processes, and each row by its sum, in turn; in logarithms, so that no epsilon is too small. SwAV's code also divides by
    the total, by P and by R; these cancel.

    Args:
        scores (Tensor): similarity of each row of this process to each prototype, (..., R, P); leading dimensions are
            separate problems.
        epsilon (float): weight of the entropy, > 0; larger values give softer codes.
        num_iterations (int): at least 1.
        reduce (Callable): sums and maxima over all processes, if the rows are spread over several.

    Returns:
        Tensor: codes, (..., R, P), float32 or wider; each row sums to 1. No gradient.

    Raises:
        ValueError: if epsilon or the number of iterations is out of range.

    Example:
        >>> sinkhorn_codes(torch.tensor([[1., 0.], [0.9, 0.1]]), epsilon=0.5, num_iterations=50).sum(dim=0)
        tensor([1.0000, 1.0000])
    """
    check_divisor('epsilon', epsilon, 'the codes', '0.05 is usual')
    check_at_least('num_iterations', num_iterations, 1, 'the codes', '3 is usual')
    with torch.autocast(scores.device.type, enabled=False):
        logs = scores.to(torch.promote_types(scores.dtype, torch.float32)) / epsilon
        for _ in range(num_iterations):
            largest = reduce(logs.amax(dim=-2, keepdim=True), 'max')  # the same on every process
            logs -= largest
            logs -= reduce(logs.exp().sum(dim=-2, keepdim=True), 'sum').log_()
            logs -= logs.logsumexp(dim=-1, keepdim=True)
    return logs.exp_()


def swapped_prediction_loss(
        scores: Tensor, codes: Tensor, crops_for_assign: Sequence[int], temperature: float = 0.1) -> Tensor:
    """The loss that predicts each assigned crop's code from all other crops of the image (SwAV, Eq. 2, for many crops).

    ``-sum_p code_p log softmax_p(scores / temperature)``, the mean over images, other crops and assigned crops. It is
    linear in the codes: the loss of their mean over granularities is the mean of the granularities' losses.

    Args:
        scores (Tensor): similarity of each crop to each prototype, (V, B, P).
        codes (Tensor): of the assigned crops, (E, B, P).
        crops_for_assign (Sequence[int]): the crops that the codes belong to, E numbers in [0, V).
        temperature (float): > 0.

    Returns:
        Tensor: scalar.

    Raises:
        ValueError: if shapes or temperature do not fit; the message shows what was got and what was expected.

    Example:
        >>> scores, codes = torch.zeros(2, 1, 2), torch.tensor([[[1., 0.]]])
        >>> swapped_prediction_loss(scores, codes, crops_for_assign=[0])  # log 2: both prototypes are as likely
        tensor(0.6931)
    """
    if scores.dim() != 3 or codes.shape != (len(crops_for_assign), *scores.shape[1:]):
        raise ValueError(f'scores and codes have shapes {tuple(scores.shape)} and {tuple(codes.shape)}; expected '
                         f'(V, B, P) and ({len(crops_for_assign)}, B, P)')
    if len(scores) < 2 or not all(0 <= crop < len(scores) for crop in crops_for_assign):
        raise ValueError(f'crops_for_assign={tuple(crops_for_assign)} does not fit {len(scores)} crops; a code needs '
                         'its own crop and another one to be predicted from')
    check_temperature(temperature, '0.1 is usual')
    wide = torch.promote_types(scores.dtype, torch.float32)
    log_probability = (scores.to(wide) / temperature).log_softmax(dim=2)
    total = log_probability.sum(dim=0)
    losses = [-(code * (total - log_probability[crop])).sum(dim=1).mean()
              for code, crop in zip(codes, crops_for_assign, strict=True)]
    return torch.stack(losses).mean() / (len(scores) - 1)
