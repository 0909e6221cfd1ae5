"""Draw images of a few groups of each grouping of a config's classes into a PNG: what does a coarser class look like?

    mmifnd group-examples benchmarks/wordnet/depths_r50_in1k --out groups.png

Groupings are those of the GroupProbe or WordNetDepthProbe among the measures of the config, the images those that its probes
learn from. No checkpoint is needed.
"""

import argparse

from mmifnd.configuration.command_line import add_cfg_options
from mmifnd.errors import UserError
from mmifnd.places import check_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which config, and how much to draw."""
    parser.add_argument('config', help='with a GroupProbe or WordNetDepthProbe among test_cfg.measures')
    parser.add_argument('--groups', type=int, default=4, help='of each grouping')
    parser.add_argument('--images', type=int, default=4, help='of each group')
    parser.add_argument('--seed', type=int, default=0, help='of the choice')
    parser.add_argument('--out', default='groups.png', help='file to write')
    add_cfg_options(parser)


def run(args: argparse.Namespace) -> None:
    """Draw and write."""
    from mmifnd.apis.groupings import grouped_images
    from mmifnd.datasets import wordnet_names
    from mmifnd.visualization.group_examples import group_examples_figure
    from mmifnd.visualization.picture import save_picture
    if args.groups < 1 or args.images < 1:
        raise UserError(f'--groups {args.groups} --images {args.images}: give at least 1 of each')
    check_file(args.out)
    grouped = grouped_images(args.config, args.cfg_options)
    figure = group_examples_figure(grouped.images, grouped.labels, grouped.classes, grouped.groupings, wordnet_names(),
                                   args.groups, args.images, args.seed)
    save_picture(figure, args.out)
    print(args.out)
