"""What evaluations of a run measured, read back from the results that they left."""

import logging
import math
from collections.abc import Iterable
from pathlib import Path
from time import time_ns
from typing import NamedTuple

from mmifnd.foreign import read_json
from mmifnd.shortage import ShortageError

from .names import EVALUATION
from .scores import is_score

_LOGGER = logging.getLogger('mmifnd')


class _Evaluation(NamedTuple):
    checkpoint: str
    measures: dict[str, float]


def results_path(folder: Path) -> Path:
    """The file of a new evaluation in ``folder``; names sort by time, on any clock of the wall."""
    return folder / f'results_{time_ns():020d}.json'


def read_evaluations(work_dir: Path) -> dict[str, float]:
    """Measures of all results of an evaluation of a run, by name; what could not be measured has none.

    They are the files of JSON in ``work_dir`` and those that ``evaluate`` left in its folder there. Of these, only the ones of
    the checkpoint that was judged last count, so that no two checkpoints are mixed. Other files of JSON are none of ours.
    """
    own = _all(sorted((work_dir / EVALUATION).glob('results_*.json')))
    own = [evaluation for evaluation in own if evaluation.checkpoint == own[-1].checkpoint]
    measures: dict[str, float] = {}
    for evaluation in own + _all(sorted(work_dir.glob('*.json'))):
        measures.update(evaluation.measures)
    return measures


def _all(paths: Iterable[Path]) -> list[_Evaluation]:
    return [evaluation for path in paths if (evaluation := _read(path)) is not None]


def _read(path: Path) -> _Evaluation | None:
    try:
        found = read_json(path)
        if found['kind'] != 'evaluation':
            return None
        values = {str(name): entry['value'] for name, entry in found['measures'].items()}
    except ShortageError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    for name, value in values.items():
        if not is_score(name, value):
            _LOGGER.warning('%s: %r is %r and no number that it can be; the file is left out', path, name[:40], str(value)[:40])
            return None
    return _Evaluation(str(found.get('checkpoint_hash')), {
        name: float(value) for name, value in values.items() if value is not None and not math.isnan(value)})
