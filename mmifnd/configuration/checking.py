"""The one check of a config, before anything is built."""

from pathlib import Path
from typing import NamedTuple

from mmengine.config import Config

from mmifnd.errors import UserError

from .check_components import check_components
from .check_data import check_data
from .check_runtime import check_clustering, check_loop, check_runtime, check_schedule


class Task(NamedTuple):
    """What a config is to be used for.

    Attributes:
        needs: parts that the config must have.
        data: parts whose folders and files must exist.
    """

    needs: tuple[str, ...]
    data: tuple[str, ...] = ()


TRAINING = Task(('model', 'train_dataloader', 'train_cfg', 'optim_wrapper'), ('train_dataloader',))
TESTING = Task(('model', 'test_dataloader'), ('train_dataloader', 'test_cfg', 'test_dataloader'))


def check(config: Config, name: str | Path = 'config', task: Task | None = None) -> None:
    """Refuse a config that could not run, or would run otherwise than it says.

    Looked at are the names of its parts, every component and its arguments, hooks, loaders, schedules and loop, who makes the
    pseudo labels that the model waits for, and the parts and data of the task.

    Args:
        config: with all options applied.
        name: of the config, for messages.
        task: what the config is for; if None, parts and data that a task would need are not looked at.

    Raises:
        UserError: one line with the key, its value, what was expected, and the remedy.
    """
    plain = config.to_dict()
    check_runtime(plain)
    check_components(plain)
    check_schedule(plain)
    check_loop(plain)
    check_clustering(plain)
    if task is None:
        return
    missing = [key for key in task.needs if not plain.get(key)]
    if missing:
        raise UserError(f'config {name} has no {", ".join(missing)}; start from one of configs/ by _base_')
    check_data(plain, *task.data)
