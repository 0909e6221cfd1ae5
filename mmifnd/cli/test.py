"""Judge a checkpoint by a config.

A pre-training config gives kNN, few-shot and linear accuracy, NMI, MTPR and MTNR; a benchmark config gives what mmpretrain
gives.

    mmifnd test ifnd/ifnd_simclr_digits work_dirs/ifnd_simclr_digits/epoch_40.pth
"""

import argparse
from pathlib import Path

from mmifnd.configuration.command_line import add_config_arguments, config_of
from mmifnd.places import check_file, make_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """MMPretrain's flags."""
    add_config_arguments(parser)
    parser.add_argument('checkpoint', help='a .pth file of a training run')
    parser.add_argument('--out', help='also write the measures, and what they are of, to this JSON file')


def run(args: argparse.Namespace) -> None:
    """Load, measure, print."""
    from mmifnd.configuration import TESTING, build_runner, check_testing
    from mmifnd.distributed import is_main
    from mmifnd.engine.checkpoints.checkpoint_format import load_plain
    from mmifnd.ranks import stop_watch
    from mmifnd.studies.results import evaluation_results
    from mmifnd.studies.summary import write_results
    config = config_of(args, TESTING)
    if args.out:
        check_file(args.out)  # now, not after everything is measured
        make_folder(Path(args.out).absolute().parent)
    checkpoint = load_plain(args.checkpoint, map_location='cpu')
    config.load_from, config.resume = args.checkpoint, False  # read once all hooks have begun, since some take a part of it
    runner = build_runner(config)
    check_testing(runner, checkpoint, args.checkpoint)
    measures = runner.test()
    stop_watch()
    if not is_main():
        return
    print_measures(measures)
    if args.out:
        summaries = getattr(runner.test_loop, 'summaries', {})
        write_results(evaluation_results(args.config, config, args.checkpoint, checkpoint, measures, summaries, args.command),
                      Path(args.out))


def print_measures(measures: dict[str, float]) -> None:
    """Print one line per measure."""
    width = max([16, *map(len, measures)])
    print('\n'.join(f'{name:{width}s} {value:8.3f}' for name, value in measures.items()))
