"""Group the classes of ImageNet by WordNet 3.0: makes the tables imagenet_wordnet_depth.csv, and imagenet_wordnet_names.csv of
what classes and groups are called, in mmifnd/datasets/wordnet/.

    python tools/dataset_converters/wordnet_depth.py FOLDER --out table.csv --names names.csv

FOLDER holds data.noun and index.noun of WordNet 3.0 (dict/ of its archive, or Debian's wordnet-base): a wnid of ImageNet is an
offset in that version. The group of a class at depth d is the node d edges below the root, entity, on the way to the class;
a class that is less deep is its own group. Where several ways lead up, the one goes by the parent whose name, such as
domestic_animal.n.01, is the first of the alphabet: with this rule the depths 3, 5, 7, 9 and 18 have the 9, 36, 206, 486 and
1000 classes of IFND's Table 5.
"""

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmifnd.datasets.wordnet_depth import TABLE

DEPTHS = (3, 5, 7, 9, 18)


@dataclass(frozen=True)
class Nouns:
    """Names and parents of WordNet's nouns, by offset (8 digits)."""

    names: dict[str, str]
    parents: dict[str, list[str]]

    def path(self, offset: str) -> list[str]:
        """Offsets from the root to a noun."""
        path = [offset]
        while self.parents[path[-1]]:
            path.append(min(self.parents[path[-1]], key=self.names.get))
        return path[::-1]


def read_nouns(folder: Path) -> Nouns:
    """Read data.noun and index.noun; their format is that of WordNet's manual page wndb(5).

    Raises:
        FileNotFoundError: if one of them is missing.
        ValueError: if they are in another format.
    """
    try:
        return _parse_nouns(folder)
    except (IndexError, KeyError, ValueError) as error:
        raise ValueError(f'data.noun and index.noun in {folder} are not those of WordNet 3.0 ({error!r}); take that '
                         'version') from error


def _parse_nouns(folder: Path) -> Nouns:
    senses = {}
    for fields in _lines(folder / 'index.noun'):
        offsets = fields[6 + int(fields[3]):]  # lemma, part of speech, count, pointers, counts, offsets in order of sense
        senses.update({(fields[0], offset): number for number, offset in enumerate(offsets, start=1)})
    names, parents = {}, {}
    for fields in _lines(folder / 'data.noun'):
        offset, lemma, first = fields[0], fields[4].lower(), 4 + 2 * int(fields[3], 16)  # of the pointers
        pointers = [fields[first + 1 + 4 * i:first + 5 + 4 * i] for i in range(int(fields[first]))]
        names[offset] = f'{lemma}.n.{senses[lemma, offset]:02d}'
        parents[offset] = [target for symbol, target, part, _ in pointers if symbol in ('@', '@i') and part == 'n']
    return Nouns(names, parents)


def group_rows(nouns: Nouns, wnids: Sequence[str], depths: Sequence[int]) -> list[list[str]]:
    """A row a class: its wnid, and that of its group at each depth.

    Raises:
        ValueError: if a wnid is no noun of this WordNet.
    """
    unknown = [wnid for wnid in wnids if wnid[1:] not in nouns.parents]
    if unknown:
        raise ValueError(f'{len(unknown)} of {len(wnids)} wnids, such as {unknown[0]}, are no nouns of this WordNet; ImageNet '
                         'needs version 3.0')
    rows = []
    for wnid in wnids:
        path = nouns.path(wnid[1:])
        rows.append([wnid, *(f'n{path[min(depth, len(path) - 1)]}' for depth in depths)])
    return rows


def name_rows(nouns: Nouns, rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """A row for each wnid of the :func:`group_rows`: it, and its name as one reads it."""
    wnids = sorted({wnid for row in rows for wnid in row})
    return [[wnid, nouns.names[wnid[1:]].rsplit('.n.', 1)[0].replace('_', ' ')] for wnid in wnids]


def _write(path: Path, rows: Sequence[Sequence[str]]) -> None:
    with path.open('w', newline='') as file:
        csv.writer(file, lineterminator='\n').writerows(rows)


def _lines(path: Path) -> Iterator[list[str]]:
    with path.open(encoding='latin1') as file:
        yield from (line.split('|')[0].split() for line in file if not line.startswith('  '))  # that is the licence


def main() -> int:
    """Write the tables, and print how many groups each depth has."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=Path)
    parser.add_argument('--wnids', type=Path, help="file with one wnid per line; default: those of mmifnd's table")
    parser.add_argument('--depths', type=int, nargs='+', default=DEPTHS)
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument('--names', type=Path, help='also write what classes and groups are called')
    args = parser.parse_args()
    wnids = args.wnids.read_text().split() if args.wnids else [line.split(',')[0] for line in TABLE.read_text().split()[1:]]
    try:
        nouns = read_nouns(args.folder)
        rows = group_rows(nouns, wnids, args.depths)
    except (OSError, ValueError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    _write(args.out, [['wnid', *(f'depth{depth}' for depth in args.depths)], *rows])
    if args.names:
        _write(args.names, [['wnid', 'name'], *name_rows(nouns, rows)])
    counts = [len(set(column)) for column in list(zip(*rows))[1:]]
    print(f'{args.out}: {len(rows)} classes; groups ' + ', '.join(f'at depth {d}: {n}' for d, n in zip(args.depths, counts)))
    return 0


if __name__ == '__main__':
    sys.exit(main())
