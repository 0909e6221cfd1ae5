"""Judge a checkpoint by the measures of the config that its run left beside it, or of another one.

    mmifnd evaluate work_dirs/ifnd/epoch_40.pth
    mmifnd evaluate work_dirs/ifnd/epoch_40.pth --measures knn nmi
"""

import argparse
import os
from pathlib import Path

from mmifnd.configuration.command_line import add_cfg_options
from mmifnd.places import check_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of :func:`mmifnd.apis.evaluate`."""
    parser.add_argument('checkpoint', help='a .pth file of a training run')
    parser.add_argument('--config', help='of the training; default: the one beside the checkpoint')
    parser.add_argument('--measures', nargs='+', help='names of test_cfg.measures; default: all')
    parser.add_argument('--out', help='folder for results and logs; default: evaluation beside the checkpoint')
    add_cfg_options(parser)


def run(args: argparse.Namespace) -> None:
    """Load, measure, print."""
    from mmifnd.apis import evaluate
    from mmifnd.records.names import EVALUATION
    if args.out:
        check_folder(args.out)
    elif os.path.isfile(args.checkpoint):
        check_folder(Path(args.checkpoint).parent / EVALUATION, 'the folder of results (--out)')
    measures = evaluate(args.checkpoint, args.config, args.measures, args.out, args.cfg_options, args.command)
    width = max([16, *map(len, measures)])
    print('\n'.join(f'{name:{width}s} {value:8.3f}' for name, value in measures.items()))
