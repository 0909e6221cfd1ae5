"""Any other transform of kornia, where kornia is installed."""

import difflib
import importlib.util
from typing import Any

from torch import Tensor

from .seeded_draws import SeededDraws
from .step import Draws, Step

# Its default crops in a Python loop over the images.
_DEFAULTS = dict(RandomResizedCrop=dict(cropping_mode='resample'))


class KorniaStep(Step):
    """A batched transform of ``kornia.augmentation`` whose random numbers belong to the image.

    Parameters are drawn on the CPU and copied to the device of the images.

    Args:
        name (str): the class of kornia, or its name without 'Random'.
        arguments (dict): of that class.

    Raises:
        ValueError: if kornia is not installed or has no such transform, or the transform draws for the whole batch instead
            of for each image.
    """

    def __init__(self, name: str, arguments: dict[str, Any]) -> None:
        super().__init__(1.)  # kornia chooses the images itself
        transform = _find(name)
        self._transform = transform(**{**_DEFAULTS.get(transform.__name__, {}), **arguments})
        if self._transform.same_on_batch or self._transform.p_batch != 1:
            raise ValueError(f'{name} must draw for each image: leave same_on_batch=False and p_batch=1 '
                             '(crops that change the size need p=1)')

    def transform(self, images: Tensor, draws: Draws) -> Tensor:
        """Let kornia transform the images that it chooses."""
        with SeededDraws(draws.counters, draws.host_index):
            return self._transform(images)


def transforms_of_kornia() -> dict[str, type]:
    """The transforms of single images in kornia, by name; empty if it is not installed."""
    if importlib.util.find_spec('kornia') is None:
        return {}
    import kornia.augmentation as kornia_augmentation
    base = kornia_augmentation.AugmentationBase2D
    return {name: value for name, value in vars(kornia_augmentation).items()
            if isinstance(value, type) and issubclass(value, base)}


def _find(name: str) -> type:
    transforms = transforms_of_kornia()
    for candidate in (name, f'Random{name}'):
        if candidate in transforms:
            return transforms[candidate]
    if not transforms:
        raise ValueError(f'transform {name!r} is one of kornia, which is not installed: pip install "mmifnd[kornia]"')
    near = difflib.get_close_matches(name, transforms, n=3) or difflib.get_close_matches(f'Random{name}', transforms, n=3)
    raise ValueError(f'no transform {name!r} of single images in kornia.augmentation'
                     + (f'; did you mean {", ".join(near)}?' if near else ''))
