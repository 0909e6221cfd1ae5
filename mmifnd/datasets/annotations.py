"""The annotations of a data set: labels, groups, names, and a digest."""

import hashlib
import logging
import os.path as osp
import pickle
from collections.abc import Callable, Hashable, Iterable, Sequence

import numpy as np

from .leaf_files import RealPaths, leaf_path
from .pairs.captioned import Captioned
from .pairs.shards import PairShards
from .said import say_once
from .sample_index import Origin
from .tensor_images import TensorImages
from .text_files import shown


def labels_of(origin: Origin) -> np.ndarray | None:
    """int64 (N,), the label of each image; None if one of the data sets has no single label an image."""
    labels = np.empty(len(origin.leaf), dtype=np.int64)
    for number, leaf in enumerate(origin.leaves):
        here = origin.leaf == number
        leaf_labels = _leaf_labels(leaf, origin.position[here])
        if leaf_labels is None:
            return None
        labels[here] = leaf_labels
    return labels


def groups_of(origin: Origin) -> np.ndarray | None:
    """int64 (N,), the group of each image, counted from 0; -1 where it is unknown, None if it is of all.

    Images in tensors have numbers (``TensorImages.groups``), those of mmpretrain's data sets a ``group`` in their
    annotation. A group with a name is the same in all data sets; a number counts within its own.
    """
    return numbered_groups(origin, [_leaf_group(origin.leaves[number], position)
                                    for number, position in zip(origin.leaf.tolist(), origin.position.tolist())])


def numbered_groups(origin: Origin, groups: Sequence[Hashable | None]) -> np.ndarray | None:
    """:func:`groups_of` images whose groups are known as the data sets have them."""
    keys = (group if group is None or isinstance(group, str) else (number, group)
            for number, group in zip(origin.leaf.tolist(), groups))
    numbers = group_numbers(keys)
    return numbers if (numbers >= 0).any() else None


def group_numbers(groups: Iterable[Hashable | None]) -> np.ndarray:
    """int64 (N,), a number for each group in the order of first occurrence, -1 for None."""
    numbers: dict[Hashable, int] = {}
    return np.array([-1 if group is None else numbers.setdefault(group, len(numbers)) for group in groups], dtype=np.int64)


def names_of(origin: Origin) -> list[str] | None:
    """The path of each image relative to its data root; None if one of the data sets has no paths."""
    names = [leaf_name(origin.leaves[leaf], int(position)) for leaf, position in zip(origin.leaf, origin.position)]
    return None if None in names else names


def captions_of(origin: Origin) -> list[list[str]] | None:
    """The captions of each image; None if one of the data sets has none."""
    captions = [leaf_captions(origin.leaves[leaf], int(position)) for leaf, position in zip(origin.leaf, origin.position)]
    return None if any(captions_of_image is None for captions_of_image in captions) else captions


def leaf_name(leaf, position: int) -> str | None:
    """Path of an image relative to its data root, or None."""
    path = leaf_path(leaf, position)
    return None if path is None else naming_of(leaf)(path)


def naming_of(leaf) -> Callable[[str], str]:
    """The function from the path of an image of a data set to its path relative to the data root, for many images."""
    prefix = getattr(leaf, 'data_prefix', {}) if hasattr(leaf, 'get_data_info') else {}
    root = prefix.get('img_path') or prefix.get('root') or getattr(leaf, 'data_root', '') or getattr(leaf, 'root', '')
    if not root:
        return lambda path: path
    folder = osp.join(osp.abspath(root), '')

    def name(path: str) -> str:
        whole = osp.abspath(path)
        return whole[len(folder):] if whole.startswith(folder) else path

    return name


def fingerprint_of(origin: Origin) -> str:
    """Digest of the number of images, their names (or contents if they have none) and their captions; 16 hex digits."""
    digest = hashlib.sha256(str(len(origin.leaf)).encode())
    for number, leaf in enumerate(origin.leaves):
        positions = origin.position[origin.leaf == number]
        if isinstance(leaf, TensorImages):
            digest.update(leaf.images.numpy())
            digest.update(positions)
            digest.update(_pair_bytes(leaf, positions))
        elif isinstance(leaf, PairShards):
            digest.update(leaf.content(positions))
        else:
            for position in positions.tolist():
                digest.update(_leaf_bytes(leaf, position))
    return digest.hexdigest()[:16]


def unordered_fingerprint_of(origin: Origin) -> str:
    """A :func:`fingerprint_of` that is the same for any order of the images: the sum of one digest per image."""
    total = 0
    for number, position in zip(origin.leaf.tolist(), origin.position.tolist()):
        leaf = origin.leaves[number]
        content = leaf.images[position].numpy().tobytes() + _pair_bytes(leaf, [position]) \
            if isinstance(leaf, TensorImages) else _leaf_bytes(leaf, position)
        total += int.from_bytes(hashlib.sha256(content).digest()[:8], 'big')
    return f'{total % (1 << 64):016x}'


def check_inside(leaf) -> None:
    """Refuse an annotation file that names images outside of the data root; say which images links have outside of it.

    A data set and its copies are looked at once. Its option ``outside_links='refuse'`` refuses such links.

    Raises:
        ValueError: naming file and path.
    """
    prefix = getattr(leaf, 'data_prefix', None) or {}
    root = getattr(leaf, 'data_root', '') or prefix.get('img_path') or prefix.get('root')
    by_list = bool(getattr(leaf, 'ann_file', ''))
    if not root or '://' in root or not hasattr(leaf, 'get_data_info') or hasattr(leaf, 'known_inside'):
        return
    if not by_list and getattr(leaf, 'files_are_distinct', True):  # the walk has met no link
        return
    real = RealPaths()
    inside, real_inside = osp.join(osp.abspath(root), ''), osp.join(osp.realpath(root), '')
    outside = []
    for position in range(len(leaf)):
        path = leaf.get_data_info(position).get('img_path')
        if not isinstance(path, str) or '://' in path:
            continue
        if by_list and not osp.abspath(path).startswith(inside):
            raise ValueError(f'{leaf.ann_file} names {shown(path)}, which lies outside of {root}; an annotation file may not '
                             'leave the data root: correct the line, or set data_root to a folder that holds all images')
        if not real(path).startswith(real_inside):
            outside.append(path)
    _say_outside(leaf, root, outside)
    leaf.known_inside = True


def _say_outside(leaf, root: str, outside: list[str]) -> None:
    if not outside:
        return
    text = f'{len(outside)} of the {len(leaf)} images are links that lead out of {shown(root)}, such as {shown(outside[0])}'
    if getattr(leaf, 'outside_links', 'follow') == 'refuse':
        raise ValueError(f"{text}; copy the images into it, or set outside_links='follow'")
    say_once(f"{text}: they are followed; outside_links='refuse' of CustomDataset refuses them", logging.WARNING)


def name_bytes(name: str, captions: Sequence[str] | None) -> bytes:
    """What a digest takes of an image with a name: the name and its captions."""
    captions = '\0'.join([*(captions or ()), ''])
    return name.encode('utf-8', 'surrogateescape') + b'\0' + captions.encode('utf-8', 'surrogatepass')[:-1]


def _leaf_bytes(leaf, position: int) -> bytes:
    if isinstance(leaf, PairShards):
        return leaf.content(np.array([position]))
    name = leaf_name(leaf, position)
    if name is not None:
        return name_bytes(name, leaf_captions(leaf, position))
    return pickle.dumps(leaf.get_data_info(position)) if hasattr(leaf, 'get_data_info') else str(position).encode()


def _pair_bytes(leaf: TensorImages, positions) -> bytes:
    """What pairs have besides their pixels."""
    return leaf.content(np.asarray(positions)) if isinstance(leaf, Captioned) else b''


def leaf_captions(leaf, position: int) -> list[str] | None:
    """The captions of an image of a data set; None if it has none."""
    if isinstance(leaf, Captioned):
        return leaf.captions_at(position)
    return leaf.get_data_info(position).get('captions') if hasattr(leaf, 'get_data_info') else None


def _leaf_labels(leaf, positions: np.ndarray) -> np.ndarray | None:
    if isinstance(leaf, TensorImages):
        return None if leaf.labels is None else leaf.labels.numpy()[positions]
    if hasattr(leaf, 'get_data_info'):
        if len(positions) and not _is_label(leaf.get_data_info(int(positions[0])).get('gt_label')):
            return None  # without a look at the millions that may follow
        labels = [leaf.get_data_info(position).get('gt_label') for position in positions.tolist()]
    elif getattr(leaf, 'targets', None) is not None:  # torchvision
        labels = np.asarray(leaf.targets)[positions].tolist()
    else:
        return None
    return as_labels(labels)


def as_labels(values: Sequence) -> np.ndarray | None:
    """int64 (N,); None if one of the values is no single label."""
    return np.array(values, dtype=np.int64) if all(_is_label(value) for value in values) else None


def _leaf_group(leaf, position: int) -> Hashable | None:
    if isinstance(leaf, TensorImages):
        return None if leaf.groups is None or leaf.groups[position] < 0 else int(leaf.groups[position])
    if isinstance(leaf, PairShards):
        return leaf.group_at(position)
    return leaf.get_data_info(position).get('group') if hasattr(leaf, 'get_data_info') else None


def _is_label(label) -> bool:
    return isinstance(label, int) or label is not None and np.ndim(label) == 0
