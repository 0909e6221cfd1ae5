"""Draw characters of installed fonts as grey images, for studies with few or many classes and a split by family.

    apt-get download $(cut -f1 tools/dataset_converters/glyph_packages.tsv | tail -n +2)   # Debian; then dpkg -x each
    python tools/dataset_converters/make_glyphs.py FOLDER --out data/glyphs_16.npz --font-list data/glyph_fonts.tsv

Takes every font below FOLDER that has all of the characters. A font's capital H is half as high as the image. Dropped, and
counted: characters that look like an earlier one (equal pixels in a fifth of the fonts or more), empty images, and images that
equal another one. Families are split into train, validation and test, so that no design is in two parts.
"""

import argparse
import hashlib
import multiprocessing
import sys
import unicodedata
from pathlib import Path
from typing import NamedTuple

import numpy as np
from glyph_families import PARTS, design_of, split_families

SCALE = 4  # drawn so many times larger, then averaged
BASELINE, CAPITAL = 0.72, 0.5  # shares of the image's height
FAINT = 0.004  # mean ink of an image that counts as empty; a thin l has 0.016
ALIKE = 0.2  # share of fonts in which characters must have equal pixels to count as one


class Face(NamedTuple):
    """A font file that has all characters."""

    family: str
    style: str
    path: Path


def default_characters() -> str:
    """Digits, letters of ASCII, Greek, Cyrillic, Latin-1: in the order in which classes are nested."""
    ranges = ((0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A), (0x391, 0x3A9), (0x3B1, 0x3C9), (0x410, 0x44F), (0x401, 0x401),
              (0x451, 0x451), (0xC0, 0xFF), (0x152, 0x153), (0x160, 0x161), (0x17D, 0x17E))
    characters = (chr(code) for first, last in ranges for code in range(first, last + 1))
    return ''.join(c for c in characters if unicodedata.category(c) in ('Lu', 'Ll', 'Nd'))


def find_faces(folder: Path, characters: str) -> tuple[list[Face], dict[str, int]]:
    """Fonts with all characters, sorted by family and style, and how many were left out, by reason."""
    from fontTools.ttLib import TTFont, TTLibError
    wanted, faces, dropped = set(map(ord, characters)), [], dict(unreadable=0, incomplete=0, no_text_font=0)
    for path in sorted(p for p in folder.rglob('*') if p.suffix.lower() in ('.ttf', '.otf') and p.is_file()):
        try:
            with TTFont(path, lazy=True) as font:
                names = [font['name'].getDebugName(i) for i in (16, 1, 17, 2)]
                lacking = wanted - set(font.getBestCmap() or ())
        except (TTLibError, OSError, KeyError, AssertionError):
            dropped['unreadable'] += 1
            continue
        family, style = names[0] or names[1] or path.stem, names[2] or names[3] or ''
        reason = 'incomplete' if lacking else 'no_text_font' if design_of(family, style) is None else None
        if reason:
            dropped[reason] += 1
        else:
            faces.append(Face(family, style, path))
    return sorted(faces), dropped


def draw_face(task: tuple[Path, str, int]) -> np.ndarray:
    """All characters of a font, uint8 (P, size, size); white on black."""
    from PIL import Image, ImageDraw, ImageFont
    path, characters, size = task
    side = SCALE * size
    probe = ImageFont.truetype(str(path), 1000)
    _, top, _, bottom = probe.getbbox('H', anchor='ls')
    font = ImageFont.truetype(str(path), 1000 * CAPITAL * side / max(bottom - top, 1))
    images = np.zeros((len(characters), size, size), np.uint8)
    for position, character in enumerate(characters):
        canvas = Image.new('L', (side, side))
        left, _, right, _ = font.getbbox(character, anchor='ls')
        ImageDraw.Draw(canvas).text(((side - right - left) / 2, BASELINE * side), character, 255, font, anchor='ls')
        images[position] = np.asarray(canvas.resize((size, size), Image.Resampling.BOX))
    return images


def distinct_characters(images: np.ndarray) -> list[int]:
    """Positions of the characters whose images (F, P, S, S) do not equal those of an earlier one in a fifth of the fonts."""
    kept: list[int] = []
    for position in range(images.shape[1]):
        alike = ((images[:, kept] == images[:, position:position + 1]).all(axis=(2, 3)).mean(axis=0) if kept
                 else np.zeros(1))
        if alike.max() < ALIKE:
            kept.append(position)
    return kept


def distinct_images(images: np.ndarray) -> np.ndarray:
    """Which of (F, P, S, S) are neither empty nor equal to an earlier image, bool (F, P); and the number of empty ones."""
    flat = images.reshape(-1, images[0, 0].size)
    inked = flat.mean(axis=1) >= FAINT * 255
    _, first = np.unique(flat, axis=0, return_index=True)
    is_first = np.zeros(len(flat), bool)
    is_first[first] = True
    return np.stack([inked, inked & is_first]).reshape(2, *images.shape[:2])


def make(folder: Path, size: int, characters: str, workers: int) -> tuple[dict[str, np.ndarray], list[Face], dict[str, int]]:
    """The arrays of the data set, the fonts behind them, and what was dropped."""
    faces, dropped = find_faces(folder, characters)
    if not faces:
        raise ValueError(f'{folder} has no font (.ttf, .otf) with all {len(characters)} characters; unpack the packages of '
                         'glyph_packages.tsv there')
    with multiprocessing.Pool(workers) as pool:
        images = np.stack(pool.map(draw_face, [(face.path, characters, size) for face in faces], chunksize=8))
    kept = distinct_characters(images)
    dropped['look_alike_characters'] = len(characters) - len(kept)
    images = images[:, kept]
    inked, used = distinct_images(images)
    dropped.update(empty_images=int((~inked).sum()), equal_images=int((inked & ~used).sum()))
    designs = [design_of(face.family, face.style) for face in faces]
    families, family = np.unique(designs, return_inverse=True)
    font, character = np.nonzero(used)
    arrays = dict(images=images[used], character=character.astype(np.int16), font=font.astype(np.int16),
                  family=family[font].astype(np.int16), part=split_families(family)[family[font]],
                  characters=np.array([characters[i] for i in kept]), families=families, parts=np.array(PARTS))
    return arrays, faces, dropped


def write_font_list(path: Path, faces: list[Face]) -> None:
    """Family, style, file and SHA-256 of each font."""
    lines = ['family\tstyle\tfile\tsha256']
    lines += [f'{face.family}\t{face.style}\t{face.path.name}\t{hashlib.sha256(face.path.read_bytes()).hexdigest()}'
              for face in faces]
    path.write_text('\n'.join(lines) + '\n')


def main() -> None:
    """Draw, write, and say what was dropped."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=Path, help='with fonts, at any depth')
    parser.add_argument('--out', type=Path, required=True, help='the .npz file')
    parser.add_argument('--font-list', type=Path, help='write family, style, file and SHA-256 of each font that was used')
    parser.add_argument('--size', type=int, default=16, help='pixels a side')
    parser.add_argument('--characters', default=default_characters(), help='in the order of nesting')
    parser.add_argument('--workers', type=int, default=multiprocessing.cpu_count())
    args = parser.parse_args()
    try:
        if args.size < 8 or args.workers < 1:
            raise ValueError(f'--size {args.size} must be at least 8, --workers {args.workers} at least 1')
        if not args.folder.is_dir():
            raise ValueError(f'{args.folder} is no folder; name one with fonts')
        arrays, faces, dropped = make(args.folder, args.size, args.characters, args.workers)
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(args.out, **arrays)
    if args.font_list:
        write_font_list(args.font_list, faces)
    shares = ', '.join(f'{(arrays["part"] == i).sum()} {name}' for i, name in enumerate(PARTS))
    print(f'{len(arrays["images"])} images ({shares}) of {len(arrays["characters"])} characters in {len(faces)} fonts of '
          f'{len(arrays["families"])} families; dropped: '
          + ', '.join(f'{count} {reason.replace("_", " ")}' for reason, count in dropped.items()))


if __name__ == '__main__':
    main()
