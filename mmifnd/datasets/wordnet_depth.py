"""ImageNet's classes in coarser groups, by WordNet."""

import csv
from importlib.resources import files
from pathlib import Path

from mmifnd.registry import DATASETS

from .custom import CustomDataset

#: Both made by tools/dataset_converters/wordnet_depth.py.
TABLE = files('mmifnd').joinpath('datasets', 'wordnet', 'imagenet_wordnet_depth.csv')
NAMES = files('mmifnd').joinpath('datasets', 'wordnet', 'imagenet_wordnet_names.csv')


@DATASETS.register_module()
class WordNetDepthDataset(CustomDataset):
    """:class:`CustomDataset` on folders of ImageNet, labelled by their hypernym at a depth (IFND, Table 5).

    There are 9, 36, 206, 486 and 1000 labels at the depths 3, 5, 7, 9 and 18; the last are the classes themselves. Labels
    count the groups of all 1000 classes in sorted order, so that they do not depend on which folders are there.

    Args:
        depth (int): edges below the root of WordNet 3.0: 3, 5, 7, 9 or 18.
        with_label (bool): True; without labels it would be a :class:`CustomDataset`.
        **kwargs: see :class:`CustomDataset`. Each image lies in a folder named by its wnid, such as n01440764.

    Raises:
        ValueError: if the depth is not in the table, a folder is none of ImageNet-1k, or ``with_label`` is False.
    """

    def __init__(self, depth: int, with_label: bool = True, **kwargs) -> None:
        if not with_label:
            raise ValueError('with_label=False of WordNetDepthDataset: its labels are all that it adds; use CustomDataset')
        self.depth, self.groups = depth, wordnet_groups(depth)
        super().__init__(with_label=with_label, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Path, and the label of its group, of each image."""
        infos = super().load_data_list()
        wnids = [Path(info['img_path']).parent.name for info in infos]
        unknown = sorted(set(wnids) - set(self.groups))
        if unknown:
            raise ValueError(f'{len(unknown)} folders with images in {self.img_prefix} are no classes of ImageNet-1k, such as '
                             f'{unknown[0]}; WordNetDepthDataset needs folders named by wnid, such as n01440764')
        names = sorted(set(self.groups.values()))
        self._metainfo['classes'] = tuple(names)
        labels = {name: label for label, name in enumerate(names)}
        return [dict(info, gt_label=labels[self.groups[wnid]]) for info, wnid in zip(infos, wnids)]


def wordnet_groups(depth: int) -> dict[str, str]:
    """The wnid of the group at ``depth``, for each wnid of ImageNet-1k.

    Raises:
        ValueError: if the table has no such depth.

    Example:
        >>> wordnet_groups(5)['n01443537']  # goldfish -> organism
        'n00004475'
    """
    with TABLE.open(newline='') as file:
        rows = list(csv.DictReader(file))
    depths = [name.removeprefix('depth') for name in rows[0] if name != 'wnid']
    if str(depth) not in depths:
        raise ValueError(f"depth={depth} is not in the WordNet table of ImageNet's classes; choose one of {', '.join(depths)}")
    return {row['wnid']: row[f'depth{depth}'] for row in rows}


def wordnet_names() -> dict[str, str]:
    """What the classes of ImageNet-1k and their groups are called, by wnid.

    Example:
        >>> wordnet_names()['n00004475']
        'organism'
    """
    with NAMES.open(newline='') as file:
        return {row['wnid']: row['name'] for row in csv.DictReader(file)}
