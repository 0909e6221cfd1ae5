"""Which process is this, and does another one still live: also of other users, and in containers."""

import getpass
import os
import socket
from pathlib import Path
from typing import Any


def this_process() -> dict[str, Any]:
    """User, host, process, and what tells it from another process of the same number, or of a container beside it."""
    return dict(user=_user(), host=socket.gethostname(), pid=os.getpid(), born=birth(os.getpid()), place=_place())


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container whose user has no name
        return f'user {os.getuid()}'


def _place() -> str:
    """The boot of the machine and the container in whose numbers processes are counted; empty if the system does not say."""
    try:
        boot = Path('/proc/sys/kernel/random/boot_id').read_text().strip()
        return f'{boot} {os.readlink("/proc/self/ns/pid")}'
    except OSError:
        return ''


def birth(pid: Any) -> str | None:
    """When a living process began, in the system's ticks; None if there is no such process."""
    try:
        state, *fields = Path(f'/proc/{int(pid)}/stat').read_text().rpartition(')')[2].split()
    except (OSError, ValueError, TypeError, OverflowError):
        return None
    return None if state in 'ZX' else fields[18]


def is_hidden(pid: Any) -> bool:
    """Whether there is a process of this number of which the system shows nothing, as ``hidepid`` does with other users'."""
    try:
        number = int(pid)
        Path(f'/proc/{number}/stat').read_text()
        return False
    except (ValueError, TypeError, OverflowError):
        return False
    except OSError:
        pass
    if number < 1:  # kill takes those for groups of processes
        return False
    try:
        os.kill(number, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True
