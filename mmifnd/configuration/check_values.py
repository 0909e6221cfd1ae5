"""Whether a value can be what the annotation of an argument says."""

from collections.abc import Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

#: Limits that other packages check late, or in words that do not name the key: least and largest value.
LIMITS = dict(interval=(1, float('inf')), lr=(0, float('inf')), accumulative_counts=(1, float('inf')), start_factor=(0, 1))

_LISTS, _DICTS = (Sequence, list, tuple), (dict, Mapping)


def expected(annotation: Any, value: Any, is_exact: bool) -> str:
    """What ``value`` should be, in words; empty if nothing speaks against it.

    Args:
        annotation: of the argument; None if there is none.
        value: of the config.
        is_exact: whether annotations can be relied upon, as those of this package. Of others only numbers are looked at.
    """
    members = set(get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,))
    if members & {Any, None}:
        return ''
    if isinstance(value, str) and members & {int, float} and str not in members:
        return 'a number'
    return (_of_numbers(members, value) or _of_lists(members, value) or _of_dicts(members, value)) if is_exact else ''


def outside_limits(key: str, value: Any) -> str:
    """The limits of :data:`LIMITS` that ``value`` is outside of, in words; empty if it is within."""
    if key not in LIMITS or isinstance(value, bool) or not isinstance(value, (int, float)):
        return ''
    least, largest = LIMITS[key]
    return '' if least <= value <= largest else f'at least {least}' + (f' and at most {largest}' if largest < 1e9 else '')


def _of_numbers(members: set, value: Any) -> str:
    numbers = members & {int, float}
    if members - {NoneType} == {bool}:
        return '' if value in (True, False, None) else 'True or False'
    if numbers == {int} and isinstance(value, float):
        return 'a whole number'
    if numbers and members <= {int, float, NoneType} and isinstance(value, (list, tuple, dict)):
        return 'a number'
    return ''


def _of_lists(members: set, value: Any) -> str:
    lists = [member for member in members if get_origin(member) in _LISTS]
    if not lists:
        return ''
    if isinstance(value, (list, tuple)):
        kinds = {kind for member in lists for kind in get_args(member)} - {Ellipsis}
        if kinds == {int} and not all(isinstance(item, int) for item in value):
            return 'a list of whole numbers'
        return 'a list of numbers' if kinds <= {int, float} and any(isinstance(item, str) for item in value) else ''
    if isinstance(value, str) and str not in members:
        return 'a list'
    return f'a list, such as ({value},)' if isinstance(value, (int, float)) and not members & {int, float} else ''


def _of_dicts(members: set, value: Any) -> str:
    dicts = {member for member in members if member is dict or get_origin(member) in _DICTS}
    if not dicts or members - dicts - {NoneType} or isinstance(value, dict):
        return ''
    return '' if value is None and NoneType in members else 'a dict'
