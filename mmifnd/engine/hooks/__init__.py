"""Hooks say when; what is done stands elsewhere."""

from .checkpoint_hooks import CheckpointHook, PlainCheckpointHook
from .detection_hook import DetectionHook
from .epoch_callback_hook import EpochCallbackHook
from .false_negative_hook import FalseNegativeHook
from .runtime_info_hook import RuntimeInfoHook

__all__ = ['CheckpointHook', 'DetectionHook', 'EpochCallbackHook', 'FalseNegativeHook', 'PlainCheckpointHook', 'RuntimeInfoHook']
