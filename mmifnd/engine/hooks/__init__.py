"""Hooks say when; what is done stands elsewhere."""

from .checkpoint_hooks import CheckpointHook, PlainCheckpointHook
from .epoch_callback_hook import EpochCallbackHook
from .false_negative_hook import FalseNegativeHook
from .runtime_info_hook import RuntimeInfoHook

__all__ = ['CheckpointHook', 'EpochCallbackHook', 'FalseNegativeHook', 'PlainCheckpointHook', 'RuntimeInfoHook']
