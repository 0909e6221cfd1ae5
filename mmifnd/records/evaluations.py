"""What evaluations of a run measured, read back from the results that they left."""

import math
from pathlib import Path
from typing import NamedTuple

from mmifnd.foreign import read_json
from mmifnd.shortage import ShortageError

from .names import EVALUATION


class _Evaluation(NamedTuple):
    checkpoint: str
    measures: dict[str, float]


def read_evaluations(work_dir: Path) -> dict[str, float]:
    """Measures of all results of an evaluation of a run, by name; what could not be measured has none.

    They are the files of JSON in ``work_dir`` and those that ``evaluate`` left in its folder there. Of these, only the ones of
    the checkpoint that was judged last count, so that no two checkpoints are mixed. Other files of JSON are none of ours.
    """
    own = _all(sorted((work_dir / EVALUATION).glob('*/results.json')))
    own = [evaluation for evaluation in own if evaluation.checkpoint == own[-1].checkpoint]
    measures: dict[str, float] = {}
    for evaluation in own + _all(sorted(work_dir.glob('*.json'))):
        measures.update(evaluation.measures)
    return measures


def _all(paths: list[Path]) -> list[_Evaluation]:
    return [evaluation for path in paths if (evaluation := _read(path)) is not None]


def _read(path: Path) -> _Evaluation | None:
    try:
        found = read_json(path)
        if found['kind'] != 'evaluation':
            return None
        values = {name: float(entry['value']) for name, entry in found['measures'].items() if entry['value'] is not None}
        return _Evaluation(str(found.get('checkpoint_hash')), {
            name: value for name, value in values.items() if not math.isnan(value)})
    except ShortageError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return None
