"""Choose each method's temperature on the validation split of a study's data set, with seeds that are not reported.

    python tools/select_temperature.py configs/studies/digits.py --out work_dirs/select
"""

import argparse
import os
import shlex
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault('OMP_NUM_THREADS', '1')

from mmifnd.apis import UserError  # noqa: E402
from mmifnd.configuration import one_line_errors  # noqa: E402
from mmifnd.configuration.command_line import add_cfg_options, check_positive  # noqa: E402
from mmifnd.studies import Method, Study, load_study, run_all, summary_of, write_results  # noqa: E402
from mmifnd.studies.plan import TEMPERATURE  # noqa: E402


def at_temperatures(study: Study, temperatures: list[float]) -> Study:
    """Every method at every temperature, on the splits that choose; names read ``method@temperature``."""
    methods = {}
    for method in study.methods.values():
        for temperature in temperatures:
            name = f'{method.name}@{temperature:g}'
            options = {**method.options, **study.selection, TEMPERATURE: temperature}
            rate_from = method.rate_from and f'{method.rate_from}@{temperature:g}'
            methods[name] = Method(name, f'{method.label}, temperature {temperature:g}', method.config, options, rate_from)
    return replace(study, methods=methods, comparisons=[], figure_run=next(iter(methods)))


def as_markdown(results: dict, study: Study, temperatures: list[float], measure: str, command: str) -> str:
    """A row a method, a column a temperature; the best in bold."""
    lines = [f'`{command}`', '', f'{results["measures"][measure]["label"]} on the validation split, mean over seeds '
             f'{sorted({run["seed"] for run in results["runs"]})} (not among the reported ones).', '',
             '| method | ' + ' | '.join(f'{t:g}' for t in temperatures) + ' |', '|---' * (len(temperatures) + 1) + '|']
    for method in study.methods.values():
        means = [results['summary'][f'{method.name}@{t:g}'][measure]['mean'] for t in temperatures]
        cells = [f'**{mean:.1f}**' if mean == max(means) else f'{mean:.1f}' for mean in means]
        lines.append(f'| {method.label} | ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines) + '\n'


def main() -> None:
    """Run all, write ``results.json`` and ``temperatures.md``, print the latter."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config')
    parser.add_argument('--temperatures', type=float, nargs='+', default=[0.1, 0.2, 0.5, 1.])
    parser.add_argument('--seeds', type=int, nargs='+', default=[100, 101, 102, 103, 104], help='not reported elsewhere')
    parser.add_argument('--measure', default='shot_1')
    parser.add_argument('--methods', nargs='+', help='only these methods')
    add_cfg_options(parser)
    parser.add_argument('--workers', type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument('--out', default='work_dirs/select_temperature')
    args = parser.parse_args()
    with one_line_errors():
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
        out = Path(args.out)
        command = shlex.join(['python', 'tools/select_temperature.py', *sys.argv[1:]])
        results = summary_of(grid, run_all(grid, out, args.seeds, workers=args.workers), command)
        write_results(results, out / 'results.json')
        text = as_markdown(results, study, args.temperatures, args.measure, command)
        (out / 'temperatures.md').write_text(text)
        print(text)


if __name__ == '__main__':
    main()
