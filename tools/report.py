"""Write, or check, a report of what runs detected as false negatives.

    python tools/report.py work_dirs/ifnd work_dirs/glofnd --out report.html     runs side by side
    python tools/report.py work_dirs/study                                       a study (it holds results.json)
    python tools/report.py --check report.html                                   exit 1 and one line a problem

Pictures and classes are those of the training set that the config of the first run names, or of --data.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmifnd.errors import UserError  # noqa: E402
from mmifnd.visualization import RunRecord, check_report, write_run_report, write_study_report  # noqa: E402


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('work_dirs', nargs='*', metavar='WORK_DIR', help='a run, several runs, or one study')
    parser.add_argument('--out', help='file to write; default: report.html in the first WORK_DIR')
    parser.add_argument('--data', help='.npz with labels (N,) and images uint8 (N, C, H, W), either may be missing')
    parser.add_argument('--epochs', nargs='+', type=int, help='of the t-SNE maps of runs; default: first, middle and last')
    parser.add_argument('--check', metavar='FILE', help='check a report instead of writing one')
    arguments = parser.parse_args()
    if bool(arguments.check) == bool(arguments.work_dirs):
        parser.error('give either WORK_DIR... or --check FILE')
    return arguments


def write_report(arguments: argparse.Namespace) -> Path:
    """A study's report for a directory that holds results.json, else that of one or several runs."""
    first = Path(arguments.work_dirs[0])
    out = Path(arguments.out or first / 'report.html')
    results = first / 'results.json'
    found = read_results(results) if len(arguments.work_dirs) == 1 and results.is_file() else None
    if found is None:
        for work_dir in arguments.work_dirs:
            RunRecord.load(work_dir)  # whether there is anything to report, before pictures are looked for
        return write_run_report(arguments.work_dirs, out, epochs=arguments.epochs,
                                **images_and_labels(arguments.data, arguments.work_dirs))
    if arguments.epochs:
        raise UserError('--epochs is for runs; give the work_dir of one run of the study')
    runs = {run['method']: first / run['work_dir'] for run in found['runs']}  # one of each method
    return write_study_report(found, first, path=out.absolute(), **images_and_labels(arguments.data, list(runs.values())))


def read_results(path: Path) -> dict | None:
    """What a study left; None where it is the evaluation of a single run.

    Raises:
        UserError: where the file is damaged, or holds something else.
    """
    try:
        found = json.loads(path.read_text())
    except ValueError as error:
        raise UserError(f'{path} is damaged ({error}); run the study again') from None
    if isinstance(found, dict) and found.get('kind') == 'evaluation':
        return None
    runs = found.get('runs') if isinstance(found, dict) else None
    if not isinstance(runs, list) or not all(isinstance(run, dict) and {'method', 'work_dir'} <= set(run) for run in runs):
        raise UserError(f'{path} has no runs with method and work_dir; expected what tools/study.py writes')
    return found


def images_and_labels(data: str | None, work_dirs: list[str | Path]) -> dict:
    """Of ``data``, else those that the runs were trained on; without pictures where these cannot be had, which is said."""
    if data:
        with np.load(data, allow_pickle=False) as archive:
            return {key: archive[key] for key in ('images', 'labels') if key in archive.files}
    from mmifnd.apis.run_images import images_of_runs  # takes all of OpenMMLab, of which the rest needs nothing
    try:
        images, labels = images_of_runs(work_dirs)
    except UserError as error:
        print(f'no pictures, and nothing is judged by classes: {error}; give --data', file=sys.stderr)
        return {}
    return dict(images=images, labels=labels)


def main() -> int:
    arguments = parse_arguments()
    try:
        path = arguments.check or write_report(arguments)
    except (ValueError, OSError) as error:
        print(f'error: {" ".join(str(error).split())}', file=sys.stderr)
        return 1
    problems = check_report(path)
    print('\n'.join(problems) if problems else f'{path}: sound')
    return int(bool(problems))


if __name__ == '__main__':
    sys.exit(main())
