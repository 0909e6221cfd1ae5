"""Configs: reading, deriving and checking them, and the runner that they describe.

Each name is imported when it is first used.
"""

from typing import TYPE_CHECKING

from mmifnd._lazy import lazily
from mmifnd.errors import UserError

from .errors import one_line_errors
from .shipped import config_names, find_config, shipped_config

if TYPE_CHECKING:
    from .check_benchmark import check_testing, check_training
    from .checking import TESTING, TRAINING, Task, check
    from .config import load_config
    from .environment import build_runner, training_run
    from .run_config import config_beside

__all__ = [
    'TESTING', 'TRAINING', 'Task', 'UserError', 'build_runner', 'check', 'check_testing', 'check_training', 'config_beside',
    'config_names', 'find_config', 'load_config', 'one_line_errors', 'shipped_config', 'training_run',
]

__getattr__, __dir__ = lazily(__name__, {
    'check_benchmark': ('check_testing', 'check_training'),
    'checking': ('TESTING', 'TRAINING', 'Task', 'check'),
    'config': ('load_config',),
    'environment': ('build_runner', 'training_run'),
    'run_config': ('config_beside',),
})
