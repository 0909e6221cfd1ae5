"""What results say of a run, compared with what a run can have."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmifnd.errors import UserError
from mmifnd.text import shown


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
    remedy = f'in {path}; no evaluation writes that: run it again'
    if not isinstance(method, str):
        raise UserError(f'a run has {shown(repr(method))} for its method {remedy}')
    if seed is not None and (type(seed) is not int or not 0 <= seed < 1 << 63):
        raise UserError(f'a run of {shown(method)} has {shown(repr(seed))} for its seed {remedy}')
    if not isinstance(measures, Mapping):
        raise UserError(f'a run of {shown(method)} has {shown(repr(measures))} for its measures {remedy}')
    for name, value in measures.items():
        if not is_measure(value):
            raise UserError(f'{shown(name)} of {shown(method)} is {shown(repr(value))} {remedy}')


def is_measure(value: Any) -> bool:
    """Whether a value is a number that can have been measured; None if it could not be."""
    return value is None or type(value) is float or type(value) is int and abs(value) < 1 << 53
