"""A folder of images; a share of them is held out of the training."""

import os.path as osp
from collections import Counter
from collections.abc import Sequence

import numpy as np

from mmifnd.registry import DATASETS
from mmifnd.text import shown

from .annotations import group_numbers
from .folder import walk_folder
from .grouped_folder import GroupedFolder
from .holdout import hold_out, share_that_works
from .identity import ImageIdentity
from .sample_index import Origin
from .shared_images import equal_images

SPLITS = ('train', 'val', 'trainval', 'test', 'all')


@DATASETS.register_module()
class SplitFolder(GroupedFolder):
    """One part of a folder's images: a seeded share of each class is held out, and judged instead of trained on.

    Images of one group, and images of equal content (looked at where the sizes of two files agree), are in one part. Which
    images are held out follows from a hash of ``split_seed`` and their paths (:func:`mmifnd.datasets.holdout.hold_out`).
    Images without labels are not split, since nothing is judged by them: every part is all of them.

    Args:
        split (str): ``'test'``, the images that are held out; ``'trainval'``, all others; ``'val'``, the same share of the
            latter, on which settings can be chosen, and ``'train'``, the rest; ``'all'``.
        holdout (float): share of each class, in [0, 1); with 0 every part is the whole folder.
        split_seed (int): of the choice.
        sources (Sequence[str] | None): folders and files, instead of the whole ``data_root``, which holds them all. Classes
            are the folders in these folders, those of one name together.
        groups (str | None): file of groups, as of :class:`GroupedFolder`.
        **kwargs: see :class:`GroupedFolder` and :class:`CustomDataset`.

    Raises:
        ValueError: if the split is unknown, or the share out of range.
    """

    def __init__(self, split: str = 'trainval', holdout: float = 0.2, split_seed: int = 0, groups: str | None = None,
                 sources: Sequence[str] | None = None, **kwargs) -> None:
        if split not in SPLITS:
            raise ValueError(f'split={split!r} of SplitFolder is unknown; choose one of {", ".join(SPLITS)}')
        self.split, self.holdout, self.split_seed, self.sources = split, holdout, split_seed, sources
        super().__init__(groups=groups, **kwargs)

    def _find_samples(self) -> list:
        """Paths below the root, and their labels if there are any; of the sources, where these are given."""
        if self.sources is None:
            return super()._find_samples()
        paths, classes = images_of(self.sources)
        names = [osp.relpath(path, self.img_prefix) for path in paths]
        if not self.with_label:
            return names
        class_names = sorted({name for name in classes if name is not None})
        self._metainfo['classes'] = tuple(class_names)
        self.folder_to_idx = {name: label for label, name in enumerate(class_names)}
        return [(name, self.folder_to_idx[of]) for name, of in zip(names, classes, strict=True) if of is not None]

    def load_data_list(self) -> list[dict]:
        """Annotations of the images of the part."""
        infos = super().load_data_list()
        if self.split == 'all' or not self.holdout or any(info.get('gt_label') is None for info in infos):
            return infos
        chosen = split_positions(infos, self.img_prefix, self.split, self.holdout, self.split_seed)
        if not len(chosen):
            raise ValueError(f'holdout={self.holdout} leaves no image for split={self.split!r} of the {len(infos)} in '
                             f'{shown(self.img_prefix)}: {self._remedy(infos)}')
        return [infos[position] for position in chosen]

    def _remedy(self, infos: list[dict]) -> str:
        """What to change if a part is empty."""
        names = [osp.relpath(info['img_path'], self.img_prefix) for info in infos]
        labels, groups = [info['gt_label'] for info in infos], group_numbers([info.get('group') for info in infos])
        share = share_that_works(names, labels, self.split_seed, [equal_images(identity_of(infos)), groups])
        if share is None:
            return 'no class has two images that are not equal or of one group; holdout=0 trains on all of them'
        sizes = Counter(labels)
        return (f'{len(sizes)} classes of {min(sizes.values())} to {max(sizes.values())} images; '
                + (f'holdout={share:g} is enough for a part to judge by' if share > self.holdout else
                   'too few remain to choose settings on')
                + ', and holdout=0 trains on all of them')


def split_positions(infos: list[dict], root: str, split: str, share: float, seed: int) -> np.ndarray:
    """Positions of a part among all annotations, ascending; see :class:`SplitFolder`."""
    return positions_of_part(infos, root, [info['gt_label'] for info in infos], split, share, seed,
                             group_numbers([info.get('group') for info in infos]))


def positions_of_part(infos: list[dict], root: str, classes: Sequence[int], split: str, share: float, seed: int,
                      groups: np.ndarray) -> np.ndarray:
    """Positions of a part among all annotations, ascending.

    Args:
        infos: annotations with ``img_path``.
        root: folder of the images.
        classes: the class of each image, (N,), of which a share is held out.
        split: one of :data:`SPLITS` but ``'all'``.
        share: of each class, in [0, 1).
        seed: of the choice.
        groups: the group of each image, (N,), -1 for none; a group is in one part, and so are images of equal content.
    """
    names = [osp.relpath(info['img_path'], root) for info in infos]
    labels = np.array(classes)
    together = [equal_images(identity_of(infos)), groups]
    is_test = hold_out(names, labels, share, seed, together)
    rest = np.flatnonzero(~is_test)
    is_val = np.zeros_like(is_test)
    is_val[rest] = hold_out([names[image] for image in rest], labels[rest], share, seed, [row[rest] for row in together])
    parts = dict(test=is_test, trainval=~is_test, val=is_val, train=~is_test & ~is_val)
    return np.flatnonzero(parts[split])


def identity_of(infos: list[dict]) -> ImageIdentity:
    """What tells images apart, from annotations that belong to no data set yet."""
    positions = np.arange(len(infos))
    return ImageIdentity(Origin([_Annotations(infos)], np.zeros_like(positions), positions))


def images_of(sources: Sequence[str]) -> tuple[list[str], list[str | None]]:
    """Paths of the images in several folders and files, each once, and the name of the class folder of each."""
    classes: dict[str, str | None] = {}
    for source in sources:
        if osp.isfile(source):
            classes.setdefault(source, None)
            continue
        for name in walk_folder(source).images:
            classes.setdefault(osp.join(source, name), name.split('/')[0] if '/' in name else None)
    return list(classes), list(classes.values())


class _Annotations:
    """Looks like a data set to those who ask for paths."""

    def __init__(self, infos: list[dict]) -> None:
        self._infos = infos

    def get_data_info(self, position: int) -> dict:
        """Annotations of the image at a position."""
        return self._infos[position]
