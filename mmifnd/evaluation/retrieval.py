"""Retrieval of texts by images and of images by texts: recall at k and ranks.

Shapes: M images, T texts, D dimensions.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from mmifnd.checks import check_at_least

from ._inputs import ArrayLike, as_features, as_labels, check_same_length, check_same_width
from ._similarities import chunks, tie_margin


def retrieval_recall(image_features: ArrayLike, text_features: ArrayLike, owner: ArrayLike | None = None,
                     text_group: ArrayLike | None = None, ks: Sequence[int] = (1, 5, 10)) -> dict[str, float]:
    """The share of images, and of texts, that find a match among the k most similar ones of the other kind, in percent.

    The protocol of Flickr30k and COCO (Karpathy & Fei-Fei, CVPR 2015): a query has found what it should if *any* of its
    matches is among the first k. Ties count against the model, so that equal embeddings score 0 instead of 100 %.

    Args:
        image_features (array-like): (M, D), of any length; computed on their device.
        text_features (array-like): (T, D).
        owner (array-like, optional): integers (T,), the image 0 to M - 1 that each text describes; default: text t describes
            image t.
        text_group (array-like, optional): integers (T,). Texts of one group are the same text, so that each of them matches the
            images of all; default: each text matches its own image only.
        ks (Sequence[int]): the numbers k, at least 1.

    Returns:
        dict[str, float]: ``i2t_R@k`` and ``t2i_R@k`` for each k, ``retrieval_mean``, the mean of these, and
        ``i2t_median_rank``, ``i2t_mean_rank`` and the same for ``t2i``; rank 1 is the best.

    Raises:
        ValueError: if shapes do not fit, an image has no text, or k is below 1.

    Example:
        >>> recall = retrieval_recall([[1., 0.], [0., 1.]], [[1., 0.], [1., 0.1], [0.1, 1.]], owner=[0, 1, 1], ks=(1,))
        >>> recall['i2t_R@1'], round(recall['t2i_R@1'], 1)
        (100.0, 66.7)
    """
    for k in ks:
        check_at_least('ks', k, 1, remedy='1, 5 and 10 are usual')
    by_image, by_text = retrieval_ranks(image_features, text_features, owner, text_group)
    ranks = dict(i2t=by_image, t2i=by_text)
    recall = {f'{way}_R@{k}': _percent(found <= k) for way, found in ranks.items() for k in ks}
    mean = dict(retrieval_mean=sum(recall.values()) / len(recall)) if recall else {}
    further = {f'{way}_{name}_rank': float(value(found.double())) for way, found in ranks.items()
               for name, value in (('median', _median), ('mean', Tensor.mean))}
    return {**recall, **mean, **further}


def retrieval_ranks(image_features: ArrayLike, text_features: ArrayLike, owner: ArrayLike | None = None,
                    text_group: ArrayLike | None = None) -> tuple[Tensor, Tensor]:
    """The rank of the best match of each image among all texts, and of each text among all images.

    The rank is 1 plus the number of candidates that do not match and are at least as similar as the best match. Memory is
    bounded, whatever M and T.

    Returns:
        tuple[Tensor, Tensor]: int64 (M,) and (T,), on the host.

    Raises:
        ValueError: as :func:`retrieval_recall`.

    Example:
        >>> retrieval_ranks([[1., 0.], [0., 1.]], [[1., 0.], [1., 0.1], [0.1, 1.]], owner=[0, 1, 1])
        (tensor([1, 1]), tensor([1, 2, 1]))
    """
    images = as_features(image_features, 'image_features')
    texts = as_features(text_features, 'text_features').to(images)
    check_same_width(images, texts)
    owner, group = _relation(owner, text_group, len(images), len(texts))
    owner, group = owner.to(images.device), group.to(images.device)
    images, texts = F.normalize(images, dim=1), F.normalize(texts, dim=1)
    # An image matches every text of the groups of its texts; a text matches every image with a text of its group.
    of_image, of_text = _Lists(owner, group, len(images)), _Lists(group, owner, len(group))
    in_group = _Lists(group, torch.arange(len(texts), device=group.device), len(group))
    text_matches = _Lists(torch.arange(len(texts), device=group.device), group, len(texts))
    return _ranks(images, texts, of_image, in_group), _ranks(texts, images, text_matches, of_text)


class _Lists:
    """Lists of values by key, without repetition.

    Args:
        keys (Tensor): int64 (P,), 0 to ``num_keys`` - 1.
        values (Tensor): int64 (P,), the value that belongs to each key.
        num_keys (int): number of lists.
    """

    def __init__(self, keys: Tensor, values: Tensor, num_keys: int) -> None:
        pairs = torch.stack([keys, values]).unique(dim=1)  # sorted by key
        self.values = pairs[1]
        self.counts = torch.bincount(pairs[0], minlength=num_keys)
        self.starts = self.counts.cumsum(0) - self.counts

    def of(self, keys: Tensor) -> tuple[Tensor, Tensor]:
        """The values of all ``keys`` (n,) in one row, and for each of them the position of its key."""
        counts = self.counts[keys]
        position = torch.arange(len(keys), device=keys.device).repeat_interleave(counts)
        offset = torch.arange(len(position), device=keys.device) - (counts.cumsum(0) - counts)[position]
        return self.values[self.starts[keys][position] + offset], position


def _ranks(queries: Tensor, candidates: Tensor, keys_of: _Lists, candidates_of: _Lists) -> Tensor:
    """The rank of the best match of each query, int64 (Q,), on the host."""
    margin = tie_margin(queries.dtype)
    found = []
    for rows in chunks(len(queries), len(candidates)):
        similarity = queries[rows] @ candidates.mT
        keys, query_of_key = keys_of.of(torch.arange(rows.start, rows.stop, device=queries.device))
        match, key_of_match = candidates_of.of(keys)
        matches = torch.zeros(similarity.shape, dtype=torch.bool, device=queries.device)
        matches[query_of_key[key_of_match], match] = True
        best = similarity.masked_fill(~matches, -torch.inf).amax(1, keepdim=True)
        found.append(1 + ((similarity >= best - margin) & ~matches).sum(1))
    return torch.cat(found).cpu()


def _relation(owner: ArrayLike | None, text_group: ArrayLike | None, num_images: int, num_texts: int) -> tuple[Tensor, Tensor]:
    """The image and the group, counted from 0, of each text."""
    if owner is None:
        if num_images != num_texts:
            raise ValueError(f'there are {num_images} images and {num_texts} texts; give owner, the image of each text')
        owner = torch.arange(num_texts)
    owners = torch.from_numpy(as_labels(owner, 'owner'))
    check_same_length(owners, 'owner', torch.empty(num_texts), 'text_features')
    if int(owners.max()) >= num_images:
        raise ValueError(f'owner holds {int(owners.max())}, but there are {num_images} images, from 0 on')
    missing = torch.bincount(owners, minlength=num_images) == 0
    if missing.any():
        raise ValueError(f'{int(missing.sum())} of {num_images} images have no text, such as image '
                         f'{int(missing.nonzero()[0])}; leave them out')
    if text_group is None:
        return owners, torch.arange(num_texts)
    groups = torch.from_numpy(as_labels(text_group, 'text_group', minimum=None))
    check_same_length(groups, 'text_group', owners, 'owner')
    return owners, groups.unique(return_inverse=True)[1]


def _percent(is_hit: Tensor) -> float:
    return 100 * float(is_hit.double().mean())


def _median(values: Tensor) -> Tensor:
    """The median; of two middle values their mean, which ``torch.median`` does not give."""
    return values.sort()[0][[(len(values) - 1) // 2, len(values) // 2]].mean()
