"""Inspect the images of a folder before anything is trained: sizes, formats, depth; flat, equal, broken and left-out images.

    mmifnd inspect /my/images
    mmifnd inspect /my/images --out work_dirs/look          also inspection.json, with all names
"""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of :func:`mmifnd.apis.inspect`."""
    parser.add_argument('folder', help='folder of images, at any depth')
    parser.add_argument('--max-images', type=int, help='images to look at, evenly spread; default: all')
    parser.add_argument('--background', type=int, nargs=3, default=(255, 255, 255), metavar=('RED', 'GREEN', 'BLUE'),
                        help='behind what is transparent (default: 255 255 255)')
    parser.add_argument('--out', help='folder for inspection.json and inspection.npz; default: nothing is written')


def run(args: argparse.Namespace) -> None:
    """Look, print, write."""
    from rich.console import Console

    from mmifnd.apis import inspect
    from mmifnd.records.inspection import write_inspection
    inspection = inspect(args.folder, args.max_images, tuple(args.background))
    inspection.print(Console())
    if args.out:
        Path(args.out).mkdir(parents=True, exist_ok=True)
        print(write_inspection(args.out, inspection.record()))
