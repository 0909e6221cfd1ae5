"""Checks of arguments: each raises one line with the name, the value, what is allowed, and the remedy."""

import math
from collections.abc import Iterable

from .errors import UserError

#: The least normal number of float32; some devices take a smaller one for 0.
LEAST_DIVISOR = 2. ** -126
_BRACKETS = {'both': ('[', ']'), 'left': ('[', ')'), 'right': ('(', ']'), 'neither': ('(', ')')}


def check_choice(name: str, value: object, choices: Iterable[str], owner: str = '') -> None:
    """Refuse a value that is none of the choices.

    Args:
        name (str): the argument's name.
        value (object): its value.
        choices (Iterable[str]): all allowed values, in the order in which the message lists them.
        owner (str): class or function that has the argument, if the name alone does not say it.

    Raises:
        UserError: if ``value`` is unknown.

    Example:
        >>> check_choice('action', 'drop', ('eliminate', 'attract'), 'sigmoid_loss')
        Traceback (most recent call last):
        mmifnd.errors.UserError: action='drop' of sigmoid_loss is unknown; choose one of eliminate, attract
    """
    choices = list(choices)
    if value not in choices:
        raise UserError(f'{name}={value!r}{_of(owner)} is unknown; choose one of {", ".join(choices)}')


def check_positive(name: str, value: float, owner: str = '', remedy: str = '') -> None:
    """Refuse a number that is not greater than 0, NaN included.

    Args:
        name (str): the argument's name.
        value (float): its value.
        owner (str): class or function that has the argument.
        remedy (str): what to give instead, such as ``'10 is usual'``.

    Raises:
        UserError: if ``value`` is not positive.

    Example:
        >>> check_positive('alpha', -1., remedy='10 is usual')
        Traceback (most recent call last):
        mmifnd.errors.UserError: alpha=-1.0 is not positive; 10 is usual
    """
    if not value > 0:
        raise UserError(f'{name}={value}{_of(owner)} is not positive{_then(remedy)}')


def check_divisor(name: str, value: float, owner: str = '', remedy: str = '') -> None:
    """Refuse a number, such as a temperature, that values cannot be divided by in float32: its reciprocal is 0 or infinite.

    Arguments as in :func:`check_positive`.

    Example:
        >>> check_divisor('temperature', 1e-320, remedy='0.07 is usual')
        Traceback (most recent call last):
        mmifnd.errors.UserError: temperature=1e-320 is outside [1.2e-38, inf), the range of divisors in float32; 0.07 is usual
    """
    check_positive(name, value, owner, remedy)
    if not LEAST_DIVISOR <= value < math.inf:
        raise UserError(f'{name}={value}{_of(owner)} is outside [{LEAST_DIVISOR:.2g}, inf), the range of divisors in float32'
                        f'{_then(remedy)}')


def check_at_least(name: str, value: float, least: float, owner: str = '', remedy: str = '') -> None:
    """Refuse a number below ``least``, NaN included; arguments as in :func:`check_positive`.

    Example:
        >>> check_at_least('k', 0, 1, 'TopKDetector', '10 is usual')
        Traceback (most recent call last):
        mmifnd.errors.UserError: k=0 of TopKDetector must be at least 1; 10 is usual
    """
    if not value >= least:
        raise UserError(f'{name}={value}{_of(owner)} must be at least {least}{_then(remedy)}')


def check_inside(name: str, value: float, low: float, high: float, closed: str = 'both', owner: str = '',
                 remedy: str = '') -> None:
    """Refuse a number outside of an interval, NaN included.

    Args:
        name (str): the argument's name.
        value (float): its value.
        low (float): the lower end.
        high (float): the upper end.
        closed (str): which ends are allowed: ``'both'``, ``'left'``, ``'right'`` or ``'neither'``.
        owner (str): class or function that has the argument.
        remedy (str): what to give instead, or what the number means.

    Raises:
        UserError: if ``value`` is outside.

    Example:
        >>> check_inside('fraction', 0., 0, 1, 'right', remedy='it is a share of the labels')
        Traceback (most recent call last):
        mmifnd.errors.UserError: fraction=0.0 is outside (0, 1]; it is a share of the labels
    """
    above = value >= low if closed in ('both', 'left') else value > low
    below = value <= high if closed in ('both', 'right') else value < high
    if not (above and below):
        left, right = _BRACKETS[closed]
        raise UserError(f'{name}={value}{_of(owner)} is outside {left}{low}, {high}{right}{_then(remedy)}')


def _of(owner: str) -> str:
    return f' of {owner}' if owner else ''


def _then(remedy: str) -> str:
    return f'; {remedy}' if remedy else ''
