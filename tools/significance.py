"""Paired one-sided t-test over seeds: is the first set of results better than the second?

    python tools/significance.py work_dirs/study/results.json:ifnd --against work_dirs/study/results.json:simclr
    python tools/significance.py ifnd_seed*.json --against simclr_seed*.json --measures linear knn
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mmifnd.configuration import one_line_errors  # noqa: E402
from mmifnd.studies.results import read_runs  # noqa: E402
from mmifnd.studies.results_table import significance_table  # noqa: E402


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('results', nargs='+', help='of tools/test.py --out, one a seed; or STUDY/results.json:METHOD')
    parser.add_argument('--against', nargs='+', required=True, help='the same of the other method')
    parser.add_argument('--measures', nargs='+', help='those to test; all that both have unless given')
    return parser.parse_args()


def main() -> None:
    """Read, test, print."""
    args = parse_args()
    with one_line_errors():
        one, other = ([run for source in sources for run in read_runs(source)] for sources in (args.results, args.against))
        print(significance_table(one, other, args.measures))


if __name__ == '__main__':
    main()
