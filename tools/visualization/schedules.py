"""Draw what a config changes over its epochs (learning rate, accepted labels, gamma) into a PNG or SVG.

    python tools/visualization/schedules.py configs/ifnd/ifnd_r50_8xb32_200e_in1k.py --out schedules.png
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmifnd.apis.schedules import schedules_of  # noqa: E402
from mmifnd.configuration import Task, load_config, one_line_errors  # noqa: E402
from mmifnd.configuration.command_line import add_cfg_options  # noqa: E402
from mmifnd.visualization.picture import save_picture  # noqa: E402
from mmifnd.visualization.schedules import schedules_figure  # noqa: E402


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='a pre-training of configs/')
    parser.add_argument('--out', default='schedules.png', help='file to write')
    add_cfg_options(parser)
    return parser.parse_args()


def main() -> None:
    """Draw and write."""
    args = parse_args()
    with one_line_errors():
        task = Task(('model', 'train_cfg', 'optim_wrapper', 'default_hooks'))
        config = load_config(args.config, args.cfg_options, task)
        save_picture(schedules_figure(schedules_of(config)), args.out)
    print(args.out)


if __name__ == '__main__':
    main()
