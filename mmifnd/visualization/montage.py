"""All removed negatives of an anchor as one picture inside a page, to be unfolded."""

import base64
import io
from collections.abc import Sequence
from html import escape

import numpy as np
from PIL import Image

from mmifnd.records.detected import Removed

from .style import BLUE, FAINT, VERMILLION

SIDE, FRAME, GAP = 48, 3, 4  # pixels
COLUMNS = 20
MAX_SHOWN = 400


def montage(removed: Removed, images: np.ndarray, labels: np.ndarray | None = None) -> Image.Image:
    """A grid of the images that ``removed.anchor`` lost, the surest first, at most :data:`MAX_SHOWN`.

    Args:
        removed (Removed): at least one image.
        images (ndarray): uint8 (N, C, H, W), C = 1 or 3; only those shown are asked for.
        labels (ndarray | None): true classes (N,); with them the frame is blue for the anchor's class, orange for another.
    """
    shown = removed.images[:MAX_SHOWN].tolist()
    cell = SIDE + 2 * FRAME + GAP
    columns = min(COLUMNS, len(shown))
    canvas = Image.new('RGBA', (columns * cell, -(-len(shown) // columns) * cell), (0, 0, 0, 0))
    for place, image in enumerate(shown):
        tone = FAINT if labels is None else BLUE if labels[image] == labels[removed.anchor] else VERMILLION
        tile = Image.new('RGBA', (SIDE + 2 * FRAME,) * 2, tone.neutral)
        tile.paste(_thumbnail(images[image]), (FRAME, FRAME))
        canvas.paste(tile, (place % columns * cell, place // columns * cell))
    return canvas


def listed(removed: Removed, captions: Sequence[str], title: str) -> str:
    """Markup that shows ``title`` and, unfolded, all removed captions, the surest first."""
    shown = [str(captions[image]) for image in removed.images[:MAX_SHOWN].tolist()]
    rest = '' if len(shown) == len(removed.images) else f' The surest {len(shown)} of {len(removed.images)} are shown.'
    items = ''.join(f'<li>{escape(caption)}</li>' for caption in shown)
    return (f'<details><summary>{escape(title)}</summary>\n<p class="note">The surest first.{rest}</p>\n<ol class="captions">'
            f'{items}</ol></details>')


def unfolded(removed: Removed, images: np.ndarray, labels: np.ndarray | None, title: str, names: Sequence[str] | None) -> str:
    """Markup that shows ``title`` and, unfolded, all removed images and their names."""
    shown = min(len(removed.images), MAX_SHOWN)
    rest = '' if shown == len(removed.images) else f' The surest {shown} of {len(removed.images)} are shown.'
    buffer = io.BytesIO()
    montage(removed, images, labels).save(buffer, 'PNG', optimize=True)
    data = base64.b64encode(buffer.getvalue()).decode()
    listed = '' if names is None else f'<p class="note">{escape(", ".join(str(names[i]) for i in removed.images[:shown]))}</p>'
    return (f'<details><summary>{escape(title)}</summary>\n<p class="note">The surest first.{rest}</p>\n<div class="scroll">'
            f'<img alt="{escape(title, quote=True)}" src="data:image/png;base64,{data}"></div>{listed}</details>')


def _thumbnail(image: np.ndarray) -> Image.Image:
    picture = Image.fromarray(image[0] if len(image) == 1 else np.ascontiguousarray(image.transpose(1, 2, 0))).convert('RGB')
    enlarges = max(picture.size) < SIDE
    return picture.resize((SIDE, SIDE), Image.Resampling.NEAREST if enlarges else Image.Resampling.BILINEAR)
