"""When things happen: loops and hooks. Importing this room makes mmengine read checkpoints without executing them."""

from . import hooks, loops, metrics, optimizers, task_utils
from .checkpoints import checkpoint_format

checkpoint_format.install()

__all__ = ['checkpoint_format', 'hooks', 'loops', 'metrics', 'optimizers', 'task_utils']
