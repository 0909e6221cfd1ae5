import re

import numpy as np
import pytest
from PIL import Image, ImageColor

from mmifnd.records.detected import Removed
from mmifnd.visualization.montage import COLUMNS, FRAME, GAP, MAX_SHOWN, SIDE, montage, unfolded
from mmifnd.visualization.style import BLUE, FAINT, VERMILLION

CELL = SIDE + 2 * FRAME + GAP


@pytest.fixture
def pictures():
    """Each image is of one colour."""
    return np.repeat(np.arange(0, 250, 5, dtype=np.uint8), 3 * 96 * 96).reshape(50, 3, 96, 96)


@pytest.mark.parametrize('labels, tones', [(None, (FAINT, FAINT)), (np.arange(50) % 2, (BLUE, VERMILLION))])
def test_every_removed_image_in_its_order_framed_by_its_class(pictures, labels, tones):
    order = np.array([4, 7, 30, 2, *range(31, 50)])
    canvas = montage(Removed(0, order), pictures, labels).convert('RGB')
    assert canvas.size == (COLUMNS * CELL, 2 * CELL)
    for place, image in enumerate(order):
        left, top = place % COLUMNS * CELL, place // COLUMNS * CELL
        assert canvas.getpixel((left + FRAME + SIDE // 2, top + FRAME + SIDE // 2)) == (5 * image,) * 3
        tone = tones[0 if image % 2 == 0 else 1]
        assert canvas.getpixel((left + 1, top + 1)) == ImageColor.getrgb(tone.neutral)


def test_small_grey_images_are_enlarged(pictures):
    grey = np.zeros((3, 1, 8, 8), dtype=np.uint8)
    grey[1, 0, :, 4:] = 255
    canvas = montage(Removed(0, np.array([1])), grey).convert('RGB')
    assert canvas.getpixel((FRAME + 2, FRAME + 5)) == (0, 0, 0) and canvas.getpixel((FRAME + SIDE - 3, FRAME + 5)) == (255,) * 3


def test_names_and_titles_are_text(pictures):
    names = {1: '<script>.png', 2: 'b.png'}
    markup = unfolded(Removed(0, np.array([1, 2])), pictures, None, 'a "title" <b>', names)
    assert '<script>' not in markup and '&lt;script&gt;.png, b.png' in markup and '<b>' not in markup
    assert re.search(r'alt="a &quot;title&quot; &lt;b&gt;"', markup) and 'data:image/png;base64,' in markup


def test_what_is_not_shown_is_said(pictures):
    many = np.resize(np.arange(1, 50), MAX_SHOWN + 5)
    assert f'The surest {MAX_SHOWN} of {MAX_SHOWN + 5} are shown.' in unfolded(Removed(0, many), pictures, None, 't', None)
    assert isinstance(montage(Removed(0, many), pictures), Image.Image)
