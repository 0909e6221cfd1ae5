"""Hooks say when; what is done stands elsewhere."""

from .checkpoint_hooks import CheckpointHook, PlainCheckpointHook
from .cost_hook import CostHook
from .detection_hook import DetectionHook
from .early_stop_hook import EarlyStopHook
from .epoch_callback_hook import EpochCallbackHook
from .false_negative_hook import FalseNegativeHook
from .health_hook import HealthHook
from .lock_hook import LockHook
from .non_finite_hook import NonFiniteHook
from .online_probe_hook import OnlineProbeHook
from .progress_hook import ProgressHook
from .runtime_info_hook import RuntimeInfoHook
from .stop_hook import STOPPED, StopHook
from .temperature_rate_hook import TemperatureRateHook
from .watch_hook import WatchHook

__all__ = [
    'CheckpointHook', 'CostHook', 'DetectionHook', 'EarlyStopHook', 'EpochCallbackHook', 'FalseNegativeHook', 'HealthHook',
    'LockHook', 'NonFiniteHook', 'OnlineProbeHook', 'PlainCheckpointHook', 'ProgressHook', 'RuntimeInfoHook', 'STOPPED',
    'StopHook', 'TemperatureRateHook', 'WatchHook',
]
