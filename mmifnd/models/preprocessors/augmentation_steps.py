"""kornia's batched transforms, from a config."""

import difflib

import kornia.augmentation as kornia_augmentation
from kornia.augmentation import AugmentationBase2D

# Its default crops in a Python loop over the images.
_DEFAULTS = dict(RandomResizedCrop=dict(cropping_mode='resample'))


def build_step(config: dict) -> AugmentationBase2D:
    """Build a transform of ``kornia.augmentation`` by its name, or its name without 'Random'.

    Args:
        config (dict): ``type`` and the arguments of kornia's class; ``size`` may be one integer for a square.

    Returns:
        AugmentationBase2D: which draws its parameters on the CPU.

    Raises:
        ValueError: if the name is unknown, a probability is none, or the transform draws for the whole batch instead of
            for each image.
    """
    arguments = {key: tuple(value) if isinstance(value, list) else value for key, value in config.items()}
    name = arguments.pop('type')
    transform = _find(name)
    if isinstance(arguments.get('size'), int):
        arguments['size'] = (arguments['size'],) * 2
    if not 0 <= arguments.get('p', 1) <= 1:
        raise ValueError(f'p={arguments["p"]} of {name} is outside [0, 1]; it is a probability')
    step = transform(**{**_DEFAULTS.get(transform.__name__, {}), **arguments})
    if step.same_on_batch or step.p_batch != 1:
        raise ValueError(f'{name} must draw for each image: leave same_on_batch=False and p_batch=1 '
                         '(crops that change the size need p=1)')
    return step


def _find(name: str) -> type[AugmentationBase2D]:
    steps = {
        key: value
        for key, value in vars(kornia_augmentation).items()
        if isinstance(value, type) and issubclass(value, AugmentationBase2D)
    }
    for candidate in (name, f'Random{name}'):
        if candidate in steps:
            return steps[candidate]
    near = difflib.get_close_matches(name, steps, n=3) or difflib.get_close_matches(f'Random{name}', steps, n=3)
    raise ValueError(f'no transform {name!r} of single images in kornia.augmentation'
                     + (f'; did you mean {", ".join(near)}?' if near else ''))
