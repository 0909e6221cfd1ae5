"""Run a study, several methods with several seeds: a table, table.md, results.json and report.html.

    mmifnd study studies/digits --seeds 10

A second call keeps the runs that were finished before with the same config, seed, code and packages.
"""

import argparse
import os
from pathlib import Path

from mmifnd.configuration.command_line import add_cfg_options, add_take_over, check_positive
from mmifnd.files import write_whole
from mmifnd.machine import available_cores


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to run, how often, and where."""
    parser.add_argument('config', nargs='?', default='configs/studies/digits.py', help='a study of configs/studies/')
    parser.add_argument('--config', dest='config_option', help='the same, as an option')
    parser.add_argument('--seeds', type=int, default=3, help='number of seeds (0, 1, ...)')
    parser.add_argument('--methods', nargs='+', help='only these methods')
    parser.add_argument('--epochs', type=int, help='instead of what the configs say')
    add_cfg_options(parser)
    parser.add_argument('--workers', type=int, default=min(2, available_cores()), help='runs at a time')
    add_take_over(parser)
    parser.add_argument('--out', help='folder for everything; default: work_dirs/NAME')


def run(args: argparse.Namespace) -> None:
    """Run, print, write."""
    os.environ.setdefault('OMP_NUM_THREADS', '1')  # before torch is imported; each run has a process of its own
    from mmifnd.records.run_lock import locked
    from mmifnd.studies import as_markdown, load_study, print_table, run_all, summary_of, write_results
    from mmifnd.studies.report import write_report
    config = args.config_option or args.config
    check_positive(seeds=args.seeds, workers=args.workers, epochs=args.epochs)
    study = load_study(config)
    study = study.only(args.methods) if args.methods else study
    study = study.with_options(args.cfg_options or {})
    out = Path(args.out or f'work_dirs/{Path(config).stem}')
    with locked(out, args.take_over):
        records = run_all(study, out, range(args.seeds), args.epochs, args.workers)
        results = summary_of(study, records, args.command)
        write_results(results, out / 'results.json')
        write_whole(out / 'table.md', as_markdown(results))
        print_table(results)
        path = write_report(study, results, out)
    print(f'every seed: {out / "results.json"}\nthe picture: {path}')
