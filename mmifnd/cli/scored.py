"""Results that are named on a command line, as scored runs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mmifnd.errors import UserError

if TYPE_CHECKING:
    from mmifnd.studies.results import ScoredRun


def read_sources(sources: Sequence[str]) -> 'list[ScoredRun]':
    """The runs of all of ``sources``, each ``[LABEL=]FILE[:METHOD]``.

    Raises:
        UserError: if one names no file, a file is missing or holds what no run has, or there is no run at all.
    """
    from mmifnd.studies.results import read_runs
    runs: list[ScoredRun] = []
    for source in sources:
        if not source.partition('=')[2 if '=' in source else 0].strip(':'):
            raise UserError(f'{source!r} names no file; give FILE or LABEL=FILE')
        runs += read_runs(source)
    if not runs:
        raise UserError(f'there is no run in {", ".join(sources)}; give results of mmifnd test --out, or of a study that '
                        'has run')
    return runs
