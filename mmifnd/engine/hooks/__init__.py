"""Hooks say when; what is done stands elsewhere."""

from .checkpoint_hooks import CheckpointHook, PlainCheckpointHook
from .false_negative_hook import FalseNegativeHook
from .runtime_info_hook import RuntimeInfoHook

__all__ = ['CheckpointHook', 'FalseNegativeHook', 'PlainCheckpointHook', 'RuntimeInfoHook']
