"""Folders and files that a config names must be there, and hold something, before anything is built."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmifnd.datasets.group_files import DUPLICATES
from mmifnd.datasets.image_list import check_listed, read_listed, with_slashes
from mmifnd.datasets.pairs.pair_files import GROUPS as PAIR_GROUPS

from .errors import UserError

#: Data sets whose ``ann_file`` is a list of "PATH LABEL".
_LISTED = ('CustomDataset', 'GroupedFolder', 'SplitFolder')


def check_data(config: Any, *dataloaders: str) -> None:
    """Refuse missing or empty folders, and missing or unreadable lists of images and groups, of the named data loaders.

    Raises:
        UserError: naming key, folder and remedy.
    """
    for name in dataloaders:
        for where, dataset in _holders('data_root', config.get(name) or {}, name):
            root = dataset['data_root']
            if root and not dataset.get('download') and not Path(root).expanduser().is_dir():
                raise UserError(f'{where}.data_root={root} does not exist; put the data there, or say where it is: '
                                f'--cfg-options {where}.data_root=FOLDER')
            if root and not dataset.get('download') and not any(Path(root).expanduser().iterdir()):
                raise UserError(f'{where}.data_root={root} is empty; put the images there, or say where they are: '
                                f'--cfg-options {where}.data_root=FOLDER')
        for where, dataset in _holders('groups', config.get(name) or {}, name):
            if dataset['groups'] not in (DUPLICATES, *PAIR_GROUPS) and not Path(dataset['groups']).expanduser().is_file():
                raise UserError(f'{where}.groups={dataset["groups"]} does not exist; write down which images belong together, '
                                f'or say where that file is: --cfg-options {where}.groups=FILE')
        for where, dataset in _holders('ann_file', config.get(name) or {}, name):
            if dataset['ann_file'] and dataset.get('type') in _LISTED:
                _check_list(f'{where}.ann_file', dataset)


def _check_list(where: str, dataset: dict) -> None:
    """Refuse a list of images that is missing, empty, or has a line without the label that is asked for."""
    path = Path(dataset.get('data_root') or '', dataset['ann_file']).expanduser()
    if not path.is_file():
        raise UserError(f'{where}={path} does not exist; write a line "PATH LABEL" for each image, or say where the list is: '
                        f'--cfg-options {where}=FILE')
    root = str(Path(dataset.get('data_root') or '', dataset.get('data_prefix') or '').expanduser())
    what, with_label = f'{where}={path}', dataset.get('with_label', True)
    first_label = None if (dataset.get('metainfo') or {}).get('classes') else dataset.get('first_label', 0)
    try:
        listed = with_slashes(read_listed(str(path), what, with_label, first_label), root)
        check_listed(listed, root, what, with_label)
    except (ValueError, OSError) as error:
        raise UserError(str(error)) from None


def _holders(path_key: str, config: Any, where: str) -> Iterator[tuple[str, dict]]:
    """All dicts in ``config`` that have a path under that key, and where they stand."""
    if isinstance(config, dict):
        if isinstance(config.get(path_key), str):
            yield where, config
        for key, value in config.items():
            yield from _holders(path_key, value, f'{where}.{key}')
    elif isinstance(config, (list, tuple)):
        for position, value in enumerate(config):
            yield from _holders(path_key, value, f'{where}.{position}')
