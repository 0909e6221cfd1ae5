"""ProtoNCE and the concentration of clusters (PCL: Li et al., ICLR 2021), as pure functions.

Shapes: N images, A anchors, K prototypes of one granularity, D the dimension of the embedding. Label -1 means "no accepted
cluster".
"""

import torch
from torch import Tensor

from mmifnd.checks import check_at_least, check_positive

from ._checks import check_rows, check_same_dimension, check_temperature
from .reduction import Reduce, of_one_process

#: Share of the temperature that no prototype's temperature falls below: clusters of copies have a concentration of 0.
_SMALLEST_SHARE = 0.01


def concentration(features: Tensor, centroids: Tensor, labels: Tensor, alpha: float = 10., chunk: int = 8192,
                  reduce: Reduce = of_one_process) -> Tensor:
    """The distance of each cluster's members from its centroid; small means dense (PCL, Eq. 9).

    ``phi_c = sum over members of ||v - m_c|| / (Z log(Z + alpha))`` with Z members.

    Args:
        features (Tensor): the vectors that were clustered, (N, D).
        centroids (Tensor): as k-means found them, not normalised, (K, D).
        labels (Tensor): cluster of each vector, (N,), in [0, K).
        alpha (float): > 0, keeps small clusters from looking too dense.
        chunk (int): rows at a time.
        reduce (Callable): sums over all processes, if the vectors are spread over several.

    Returns:
        Tensor: (K,), float32 or wider. A cluster with one member, or none, takes the largest value of the others.

    Raises:
        ValueError: if shapes do not fit, or alpha is not positive.

    Example:
        >>> features = torch.tensor([[0., 0.], [2., 0.], [5., 0.], [5., 4.]])
        >>> centroids = torch.tensor([[1., 0.], [5., 2.]])
        >>> concentration(features, centroids, torch.tensor([0, 0, 1, 1]))  # 1 / log 12 and 2 / log 12
        tensor([0.4024, 0.8049])
    """
    check_same_dimension('features', features, 'centroids', centroids)
    check_rows('labels', labels, len(features), 'vector')
    check_positive('alpha', alpha, remedy='10 is usual')
    wide = torch.promote_types(features.dtype, torch.float32)
    labels = labels.long()
    distance = torch.cat([(rows.to(centroids.device, wide) - centroids[clusters]).norm(dim=1)
                          for rows, clusters in zip(features.split(chunk), labels.split(chunk), strict=True)])
    total = reduce(torch.zeros(len(centroids), dtype=wide, device=centroids.device).index_add_(0, labels, distance), 'sum')
    size = reduce(torch.bincount(labels, minlength=len(centroids)), 'sum').to(wide)
    phi = total / (size.clamp(min=1) * (size + alpha).log())
    return torch.where(size > 1, phi, phi.masked_fill(size <= 1, 0).max())


def prototype_temperatures(phi: Tensor, temperature: float) -> Tensor:
    """Concentrations as temperatures of ProtoNCE: extremes clipped, their mean scaled to ``temperature`` (PCL's code).

    Args:
        phi (Tensor): see :func:`concentration`, (K,).
        temperature (float): > 0; PCL takes the temperature of the instance loss.

    Returns:
        Tensor: (K,), ``phi`` clipped to its 10th and 90th percentile, and scaled. None is below a hundredth of ``temperature``
        (our addition: clusters of copies would divide by 0), and all equal ``temperature`` if all of ``phi`` is 0.

    Raises:
        ValueError: if the temperature is not positive.

    Example:
        >>> prototype_temperatures(torch.tensor([1., 2., 3.]), temperature=0.2)
        tensor([0.1200, 0.2000, 0.2800])
    """
    check_temperature(temperature)
    low, high = torch.quantile(phi, phi.new_tensor([0.1, 0.9]))
    phi = phi.clamp(low, high)
    mean = phi.mean()
    share = torch.where(mean > 0, phi / mean, torch.ones_like(phi))
    return temperature * share.clamp(min=_SMALLEST_SHARE)


def draw_prototypes(labels: Tensor, draw: Tensor, num_negatives: int) -> Tensor:
    """Choose the prototypes of a step: all positives of the batch, each once, and some of the others.

    PCL's code gives the positive of each anchor its own column, so that two anchors of one cluster repel their own
    prototype, and it fails if fewer than ``num_negatives`` are left. Here all that are left are taken.

    Args:
        labels (Tensor): cluster of each row of the batch, of all ranks, any shape; -1 for none.
        draw (Tensor): random numbers, (K,); the prototypes with the largest are chosen, positives aside.
        num_negatives (int): >= 1, prototypes chosen in addition to the positives.

    Returns:
        Tensor: bool (K,).

    Raises:
        ValueError: if ``num_negatives`` is below 1.

    Example:
        >>> draw_prototypes(labels=torch.tensor([0, -1]), draw=torch.tensor([0.1, 0.2, 0.9, 0.3]), num_negatives=1)
        tensor([ True, False,  True, False])
    """
    check_at_least('num_negatives', num_negatives, 1, remedy='it counts the prototypes that are drawn')
    count = len(draw)
    chosen = torch.zeros(count + 1, dtype=torch.bool, device=draw.device)  # the last takes rows without a cluster
    chosen = chosen.scatter(0, torch.where(labels < 0, count, labels).long().flatten(), True)[:count]
    largest = draw.masked_fill(chosen, -torch.inf).topk(min(num_negatives, count)).indices
    return chosen.scatter(0, largest, True)


def proto_nce_loss(anchor: Tensor, prototypes: Tensor, labels: Tensor, temperature: float | Tensor,
                   chosen: Tensor | None = None) -> Tensor:
    """The loss that picks the prototype of an anchor's cluster among all of one granularity (PCL's ProtoNCE, second term).

    ``-log( exp(q . c_y / phi_y) / sum_c exp(q . c_c / phi_c) )``; prototypes are constants.

    Args:
        anchor (Tensor): unit vectors, (A, D).
        prototypes (Tensor): unit vectors, (K, D).
        labels (Tensor): cluster of each anchor, (A,); -1 where none is accepted.
        temperature (float | Tensor): > 0; one per prototype if (K,), see :func:`prototype_temperatures`.
        chosen (Tensor, optional): bool (K,), see :func:`draw_prototypes`; default: all prototypes.

    Returns:
        Tensor: scalar, the mean over *all* anchors. One without an accepted cluster contributes 0.

    Raises:
        ValueError: if shapes or temperature do not fit; the message shows what was got and what was expected.

    Example:
        >>> anchor, prototypes = torch.tensor([[1., 0.]]), torch.eye(2)
        >>> proto_nce_loss(anchor, prototypes, torch.tensor([0]), temperature=1.)  # log(1 + 1 / e)
        tensor(0.3133)
    """
    check_same_dimension('anchor', anchor, 'prototypes', prototypes)
    check_rows('labels', labels, len(anchor), 'anchor')
    if isinstance(temperature, Tensor) and temperature.shape not in ((), prototypes.shape[:1]):
        raise ValueError(f'temperature has shape {tuple(temperature.shape)}; expected a number or ({len(prototypes)},)')
    check_temperature(temperature)
    wide = torch.promote_types(anchor.dtype, torch.float32)
    with torch.autocast(anchor.device.type, enabled=False):
        logits = anchor.to(wide) @ prototypes.detach().to(wide).T / temperature
    if chosen is not None:
        logits = logits.masked_fill(~chosen, -torch.inf)
    positive = logits.gather(1, labels.long().clamp(min=0).unsqueeze(1)).squeeze(1)
    return torch.where(labels >= 0, logits.logsumexp(dim=1) - positive, 0).mean()
