"""Estimate the share of the in-batch negatives that is probably false, before any training.

    mmifnd audit features.npz                      features (N, D), and labels (N,) if there are any
    mmifnd audit work_dirs/run/epoch_40.pth        by a checkpoint, on its training images, with pictures
    mmifnd audit mocov2.pth /my/images --clusters 100 1000 --alphas 0.01
    mmifnd audit /my/images --backbone torchvision/resnet50 --weights resnet50.pth

Prints a table; writes audit.json, and sheets of pictures if there are images.
"""

import argparse
from pathlib import Path

from mmifnd.places import check_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of :func:`mmifnd.apis.audit`."""
    parser.add_argument('source', help='.npz or .npy of features, or a checkpoint (.pth)')
    parser.add_argument('data', nargs='?', help='folder of images; subfolders are classes, which only tell what is right; '
                        'default: those of the training')
    parser.add_argument('--config', help='of the checkpoint; default: the one beside it')
    parser.add_argument('--clusters', nargs='+', type=int, help="numbers of clusters; default: the paper's for so many images")
    parser.add_argument('--alphas', nargs='+', type=float, default=[], help='shares of quantiles to look at as well')
    parser.add_argument('--batch-sizes', nargs='+', type=int, help='images per step; default: 256, 1024 and 4096')
    parser.add_argument('--feature', choices=['z', 'f', 't'],
                        help='of a checkpoint: embedding (default, if there is one), backbone, or text of pairs')
    parser.add_argument('--examples', type=int, default=5, help='anchors on each sheet of pictures')
    parser.add_argument('--seed', type=int, default=0, help='of the choice of anchors')
    parser.add_argument('--backbone', help='torchvision/NAME or timm/NAME, frozen; SOURCE is then the folder of images')
    parser.add_argument('--weights', help="file of the backbone's weights; nothing is downloaded")
    parser.add_argument('--out', default='work_dirs/audit', help='folder for audit.json and the sheets')


def run(args: argparse.Namespace) -> None:
    """Look, print, write."""
    from mmifnd.apis import audit
    from mmifnd.apis.audit_report import print_audit, write_audit
    from mmifnd.apis.auditing import FEATURES
    from mmifnd.configuration.run_config import training_images
    from mmifnd.configuration.versions import versions
    from mmifnd.datasets.thumbnails import Thumbnails
    check_folder(args.out)
    data = args.data
    if data is None and args.backbone is None and Path(args.source).suffix not in FEATURES:
        data = training_images(args.source, args.config)
    result = audit(args.source, data, config=args.config, clusters=args.clusters, alphas=args.alphas,
                   batch_sizes=args.batch_sizes, feature=args.feature, num_examples=args.examples, seed=args.seed,
                   backbone=args.backbone, weights=args.weights)
    data = args.source if args.backbone is not None else data
    print_audit(result)
    files = write_audit(result, args.out, None if data is None else Thumbnails(data),
                        dict(command=args.command, versions=versions()))
    print('\n'.join(map(str, files)))
