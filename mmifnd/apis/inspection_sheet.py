"""The contact sheet of an inspection: some images as they are read, and those that somebody should look at."""

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mmifnd.datasets.load_image import LoadImageFromFile
from mmifnd.datasets.text_files import shown

if TYPE_CHECKING:
    from .inspection import Inspection

#: Side of a picture, images evenly spread, and images of each kind.
SIDE, NUM_SPREAD, NUM_OF_KIND = 72, 12, 4


def contact_sheet(inspection: 'Inspection', loader: LoadImageFromFile) -> tuple[np.ndarray, list[str]]:
    """Pictures, uint8 (n, 3, side, side), RGB, and their titles: the name of the file and what is noteworthy of it."""
    root = Path(inspection.folder.files.root)
    pictures, titles = [], []
    for name, kind in _chosen(inspection):
        try:
            image = loader.decode(str(root / name))[0]
        except (ValueError, OSError):  # it was sound a moment ago, or is a deep image that only depth='data' takes
            continue
        pictures.append(_fitted(image))
        titles.append(f'{shown(Path(name).name, 22)}\n{kind}')
    empty = np.zeros((0, 3, SIDE, SIDE), np.uint8)
    return (np.stack(pictures) if pictures else empty), titles


def _chosen(inspection: 'Inspection') -> list[tuple[str, str]]:
    """Names and what is noteworthy; an image stands once."""
    sound = [name for name, look in zip(inspection.names, inspection.looks) if look.header is not None]
    places = np.linspace(0, max(len(sound) - 1, 0), min(NUM_SPREAD, len(sound))).round().astype(int)
    headers = {name: look.header for name, look in zip(inspection.names, inspection.looks) if look.header is not None}
    kinds = dict(
        flat=inspection.flat, equal=[name for group in inspection.duplicates for name in group[:2]], dark=inspection.dark,
        transparent=[name for name in sound if headers[name].has_alpha],
        pages=[name for name in sound if headers[name].has_pages])
    shown_of_kind = {name: None for names in kinds.values() for name in names[:NUM_OF_KIND]}
    chosen = {name: ', '.join(kind for kind, names in kinds.items() if name in names) for name in shown_of_kind}
    spread = {sound[place]: '' for place in places}
    return [*((name, chosen.get(name, '')) for name in spread),
            *((name, kind) for name, kind in chosen.items() if name not in spread and name in headers)]


def _fitted(image: np.ndarray) -> np.ndarray:
    """uint8 (3, side, side), RGB: the whole image, on grey."""
    height, width = image.shape[:2]
    scale = SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST)
    canvas = np.full((SIDE, SIDE, 3), 128, np.uint8)
    top, left = (SIDE - size[1]) // 2, (SIDE - size[0]) // 2
    canvas[top:top + size[1], left:left + size[0]] = small
    return canvas[..., ::-1].transpose(2, 0, 1)
