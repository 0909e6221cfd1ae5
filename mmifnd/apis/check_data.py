"""Folders that a config names must be there, and hold something, before anything is built."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import UserError


def check_data(config: Any, *dataloaders: str) -> None:
    """Refuse a missing or empty ``data_root`` of the named data loaders.

    Raises:
        UserError: naming key, folder and remedy.
    """
    for name in dataloaders:
        for where, dataset in _datasets(config.get(name) or {}, name):
            root = dataset['data_root']
            if root and not dataset.get('download') and not Path(root).expanduser().is_dir():
                raise UserError(f'{where}.data_root={root} does not exist; put the data there, or say where it is: '
                                f'--cfg-options {where}.data_root=FOLDER')
            if root and not dataset.get('download') and not any(Path(root).expanduser().iterdir()):
                raise UserError(f'{where}.data_root={root} is empty; put the images there, or say where they are: '
                                f'--cfg-options {where}.data_root=FOLDER')


def _datasets(config: Any, where: str) -> Iterator[tuple[str, dict]]:
    if isinstance(config, dict):
        if isinstance(config.get('data_root'), str):
            yield where, config
        for key, value in config.items():
            yield from _datasets(value, f'{where}.{key}')
    elif isinstance(config, (list, tuple)):
        for position, value in enumerate(config):
            yield from _datasets(value, f'{where}.{position}')
