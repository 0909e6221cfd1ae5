"""Run a study: several methods, several seeds; a table, table.md, results.json and report.html.

    python tools/study.py configs/studies/digits.py --seeds 10

Called again, it keeps the runs that were finished before with the same config, seed, code and packages.
"""

import argparse
import os
import shlex
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault('OMP_NUM_THREADS', '1')

from mmifnd.configuration import one_line_errors  # noqa: E402
from mmifnd.configuration.command_line import add_cfg_options, check_positive  # noqa: E402
from mmifnd.studies import as_markdown, load_study, print_table, run_all, summary_of, write_results  # noqa: E402
from mmifnd.studies.report import write_report  # noqa: E402


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', nargs='?', default='configs/studies/digits.py', help='a study of configs/studies/')
    parser.add_argument('--config', dest='config_option', help='the same, as an option')
    parser.add_argument('--seeds', type=int, default=3, help='number of seeds (0, 1, ...)')
    parser.add_argument('--methods', nargs='+', help='only these methods')
    parser.add_argument('--epochs', type=int, help='instead of what the configs say')
    add_cfg_options(parser)
    parser.add_argument('--workers', type=int, default=min(2, os.cpu_count() or 1), help='runs at a time')
    parser.add_argument('--out', help='folder for everything; work_dirs/NAME unless given')
    args = parser.parse_args()
    args.config = args.config_option or args.config
    return args


def main() -> None:
    """Run, print, write."""
    args = parse_args()
    with one_line_errors():
        check_positive(seeds=args.seeds, workers=args.workers, epochs=args.epochs)
        study = load_study(args.config)
        study = study.only(args.methods) if args.methods else study
        study = study.with_options(args.cfg_options or {})
        out = Path(args.out or f'work_dirs/{Path(args.config).stem}')
        records = run_all(study, out, range(args.seeds), args.epochs, args.workers)
        results = summary_of(study, records, shlex.join(['python', 'tools/study.py', *sys.argv[1:]]))
        write_results(results, out / 'results.json')
        (out / 'table.md').write_text(as_markdown(results))
        print_table(results)
        path = write_report(study, results, out)
        print(f'every seed: {out / "results.json"}\nthe picture: {path}')


if __name__ == '__main__':
    main()
