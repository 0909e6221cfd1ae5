"""Choose each method's temperature on the validation split of a study's data set, with seeds that are not reported.

    mmifnd select-temperature studies/digits --out work_dirs/select
"""

import argparse
import os
from pathlib import Path

from mmifnd.configuration.command_line import add_cfg_options, add_take_over, check_positive
from mmifnd.errors import UserError
from mmifnd.files import write_whole
from mmifnd.machine import available_cores


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to try, how often, and where."""
    parser.add_argument('config', help='a study of configs/studies/')
    parser.add_argument('--temperatures', type=float, nargs='+', default=[0.1, 0.2, 0.5, 1.])
    parser.add_argument('--seeds', type=int, nargs='+', default=[100, 101, 102, 103, 104], help='not reported elsewhere')
    parser.add_argument('--measure', default='shot_1')
    parser.add_argument('--methods', nargs='+', help='only these methods')
    add_cfg_options(parser)
    parser.add_argument('--workers', type=int, default=min(2, available_cores()), help='runs at a time')
    add_take_over(parser)
    parser.add_argument('--out', default='work_dirs/select_temperature')


def run(args: argparse.Namespace) -> None:
    """Run everything, write ``results.json`` and ``temperatures.md``, print the latter."""
    os.environ.setdefault('OMP_NUM_THREADS', '1')  # before torch is imported; each run has a process of its own
    from mmifnd.records.run_lock import locked
    from mmifnd.studies import load_study, run_all, summary_of, write_results
    from mmifnd.studies.measured import check_measured
    from mmifnd.studies.temperatures import at_temperatures, best_temperatures, temperature_table
    check_positive(workers=args.workers)
    if min(args.seeds) < 0:
        raise UserError(f'--seeds {min(args.seeds)} is negative; seeds count from 0')
    study = load_study(args.config)
    if args.measure not in study.measures:
        raise UserError(f'--measure {args.measure}: the study has no such measure; it has {", ".join(study.measures)}')
    if not study.selection:
        raise UserError(f'study {args.config} has no selection; name the splits on which settings are chosen')
    study = study.only(args.methods) if args.methods else study
    study = study.with_options(args.cfg_options or {})
    grid = at_temperatures(study, args.temperatures)
    check_measured(grid, args.measure)
    out = Path(args.out)
    with locked(out, args.take_over):
        results = summary_of(grid, run_all(grid, out, args.seeds, workers=args.workers), args.command)
        write_results(results, out / 'results.json')
        best_temperatures(results, study, args.temperatures, args.measure)  # refuses a method of which there is none
        text = temperature_table(results, study, args.temperatures, args.measure)
        write_whole(out / 'temperatures.md', text)
    print(text)
