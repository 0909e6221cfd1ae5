"""The cores and the memory that this process may use, also in a container."""

import math
import os
from pathlib import Path

_CGROUP = Path('/sys/fs/cgroup')
_MEMINFO = Path('/proc/meminfo')


def available_cores() -> int:
    """The number of CPU cores that this process may use: those it is bound to, and no more than the container's quota.

    Example:
        >>> 1 <= available_cores() <= os.cpu_count()
        True
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
    quota = _cpu_quota()
    return cores if quota is None else max(1, min(cores, math.ceil(quota)))


def available_memory() -> int | None:
    """Bytes of memory that are available, in a container at most its limit; None if the system does not say.

    Example:
        >>> memory = available_memory()
        >>> memory is None or memory > 0
        True
    """
    try:
        lines = _MEMINFO.read_text().splitlines()
        available = next(int(line.split()[1]) * 1024 for line in lines if line.startswith('MemAvailable:'))
    except (OSError, StopIteration):
        return None
    try:
        limit, used = ((_CGROUP / name).read_text().strip() for name in ('memory.max', 'memory.current'))
    except OSError:
        return available
    return available if limit == 'max' else min(available, max(0, int(limit) - int(used)))


def _cpu_quota() -> float | None:
    """Cores of CPU time that the control group grants (version 2 or 1); None without a limit."""
    try:
        quota, period = (_CGROUP / 'cpu.max').read_text().split()
    except (OSError, ValueError):
        try:
            quota, period = ((_CGROUP / 'cpu' / f'cpu.cfs_{name}_us').read_text().strip() for name in ('quota', 'period'))
        except OSError:
            return None
    return None if quota in ('max', '-1') else int(quota) / int(period)
