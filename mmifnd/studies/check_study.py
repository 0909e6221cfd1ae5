"""What a study's file says must fit together: found before the first run."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from mmifnd.configuration.check_config import near_matches
from mmifnd.configuration.errors import UserError

if TYPE_CHECKING:
    from .plan import Study


def check_study(study: 'Study', path: str | Path) -> None:
    """Refuse a study that names methods, measures or configs which there are not.

    Raises:
        UserError: naming the file, the place in it, and what is known.
    """
    if not study.methods:
        raise UserError(f'study {path} has no methods; give at least one: methods=dict(NAME=dict(label=..., config=...))')
    for method in study.methods.values():
        if not Path(method.config).is_file():
            raise UserError(f'study {path}: methods.{method.name}: config {method.config} does not exist')
        if method.rate_from is not None:
            _check_name(f'study {path}: methods.{method.name}.rate_from', method.rate_from, set(study.methods) - {method.name})
    for position, comparison in enumerate(study.comparisons):
        place = f'study {path}: comparisons[{position}]'
        if len(comparison) != 3:
            raise UserError(f'{place}={comparison} must be two methods and a measure')
        *methods, measure = comparison
        for name in methods:
            _check_name(place, name, study.methods)
        _check_name(place, measure, study.measures)
    _check_name(f'study {path}: figure_run', study.figure_run, study.methods)


def _check_name(place: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        raise UserError(f'{place} names {name}, which there is not{near_matches(name, known)}')
