"""One clear line for bad input, before work starts; with several ranks, one line for all of them."""

import errno
import os
import re
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from mmifnd.console import keep, lasting, say
from mmifnd.errors import MissingExtra, UserError
from mmifnd.files import NO_PERMISSION
from mmifnd.text import printable, shown

#: What bad input raises, here and in the libraries below. MMIFND_TRACEBACK=1 shows where it comes from.
EXPECTED = (ValueError, TypeError, KeyError, OSError, ImportError, RuntimeError, AssertionError)

FULL_DISK = (errno.ENOSPC, errno.EDQUOT)

#: Exit status after Ctrl-C, where nothing was saved: 128 + SIGINT, as of a shell.
INTERRUPTED = 130

#: Seconds that rank 0 gets to report what all ranks report, before they can talk to each other.
_COMMON = 1.5
#: What to do if the system refuses a file.
_REMEDIES = {errno.ENOENT: 'give one that exists', errno.ENAMETOOLONG: 'give a shorter name',
             **dict.fromkeys(NO_PERMISSION, 'give a place that this user may read and write')}
_WRAPPING = re.compile(r"class `\w+` in \S+\.py: ")
_OF_WORKER = re.compile(r'Caught \w+ in \w+ worker process .*\n[\w.]+: ', re.DOTALL)


@contextmanager
def one_line_errors(started=lambda: False) -> Iterator[None]:
    """End the program with status 2 and one line where input is bad.

    Of several ranks, any may speak, with its number and host; an error that all have in common is printed once, and one that
    follows from the failure of another rank is replaced by that failure.

    Args:
        started: says whether work has begun; from then on only :class:`UserError` is taken for bad input, and a full disk.
    """
    with lasting('stderr'):
        try:
            yield
        except UserError as error:
            _end(error)
        except EXPECTED as error:
            if os.environ.get('MMIFND_TRACEBACK') or started() and getattr(error, 'errno', None) not in FULL_DISK:
                _let_ranks_know(error)
                raise
            _end(error)
        except KeyboardInterrupt:
            if int(os.environ.get('RANK', '0')) == 0:
                say('error: interrupted; what was saved before stands: go on with --resume')
            sys.exit(INTERRUPTED)
        except Exception as error:
            _let_ranks_know(error)
            raise


def one_line(error: BaseException) -> str:
    """The message of ``error`` without the names of the classes that were being built around it."""
    if isinstance(error, OSError) and error.errno in FULL_DISK and not isinstance(error, UserError):
        place = error.filename or 'standard output, or a file of the run such as its log,'
        return (f'{place} could not be written ({error.strerror}); free some room on the disk, then run the command again '
                '(a training with --resume)')
    if isinstance(error, ModuleNotFoundError):
        error = MissingExtra.of(error) or error
    if isinstance(error, OSError) and not isinstance(error, UserError) and (line := _line_of_system(error)):
        return line
    text = error.args[0] if isinstance(error, KeyError) and error.args else str(error)
    return _WRAPPING.sub('', ' '.join(_OF_WORKER.sub('', str(text)).split())) or type(error).__name__


def _line_of_system(error: OSError) -> str | None:
    """The line for a file that the system refuses; None if it does not say which, or there is no remedy."""
    if error.filename is None or error.errno not in _REMEDIES:
        return None
    name = shown(os.fsdecode(error.filename)) if isinstance(error.filename, (str, bytes)) else str(error.filename)
    reason = 'does not exist' if error.errno == errno.ENOENT else f'cannot be used ({error.strerror})'
    return f'{name} {reason}; {_REMEDIES[error.errno]}'


def _end(error: BaseException) -> None:
    line = one_line(error)
    if 'RANK' in os.environ:
        printed = _line_of_rank(error, line)
        _record(printed or line)
        _print(printed)
        _leave()
        sys.exit(1 if _is_of_another(error) else 2)
    _print(line)
    sys.exit(2)


def _let_ranks_know(error: Exception) -> None:
    """Announce an error that is shown with a traceback; one that another rank has caused ends this rank here, without."""
    keep(''.join(traceback.format_exception(error)))
    if 'RANK' not in os.environ:
        return
    text = f'{type(error).__name__}: {one_line(error)}'
    line = _line_of_rank(error, text)
    _record(line or text, None if _is_of_another(error) else error)
    _print(line)
    _leave()
    if _is_of_another(error):
        sys.exit(1)


def _line_of_rank(error: BaseException, text: str) -> str | None:
    """What this rank has to print about its error; None if another rank prints it."""
    watch = _watch()
    if watch is not None:
        with suppress(RuntimeError):  # the store went with the host of rank 0
            return watch.report(error, text)
    rank = int(os.environ['RANK'])
    if rank:  # torchrun ends this process meanwhile if rank 0 has said the same
        time.sleep(_COMMON + .1 * int(os.environ.get('LOCAL_RANK', '0')))
    import socket
    return text if rank == 0 or text.startswith('rank ') else f'rank {rank} on host {socket.gethostname()}: {text}'


def _is_of_another(error: BaseException) -> bool:
    ranks = sys.modules.get('mmifnd.ranks')
    return _watch() is not None and ranks.is_lost_connection(error)


def _leave() -> None:
    watch = _watch()
    if watch is not None:
        watch.leave()


def _watch():
    ranks = sys.modules.get('mmifnd.ranks')
    return ranks.current_watch() if ranks else None


def _record(line: str, cause: BaseException | None = None) -> None:
    """Hand the line to torchrun, which shows that of the rank that has failed first, with the traceback of its cause."""
    if 'TORCHELASTIC_ERROR_FILE' not in os.environ:
        return
    from torch.distributed.elastic.multiprocessing.errors import record

    @record
    def fail() -> None:
        raise UserError(line) from cause

    with suppress(UserError):
        fail()


def _print(line: str | None) -> None:
    if line is not None:
        say(f'error: {printable(line)}')
