"""Draw images of a few groups of each grouping of a config's classes into a PNG, so that one sees what a coarser class means.

    python tools/visualization/group_examples.py configs/benchmarks/wordnet/depths_r50_in1k.py --out groups.png

Groupings are those of the GroupProbe or WordNetDepthProbe among the measures of the config, the images those that its probes
learn from. No checkpoint is needed.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmifnd.apis import UserError  # noqa: E402
from mmifnd.apis.groupings import grouped_images  # noqa: E402
from mmifnd.configuration import one_line_errors  # noqa: E402
from mmifnd.configuration.command_line import add_cfg_options  # noqa: E402
from mmifnd.datasets import wordnet_names  # noqa: E402
from mmifnd.visualization.group_examples import group_examples_figure  # noqa: E402
from mmifnd.visualization.picture import save_picture  # noqa: E402


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='with a GroupProbe or WordNetDepthProbe among test_cfg.measures')
    parser.add_argument('--groups', type=int, default=4, help='of each grouping')
    parser.add_argument('--images', type=int, default=4, help='of each group')
    parser.add_argument('--seed', type=int, default=0, help='of the choice')
    parser.add_argument('--out', default='groups.png', help='file to write')
    add_cfg_options(parser)
    return parser.parse_args()


def main() -> None:
    """Draw and write."""
    args = parse_args()
    with one_line_errors():
        if args.groups < 1 or args.images < 1:
            raise UserError(f'--groups {args.groups} --images {args.images}: give at least 1 of each')
        found = grouped_images(args.config, args.cfg_options)
        figure = group_examples_figure(found.images, found.labels, found.classes, found.groupings, wordnet_names(),
                                       args.groups, args.images, args.seed)
        save_picture(figure, args.out)
    print(args.out)


if __name__ == '__main__':
    main()
