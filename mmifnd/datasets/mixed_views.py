"""The views that SANE trains on: two, and further ones that are mixed; and its strong augmentation."""

from collections.abc import Sequence

from mmpretrain.datasets.transforms import MultiView, RandAugment

from mmifnd.registry import TRANSFORMS

#: The 14 operations of CLSA (Wang and Qi, 2021, released code), on which SANE's code is based, with their range from level 0 to
#: level 10. The identity has none: a brightness that is never changed.
OPERATIONS = (
    ('AutoContrast', {}), ('Brightness', (0, 0.9)), ('ColorTransform', (0, 0.9)), ('Contrast', (0, 0.9)), ('Equalize', {}),
    ('Identity', {}), ('Posterize', (8, 4)), ('Rotate', (0, 30)), ('Sharpness', (0, 0.9)), ('ShearX', (0, 0.3)),
    ('ShearY', (0, 0.3)), ('Solarize', (256, 0)), ('TranslateX', (0, 0.45)), ('TranslateY', (0, 0.45)))
_DIRECTIONS = dict(X='horizontal', Y='vertical')


@TRANSFORMS.register_module()
class MixedViews(MultiView):
    """Two views of one crop, and a further view of each further crop, all with the same transforms.

    It gives the views of mmpretrain's ``MultiView`` with one list of transforms for each crop, and says each crop and each
    transform once. :class:`mmifnd.models.frameworks.MomentumMixup` mixes the further views.

    Args:
        crop (dict): arguments of RandomResizedCrop for the two views.
        further (Sequence[dict]): the same for each further view.
        transforms (Sequence[dict]): of every view, after its crop.
        strong (Sequence[dict]): of the further views, after these.
    """

    def __init__(self, crop: dict, further: Sequence[dict], transforms: Sequence[dict], strong: Sequence[dict] = ()) -> None:
        steps = [[dict(type='RandomResizedCrop', backend='pillow', **arguments), *transforms, *(strong if place else ())]
                 for place, arguments in enumerate([crop, *further])]
        super().__init__(steps, [2] + [1] * len(further))


@TRANSFORMS.register_module()
class StrongOperations(RandAugment):
    """SANE's strong augmentation: draws one of CLSA's 14 operations a few times, and applies each with some probability.

    Args:
        num_operations (int): draws.
        prob (float): of applying an operation that was drawn.
        max_level (int): levels are uniform from 0 to this one of 10.
    """

    def __init__(self, num_operations: int = 5, prob: float = 0.5, max_level: int = 9) -> None:
        policies = [_policy(name, magnitudes, prob) for name, magnitudes in OPERATIONS]
        super().__init__(policies, num_operations, magnitude_level=max_level, magnitude_std='inf')


def _policy(name: str, magnitudes: tuple[float, float] | dict, prob: float) -> dict:
    """The operation as mmpretrain writes it."""
    if name == 'Identity':
        return dict(type='Brightness', prob=0., magnitude=0.)
    direction = {'direction': _DIRECTIONS[name[-1]]} if name[-1] in _DIRECTIONS else {}
    ranges = {'magnitude_range': magnitudes} if magnitudes else {}
    return dict(type=name.rstrip('XY'), prob=prob, **direction, **ranges)
