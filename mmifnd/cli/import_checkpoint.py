"""Convert a public checkpoint of MoCo, PCL, SwAV, DeepCluster, torchvision or timm (a ResNet) into one of mmifnd.

    mmifnd import moco_v2_200ep_pretrain.pth.tar mocov2.pth
    mmifnd test baselines/mocov2_r50_8xb32-coslr_200e_in1k_mlp2 mocov2.pth
"""

import argparse

from mmifnd.places import check_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to import."""
    parser.add_argument('checkpoint', help='the downloaded file; only its tensors are taken')
    parser.add_argument('out', help='.pth file to write')


def run(args: argparse.Namespace) -> None:
    """Read, rename, write, and print what found no place."""
    from mmifnd.converters import import_model
    check_file(args.out)
    model = import_model(args.checkpoint)
    path = model.save(args.out)
    print(f'{path}: layout {model.layout}, {len(model.state_dict)} tensors')
    print(f'not used: {", ".join(model.unused) or "nothing"}')
