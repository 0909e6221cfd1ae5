"""What a data set says of its images: labels, names, and a digest of both."""

import hashlib
import os.path as osp
import pickle

import numpy as np

from .sample_index import Origin
from .tensor_images import TensorImages


def labels_of(origin: Origin) -> np.ndarray | None:
    """int64 (N,), the label of each image; None where one of the data sets has no single label an image."""
    labels = np.empty(len(origin.leaf), dtype=np.int64)
    for number, leaf in enumerate(origin.leaves):
        here = origin.leaf == number
        found = _leaf_labels(leaf, origin.position[here])
        if found is None:
            return None
        labels[here] = found
    return labels


def names_of(origin: Origin) -> list[str] | None:
    """The path of each image relative to its data root; None where one of the data sets has no paths."""
    names = [leaf_name(origin.leaves[leaf], int(position)) for leaf, position in zip(origin.leaf, origin.position)]
    return None if None in names else names


def leaf_name(leaf, position: int) -> str | None:
    """Path of an image relative to its data root, or None."""
    if hasattr(leaf, 'get_data_info'):
        path = leaf.get_data_info(position).get('img_path')
        prefix = getattr(leaf, 'data_prefix', {})
        root = prefix.get('img_path') or prefix.get('root') or getattr(leaf, 'data_root', '')
    else:  # torchvision's folders
        samples, root = getattr(leaf, 'samples', None), getattr(leaf, 'root', '')
        path = samples[position][0] if samples is not None else None
    if not isinstance(path, str):
        return None
    inside = root and osp.abspath(path).startswith(osp.join(osp.abspath(root), ''))
    return osp.relpath(path, root) if inside else path


def fingerprint_of(origin: Origin) -> str:
    """Digest of the number of images and their names, or their contents where they have no names; 16 hex digits."""
    digest = hashlib.sha256(str(len(origin.leaf)).encode())
    for number, leaf in enumerate(origin.leaves):
        positions = origin.position[origin.leaf == number]
        if isinstance(leaf, TensorImages):
            digest.update(leaf.images.numpy())
            digest.update(positions)
        else:
            for position in positions.tolist():
                digest.update(_leaf_bytes(leaf, position))
    return digest.hexdigest()[:16]


def _leaf_bytes(leaf, position: int) -> bytes:
    name = leaf_name(leaf, position)
    if name is not None:
        return name.encode() + b'\0'
    return pickle.dumps(leaf.get_data_info(position)) if hasattr(leaf, 'get_data_info') else str(position).encode()


def _leaf_labels(leaf, positions: np.ndarray) -> np.ndarray | None:
    if isinstance(leaf, TensorImages):
        return None if leaf.labels is None else leaf.labels.numpy()[positions]
    if hasattr(leaf, 'get_data_info'):
        labels = [leaf.get_data_info(position).get('gt_label') for position in positions.tolist()]
    elif getattr(leaf, 'targets', None) is not None:  # torchvision
        labels = np.asarray(leaf.targets)[positions].tolist()
    else:
        return None
    return np.array(labels, dtype=np.int64) if all(_is_label(label) for label in labels) else None


def _is_label(label) -> bool:
    return label is not None and np.ndim(label) == 0
