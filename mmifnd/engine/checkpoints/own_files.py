"""Which checkpoints in a folder belong to a run. Nothing that a checkpoint says names a file to write or to remove."""

import re
from pathlib import Path
from typing import Any

_NAME = re.compile(r'(epoch|iter)_([0-9]{1,15})\.pth')
_BEST = re.compile(r'best_\w[\w.=@+-]*\.pth')
#: Entries of mmengine's message hub under which its hooks look for files.
_PATHS = re.compile(r'last_ckpt|best_ckpt\w*|kept_checkpoints|keep_ckpt_ids')


def checkpoints_in(folder: str | Path, epoch: int, step: int) -> list[str]:
    """The names of the checkpoints in ``folder`` that a run that has come this far can have left.

    Checkpoints after an epoch come first, then those in the middle of one, each kind in the order of its numbers.

    Links are left out, and so are files of a later epoch or step, which another run has left.

    Args:
        folder: work directory of the run.
        epoch: completed epochs.
        step: completed steps.
    """
    limits = dict(epoch=epoch, iter=step)
    places = [(_NAME.fullmatch(path.name), path) for path in Path(folder).glob('*.pth')]
    ours = [(place[1], int(place[2]), path.name) for place, path in places
            if place and int(place[2]) <= limits[place[1]] and path.is_file() and not path.is_symlink()]
    return [name for _, _, name in sorted(ours)]


def drop_foreign_paths(checkpoint: dict[str, Any], folder: str | Path) -> None:
    """Remove the file names that the message hub of ``checkpoint`` holds, in place.

    mmengine's hooks delete the file under ``best_ckpt`` once there is a better one. The best checkpoint is kept as such only
    where a file of that name, as mmengine names them, stands in ``folder``.
    """
    hub = checkpoint.get('message_hub')
    infos = hub.get('runtime_info') if isinstance(hub, dict) else None
    if not isinstance(infos, dict):
        return
    for key in [key for key in infos if isinstance(key, str) and _PATHS.fullmatch(key)]:
        value = infos.pop(key)
        name = re.split(r'[/\\]', value)[-1] if isinstance(value, str) and key.startswith('best_ckpt') else ''
        path = Path(folder) / name
        if _BEST.fullmatch(name) and path.is_file() and not path.is_symlink():
            infos[key] = str(path)
        elif isinstance(resumed := hub.get('resumed_keys'), dict):
            resumed.pop(key, None)  # else mmengine warns at every resume that the key has no value
