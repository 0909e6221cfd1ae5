"""Draw some training images of a config and their augmented views into a PNG.

    mmifnd views ifnd/ifnd_simclr_digits --out views.png
"""

import argparse

from mmifnd.configuration.command_line import add_cfg_options
from mmifnd.errors import UserError
from mmifnd.places import check_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which images and views."""
    parser.add_argument('config', help='a pre-training of configs/')
    parser.add_argument('--out', default='views.png', help='file to write')
    parser.add_argument('--images', type=int, default=6, help='images, evenly spread over the training set')
    parser.add_argument('--epoch', type=int, default=0, help='whose views, counted from 0')
    add_cfg_options(parser)


def run(args: argparse.Namespace) -> None:
    """Draw and write."""
    from mmifnd.apis.views import augmented_views
    from mmifnd.configuration import Task, load_config
    from mmifnd.visualization.picture import save_picture
    from mmifnd.visualization.views import views_figure
    if args.images < 1 or args.epoch < 0:
        raise UserError(f'--images {args.images} --epoch {args.epoch}: give at least 1 image and an epoch of 0 or later')
    check_file(args.out)
    loaders = ('train_dataloader', 'test_dataloader')
    config = load_config(args.config, args.cfg_options, Task(('model', *loaders), loaders))
    save_picture(views_figure(augmented_views(config, args.images, args.epoch)), args.out)
    print(args.out)
