"""Draw some training images of a config and their augmented views into a PNG.

    python tools/visualization/browse_views.py configs/ifnd/ifnd_simclr_digits.py --out views.png
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmifnd.apis import UserError  # noqa: E402
from mmifnd.apis.views import augmented_views  # noqa: E402
from mmifnd.configuration import Task, load_config, one_line_errors  # noqa: E402
from mmifnd.configuration.command_line import add_cfg_options  # noqa: E402
from mmifnd.visualization.picture import save_picture  # noqa: E402
from mmifnd.visualization.views import views_figure  # noqa: E402


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='a pre-training of configs/')
    parser.add_argument('--out', default='views.png', help='file to write')
    parser.add_argument('--images', type=int, default=6, help='images, evenly spread over the training set')
    parser.add_argument('--epoch', type=int, default=0, help='whose views, counted from 0')
    add_cfg_options(parser)
    return parser.parse_args()


def main() -> None:
    """Draw and write."""
    args = parse_args()
    with one_line_errors():
        if args.images < 1 or args.epoch < 0:
            raise UserError(f'--images {args.images} --epoch {args.epoch}: give at least 1 image and an epoch of 0 or later')
        loaders = ('train_dataloader', 'test_dataloader')
        config = load_config(args.config, args.cfg_options, Task(('model', *loaders), loaders))
        save_picture(views_figure(augmented_views(config, args.images, args.epoch)), args.out)
    print(args.out)


if __name__ == '__main__':
    main()
