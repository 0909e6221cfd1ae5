"""Write the backbone of a checkpoint in the layout of another project.

    python tools/model_converters/export_backbone.py work_dirs/ifnd/epoch_200.pth ifnd_r50.pkl --to detectron2
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmifnd.configuration import one_line_errors  # noqa: E402
from mmifnd.converters import ENCODERS, LAYOUTS, export_backbone  # noqa: E402


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoint', help='a .pth file of a training run')
    parser.add_argument('out', help='file to write: .pkl for detectron2, .pth for the others')
    parser.add_argument('--to', choices=list(LAYOUTS), default='mmpretrain', help='the project that is to read it')
    parser.add_argument('--encoder', choices=list(ENCODERS), default='query', help="key: MoCo's momentum encoder")
    return parser.parse_args()


def main() -> None:
    """Read, rename, write."""
    args = parse_args()
    with one_line_errors():
        print(export_backbone(args.checkpoint, args.out, args.to, args.encoder))


if __name__ == '__main__':
    main()
