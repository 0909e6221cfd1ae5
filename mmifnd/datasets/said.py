"""Lines that are logged once in a process, however often a data set is built."""

import logging

from mmengine.logging import print_log

_said: set[str] = set()


def say_once(line: str, level: int = logging.WARNING) -> None:
    """Log a line, unless this process has logged it before."""
    if line not in _said:
        _said.add(line)
        print_log(line, logger='current', level=level)
