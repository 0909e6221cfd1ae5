"""The training images behind runs, for figures that show them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmifnd.configuration.errors import EXPECTED, UserError, one_line
from mmifnd.configuration.run_config import config_beside, training_images
from mmifnd.datasets.thumbnails import Thumbnails


def images_of_runs(work_dirs: Sequence[str | Path]) -> tuple[Thumbnails, np.ndarray | None]:
    """Small pictures of the images that all of these runs were trained on, and their classes, where they have any.

    Raises:
        UserError: if a run left no config, the runs were trained on different images, or these are gone.
    """
    data = [_data(Path(work_dir)) for work_dir in work_dirs]
    other = next((position for position, config in enumerate(data) if _images_of(config) != _images_of(data[0])), None)
    if other is not None:
        raise UserError(f'{work_dirs[0]} and {work_dirs[other]} were trained on different images')
    try:
        images = Thumbnails(data[0])
        return images, images.dataset.labels()
    except EXPECTED as error:
        raise UserError(f'the training images of {work_dirs[0]} cannot be read: {one_line(error)}') from None


def _data(work_dir: Path) -> dict:
    """The training images of a run."""
    checkpoint = work_dir / 'last_checkpoint'
    if config_beside(checkpoint) is None:
        raise UserError(f'{work_dir} has no config of a run beside last_checkpoint')
    return training_images(checkpoint)


def _images_of(data: dict) -> dict:
    """What the images are; how they are augmented does not matter."""
    return {key: value for key, value in data.items() if key != 'pipeline'}
