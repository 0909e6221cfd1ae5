"""Features that say nothing of their images."""

from torch import Tensor

from mmifnd.configuration.errors import UserError
from mmifnd.datasets.said import say_once

NAMED = 5


def check_directions(features: Tensor) -> None:
    """Refuse features (N, D) that are all equal, and say which rows are zero: cosine similarities of these mean nothing.

    Raises:
        UserError: if no two rows differ.
    """
    if bool((features == features[0]).all()):
        raise UserError(f'all {len(features)} features are equal, so that nothing tells the images apart: the encoder has '
                        'collapsed, or this is no array of features')
    zero = (features == 0).all(dim=1).nonzero().squeeze(1).tolist()
    if zero:
        rows = ', '.join(map(str, zero[:NAMED])) + (', ...' if len(zero) > NAMED else '')
        say_once(f'{len(zero)} of {len(features)} features are zero and have no direction (rows {rows}): what is said of '
                 'these images is arbitrary')
