"""Write the backbone of a checkpoint in the layout of another project; for open_clip, both towers.

    mmifnd export work_dirs/ifnd/epoch_200.pth ifnd_r50.pkl --to detectron2
    mmifnd export work_dirs/sogclr_glofnd/epoch_37.pth sogclr_glofnd.pth --to open_clip
"""

import argparse

#: Those of ``mmifnd.converters``, which is not imported for the help.
LAYOUTS = ('mmpretrain', 'mmdetection', 'detectron2', 'torchvision', 'timm')
#: Both towers instead of a backbone.
OPEN_CLIP = 'open_clip'
ENCODERS = ('query', 'key')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to export, and for whom."""
    parser.add_argument('checkpoint', help='a .pth file of a training run')
    parser.add_argument('out', help='file to write: .pkl for detectron2, .pth for the others')
    parser.add_argument('--to', default=LAYOUTS[0], choices=(*LAYOUTS, OPEN_CLIP), help='the project that is to read it')
    parser.add_argument('--config', help='of the training, for open_clip; default: the one beside the checkpoint')
    parser.add_argument('--encoder', default=ENCODERS[0], choices=ENCODERS, help="key: MoCo's momentum encoder")


def run(args: argparse.Namespace) -> None:
    """Read, rename, write."""
    from mmifnd.converters import export_backbone, export_open_clip
    if args.to == OPEN_CLIP:
        model, temperature = _towers(args.checkpoint, args.config)
        print('\n'.join(map(str, export_open_clip(args.checkpoint, args.out, model, temperature))))
    else:
        print(export_backbone(args.checkpoint, args.out, args.to, args.encoder))


def _towers(checkpoint: str, config: str | None) -> tuple[str | dict, float]:
    """The open_clip model that a checkpoint was trained with, and the temperature at the start."""
    from mmifnd.configuration import load_config
    from mmifnd.configuration.run_config import config_beside
    from mmifnd.errors import UserError
    path = config or config_beside(checkpoint)
    if path is None:
        raise UserError(f'{checkpoint}: no config beside it; say with which one it was trained: --config CONFIG')
    model = load_config(path).model.to_dict()
    tower = model['backbone'].get('model')
    if model['backbone'].get('type') != 'OpenCLIPImage' or tower != model.get('text_backbone', {}).get('model'):
        raise UserError(f'--to open_clip needs both towers of one open_clip model (OpenCLIPImage and OpenCLIPText), and {path} '
                        f'has {model["backbone"].get("type")} as backbone; for the image backbone alone: --to mmpretrain')
    return tower, model['head'].get('temperature', 0.07)
