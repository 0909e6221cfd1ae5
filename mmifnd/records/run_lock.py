"""One folder, one run: a lock that survives kills and works on network file systems.

The lock is a file that is created in one step. Its owner touches it every :data:`INTERVAL` seconds, a heartbeat. Clocks of
hosts are never compared: who waits for a lock watches whether it changes.

A lock is only ever removed under a *claim*: a second lock whose name follows from the text of the first. Texts are unique, so
of all who find one dead lock a single one removes it, and none can hit the lock that has come in its place.
"""

import errno
import hashlib
import json
import os
import secrets
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from mmifnd.errors import UserError
from mmifnd.files import NO_PERMISSION
from mmifnd.places import make_folder

from .process_identity import birth, is_hidden, this_process

#: Name of the lock in the folder.
LOCK = 'run.lock'
#: Seconds between two heartbeats.
INTERVAL = 30.
#: Heartbeats that the owner on another host may miss.
MISSED = 2
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)
_MOST_BYTES = 1 << 16


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


class RunLock:
    """The lock of a folder that this process holds.

    Attributes:
        folder: what is locked.
    """

    def __init__(self, folder: str | Path, interval: float = INTERVAL) -> None:
        self.folder, self._interval = Path(folder), interval
        self._path = self.folder / LOCK
        self._text = json.dumps(dict(token=secrets.token_hex(8), **this_process())).encode()
        self._is_released = threading.Event()
        self._is_lost = False

    def check(self) -> None:
        """Check whether the lock still belongs to this process; call it before something important is written.

        Raises:
            UserError: if another run has taken over the folder.
        """
        with suppress(OSError):  # a network file system that does not answer says nothing of the owner
            self._is_lost |= _read(self._path) != self._text
        if self._is_lost:
            raise UserError(f'{self.folder} was taken over by {_described(_read(self._path))}; this run ends and writes '
                            'nothing more')

    def _acquire(self, take_over: bool, report: Callable[[str], None]) -> None:
        make_folder(self.folder)
        while not self._create(self._path):
            held = _read(self._path)
            if held is None:  # it was released in between
                continue
            if take_over:
                report(f'{self.folder} is taken over from {_described(held)}')
            elif not self._is_dead(self._path, held, report):
                raise UserError(f'{self.folder} is in use by {_described(held)}; wait until that run has ended, choose another '
                                'folder, or, if you know that it is gone, take it over: --take-over')
            self._remove(self._path, held, report)
        threading.Thread(target=self._beat, name='run lock', daemon=True).start()

    def _create(self, path: Path) -> bool:
        """Write the lock ``path`` if there is none; a hard link appears in one step also where exclusive creation does not."""
        written = self._path.with_name(f'{LOCK}.{secrets.token_hex(4)}')
        try:
            written.write_bytes(self._text)
            try:
                os.link(written, path)
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                with open(path, 'xb') as file:
                    file.write(self._text)
        except FileExistsError:
            return False
        except OSError as error:
            raise UserError(f'{path} cannot be written ({error.strerror}); a run needs a folder with room that it may '
                            'write to') from error
        finally:
            written.unlink(missing_ok=True)
        return True

    def _is_dead(self, path: Path, held: bytes, report: Callable[[str], None]) -> bool:
        """Whether the owner is gone: seen at once on this host, elsewhere or if it is hidden by heartbeats that do not come."""
        owner, here = _parsed(held), this_process()
        if owner.get('place') == here['place'] and here['place']:
            born = birth(owner.get('pid'))
            if born is not None or not is_hidden(owner.get('pid')):
                return born is None or born != owner.get('born')
        seconds = (MISSED + .2) * self._interval
        report(f'{self.folder} is locked by {_described(held)}: watching for its heartbeat, up to {seconds:.0f} s')
        first, until = _pulse(path), time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(self._interval / 20)
            if _pulse(path) not in (first, None):
                return False
            if not path.exists():
                break
        return True

    def _remove(self, path: Path, held: bytes, report: Callable[[str], None]) -> None:
        """Take away the lock ``path`` if its text still is ``held``, or let another run that claimed it do so."""
        claim = path.with_name(f'{LOCK}.{hashlib.sha256(held).hexdigest()[:16]}')
        if self._create(claim):
            try:
                if _read(path) == held:
                    path.unlink()
            finally:
                claim.unlink(missing_ok=True)
            return
        until = time.monotonic() + self._interval
        while (claimant := _read(claim)) is not None:
            if self._is_dead(claim, claimant, report):  # killed within these few lines
                return self._remove(claim, claimant, report)
            if time.monotonic() > until:
                raise UserError(f'{self.folder} is being taken over by {_described(claimant)}, which does not go on; end that '
                                'process and start again')
            time.sleep(.001)

    def _beat(self) -> None:
        while not self._is_released.wait(self._interval):
            try:
                if _read(self._path) != self._text:
                    self._is_lost = True
                    return
                os.utime(self._path)
            except (OSError, UserError):
                continue

    def _release(self) -> None:
        self._is_released.set()
        with suppress(OSError, UserError):  # a folder that cannot be written keeps the lock; the next run sees that it is dead
            if _read(self._path) == self._text:
                self._remove(self._path, self._text, lambda line: None)


_HELD: dict[tuple[int, str], RunLock] = {}


@contextmanager
def locked(folder: str | Path, take_over: bool = False, report: Callable[[str], None] = _say,
           interval: float = INTERVAL) -> Iterator[RunLock]:
    """Hold the lock of ``folder``, which is created if it is missing; a process that holds it already goes on.

    Args:
        folder: what only one run may write to.
        take_over: do not ask whether its owner is alive.
        report: called with a line before the heartbeat of another host is watched, and when a folder is taken over.
        interval: seconds between two heartbeats; the same for all who use the folder.

    Raises:
        UserError: if another run holds it; the message names its owner, host and process. A process of this host that has
            died frees it at once, one on another host, or of another user whom the system hides, after two missed
            heartbeats.
    """
    key = os.getpid(), os.path.realpath(folder)
    if key in _HELD:
        yield _HELD[key]
        return
    lock = RunLock(folder, interval)
    lock._acquire(take_over, report)
    _HELD[key] = lock
    try:
        yield lock
    finally:
        _HELD.pop(key, None)
        lock._release()


def check_held(path: str | Path) -> None:
    """Check that no folder of ``path`` that this process has locked was taken over; call it right before ``path`` is written.

    Raises:
        UserError: if another run has taken it over.
    """
    place = os.path.realpath(os.path.dirname(os.path.abspath(path)))
    for (process, folder), lock in list(_HELD.items()):
        if process == os.getpid() and os.path.commonpath((folder, place)) == folder:
            lock.check()


def _pulse(path: Path) -> tuple[int, bytes] | None:
    """What a heartbeat changes; the file is opened, so that a network file system asks its server."""
    try:
        with _open(path) as file:
            return os.fstat(file.fileno()).st_mtime_ns, file.read(_MOST_BYTES)
    except OSError:
        return None


def _read(path: Path) -> bytes | None:
    try:
        with _open(path) as file:
            return file.read(_MOST_BYTES)
    except FileNotFoundError:
        return None


def _open(path: Path) -> BinaryIO:
    """A lock, which is a regular file: a FIFO would wait for ever, and a link to nothing is no lock that is gone."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise UserError(f'{path} is a link, and no lock of a run; remove it') from None
        if error.errno in NO_PERMISSION:
            raise UserError(f'{path} may not be read: {_owner(path)} has a run there, or had one; choose another folder, or '
                            'ask for the lock to be removed if that run is gone') from None
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise UserError(f'{path} is no regular file, and so no lock of a run; remove it')
    return open(handle, 'rb')


def _owner(path: Path) -> str:
    """Whose file it is, in words."""
    try:
        return f'the user {path.owner()}'
    except (OSError, KeyError, NotImplementedError):  # it has gone, or its owner has no name here
        return 'another user'


def _parsed(text: bytes | None) -> dict[str, Any]:
    try:
        owner = json.loads(text or b'')
    except (ValueError, RecursionError):
        return {}
    return owner if isinstance(owner, dict) else {}


def _described(text: bytes | None) -> str:
    owner = _parsed(text)
    if not {'user', 'host', 'pid'} <= set(owner):
        return 'a run that has left no name'
    user, host, pid = (ascii(str(owner[key])[:100])[1:-1] for key in ('user', 'host', 'pid'))
    return f'a run of {user} on host {host} (process {pid})'
