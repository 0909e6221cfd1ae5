"""A table of pairs as a stranger has it: two captions an image, equal captions, missing files and a byte order mark.

    python tests/helpers/pair_table.py /tmp/pairs
"""

import argparse
import csv
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from mmifnd.datasets import EmojiPairs

#: Artists whose drawings are in the table, in turn; most emoji have a drawing of each.
ARTISTS = ('noto', 'twemoji', 'fluent')
MISSING = 5


class Table(NamedTuple):
    """What was written.

    Attributes:
        file (Path): ``pairs.csv``.
        images (int): different images that it names, those whose file is missing included.
        missing (list[str]): images whose file is missing.
        repeated (list[str]): captions that several images share.
    """

    file: Path
    images: int
    missing: list[str]
    repeated: list[str]


def write_table(folder: Path, count: int = 150) -> Table:
    """``count`` emoji, each with the artist's caption and with its name, in ``pairs.csv``; the pictures in ``pictures``."""
    (folder / 'pictures').mkdir(parents=True)
    tokenizer = dict(type='HashTokenizer')
    drawings, names = (EmojiPairs('train', tokenizer, text, label='group', artists=ARTISTS) for text in ('caption', 'name'))
    rows, texts = [], []
    for number in range(count):
        position = number // len(ARTISTS) + number % len(ARTISTS) * (len(drawings) // len(ARTISTS))  # every artist in turn
        path = f'pictures/{number:03d}.png'
        Image.fromarray(drawings.images[position].permute(1, 2, 0).numpy()).resize((64, 64)).save(folder / path)
        label = drawings.metainfo['classes'][int(drawings.labels[position])]
        own = [drawings.captions_at(position)[0], names.captions_at(position)[0]]
        own[0] = f'"{own[0]}",\na drawing' if number % 10 == 0 else own[0]  # quotes, and a line break
        rows += [(path, caption, label) for caption in own]
        texts.append(set(own))
    missing = [f'pictures/{number:03d}.png' for number in range(7, count, count // MISSING)]
    for path in missing:
        (folder / path).unlink()
    with open(folder / 'pairs.csv', 'w', encoding='utf-8-sig', newline='') as file:
        csv.writer(file).writerows([('image', 'caption', 'label'), *rows])
    every = [text for own in texts for text in own]
    return Table(folder / 'pairs.csv', count, missing, sorted({text for text in every if every.count(text) > 1}))


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=Path)
    table = write_table(parser.parse_args().folder)
    print(f'{table.images} images, {len(table.missing)} missing; repeated: {table.repeated}')
