"""Turn results into a Markdown table: runs of one name are averaged over their seeds.

    python tools/compare_results.py work_dirs/*/results.json --measures linear knn nmi
    python tools/compare_results.py IFND=ifnd_0.json IFND=ifnd_1.json MoCo=moco_0.json MoCo=moco_1.json
    python tools/compare_results.py work_dirs/study/results.json --out table.md
    python tools/compare_results.py work_dirs/glofnd/linear_*/seed_*/results.json --mean
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mmifnd.configuration import one_line_errors  # noqa: E402
from mmifnd.studies.results import means_over_methods, read_runs  # noqa: E402
from mmifnd.studies.results_table import markdown_table  # noqa: E402


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'results', nargs='+', help='of tools/test.py --out or of tools/study.py; LABEL=FILE names the runs of a file')
    parser.add_argument('--measures', nargs='+', help='those to show, in this order; all unless given')
    parser.add_argument('--mean', action='store_true', help='a last row: the mean of the rows above it, seed by seed')
    parser.add_argument('--out', help='also write the table to this file')
    return parser.parse_args()


def main() -> None:
    """Read, print, write."""
    args = parse_args()
    with one_line_errors():
        runs = [run for source in args.results for run in read_runs(source)]
        table = markdown_table([*runs, *(means_over_methods(runs) if args.mean else ())], args.measures)
        print(table)
        if args.out:
            Path(args.out).write_text(table + '\n')


if __name__ == '__main__':
    main()
