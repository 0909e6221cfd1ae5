"""Compare methods on a folder of classes: each at a temperature chosen for it, with seeds, paired tests and a report.

    mmifnd compare /my/images work_dirs/compared
    mmifnd compare /my/images work_dirs/compared --methods none ifnd --epochs 50 --image-size 64 --seeds 5
"""

import argparse
import os

from mmifnd.configuration.command_line import add_cfg_options, add_take_over


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of :func:`mmifnd.apis.compare`, and those of a pre-training that hold for all methods."""
    parser.add_argument('data', help='folder of classes; a share of each is held out and judged by')
    parser.add_argument('out', help='folder for all runs, the table and the report')
    parser.add_argument('--methods', nargs='+', default=['none', 'ifnd', 'glofnd'], help='the one to compare with first')
    parser.add_argument('--temperatures', type=float, nargs='+', default=[0.1, 0.2, 0.5],
                        help='those that are tried for each method on a validation part; one is taken as it is')
    parser.add_argument('--seeds', type=int, default=3, help='trainings of each method that are reported (default: 3)')
    parser.add_argument('--choosing-seeds', type=int, default=1, help='trainings at each temperature that choose (default: 1)')
    parser.add_argument('--measure', default='knn', help='what chooses and is tested (default: knn)')
    parser.add_argument('--workers', type=int, help='trainings at a time; default: one per core, at most two')
    parser.add_argument('--framework', default='mocov2')
    parser.add_argument('--backbone', default='resnet18')
    parser.add_argument('--epochs', type=int, default=100, help='passes over the images (default: 100)')
    parser.add_argument('--batch-size', type=int, help='images per step; default: 256, or fewer for a small folder')
    parser.add_argument('--image-size', type=int, default=224, help='side of the crops in pixels (default: 224)')
    parser.add_argument('--holdout', type=float, default=0.2, help='share of each class that is held out (default: 0.2)')
    parser.add_argument('--groups', help='.csv file of path,group, or duplicates: images of one group are false negatives')
    parser.add_argument('--num-workers', type=int, default=0, help='processes that read images, per training (default: 0)')
    add_take_over(parser)
    add_cfg_options(parser)


def run(args: argparse.Namespace) -> None:
    """Train, print the table, and say where everything is."""
    os.environ.setdefault('OMP_NUM_THREADS', '1')  # before torch is imported; each run has a process of its own
    from mmifnd.apis import compare
    from mmifnd.studies import print_table
    comparison = compare(
        args.data, args.out, args.methods, args.temperatures, args.seeds, args.choosing_seeds, args.measure, args.workers,
        args.command, args.take_over, framework=args.framework, backbone=args.backbone, epochs=args.epochs,
        batch_size=args.batch_size, image_size=args.image_size, holdout=args.holdout, groups=args.groups,
        num_workers=args.num_workers, options=args.cfg_options)
    print_table(comparison.results)
    print(f'table: {comparison.table}\nthe picture: {comparison.report}')
