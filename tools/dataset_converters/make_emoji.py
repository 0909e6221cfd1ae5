"""Build image-text pairs of emoji, one drawing of each artist: the data of `mmifnd.datasets.EmojiPairs`.

    python tools/dataset_converters/make_emoji.py --out data/emoji                       # all names: about 9,700 pairs
    python tools/dataset_converters/make_emoji.py --out mmifnd/datasets/emoji --names 200

Drawings are those of seven Iconify packages, names and tags those of emojibase-data. The archives are taken from
``--tgz FOLDER``, where ``npm pack PACKAGE@VERSION`` puts them, or downloaded; their SHA-256 is compared with the one below.
Needs ``resvg-py``.

Written are ``emoji.npz`` (uint8 images (N, size, size, 3) on white) and ``emoji.csv`` (artist, emoji, name, subgroup, group and
caption of each row). OpenMoji's drawings are in ``openmoji.npz`` and ``openmoji.csv``, because their licence asks that what is
made of them is shared alike. A caption is one to three of name and tags in a drawn order, the same in every build. Of drawings
of one artist that are equal pixel by pixel, the first is kept. ``--names N`` draws N names of which both held-out artists and
at least four others have a drawing.
"""

import argparse
import csv
import hashlib
import io
import json
import random
import re
import tarfile
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
from PIL import Image

NPM = 'https://registry.npmjs.org'


@dataclass(frozen=True)
class Package:
    """An archive of npm: name, version, SHA-256."""

    name: str
    version: str
    sha256: str

    @property
    def file(self) -> str:
        """The file that ``npm pack`` writes."""
        return f'{self.name.lstrip("@").replace("/", "-")}-{self.version}.tgz'

    @property
    def url(self) -> str:
        """Where npm has it."""
        return f'{NPM}/{self.name}/-/{self.name.split("/")[-1]}-{self.version}.tgz'


NAMES = Package('emojibase-data', '17.0.0', 'd01d0e2ca4e22cb402679532155342c71e2e871f25c32223c013b8b166ebdf5a')
ARTISTS = dict(
    noto=Package('@iconify-json/noto', '1.2.9', '3e918d88fc945c0bb3d468dbace6f88caef67f01c9f0e7bcae0915a042e8f1ad'),
    twemoji=Package('@iconify-json/twemoji', '1.2.5', '19046dff7d8707ce96212ec86468b36ac5f8e60409629dd13f809265c6d0ebb7'),
    openmoji=Package('@iconify-json/openmoji', '1.2.29', '03181e2c156cab35cf4a62f1f7886bd971d59212e75ac3f189d5a4cae3930fc5'),
    noto_v1=Package('@iconify-json/noto-v1', '1.2.5', '2bf62c26c2c2884aa99e90aec942cdaee17a5921f05690694f4978ad4b017c37'),
    fxemoji=Package('@iconify-json/fxemoji', '1.2.2', 'f3e72b3c59d05e1db03b7e308d55c0d05bd7ba3f625a90da1b79313c12858eef'),
    emojione=Package('@iconify-json/emojione', '1.2.3', '26a14f44284407e8bcde91799388dca2bfd91dbcd55a97f425524a1c5b73610e'),
    fluent=Package('@iconify-json/fluent-emoji-flat', '1.2.6',
                   '7d064769dee690815f823bc5bcc511d957198caf9f5edd8dd9c1aa48a6aeb175'))
HELD_OUT = ('emojione', 'fluent')
#: Other artists of a name that ``--names`` may draw.
_LEAST_OTHERS = 4
#: Not drawings of things: parts of other emoji, such as skin tones.
_NO_GROUPS = ('component',)


@dataclass(frozen=True)
class Row:
    """One pair, as a line of the table."""

    artist: str
    emoji: str
    name: str
    subgroup: str
    group: str
    caption: str


def archive(package: Package, folder: Path | None) -> tarfile.TarFile:
    """The archive of a package, from ``folder`` or from npm.

    Raises:
        SystemExit: if the file is missing or another one.
    """
    if folder is None:
        with urllib.request.urlopen(package.url, timeout=60) as answer:
            content = answer.read()
    elif (folder / package.file).is_file():
        content = (folder / package.file).read_bytes()
    else:
        raise SystemExit(f'{folder / package.file} does not exist; run: npm pack {package.name}@{package.version}')
    digest = hashlib.sha256(content).hexdigest()
    if digest != package.sha256:
        raise SystemExit(f'{package.file} has SHA-256 {digest}, expected {package.sha256}; take version {package.version}')
    return tarfile.open(fileobj=io.BytesIO(content), mode='r:gz')


def read_json(tar: tarfile.TarFile, name: str) -> dict | list:
    """A JSON file of a package; packages without it give an empty dict."""
    try:
        member = tar.extractfile(f'package/{name}')
    except KeyError:
        return {}
    return json.load(member)


def emoji_of(tar: tarfile.TarFile) -> Iterator[dict]:
    """Emoji that have a group, with the names of group and subgroup, in the order of Unicode."""
    meta = read_json(tar, 'meta/groups.json')
    entries = [entry for entry in read_json(tar, 'en/data.json') if 'group' in entry]
    for entry in sorted(entries, key=lambda entry: entry['order']):
        group, subgroup = meta['groups'][str(entry['group'])], meta['subgroups'][str(entry['subgroup'])]
        if group not in _NO_GROUPS:
            yield dict(entry, group=group, subgroup=subgroup)


class Drawings:
    """The drawings of one artist, found by code point, or by name if the package has no code points."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        pack = read_json(tar, 'icons.json')
        self._icons = pack['icons']
        self._size = pack.get('width', 16), pack.get('height', 16)
        self._by_code = {_code(code): name for code, name in read_json(tar, 'chars.json').items()}
        parents = {alias: entry['parent'] for alias, entry in pack.get('aliases', {}).items() if set(entry) == {'parent'}}
        self._by_name = {_plain(alias): parent for alias, parent in parents.items()}
        self._by_name.update({_plain(name): name for name in self._icons})

    def svg(self, entry: dict) -> str | None:
        """The drawing of an emoji, in a square; None if there is none."""
        name = self._by_code.get(_code(entry['hexcode'])) if self._by_code else self._by_name.get(_plain(entry['label']))
        icon = self._icons.get(name)
        if icon is None:
            return None
        width, height = icon.get('width', self._size[0]), icon.get('height', self._size[1])
        side = max(width, height)
        left, top = icon.get('left', 0) - (side - width) / 2, icon.get('top', 0) - (side - height) / 2
        return (f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{side}" '
                f'height="{side}" viewBox="{left} {top} {side} {side}">{icon["body"]}</svg>')


def caption_of(artist: str, entry: dict) -> str:
    """One to three of name and tags, in an order drawn from artist and emoji."""
    draw = random.Random(f'{artist} {entry["hexcode"]}')
    words = [entry['label'], *entry.get('tags', [])]
    return ', '.join(draw.sample(words, min(draw.randint(1, 3), len(words))))


def rendered(svg: str, size: int) -> np.ndarray:
    """uint8 (size, size, 3) of a drawing on white."""
    import resvg_py
    png = resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size, background='white', skip_system_fonts=True)
    return np.asarray(Image.open(io.BytesIO(bytes(png))).convert('RGB'))


def draw_names(rows: dict[str, list], count: int) -> set[str]:
    """``count`` of the names that enough artists have drawn, by a hash of the name."""
    artists = defaultdict(set)
    for artist, of_artist in rows.items():
        for row, _ in of_artist:
            artists[row.name].add(artist)
    least = _LEAST_OTHERS + len(HELD_OUT)
    known = [name for name, drawn in artists.items() if drawn.issuperset(HELD_OUT) and len(drawn) >= least]
    if count > len(known):
        raise SystemExit(f'--names {count}: only {len(known)} names were drawn by enough artists')
    return set(sorted(known, key=lambda name: hashlib.sha256(name.encode()).hexdigest())[:count])


def pairs_of(artist: str, drawings: Drawings, emoji: list[dict], size: int) -> tuple[list, int]:
    """Rows with their images, and how many equal drawings were left out."""
    pairs, seen, equal = [], set(), 0
    for entry in emoji:
        svg = drawings.svg(entry)
        if svg is None:
            continue
        image = rendered(svg, size)
        if image.tobytes() in seen:
            equal += 1
            continue
        seen.add(image.tobytes())
        pairs.append((Row(artist, entry['emoji'], entry['label'], entry['subgroup'], entry['group'], caption_of(artist, entry)),
                      image))
    return pairs, equal


def write(pairs: list, out: Path, stem: str) -> None:
    """Images and table."""
    out.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(out / f'{stem}.npz', images=np.stack([image for _, image in pairs]))
    with open(out / f'{stem}.csv', 'w', encoding='utf-8', newline='') as file:
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow([field.name for field in fields(Row)])
        writer.writerows(astuple(row) for row, _ in pairs)
    print(f'{out / stem}.npz, .csv: {len(pairs)} pairs, {(out / f"{stem}.npz").stat().st_size / 2**20:.2f} MiB of images')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', type=Path, required=True, help='folder to write')
    parser.add_argument('--tgz', type=Path, help='folder with the archives; default: download them')
    parser.add_argument('--size', type=int, default=32, help='pixels of an edge')
    parser.add_argument('--names', type=int, help='draw so many names; default: all')
    args = parser.parse_args()
    with archive(NAMES, args.tgz) as tar:
        emoji = list(emoji_of(tar))
    rows = {}
    for artist, package in ARTISTS.items():
        with archive(package, args.tgz) as tar:
            rows[artist], equal = pairs_of(artist, Drawings(tar), emoji, args.size)
        print(f'{artist}: {len(rows[artist])} drawings; {equal} left out, equal to an earlier one')
    names = draw_names(rows, args.names) if args.names else {entry['label'] for entry in emoji}
    kept = {artist: [pair for pair in of_artist if pair[0].name in names] for artist, of_artist in rows.items()}
    write([pair for artist, of_artist in kept.items() if artist != 'openmoji' for pair in of_artist], args.out, 'emoji')
    write(kept['openmoji'], args.out, 'openmoji')


def _code(code: str) -> str:
    """A code point sequence without variation selectors."""
    return '-'.join(part for part in code.lower().split('-') if part != 'fe0f')


def _plain(name: str) -> str:
    return re.sub(r'[^a-z0-9]', '', name.lower())


if __name__ == '__main__':
    main()
