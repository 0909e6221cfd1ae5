"""Draw what probes reach on coarser and finer groups of the classes into a PNG or SVG, for one run or several side by side.

    python tools/test.py configs/benchmarks/wordnet/depths_r50_in1k.py CHECKPOINT --out work_dirs/ifnd/depths.json
    python tools/visualization/group_accuracy.py IFND=work_dirs/ifnd/depths.json SimCLR=work_dirs/simclr/depths.json

Results are those of a config whose measures have a GroupProbe or a WordNetDepthProbe, or of a study. Runs of one name are the
seeds of one bar.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmifnd.configuration import one_line_errors  # noqa: E402
from mmifnd.studies.results import read_runs  # noqa: E402
from mmifnd.visualization.group_bars import READINGS, grouping_figure, groupings_of  # noqa: E402
from mmifnd.visualization.picture import save_picture  # noqa: E402


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('results', nargs='+', metavar='[LABEL=]FILE', help='of tools/test.py --out, or of tools/study.py')
    parser.add_argument('--out', default='group_accuracy.png', help='file to write')
    return parser.parse_args()


def main() -> None:
    """Draw and write."""
    args = parse_args()
    with one_line_errors():
        runs: dict[str, list] = {}
        for run in (run for source in args.results for run in read_runs(source)):
            runs.setdefault(run.method, []).append(run.measures)
        save_picture(grouping_figure(groupings_of(runs)), args.out)
    print(f'{args.out}: {" ".join(READINGS.values())}')


if __name__ == '__main__':
    main()
