"""The look at the images before a pre-training: what it sets, and what it refuses."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmifnd.datasets.image_data import read_folder
from mmifnd.datasets.load_image import LoadImageFromFile
from mmifnd.datasets.pairs.pair_data import is_pair_data
from mmifnd.datasets.pixels import WHITE
from mmifnd.datasets.text_files import shown
from mmifnd.errors import UserError

from .inspection import Inspection, inspect_folder
from .pair_inspection import inspect_pairs

#: Images that are looked at, at most.
MAX_LOOKS = 20_000


def look_before(data: str | Path | Sequence[str | Path], config: Config, background: Sequence[int],
                depth: str) -> Inspection:
    """Inspect the images, and set how the loaders of ``config`` read them."""
    loader: dict[str, Any] = dict(background=tuple(background)) if tuple(background) != WHITE else {}
    depths: dict[str, Any] = {} if depth == 'data' else dict(depth=depth)
    LoadImageFromFile(**loader, **depths)  # refuses what is none
    if is_pair_data(data):
        inspection: Inspection = inspect_pairs(data, MAX_LOOKS, background)  # type: ignore[arg-type]  # it is one path
    else:
        inspection = inspect_folder(read_folder(data), MAX_LOOKS, background)
    if depth == 'data' and inspection.data_range is not None:
        loader |= dict(depth='data', data_range=inspection.data_range)
    for part in (config.train_dataloader, config.test_dataloader):
        part.dataset.pipeline[0].update(loader)
    return inspection


def check_usable(inspection: Inspection, max_broken: int) -> None:
    """Refuse a folder in which too many images cannot be read, before anything is trained.

    Raises:
        UserError: with an example and what to do.
    """
    if not inspection.looks:  # shards
        return
    lost = {**inspection.broken, **inspection.too_large}
    if len(inspection.looks) - len(lost) < 2:
        name, reason = next(iter(lost.items()))
        raise UserError(f'{len(lost)} of {len(inspection.looks)} images cannot be read, such as {shown(name)} ({reason}); '
                        'fewer than two are left to train on')
    if len(lost) > max_broken:
        name, reason = next(iter(lost.items()))
        raise UserError(f'{len(lost)} of {len(inspection.looks)} images cannot be read, such as {shown(name)} ({reason}), more '
                        f'than train_cfg.max_broken={max_broken}; repair or remove them, or raise that number')
