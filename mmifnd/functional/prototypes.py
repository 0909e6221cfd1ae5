"""ProtoNCE and the concentration of clusters (PCL: Li et al., ICLR 2021), as pure functions.

Shapes: N images, A anchors, K prototypes of one granularity, D the dimension of the embedding. Label -1 says "no accepted
cluster".
"""

import torch
from torch import Tensor

from .reduction import Reduce, of_one_process

#: Share of the temperature that no prototype's temperature falls below: clusters of copies have a concentration of 0.
_SMALLEST_SHARE = 0.01


def concentration(features: Tensor, centroids: Tensor, labels: Tensor, alpha: float = 10., chunk: int = 8192,
                  reduce: Reduce = of_one_process) -> Tensor:
    """How far the members of each cluster lie from its centroid; small is dense (PCL, Eq. 9).

    ``phi_c = sum over members of ||v - m_c|| / (Z log(Z + alpha))``, Z the number of members.

    Args:
        features (Tensor): the vectors that were clustered, (N, D).
        centroids (Tensor): as k-means found them, not normalised, (K, D).
        labels (Tensor): cluster of each vector, (N,), in [0, K).
        alpha (float): > 0, keeps small clusters from looking too dense.
        chunk (int): rows at a time.
        reduce: for vectors that lie on several processes.

    Returns:
        Tensor: (K,), float32 or wider. A cluster with one member, or none, takes the largest value of the others.

    Raises:
        ValueError: where shapes do not fit, or alpha is not positive.
    """
    _check_same_dimension('features', features, 'centroids', centroids)
    if labels.shape != features.shape[:1]:
        raise ValueError(f'labels have shape {tuple(labels.shape)}; expected ({len(features)},)')
    if not alpha > 0:
        raise ValueError(f'alpha={alpha} is not positive; 10 is usual')
    wide = torch.promote_types(features.dtype, torch.float32)
    labels = labels.long()
    distance = torch.cat([(rows.to(wide) - centroids[own]).norm(dim=1)
                          for rows, own in zip(features.split(chunk), labels.split(chunk))])
    total = reduce(torch.zeros(len(centroids), dtype=wide, device=features.device).index_add_(0, labels, distance), 'sum')
    size = reduce(torch.bincount(labels, minlength=len(centroids)), 'sum').to(wide)
    phi = total / (size.clamp(min=1) * (size + alpha).log())
    return torch.where(size > 1, phi, phi.masked_fill(size <= 1, 0).max())


def prototype_temperatures(phi: Tensor, temperature: float) -> Tensor:
    """Concentrations as temperatures of ProtoNCE: extremes clipped, their mean scaled to ``temperature`` (PCL's code).

    Args:
        phi (Tensor): see :func:`concentration`, (K,).
        temperature (float): > 0, that of the instance loss in PCL.

    Returns:
        Tensor: (K,), ``phi`` clipped to its 10th and 90th percentile, and scaled. None is below a hundredth of ``temperature``
        (ours: clusters of copies would divide by 0), and all are ``temperature`` where all of ``phi`` is 0.

    Raises:
        ValueError: where the temperature is not positive.
    """
    _check_temperature(temperature)
    low, high = torch.quantile(phi, phi.new_tensor([0.1, 0.9]))
    phi = phi.clamp(low, high)
    mean = phi.mean()
    share = torch.where(mean > 0, phi / mean, torch.ones_like(phi))
    return temperature * share.clamp(min=_SMALLEST_SHARE)


def draw_prototypes(labels: Tensor, draw: Tensor, num_negatives: int) -> Tensor:
    """Choose the prototypes of a step: all that are positives of the batch, each once, and some of the others.

    PCL's code puts the positive of each anchor into a column of its own, so that two anchors of one cluster repel their
    own prototype, and fails where fewer than ``num_negatives`` are left; here all that are left are taken.

    Args:
        labels (Tensor): cluster of each row of the batch, of all ranks, any shape; -1 for none.
        draw (Tensor): random numbers, (K,); the largest of those that are no positives are chosen.
        num_negatives (int): >= 1, prototypes chosen besides the positives.

    Returns:
        Tensor: bool (K,).

    Raises:
        ValueError: where ``num_negatives`` is below 1.
    """
    if num_negatives < 1:
        raise ValueError(f'num_negatives={num_negatives} prototypes cannot be drawn; give at least 1, or None for all')
    count = len(draw)
    chosen = torch.zeros(count + 1, dtype=torch.bool, device=draw.device)  # the last takes rows without a cluster
    chosen = chosen.scatter(0, torch.where(labels < 0, count, labels).long().flatten(), True)[:count]
    largest = draw.masked_fill(chosen, -torch.inf).topk(min(num_negatives, count)).indices
    return chosen.scatter(0, largest, True)


def proto_nce_loss(anchor: Tensor, prototypes: Tensor, labels: Tensor, temperature: float | Tensor,
                   chosen: Tensor | None = None) -> Tensor:
    """The prototype of an anchor's cluster against all others, of one granularity (the second term of PCL's ProtoNCE).

    ``-log( exp(q . c_y / phi_y) / sum_c exp(q . c_c / phi_c) )``; prototypes are constants.

    Args:
        anchor (Tensor): unit vectors, (A, D).
        prototypes (Tensor): unit vectors, (K, D).
        labels (Tensor): cluster of each anchor, (A,); -1 where none is accepted.
        temperature (float | Tensor): > 0; of each prototype if (K,), see :func:`prototype_temperatures`.
        chosen (Tensor, optional): bool (K,), see :func:`draw_prototypes`; all prototypes unless given.

    Returns:
        Tensor: scalar, the mean over *all* anchors. One without an accepted cluster contributes 0.

    Raises:
        ValueError: where shapes or temperature do not fit; the message shows what was got and what was expected.
    """
    _check_same_dimension('anchor', anchor, 'prototypes', prototypes)
    if labels.shape != anchor.shape[:1]:
        raise ValueError(f'labels have shape {tuple(labels.shape)}; expected ({len(anchor)},)')
    if isinstance(temperature, Tensor) and temperature.shape not in ((), prototypes.shape[:1]):
        raise ValueError(f'temperature has shape {tuple(temperature.shape)}; expected a number or ({len(prototypes)},)')
    if not isinstance(temperature, Tensor):
        _check_temperature(temperature)
    wide = torch.promote_types(anchor.dtype, torch.float32)
    with torch.autocast(anchor.device.type, enabled=False):
        logits = anchor.to(wide) @ prototypes.detach().to(wide).T / temperature
    if chosen is not None:
        logits = logits.masked_fill(~chosen, -torch.inf)
    own = logits.gather(1, labels.long().clamp(min=0).unsqueeze(1)).squeeze(1)
    return torch.where(labels >= 0, logits.logsumexp(dim=1) - own, 0).mean()


def _check_same_dimension(one: str, rows: Tensor, other: str, columns: Tensor) -> None:
    if rows.dim() != 2 or columns.dim() != 2 or rows.shape[1] != columns.shape[1]:
        raise ValueError(f'{one} and {other} have shapes {tuple(rows.shape)} and {tuple(columns.shape)}; expected two '
                         'dimensions, and vectors of the same length')


def _check_temperature(temperature: float) -> None:
    if not temperature > 0:
        raise ValueError(f'temperature={temperature} is not positive; usual values are 0.07 to 1')
