"""Test whether the first set of results is better than the second: paired one-sided t-tests over seeds.

    mmifnd significance work_dirs/study/results.json:ifnd --against work_dirs/study/results.json:simclr
    mmifnd significance ifnd_seed*.json --against simclr_seed*.json --measures linear knn
"""

import argparse

from .scored import read_sources


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to compare."""
    parser.add_argument('results', nargs='+', help='of mmifnd test --out, one per seed; or STUDY/results.json:METHOD')
    parser.add_argument('--against', nargs='+', required=True, help='the same of the other method')
    parser.add_argument('--measures', nargs='+', help='those to test; default: all that both have')


def run(args: argparse.Namespace) -> None:
    """Read, test, print."""
    from mmifnd.studies.results_table import significance_table
    print(significance_table(read_sources(args.results), read_sources(args.against), args.measures))
