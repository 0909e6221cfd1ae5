"""What k-means refuses, each in one line with value, limit and remedy."""

import torch
from torch import Tensor

from mmifnd.checks import check_at_least


def check_num_clusters(num_clusters: int, num_samples: int) -> None:
    """Refuse a number of clusters that the data cannot fill, in one line.

    Example:
        >>> check_num_clusters(10, 1797)
    """
    if not 1 <= num_clusters <= num_samples:
        raise ValueError(f'num_clusters={num_clusters} exceeds the {num_samples} images of the training set; choose at '
                         f'most {num_samples} (a third or less is usual)' if num_clusters > num_samples else
                         f'num_clusters={num_clusters} is below 1; give a positive count')


def refuse_not_finite(bad: Tensor, total: int) -> None:
    """Refuse, in one line, the features of the images ``bad``, int64 (n,), of ``total``; nothing happens if there are none.

    Example:
        >>> refuse_not_finite(torch.tensor([], dtype=torch.int64), 10)
    """
    if len(bad):
        rows = ', '.join(map(str, bad[:5].tolist()))
        raise ValueError(f'{len(bad)} of {total} features are NaN or infinite (images {rows}'
                         f'{", ..." if len(bad) > 5 else ""}); look at these images, or lower the learning rate')


def check_counts(owner: str, **counts: int) -> None:
    """Refuse an option of ``owner`` that is below 1.

    Example:
        >>> check_counts('KMeans', num_redo=5)
    """
    for name, value in counts.items():
        check_at_least(name, value, 1, owner)


def check_gpu(owner: str, backend: str, device: str, on_gpu: bool) -> None:
    """Refuse ``device='gpu'`` if the back-end has none.

    Example:
        >>> check_gpu('KMeans', 'torch', 'auto', on_gpu=False)
    """
    if device == 'gpu' and not on_gpu:
        needs = 'faiss-gpu and a GPU' if backend == 'faiss' else 'a GPU that torch can use'
        raise ValueError(f"device='gpu' of {owner} needs {needs}; use 'auto' or 'cpu'")


def check_precision(owner: str, backend: str, precision: str, on_gpu: bool) -> None:
    """Refuse products of a precision that back-end or GPU do not have.

    Example:
        >>> check_precision('KMeans', 'faiss', 'float32', on_gpu=False)
    """
    if precision == 'float32':
        return
    if backend != 'torch' or not on_gpu:
        raise ValueError(f"precision={precision!r} of {owner} needs backend='torch' and a GPU; use 'float32'")
    if torch.cuda.get_device_capability() < (8, 0):
        raise ValueError(f'precision={precision!r} of {owner} does not exist on {torch.cuda.get_device_name()}, which is older '
                         "than compute capability 8.0; use 'float32'")
