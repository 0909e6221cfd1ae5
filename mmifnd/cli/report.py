"""Write, or check, a report of what runs detected as false negatives.

    mmifnd report work_dirs/ifnd work_dirs/glofnd --out report.html     runs side by side
    mmifnd report work_dirs/study                                       a study (it holds results.json)
    mmifnd report --check report.html                                   exit 1 and one line per problem

Pictures and classes are those of the training set that the config of the first run names, or of --data.
"""

import argparse
import sys
from pathlib import Path

from mmifnd.errors import UserError
from mmifnd.files import is_inside
from mmifnd.foreign import OF_FORM, believed, read_json
from mmifnd.places import check_file
from mmifnd.text import shown


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to report, or to check."""
    parser.add_argument('work_dirs', nargs='*', metavar='WORK_DIR', help='a run, several runs, or one study')
    parser.add_argument('--out', help='file to write; default: report.html in the first WORK_DIR')
    parser.add_argument('--data', help='.npz with labels (N,) and images uint8 (N, C, H, W), either may be missing')
    parser.add_argument('--epochs', nargs='+', type=int, help='of the t-SNE maps of runs; default: first, middle and last')
    parser.add_argument('--check', metavar='FILE', help='check a report instead of writing one')


def run(args: argparse.Namespace) -> int:
    """Write, then check; 1 if something is wrong with the report."""
    from mmifnd.visualization import check_report
    if bool(args.check) == bool(args.work_dirs):
        raise UserError('give either WORK_DIR... or --check FILE')
    path = args.check or write_report(args)
    problems = check_report(path)
    print('\n'.join(problems) if problems else f'{path}: sound')
    return int(bool(problems))


def write_report(args: argparse.Namespace) -> Path:
    """Write a study's report for a folder that holds results.json, else the report of one or several runs."""
    first = Path(args.work_dirs[0])
    out = Path(args.out or first / 'report.html')
    check_file(out)
    path = first / 'results.json'
    results = read_results(path) if len(args.work_dirs) == 1 and path.is_file() else None
    what = path if results is not None else f'what {", ".join(map(str, args.work_dirs))} recorded'
    with believed(str(what), 'repair or remove what was changed, or run it again', OF_FORM):
        return _write_report(args, first, out, results)


def _write_report(args: argparse.Namespace, first: Path, out: Path, results: dict | None) -> Path:
    from mmifnd.visualization import RunRecord, write_run_report, write_study_report
    if results is None:
        for work_dir in args.work_dirs:
            RunRecord.load(work_dir)  # whether there is anything to report, before pictures are looked for
        return write_run_report(args.work_dirs, out, epochs=args.epochs,
                                **images_and_labels(args.data, args.work_dirs))
    if args.epochs:
        raise UserError('--epochs is for runs; give the work_dir of one run of the study')
    runs = {run['method']: first / run['work_dir'] for run in results['runs']}  # one of each method
    return write_study_report(results, first, path=out.absolute(), **images_and_labels(args.data, list(runs.values())))


def read_results(path: Path) -> dict | None:
    """Read what a study left; None if it is the evaluation of a single run.

    Raises:
        UserError: if the file is damaged, or holds something else, or its means and tests are not those of its runs.
    """
    from mmifnd.records.scores import check_run

    from .study_summary import check_summary
    results = read_json(path)
    if isinstance(results, dict) and results.get('kind') == 'evaluation':
        return None
    runs = results.get('runs') if isinstance(results, dict) else None
    if not isinstance(runs, list) or not all(isinstance(run, dict) and {'method', 'work_dir'} <= set(run) for run in runs):
        raise UserError(f'{path} has no runs with method and work_dir; expected what mmifnd study writes')
    for run in runs:
        check_run(run['method'], run.get('seed'), run.get('measures', {}), path)
    outside = next((run['work_dir'] for run in runs if not is_inside(run['work_dir'])), None)
    if outside is not None:
        raise UserError(f'{path} names the folder {shown(str(outside))} of a run; folders of runs are below that of the study')
    check_summary(results, path)
    return results


def images_and_labels(data: str | None, work_dirs: list[str | Path]) -> dict:
    """Read images and labels from ``data``, else those that the runs were trained on; if there are none, say so."""
    if data:
        from mmifnd.records.arrays import read_arrays
        return read_arrays(data, wanted=('images', 'labels'))
    from mmifnd.apis.run_images import images_of_runs  # imports OpenMMLab, which the rest does not need
    try:
        images, labels = images_of_runs(work_dirs)
    except UserError as error:
        print(f'no pictures, and nothing is judged by classes: {error}; give --data', file=sys.stderr)
        return {}
    return dict(images=images, labels=labels, class_names=images.class_names, names=images.names, captions=images.captions)
