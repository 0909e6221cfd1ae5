"""The one way into a checkpoint: looked at first, then loaded without executing anything of it."""

import os
import pickle
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import torch

from mmifnd.errors import UserError
from mmifnd.files import open_regular
from mmifnd.shortage import ShortageError, shortage_of

from .archive import archive_problem, legacy_problem
from .seal import seal_problem

#: What torch says of a pickle that would call something.
_NAMED = re.compile(r'GLOBAL (\S+)')
#: A tensor with strides of 0 holds fewer bytes than its elements; unfolded it may have as many as the file, or these.
_UNFOLDED = 1 << 26
#: Files that were found sound, by place and state, so that one process looks at each of them once.
_SOUND: set[tuple[int, ...]] = set()
#: Nanoseconds within which a file may change again without a new time.
_RECENT = 2 * 10**9
#: Files without a seal that were reported.
_REPORTED: set[str] = set()


class DamagedError(UserError):
    """A checkpoint is not what was written, or claims more than it holds; the message is one line that names it."""


def read_checkpoint(path: str | Path, map_location: Any = None, report: Callable[[str], None] = lambda line: None,
                    what: str = 'checkpoint') -> Any:
    """Read a file that torch wrote, by ``weights_only=True`` and an empty allow-list, once it was found sound.

    A sealed file is compared with its seal (:mod:`mmifnd.checkpoint_file.seal`). Records of other archives are compared with
    their own checksums. No record may be compressed, or hold other than the bytes that a tensor claims.

    Args:
        path: of the file.
        map_location: see ``torch.load``.
        report: called with a line for a file without a seal, once for each.
        what: how messages call such files.

    Raises:
        FileNotFoundError: if it does not exist.
        DamagedError: if it is damaged, or claims more than it holds.
        ShortageError: if the machine is short of something.
        UserError: if it holds more than tensors and plain values, or is no regular file.
    """
    path = Path(path).expanduser()
    name = f'{what} {path}'
    if not path.exists():
        raise FileNotFoundError(f'{name} does not exist; give the path of a .pth file')
    try:
        _check(path, name, report)
        content = torch.load(path, map_location=map_location, weights_only=True)
        _check_tensors(content, path.stat().st_size, str(map_location) == 'meta')
    except (UserError, FileNotFoundError):
        raise
    except Exception as error:  # a damaged pickle can fail in any way
        if shortage := shortage_of(error):
            raise ShortageError.of(shortage, error) from error
        if isinstance(error, pickle.UnpicklingError) and (other := _NAMED.search(str(error))):
            raise UserError(f'{name} holds more than tensors and plain values and is not loaded (it names '
                            f'{other[1]})') from None
        reason = 'or torch.save did not write it' if isinstance(error, pickle.UnpicklingError) else f'({_first_line(error)})'
        raise DamagedError(f'{name} is damaged {reason}; use an earlier one') from None
    return content


def damage_of(path: str | Path) -> str:
    """Why a checkpoint cannot be read, in a line; empty if it can.

    Raises:
        ShortageError: if the machine is short of something, so that nothing is known of the file.
    """
    try:
        read_checkpoint(path, map_location='meta')
    except ShortageError:
        raise
    except (OSError, ValueError) as error:
        return str(error)
    return ''


def _check(path: Path, name: str, report: Callable[[str], None]) -> None:
    with open_regular(path, name) as file:
        state = os.fstat(file.fileno())
        identity = (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)
        if identity in _SOUND:
            return
        is_sealed, problem = _look(file)
        if problem:
            raise DamagedError(f'{name} is damaged ({problem}); use an earlier one')
        if time.time_ns() - state.st_mtime_ns > _RECENT:
            _SOUND.add(identity)
    if not is_sealed and str(path) not in _REPORTED:
        _REPORTED.add(str(path))
        report(f'{name} has no seal of mmifnd (it is older, or was made elsewhere): only checksums of single records were '
               'compared, if it has any')


def _look(file: BinaryIO) -> tuple[bool, str]:
    """Whether a file is sealed, and what is wrong with it."""
    if file.read(4) != b'PK\3\4':
        return False, legacy_problem(file)  # the format before torch 1.6, which has no checksums
    problem = seal_problem(file)
    try:
        found = archive_problem(file, checks_records=problem != '')
    except Exception as error:  # of a damaged archive, zipfile raises anything
        if shortage_of(error):
            raise
        found = _first_line(error)
    return problem is not None, found or problem or ''


def is_plain_tensor(tensor: torch.Tensor) -> bool:
    """Whether a tensor holds one number per element, in memory: it is not sparse, not quantized, and no description alone."""
    return tensor.layout == torch.strided and not tensor.is_quantized and tensor.device.type != 'meta'


def can_replace(value: Any, expected: torch.Tensor) -> bool:
    """Whether a value of a file can take the place of a tensor of a model: of the same shape, and real if that is real."""
    return (isinstance(value, torch.Tensor) and value.shape == expected.shape
            and value.is_complex() == expected.is_complex() and value.is_floating_point() == expected.is_floating_point())


def _check_tensors(content: Any, size: int, reads_no_values: bool) -> None:
    """Refuse tensors that hold no plain numbers, or so many that overlap that they would not fit anywhere once copied."""
    for tensor in _tensors(content):
        if not is_plain_tensor(tensor) and not (reads_no_values and tensor.layout == torch.strided):
            raise ValueError('a tensor is sparse, quantized or without values')
        needed = tensor.numel() * tensor.element_size()
        if needed > max(size, _UNFOLDED) and needed > tensor.untyped_storage().nbytes():
            raise ValueError(f'a tensor claims {tensor.numel()} elements and holds '
                             f'{tensor.untyped_storage().nbytes() // tensor.element_size()}')


def _tensors(content: Any) -> Iterator[torch.Tensor]:
    stack, seen = [content], set()
    while stack:
        value = stack.pop()
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, (dict, list, tuple, set)) and id(value) not in seen:
            seen.add(id(value))
            stack += value.values() if isinstance(value, dict) else value


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__).split('. ')[0][:200]
