"""A folder as a stranger has it: files of every kind, odd names, hidden ones, copies, links and damage.

    python tests/helpers/mixed_folder.py /tmp/mixed --count 300
"""

import argparse
import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageDraw

#: Names of the class folders, and the colour of what is drawn in each.
CLASSES = {'cats & dogs': (200, 60, 40), 'it\'s "quoted"': (40, 140, 60), 'Ünïcödé 日本': (50, 70, 190),
           'd % {e} $F #1': (200, 170, 30)}
#: Files that are no pictures.
LEFT_OUT = {'notes.txt': b'text', 'drawing.svg': b'<svg/>', 'paint.xcf': b'gimp xcf', 'film.mp4': b'\0\0\0\x20ftypisom'}


class Mixed(NamedTuple):
    """What was written.

    Attributes:
        images (list[str]): paths below the root of all that is taken for an image, also what is broken.
        broken (list[str]): those that no one can read.
        thin (str): one of 20,000 x 1 pixels, which cannot be resized.
        link (str): one that is a link to another one.
        equal (list[list[str]]): those of equal pixels.
        left_out (int): files that are no pictures.
        hidden (int): names that are skipped.
        deep (int): images of more than 8 bits.
    """

    images: list[str]
    broken: list[str]
    thin: str
    link: str
    equal: list[list[str]]
    left_out: int
    hidden: int
    deep: int


def drawing(seed: int, colour: tuple[int, int, int], size: tuple[int, int] = (56, 44)) -> Image.Image:
    """A shape of a colour on transparency, RGBA; ellipses and boxes at places of the seed."""
    random = np.random.default_rng(seed)
    image = Image.new('RGBA', size)
    draw = ImageDraw.Draw(image)
    for _ in range(3):
        left, top = random.integers(0, 28, 2).tolist()
        width, height = random.integers(12, 24, 2).tolist()
        shade = tuple(int(np.clip(value + random.integers(-40, 40), 0, 255)) for value in colour)
        (draw.ellipse if random.random() < 0.5 else draw.rectangle)((left, top, left + width, top + height), fill=(*shade, 255))
    return image


def _plain(image: Image.Image) -> Image.Image:
    return Image.alpha_composite(Image.new('RGBA', image.size, 'white'), image).convert('RGB')


def _as(suffix: str, mode: str = 'RGB', **options) -> tuple[str, Callable[[Image.Image, Path], None]]:
    def write(image: Image.Image, path: Path) -> None:
        (image if 'A' in mode else _plain(image)).convert(mode).save(path, **options)
    return suffix, write


def _deep_grey(image: Image.Image, path: Path) -> None:
    Image.fromarray(np.asarray(_plain(image).convert('L')).astype(np.uint16) * 257).save(path)


def _deep_colour(image: Image.Image, path: Path) -> None:
    values = np.asarray(_plain(image))[..., ::-1].astype(np.uint16) * 257
    path.write_bytes(cv2.imencode('.png', values)[1].tobytes())  # whose own writer takes no names of Unicode on Windows


def _turned(image: Image.Image, path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    _plain(image).rotate(90, expand=True).save(path, exif=exif)


def _frames(image: Image.Image, path: Path) -> None:
    frames = [_plain(image), _plain(image).rotate(180)]
    frames[0].save(path, save_all=True, append_images=frames[1:])


def _palette(image: Image.Image, path: Path) -> None:
    image.quantize(16).save(path)  # with transparent entries


def _photoshop(image: Image.Image, path: Path) -> None:
    pixels = np.asarray(_plain(image))
    header = struct.pack('>4sH6xHIIHH', b'8BPS', 1, 3, *pixels.shape[:2], 8, 3)
    path.write_bytes(header + bytes(14) + pixels.transpose(2, 0, 1).tobytes())


KINDS = {
    'png': _as('.png'), 'jpeg': _as('.JPG', quality=92), 'transparent': _as('.png', 'RGBA'),
    'grey with alpha': _as('.png', 'LA'),
    'palette': ('.png', _palette), '16 bits': ('.png', _deep_grey), '16 bits of colour': ('.png', _deep_colour),
    'CMYK': _as('.jpeg', 'CMYK'), 'turned': ('.jpg', _turned), 'animation': ('.gif', _frames), 'WebP': _as('.webp', 'RGBA'),
    'AVIF': _as('.avif'), 'TIFF': _as('.tiff', compression='tiff_lzw'), 'pages': ('.tif', _frames), 'JPEG 2000': _as('.jp2'),
    'bitmap': _as('.bmp'), 'two colours': _as('.png', '1'), 'grey': _as('.jpg', 'L'), 'Photoshop': ('.psd', _photoshop)}
DEEP = ('16 bits', '16 bits of colour')
#: Copies, links, and what is damaged or thin.
OTHERS = 10


def write_mixed(root: Path, count: int = 300, seed: int = 0) -> Mixed:
    """Write about ``count`` images, in turn of every kind and class, and beside them copies, links, damage and other files."""
    images, deep = [], 0
    for number in range(count - OTHERS):
        name = list(CLASSES)[number % len(CLASSES)]
        kind = list(KINDS)[number // len(CLASSES) % len(KINDS)]
        suffix, write = KINDS[kind]
        path = root / name / f'{number:03d} {kind}{suffix}'
        path.parent.mkdir(parents=True, exist_ok=True)
        write(drawing(seed + number, CLASSES[name]), path)
        images.append(path)
        deep += kind in DEEP
    equal = _copies(images)
    broken = _damaged(root, images)
    others = images[1].parent
    link, thin = others / 'a link.png', others / 'a line.png'
    os.symlink(images[0].resolve(), link)
    Image.new('RGB', (20_000, 1), (90, 9, 9)).save(thin)
    hidden = _hidden(root)
    for name, content in LEFT_OUT.items():
        (others / name).write_bytes(content)
    images += [path for group in equal for path in group[1:]] + broken + [link, thin]

    def names(paths: list[Path]) -> list[str]:
        return sorted(path.relative_to(root).as_posix() for path in paths)
    return Mixed(names(images), names(broken), *names([thin]), *names([link]), list(map(names, equal)), len(LEFT_OUT), hidden,
                 deep)


def _copies(images: list[Path]) -> list[list[Path]]:
    """Copies of one file in its class and in another one, and another encoding of a second file."""
    first, second = images[0], images[2]
    copies = [first.with_name('copy of 0.png'), images[1].with_name('copy of 0.png')]
    for copy in copies:
        shutil.copy(first, copy)
    recoded = second.with_name('recoded.bmp')
    Image.open(second).convert('RGB').save(recoded)
    return [[first, *copies], [second, recoded]]


def _damaged(root: Path, images: list[Path]) -> list[Path]:
    """Files that are cut off, empty, or no pictures."""
    folder = images[2].parent
    cut = [(folder / f'cut{path.suffix}', path.read_bytes()) for path in (images[1], images[6], images[4 * 12 + 2])]
    for path, content in cut:
        path.write_bytes(content[:int(0.6 * len(content))])
    (folder / 'empty.jpg').write_bytes(b'')
    (folder / 'text.png').write_bytes(b'no picture')
    return [path for path, _ in cut] + [folder / 'empty.jpg', folder / 'text.png']


def _hidden(root: Path) -> int:
    """Folders and files that systems leave."""
    for name in ('.ipynb_checkpoints', '@eaDir', '__MACOSX'):
        (root / name).mkdir()
        Image.new('RGB', (20, 20)).save(root / name / 'hidden.png')
    (root / '.DS_Store').write_bytes(b'x')
    Image.new('RGB', (20, 20)).save(root / next(iter(CLASSES)) / '._000.png')
    return 5


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('root', type=Path)
    parser.add_argument('--count', type=int, default=300)
    args = parser.parse_args()
    print(write_mixed(args.root, args.count))
