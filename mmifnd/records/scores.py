"""What results say of a run, compared with what a run can have."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmifnd.errors import UserError
from mmifnd.text import shown

#: No finite measure is as large; squares of smaller ones can still be added up.
LARGEST = 1e100
_REMEDY = 'no evaluation writes that: run it again'


def check_run(method: Any, seed: Any, measures: Any, path: str | Path) -> None:
    """Refuse what no run of a study or of an evaluation has.

    Args:
        method: a name.
        seed: a whole number from 0 on, or None.
        measures: numbers by name; None is one that could not be measured.
        path: of the file that says so.

    Raises:
        UserError: naming what is wrong.
    """
    remedy = f'in {path}; {_REMEDY}'
    if not isinstance(method, str):
        raise UserError(f'a run has {shown(repr(method))} for its method {remedy}')
    if seed is not None and (type(seed) is not int or not 0 <= seed < 1 << 63):
        raise UserError(f'a run of {shown(method)} has {shown(repr(seed))} for its seed {remedy}')
    if not isinstance(measures, Mapping):
        raise UserError(f'a run of {shown(method)} has {shown(repr(measures))} for its measures {remedy}')
    for name, value in measures.items():
        if not is_score(name, value):
            raise UserError(f'{shown(name)} of {shown(method)} is {shown(repr(value))} {remedy}')


def check_spreads(method: str, spreads: Mapping[str, float], path: str | Path | None = None) -> None:
    """Refuse a standard deviation that is negative.

    Args:
        method: a name.
        spreads: standard deviations by the name of their measure.
        path: of the file that says so; None if no file does.

    Raises:
        UserError: naming the measure, the value and the file.
    """
    place, remedy = ('', 'give a standard deviation') if path is None else (f' in {path}', _REMEDY)
    for name, spread in spreads.items():
        if spread < 0:
            raise UserError(f'{shown(name)} of {shown(method)} has a spread of {spread:g}{place}, expected 0 or more; {remedy}')


def is_score(name: str, value: Any) -> bool:
    """Whether a value can be the measure ``name`` of an evaluation: finite, or NaN or None if it could not be measured.

    The number of groups of a grouping, ``NAME_groups``, is whole and at least 1.
    """
    if value is None or not is_measure(value):
        return value is None
    return value >= 1 and value % 1 == 0 if name.endswith('_groups') else not math.isinf(value)


def is_measure(value: Any) -> bool:
    """Whether a value is a number that can have been measured, such as a loss that has diverged; None if it could not be."""
    if type(value) is float:
        return abs(value) < LARGEST or not math.isfinite(value)
    return value is None or type(value) is int and abs(value) < 1 << 53
