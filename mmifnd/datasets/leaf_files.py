"""The file behind an image of a data set that holds its images itself."""

import os.path as osp

from .pairs.shards import PairShards


def leaf_path(leaf, position: int) -> str | None:
    """Path of an image as its data set has it, or None."""
    if isinstance(leaf, PairShards):
        path = leaf.name_at(position)
    elif hasattr(leaf, 'get_data_info'):
        path = leaf.get_data_info(position).get('img_path')
    else:  # torchvision's folders
        samples = getattr(leaf, 'samples', None)
        path = samples[position][0] if samples is not None else None
    return path if isinstance(path, str) else None


class RealPaths:
    """Real paths, all links followed; a folder is looked up once."""

    def __init__(self) -> None:
        self._folders: dict[str, str] = {}

    def __call__(self, path: str) -> str:
        """Return the path of a file as the walk names it."""
        if '://' in path:
            return path
        folder, name = osp.split(osp.abspath(path))
        if folder not in self._folders:
            self._folders[folder] = osp.realpath(folder)
        path = osp.join(self._folders[folder], name)
        return osp.realpath(path) if osp.islink(path) else path
