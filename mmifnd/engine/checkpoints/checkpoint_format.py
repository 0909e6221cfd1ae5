"""Checkpoints of tensors and plain values: to and from mmengine's, reading without executing, writing atomically."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.fileio import LocalBackend, register_backend
from mmengine.logging import HistoryBuffer, print_log
from mmengine.runner import CheckpointLoader

from mmifnd.checkpoint_file import can_replace, read_checkpoint, sealed
from mmifnd.distributed import unwrap
from mmifnd.errors import UserError
from mmifnd.files import write_whole
from mmifnd.records.run_lock import check_held

#: What a distributed wrapper puts before all names.
_WRAPPER = 'module.'

#: Texts that inferencers or ``Runner.resume`` would execute.
_EXECUTED = (('meta', 'cfg'), ('meta', 'config'), ('message_hub', 'runtime_info', 'cfg'))


def flatten(checkpoint: dict) -> None:
    """Replace, in place, everything that is no tensor or plain value."""
    _drop_executed(checkpoint)
    scalars = checkpoint['message_hub']['log_scalars']
    checkpoint['message_hub']['log_scalars'] = {
        key: dict(values=torch.as_tensor(buffer.data[0]), counts=torch.as_tensor(buffer.data[1]), limit=buffer.max_length)
        for key, buffer in scalars.items()
    }
    for key in [key for key in checkpoint if key != 'state_dict']:
        checkpoint[key] = plain(checkpoint[key], key)


def rebuild(checkpoint: dict) -> None:
    """Undo :func:`flatten` in place, and remove what would be executed."""
    _drop_executed(checkpoint)
    hub = checkpoint.get('message_hub')
    if hub:
        hub['log_scalars'] = {
            key: HistoryBuffer(flat['values'].cpu().numpy(), flat['counts'].cpu().numpy(), flat['limit'])
            for key, flat in hub['log_scalars'].items()
        }


def plain(value: Any, where: str) -> Any:
    """``value`` with numpy turned into tensors and numbers.

    Raises:
        TypeError: if something is neither a tensor nor a plain value; the message says where.
    """
    if value is None or isinstance(value, (bool, int, float, str, torch.Tensor)) and not isinstance(value, np.generic):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return torch.as_tensor(value)
    if isinstance(value, dict):
        return {plain(key, where): plain(item, f'{where}.{key}') for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        items = [plain(item, where) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    raise TypeError(f'{where} of the checkpoint is a {type(value).__name__}; keep tensors and plain values only')


def load_plain(filename: str | Path, map_location=None, keeps_names: bool = False) -> dict:
    """Read a checkpoint as :func:`mmifnd.checkpoint_file.read_checkpoint` does: sound files only, and nothing is executed.

    A file without a seal is logged in one line.

    Args:
        filename: of a ``.pth`` file.
        map_location: see ``torch.load``.
        keeps_names: leave a prefix ``module.`` of all tensors where it is; it is that of a distributed wrapper.

    Raises:
        FileNotFoundError: if there is no such file.
        UserError: if the file is damaged, or holds more than tensors and plain values.
    """
    checkpoint = read_checkpoint(filename, map_location, lambda line: print_log(line, 'current', logging.WARNING))
    return checkpoint if keeps_names else without_wrapper(checkpoint)


def check_fits(model: torch.nn.Module, checkpoint: dict, name: str) -> None:
    """Refuse a checkpoint of another model, in one line.

    Buffers of detectors take any size (their number of images is that of the data set), parameters do not.

    Raises:
        ValueError: if tensors are missing, or parameters have another shape.
    """
    model = unwrap(model)
    saved, expected = tensors_of(checkpoint, name), model.state_dict()
    missing = [key for key in expected if key not in saved]
    parameters = dict(model.named_parameters())
    other = [key for key, value in parameters.items() if key in saved and not can_replace(saved[key], value)]
    if missing or other:
        raise UserError(f'checkpoint {name} does not fit the model: {len(missing)} of {len(expected)} tensors are missing'
                         f'{_such_as(missing)}, {len(other)} have another shape{_such_as(other)}; '
                         'use the config that it was trained with')


def check_start(model: torch.nn.Module, checkpoint: Any, name: str, strict: bool = True) -> list[str]:
    """Refuse weights to begin with that do not fit; what they leave out, one line each.

    Args:
        strict: refuse parameters of another shape; otherwise they are left out.

    Raises:
        ValueError: if no tensor fits, or, with ``strict``, a parameter has another shape.
    """
    model, saved = unwrap(model), tensors_of(checkpoint, name)
    expected, parameters = model.state_dict(), dict(model.named_parameters())
    if not any(key in expected and can_replace(value, expected[key]) for key, value in saved.items()):
        raise UserError(f'checkpoint {name} holds nothing that fits the model, which has tensors like {next(iter(expected))}; '
                         'use one of the same architecture, or tools/model_converters/import_checkpoint.py')
    other = [key for key, value in parameters.items() if key in saved and not can_replace(saved[key], value)]
    missing = [key for key in parameters if key not in saved]
    if other and strict:
        raise UserError(f'checkpoint {name} does not fit the model: {len(other)} of {len(parameters)} parameters have another '
                         f'shape{_such_as(other)}; use the config that it was trained with, or leave them out: '
                         'default_hooks.plain_checkpoint.strict=False')
    lines = []
    for keys, reason in ((missing, 'are not in the checkpoint'), (other, 'have another shape there')):
        if keys:
            lines.append(f'load_from={name}: {len(keys)} of {len(parameters)} parameters {reason}{_such_as(keys)} and begin as '
                         'a new model')
    return lines


def without_wrapper(checkpoint: Any) -> Any:
    """Take the ``module.`` of a distributed wrapper off the names of tensors, in place, where all have it."""
    holders = [checkpoint, *(checkpoint.get(key) for key in ('state_dict', 'model'))] if isinstance(checkpoint, dict) else []
    for holder in holders:
        if isinstance(holder, dict) and holder and all(str(key).startswith(_WRAPPER) for key in holder):
            renamed = {key.removeprefix(_WRAPPER): value for key, value in holder.items()}
            holder.clear()
            holder.update(renamed)
    return checkpoint


def tensors_of(checkpoint: Any, name: str) -> dict[str, torch.Tensor]:
    """The ``state_dict`` of ``checkpoint``.

    Raises:
        ValueError: if there is none, or it holds anything but tensors.
    """
    tensors = checkpoint.get('state_dict') if isinstance(checkpoint, dict) else None
    if not isinstance(tensors, dict) or not all(isinstance(value, torch.Tensor) for value in tensors.values()):
        raise UserError(f'checkpoint {name} has no state_dict of tensors, so it is none of a training; give a .pth file that '
                         'tools/train.py or tools/model_converters/import_checkpoint.py wrote')
    return tensors


def _such_as(keys: list[str]) -> str:
    return f' (such as {keys[0]})' if keys else ''


def _drop_executed(checkpoint: dict) -> None:
    for *path, last in _EXECUTED:
        holder = checkpoint
        for key in path:
            holder = holder.get(key, {}) if isinstance(holder, dict) else {}
        if isinstance(holder, dict):
            holder.pop(last, None)


class AtomicFileBackend(LocalBackend):
    """Local files that appear whole: a temporary file, flushed to disk, then renamed, and the folder flushed, too."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write ``obj``; whoever reads ``filepath`` finds the old content or the new, never a part. A ``.pth`` gets a seal.

        Raises:
            UserError: if another run has taken over the folder.
        """
        check_held(filepath)
        write_whole(filepath, sealed(obj) if Path(filepath).suffix == '.pth' else obj, flush=True)

    def put_text(self, obj: str, filepath: str | Path, encoding: str = 'utf-8') -> None:
        """Write text; see :meth:`put`."""
        self.put(obj.encode(encoding), filepath)


def install() -> None:
    """Make mmengine read checkpoints by :func:`load_plain` and know the atomic backend."""
    CheckpointLoader.register_scheme(prefixes='', loader=load_plain, force=True)
    register_backend('AtomicFileBackend', AtomicFileBackend, force=True)
