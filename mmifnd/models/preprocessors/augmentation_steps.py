"""Batched augmentation steps, from a config."""

import difflib
import inspect
from typing import Any

from .colour_steps import ColorJitter, RandomBrightness, RandomContrast, RandomGrayscale, RandomSolarize
from .filter_steps import RandomGaussianBlur, RandomGaussianNoise
from .geometric_steps import RandomAffine, RandomHorizontalFlip, RandomResizedCrop, RandomVerticalFlip
from .kornia_step import KorniaStep, transforms_of_kornia
from .step import Step

#: Steps by name: names, arguments, distributions and draws are those of ``kornia.augmentation``.
STEPS: dict[str, type[Step]] = {step.__name__: step for step in (
    ColorJitter, RandomAffine, RandomBrightness, RandomContrast, RandomGaussianBlur, RandomGaussianNoise, RandomGrayscale,
    RandomHorizontalFlip, RandomResizedCrop, RandomSolarize, RandomVerticalFlip)}
_KORNIA = 'kornia.'


def build_step(config: dict[str, Any]) -> Step:
    """Build a step by its name, or its name without 'Random'.

    Args:
        config: ``type`` and the arguments of the step. Types that are not in :data:`STEPS`, and those that begin with
            ``kornia.``, are built from ``kornia.augmentation`` if it is installed.

    Raises:
        ValueError: if the name is unknown, an argument does not exist or is outside its range, or a transform of kornia
            draws for the whole batch instead of for each image.
    """
    arguments = {key: tuple(value) if isinstance(value, list) else value for key, value in config.items()}
    name = arguments.pop('type')
    step = STEPS.get(name) or STEPS.get(f'Random{name}')
    if step is None:
        return _of_kornia(name, arguments)
    known = inspect.signature(step).parameters
    unknown = [key for key in arguments if key not in known]
    if unknown:
        near = difflib.get_close_matches(unknown[0], known, n=1)
        raise ValueError(f'{name} has no argument {unknown[0]!r}' + (f'; did you mean {near[0]}?' if near else (
            f'; it has {", ".join(known)}, and type="{_KORNIA}{step.__name__}" has those of kornia')))
    try:
        return step(**arguments)
    except TypeError as error:
        raise ValueError(f'{name}: {str(error).split("__init__() ")[-1]}') from None


def _of_kornia(name: str, arguments: dict[str, Any]) -> Step:
    plain = name.removeprefix(_KORNIA)
    others = transforms_of_kornia()
    if name == plain and plain not in others and f'Random{plain}' not in others:
        choices = {*STEPS, *others}
        near = difflib.get_close_matches(name, choices, n=3) or difflib.get_close_matches(f'Random{name}', choices, n=3)
        where = 'mmifnd and kornia.augmentation' if others else 'mmifnd, and kornia is not installed'
        raise ValueError(f'no transform {name!r} of single images in {where}'
                         + (f'; did you mean {", ".join(near)}?' if near else ''))
    if not 0 <= arguments.get('p', 1) <= 1:
        raise ValueError(f'p={arguments["p"]} of {name} is outside [0, 1]; it is a probability')
    if isinstance(arguments.get('size'), int):
        arguments['size'] = (arguments['size'],) * 2
    return KorniaStep(plain, arguments)
