"""Draw what a config changes over its epochs (learning rate, accepted labels, gamma) into a PNG or SVG.

    mmifnd schedules ifnd/ifnd_r50_8xb32_200e_in1k --out schedules.png
"""

import argparse

from mmifnd.configuration.command_line import add_cfg_options
from mmifnd.places import check_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which config."""
    parser.add_argument('config', help='a pre-training of configs/')
    parser.add_argument('--out', default='schedules.png', help='file to write')
    add_cfg_options(parser)


def run(args: argparse.Namespace) -> None:
    """Draw and write."""
    from mmifnd.apis.schedules import schedules_of
    from mmifnd.configuration import Task, load_config
    from mmifnd.visualization.picture import save_picture
    from mmifnd.visualization.schedules import schedules_figure
    check_file(args.out)
    task = Task(('model', 'train_cfg', 'optim_wrapper', 'default_hooks'))
    save_picture(schedules_figure(schedules_of(load_config(args.config, args.cfg_options, task))), args.out)
    print(args.out)
