"""Pre-train on the images of a folder; queue, clusters, learning rate and schedules follow from the number of images.

    mmifnd pretrain /my/images work_dirs/mine
    mmifnd pretrain /my/images work_dirs/mine --method glofnd --framework simclr --image-size 64
    mmifnd pretrain pairs.csv work_dirs/pairs --framework clip --method glofnd
"""

import argparse

from mmifnd.configuration.command_line import add_cfg_options, add_take_over


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of :func:`mmifnd.apis.pretrain`."""
    parser.add_argument('data', help='folder of images, at any depth; subfolders are classes, which are never trained on. '
                        'With --framework clip: a table of pairs, captions in JSON, or tar shards')
    parser.add_argument('out', help='folder for config, logs and checkpoints')
    parser.add_argument('--method', default='ifnd',
                        help='ifnd (default), glofnd, none (the framework alone), fnc, topk, margin, pcl, sce, ...')
    parser.add_argument('--framework', default='mocov2', help='mocov2 (default), simclr or swav; clip for image-text pairs')
    parser.add_argument('--backbone', default='resnet18', help='resnet18 (default) to resnet152, timm/NAME or torchvision/NAME')
    parser.add_argument('--epochs', type=int, default=200, help='passes over the images (default: 200)')
    parser.add_argument('--batch-size', type=int, help='images per step; default: 256, or fewer for a small folder')
    parser.add_argument('--image-size', type=int, default=224, help='side of the crops in pixels (default: 224)')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--num-workers', type=int, help='processes that read images; default: one per core, at most eight')
    parser.add_argument('--holdout', type=float, default=0.2,
                        help='share of each class that is kept for evaluation (default: 0.2)')
    parser.add_argument('--background', type=int, nargs=3, default=(255, 255, 255), metavar=('RED', 'GREEN', 'BLUE'),
                        help='behind what is transparent (default: white)')
    parser.add_argument('--depth', default='full', help='how more than 8 bits become 8: full (default), or data')
    parser.add_argument('--groups', help='.csv file of path,group, or duplicates: images of one group are false negatives')
    parser.add_argument('--resume', action='store_true', help='continue the run in OUT')
    parser.add_argument('--overwrite', action='store_true', help='remove the run in OUT and start again')
    add_take_over(parser)
    add_cfg_options(parser)


def run(args: argparse.Namespace) -> None:
    """Derive the settings, train, and print where the config and the last checkpoint are."""
    from mmifnd.apis import pretrain
    result = pretrain(
        args.data, args.out, method=args.method, framework=args.framework, backbone=args.backbone, epochs=args.epochs,
        batch_size=args.batch_size, image_size=args.image_size, seed=args.seed, num_workers=args.num_workers,
        options=args.cfg_options, holdout=args.holdout, background=args.background, depth=args.depth, resume=args.resume,
        overwrite=args.overwrite, groups=args.groups, take_over=args.take_over)
    print(f'{result.config}\n{result.checkpoint}')
