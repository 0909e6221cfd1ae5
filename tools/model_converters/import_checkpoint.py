"""Convert a public checkpoint of MoCo, PCL, SwAV, torchvision or timm (a ResNet) into one of ours.

    python tools/model_converters/import_checkpoint.py moco_v2_200ep_pretrain.pth.tar mocov2.pth
    python tools/test.py configs/baselines/mocov2_r50_8xb32-coslr_200e_in1k_mlp2.py mocov2.pth
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmifnd.configuration import one_line_errors  # noqa: E402
from mmifnd.converters import import_model  # noqa: E402


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoint', help='the downloaded file; only its tensors are taken')
    parser.add_argument('out', help='.pth file to write')
    return parser.parse_args()


def main() -> None:
    """Read, rename, write, and say what found no place."""
    args = parse_args()
    with one_line_errors():
        model = import_model(args.checkpoint)
        path = model.save(args.out)
        print(f'{path}: layout {model.layout}, {len(model.state_dict)} tensors')
        print(f'not used: {", ".join(model.unused) or "nothing"}')


if __name__ == '__main__':
    main()
