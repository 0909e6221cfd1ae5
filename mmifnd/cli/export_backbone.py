"""Write the backbone of a checkpoint in the layout of another project.

    mmifnd export work_dirs/ifnd/epoch_200.pth ifnd_r50.pkl --to detectron2
"""

import argparse

#: Those of ``mmifnd.converters``, which is not imported for the help.
LAYOUTS = ('mmpretrain', 'mmdetection', 'detectron2', 'torchvision', 'timm')
ENCODERS = ('query', 'key')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to export, and for whom."""
    parser.add_argument('checkpoint', help='a .pth file of a training run')
    parser.add_argument('out', help='file to write: .pkl for detectron2, .pth for the others')
    parser.add_argument('--to', default=LAYOUTS[0], choices=LAYOUTS, help='the project that is to read it')
    parser.add_argument('--encoder', default=ENCODERS[0], choices=ENCODERS, help="key: MoCo's momentum encoder")


def run(args: argparse.Namespace) -> None:
    """Read, rename, write."""
    from mmifnd.converters import export_backbone
    print(export_backbone(args.checkpoint, args.out, args.to, args.encoder))
