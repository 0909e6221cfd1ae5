"""Turn results into a Markdown table: runs of one name are averaged over their seeds.

    mmifnd compare-results work_dirs/*/results.json --measures linear knn nmi
    mmifnd compare-results IFND=ifnd_0.json IFND=ifnd_1.json MoCo=moco_0.json MoCo=moco_1.json
    mmifnd compare-results work_dirs/study/results.json --out table.md
    mmifnd compare-results work_dirs/glofnd/linear_*/seed_*/results.json --mean
"""

import argparse

from mmifnd.files import write_whole
from mmifnd.places import check_file

from .scored import read_sources


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to show."""
    parser.add_argument('results', nargs='+', metavar='[LABEL=]FILE',
                        help='of mmifnd test --out, or of a study; LABEL= names the runs of a file')
    parser.add_argument('--measures', nargs='+', help='those to show, in this order; default: all')
    parser.add_argument('--mean', action='store_true', help='a last row: the mean of the rows above it, seed by seed')
    parser.add_argument('--out', help='also write the table to this file')


def run(args: argparse.Namespace) -> None:
    """Read, print, write."""
    from mmifnd.studies.results import means_over_methods
    from mmifnd.studies.results_table import markdown_table
    if args.out:
        check_file(args.out)
    runs = read_sources(args.results)
    table = markdown_table([*runs, *(means_over_methods(runs) if args.mean else ())], args.measures)
    print(table)
    if args.out:
        write_whole(args.out, table + '\n')
