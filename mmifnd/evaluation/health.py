"""Measures of collapse, without labels: how much of its space a representation uses.

Shapes: N images, D dimensions. No N x N matrix is built.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from ._inputs import ArrayLike, as_features, as_labels, check_same_length

_EPSILON = 1e-7  # in RankMe and LiDAR


def alignment(first: ArrayLike, second: ArrayLike) -> float:
    r"""The mean squared distance of positive pairs of unit vectors (Wang & Isola 2020, arXiv 2005.10242).

    :math:`\mathrm{mean}_i \lVert x_i - y_i \rVert^2` of the normalised rows: 0 if both views are mapped to one point, 2 if
    they have nothing in common.

    Args:
        first (array-like): features of one view, (N, D).
        second (array-like): of another view of the same images, in the same order, (N, D).

    Example:
        >>> alignment([[1., 0.]], [[0., 3.]])
        2.0
    """
    one, other = (F.normalize(as_features(values, name), dim=1) for values, name in ((first, 'first'), (second, 'second')))
    check_same_length(one, 'first', other, 'second')
    return (one - other).square().sum(dim=1).mean().item()


def spread(features: ArrayLike) -> float:
    r"""The mean standard deviation of the dimensions of unit vectors, in units of the isotropic :math:`1 / \sqrt{D}`.

    1 if the rows point in all directions equally, 0 if all are one point (Chen & He 2021, arXiv 2011.10566, Fig. 2).

    Args:
        features (array-like): (N, D).

    Example:
        >>> round(spread([[1., 0.], [-1., 0.], [0., 1.], [0., -1.]]), 4), spread([[1., 0.], [2., 0.]])
        (1.0, 0.0)
    """
    unit = F.normalize(as_features(features, 'features', torch.float64), dim=1)
    return float(unit.std(dim=0, correction=0).mean() * unit.shape[1]**0.5)


def rankme(features: ArrayLike) -> float:
    r"""The effective rank, i.e. the exponential of the entropy of the singular values (RankMe, arXiv 2210.02885, Eq. 1 and 2).

    :math:`\exp(-\sum_k p_k \log p_k)` with :math:`p_k = \sigma_k / \lVert \sigma \rVert_1 + 10^{-7}`, of the features as they
    are, not centred. From 1 (one direction) to min(N, D); 0 if all features are 0.

    Args:
        features (array-like): (N, D); the paper takes 25,600 images.

    Example:
        >>> round(rankme(torch.eye(4)), 4)
        4.0
    """
    rows = as_features(features, 'features', torch.float64)
    gram = rows.T @ rows if len(rows) >= rows.shape[1] else rows @ rows.T  # its eigenvalues are the squared singular values
    squares = torch.linalg.eigvalsh(gram)
    rounding = len(gram) * torch.finfo(gram.dtype).eps * squares.amax()
    return _entropy_rank(torch.where(squares > rounding, squares, 0.).sqrt())


def participation_ratio(features: ArrayLike) -> float:
    r"""The effective dimension of the covariance, :math:`(\sum_k \lambda_k)^2 / \sum_k \lambda_k^2`, from 1 to min(N - 1, D).

    With eigenvalues :math:`\lambda` of the covariance (centred; Gao et al. 2017). Large eigenvalues count for more than in
    :func:`rankme`. 0 if all rows are the same, so that there is no dimension at all.

    Args:
        features (array-like): (N, D).

    Example:
        >>> participation_ratio([[1., 0.], [-1., 0.], [0., 1.], [0., -1.]])
        2.0
    """
    rows = as_features(features, 'features', torch.float64)
    centred = rows - rows.mean(dim=0)
    gram = centred.T @ centred if len(rows) >= rows.shape[1] else centred @ centred.T  # the same non-zero eigenvalues
    if gram.trace() <= 1e-20 * rows.square().sum():
        return 0.
    return (gram.trace().square() / gram.square().sum()).item()


def uniformity(features: ArrayLike, t: float = 2., chunk_size: int = 1024) -> float:
    r"""The logarithm of the mean Gaussian potential of all pairs of unit vectors (Wang & Isola 2020, arXiv 2005.10242).

    :math:`\log \mathrm{mean}_{i \ne j} \exp(-t \lVert x_i - x_j \rVert^2)`: 0 if all are one point, about -2t at best. It
    misses dimensional collapse, so read it beside :func:`rankme`. Time is N^2 D / 2, memory chunk_size x N.

    Args:
        features (array-like): (N, D), N >= 2.
        t (float): > 0.
        chunk_size (int): rows at a time.

    Raises:
        ValueError: if there are fewer than two images.

    Example:
        >>> round(uniformity([[1., 0.], [-1., 0.]]), 4)  # -t times the squared distance of the one pair
        -8.0
    """
    unit = F.normalize(as_features(features, 'features'), dim=1)
    if len(unit) < 2:
        raise ValueError(f'{len(unit)} image makes no pair; give at least 2')
    total = torch.zeros((), dtype=torch.float64, device=unit.device)
    for begin in range(0, len(unit), chunk_size):  # the matrix is symmetric: the blocks right of the diagonal count twice
        rows, rest = unit[begin:begin + chunk_size], unit[begin:]
        potential = (rows @ rest.T).sub_(1).mul_(2 * t).exp_()
        total += 2 * potential.sum(dtype=torch.float64) - potential[:, :len(rows)].sum(dtype=torch.float64)
    pairs = len(unit) * (len(unit) - 1)
    return ((total - len(unit)).clamp(min=torch.finfo(torch.float64).tiny) / pairs).log().item()


def lidar(features: ArrayLike, index: ArrayLike, delta: float = 1e-4) -> float:
    r"""The effective rank of the variation between images relative to that within an image (LiDAR, arXiv 2312.04000).

    :math:`\exp(-\sum_k p_k \log p_k)`, :math:`p = \lambda / \lVert \lambda \rVert_1 + 10^{-7}`, of the eigenvalues of
    :math:`\Sigma_w^{-1/2} \Sigma_b \Sigma_w^{-1/2}`: :math:`\Sigma_b` is the covariance of the images' means, and
    :math:`\Sigma_w` the mean over the images of the covariance of their views, plus :math:`\delta I`. 0 if all means are the
    same.

    Args:
        features (array-like): features of all views, (N, D); the paper takes 1,000 images with 50 views each.
        index (array-like): the image of each row, integers >= 0, (N,).
        delta (float): > 0.

    Raises:
        ValueError: if there is one image only, no image has two views, or delta is not positive.

    Example:
        >>> round(lidar([[1., 0.], [1., 0.], [-1., 0.], [-1., 0.]], index=[0, 0, 1, 1]), 4)  # images differ in one direction
        1.0
    """
    rows = as_features(features, 'features', torch.float64)
    image = torch.from_numpy(as_labels(index, 'index')).to(rows.device)
    check_same_length(rows, 'features', image, 'index')
    _, group, sizes = image.unique(return_inverse=True, return_counts=True)
    if len(sizes) < 2 or len(sizes) == len(rows) or not delta > 0:
        raise ValueError(f'{len(rows)} rows of {len(sizes)} images, delta={delta}; expected two images or more, of which some '
                         'have several views, and delta > 0')
    means = rows.new_zeros(len(sizes), rows.shape[1]).index_add_(0, group, rows) / sizes.unsqueeze(1)
    deviation = (rows - means[group]) / sizes[group].sqrt().unsqueeze(1)
    within = deviation.T @ deviation / len(sizes) + delta * torch.eye(rows.shape[1], dtype=rows.dtype, device=rows.device)
    # Rows whitened by a Cholesky factor L of the within-covariance: L^-1 S_b L^-T has the eigenvalues asked for.
    white = torch.linalg.solve_triangular(torch.linalg.cholesky(within), (means - means.mean(dim=0)).T, upper=False)
    return _entropy_rank(torch.linalg.svdvals(white).square())


def _entropy_rank(values: Tensor) -> float:
    """The exponential of the entropy of non-negative values scaled to sum 1; 0 if all are 0."""
    total = values.sum()
    if not total > 0:
        return 0.
    share = values / total + _EPSILON
    return (-(share * share.log()).sum()).exp().item()
