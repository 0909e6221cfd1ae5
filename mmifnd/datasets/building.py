"""Data sets and transforms from configs, in the scope of this package, inside of a runner and out."""

from typing import Any

from mmifnd.registry import DATASETS, TRANSFORMS, default_scope


def build_dataset(config: dict | Any) -> Any:
    """The data set of a config; what is one already is handed back."""
    if not isinstance(config, dict):
        return config
    with default_scope():
        return DATASETS.build(config)


def build_transform(config: dict | Any) -> Any:
    """The transform of a config; what is one already is handed back."""
    if not isinstance(config, dict):
        return config
    with default_scope():
        return TRANSFORMS.build(config)
