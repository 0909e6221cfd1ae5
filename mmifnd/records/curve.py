"""The training curve of a run, read from the logs of its starts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from .kinds import CURVE
from .lines import read_json_lines
from .names import STARTS

Report = Callable[[str], None]


def read_curve(work_dir: Path, report: Report | None = None) -> list[dict[str, Any]]:
    """Entries of the steps that have a loss, of ``scalars.jsonl`` or of mmengine's logs, a file for each start of the run.

    Of several starts, the curve is that of the last training that began anew, with what was resumed since: a resumed start
    replaces the steps that it repeats, and those beyond them. Starts have the order in which :data:`STARTS` notes them,
    since logs are named by local time, which goes back in autumn and between hosts. Without it, all logs are read.

    Args:
        work_dir: of the run.
        report: called with a line for each line that is damaged, which is left out then; if None, it is refused.

    Raises:
        RecordError: if a line is damaged.
    """
    path = work_dir / 'scalars.jsonl'
    if path.is_file():
        return _steps(path, report)
    paths = {path.parents[1].name: path for path in sorted(work_dir.glob('*/vis_data/scalars.json'))}
    starts = read_json_lines(work_dir / STARTS, report=report)
    names = [_log_of(start, list(paths)) for start in starts]
    anew = {name for name, start in zip(names, starts) if start.get('resumed') is False}
    place = {name: position for position, name in enumerate(names)}
    curve: list[dict[str, Any]] = []
    for name in sorted(paths, key=lambda name: (place.get(name, -1), name)):
        steps = _steps(paths[name], report)
        if steps and name in anew:  # an evaluation in the same folder has no steps
            curve = []
        curve = _continued(curve, steps) if starts else curve + steps
    return curve


def _continued(curve: list[dict[str, Any]], steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The curve with steps of a later start in the place of those that they repeat; a log of one second can hold two starts."""
    for entry in steps:
        while curve and curve[-1]['step'] >= entry['step']:
            curve.pop()
        curve.append(entry)
    return curve


def _steps(path: Path, report: Report | None) -> list[dict[str, Any]]:
    """Lines of epochs (evaluations, clusterings) have no loss; their ``step`` is an epoch."""
    return [entry for entry in read_json_lines(path, report=report, rules=CURVE)
            if all(key in entry for key in ('step', 'epoch', 'loss'))]


def _log_of(start: dict[str, Any], names: list[str]) -> str | None:
    """The folder with the log of a start; one that does not name it began just before the start was noted."""
    if 'log' in start:
        return str(start['log'])
    noted = str(start.get('started')).replace('-', '').replace(':', '').replace(' ', '_')
    return max((name for name in names if name <= noted), default=None)
