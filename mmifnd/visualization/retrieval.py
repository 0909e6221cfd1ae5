"""Retrieval between images and texts, as an evaluation of the runs measured it."""

import re

from mmifnd.evaluation import mean_and_spread, summarise

from .curves import Group
from .page import table
from .tables import MISSING

READING = ('Recall at k, in per cent: how often a match is among the k most similar texts of an image (image to text), or '
           'images of a text (text to image). The modality gap is the distance between the mean image and the mean text '
           'embedding.')
_RECALL = re.compile(r'(i2t|t2i)_R@([0-9]+)')
_WAYS = dict(i2t='Image to text', t2i='Text to image')
_FURTHER = dict(retrieval_mean=('Mean', 1), modality_gap=('Modality gap', 3))


def columns_of(groups: list[Group]) -> dict[str, tuple[str, int]]:
    """The measures that any run has: key -> title and digits."""
    keys = dict.fromkeys(key for group in groups for record in group.records for key in record.evaluation)
    recalls = {key: (f'{_WAYS[match[1]]} R@{match[2]}', 1) for key in keys if (match := _RECALL.fullmatch(key))}
    return {**recalls, **{key: column for key, column in _FURTHER.items() if key in keys}} if recalls else {}


def retrieval_table(groups: list[Group]) -> str:
    """One row per group, one column per measure; '' if no run was evaluated so."""
    columns = columns_of(groups)
    rows = [[group.label, *(_cell(group, key, digits) for key, (_, digits) in columns.items())] for group in groups]
    if not columns:
        return ''
    return table(['Run or method', *(title for title, _ in columns.values())], rows,
                 'Mean ± sample standard deviation over runs.' if any(len(group.records) > 1 for group in groups)
                 else 'Of the evaluation whose results are in the directory of each run.')


def _cell(group: Group, key: str, digits: int) -> str:
    values = [record.evaluation[key] for record in group.records if key in record.evaluation]
    if not values:
        return MISSING
    summary = summarise(values)
    return mean_and_spread(summary.mean, summary.standard_deviation, digits)
