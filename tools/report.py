"""Write, or check, a report of what runs detected as false negatives.

    python tools/report.py work_dirs/ifnd work_dirs/glofnd --out report.html     runs side by side
    python tools/report.py work_dirs/study                                       a study (it holds results.json)
    python tools/report.py --check report.html                                   exit 1 and one line a problem
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmifnd.visualization import check_report, write_run_report, write_study_report  # noqa: E402


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('work_dirs', nargs='*', metavar='WORK_DIR', help='a run, several runs, or one study')
    parser.add_argument('--out', help='file to write; default: report.html in the first WORK_DIR')
    parser.add_argument('--data', help='.npz with labels (N,) and images uint8 (N, C, H, W), either may be missing')
    parser.add_argument('--check', metavar='FILE', help='check a report instead of writing one')
    arguments = parser.parse_args()
    if bool(arguments.check) == bool(arguments.work_dirs):
        parser.error('give either WORK_DIR... or --check FILE')
    return arguments


def write_report(arguments: argparse.Namespace) -> Path:
    """A study's report for a directory that holds results.json, else that of one or several runs."""
    first = Path(arguments.work_dirs[0])
    out = Path(arguments.out or first / 'report.html')
    arrays = {}
    if arguments.data:
        with np.load(arguments.data, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in ('images', 'labels') if key in archive.files}
    results = first / 'results.json'
    if len(arguments.work_dirs) == 1 and results.is_file():
        return write_study_report(json.loads(results.read_text()), first, path=out.absolute(), **arrays)
    return write_run_report(arguments.work_dirs, out, **arrays)


def main() -> int:
    arguments = parse_arguments()
    try:
        path = arguments.check or write_report(arguments)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    problems = check_report(path)
    print('\n'.join(problems) if problems else f'{path}: sound')
    return int(bool(problems))


if __name__ == '__main__':
    sys.exit(main())
