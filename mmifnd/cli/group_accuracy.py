"""Draw what probes reach on coarser and finer groups of the classes into a PNG or SVG, for one run or several side by side.

    mmifnd test benchmarks/wordnet/depths_r50_in1k CHECKPOINT --out work_dirs/ifnd/depths.json
    mmifnd group-accuracy IFND=work_dirs/ifnd/depths.json SimCLR=work_dirs/simclr/depths.json

Results are those of a config whose measures have a GroupProbe or a WordNetDepthProbe, or of a study. Runs of one name are the
seeds of one bar.
"""

import argparse

from mmifnd.places import check_file

from .scored import read_sources


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which results."""
    parser.add_argument('results', nargs='+', metavar='[LABEL=]FILE', help='of mmifnd test --out, or of a study')
    parser.add_argument('--out', default='group_accuracy.png', help='file to write')


def run(args: argparse.Namespace) -> None:
    """Draw and write."""
    from mmifnd.visualization.group_bars import READINGS, grouping_figure, groupings_of
    from mmifnd.visualization.picture import save_picture
    check_file(args.out)
    runs: dict[str, list] = {}
    files: dict[str, list] = {}
    for run in read_sources(args.results):
        runs.setdefault(run.method, []).append(run.measures)
        files.setdefault(run.method, []).append(run.file)
    save_picture(grouping_figure(groupings_of(runs, files)), args.out)
    print(f'{args.out}: {" ".join(READINGS.values())}')
