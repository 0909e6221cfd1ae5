"""mmengine's runner with a console that a person can read."""

import logging
import sys
from collections.abc import Callable

import torch
from mmengine.config import Config
from mmengine.dist import master_only
from mmengine.logging import MMLogger
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn

from mmifnd.console import lasting, tell_losses
from mmifnd.foreign import believed
from mmifnd.ranks import current_watch, relay_warnings
from mmifnd.text import printable

from .checkpoints.run_starts import keep_config
from .config_text import FormattedConfig
from .hooks.progress_hook import ProgressHook

#: Key of the hook in ``default_hooks``.
PROGRESS = 'progress'
#: Warnings of mmengine about its own code, about which a user can do nothing.
_STANDING = ('"FileClient" will be deprecated', '"HardDiskBackend" is the alias')

#: Input channels from which on torch's gradient of a strided 1 x 1 convolution with channels last keeps within its memory on a
#: CPU: torch 2.13 ends with "corrupted size vs. prev_size" for 2 to 7, stride 2 and few channels behind.
_SAFE_CHANNELS = 8


def _overruns(module: nn.Module) -> bool:
    """Whether a module is a convolution in which torch overruns its memory if channels are last."""
    return (isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1) and module.stride != (1, 1)
            and module.in_channels < _SAFE_CHANNELS)


def _make_printable(record: logging.LogRecord) -> bool:
    """Take control characters, which names of files and classes may have, out of a message."""
    message = record.getMessage()
    if (plain := printable(message)) != message:
        record.msg, record.args = plain, ()
    return True


class _LostLines:
    """Says once that a log cannot be written, in place of a traceback for each line; the run goes on.

    Args:
        path (str): of the log.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.has_spoken = False

    def __call__(self, record: logging.LogRecord) -> None:
        if not self.has_spoken:
            self.has_spoken = True
            reason = getattr(sys.exc_info()[1], 'strerror', None) or sys.exc_info()[1]
            print(f'warning: {self.path} could not be written ({reason}): lines are missing from it; free some room there',
                  file=sys.stderr)


def _tell_file(logger: logging.Logger) -> Callable[[str], None]:
    """What writes a warning into the files of a logger, once, and not on the console."""
    told: set[str] = set()

    def tell(line: str) -> None:
        if line in told:
            return
        told.add(line)
        record = logger.makeRecord(logger.name, logging.WARNING, '', 0, line, (), None)
        for handler in logger.handlers:
            if isinstance(handler, logging.FileHandler):
                handler.handle(record)

    return tell


class QuietRunner(Runner):
    """A runner whose messages go to the log file only if a :class:`ProgressHook` shows how far it is; warnings go to both."""

    def __init__(self, *args, cfg: Config | dict | None = None, **kwargs) -> None:
        super().__init__(*args, cfg=FormattedConfig.of(cfg) if isinstance(cfg, Config) else cfg, **kwargs)

    def build_logger(self, *args, **kwargs) -> MMLogger:
        """Build the logger; its console handler keeps quiet from the first message on."""
        logger = super().build_logger(*args, **kwargs)
        watch = current_watch()
        if watch is not None:
            relay_warnings(watch, logger)
        for handler in logger.handlers:
            handler.addFilter(_make_printable)
            if isinstance(handler, logging.FileHandler):
                handler.handleError = _LostLines(handler.baseFilename)
        self._tell = _tell_file(logger)
        tell_losses(self._tell)
        hook = (self.cfg.get('default_hooks') or {}).get(PROGRESS)
        if hook is not None and hook.get('console') != 'log':
            for handler in logger.handlers:
                if type(handler) is logging.StreamHandler:
                    handler.setLevel(max(handler.level, logging.WARNING))
                    handler.addFilter(lambda record: not str(record.msg).startswith(_STANDING))
        return logger

    def wrap_model(self, model_wrapper_cfg: dict | None, model: nn.Module) -> nn.Module:
        """Keep the weights of convolutions with their channels last if ``env_cfg.channels_last`` says so.

        Steps take 11 to 26 % less time on a CPU; results change by rounding. A convolution whose weights are stored so makes
        its maps likewise, whatever its input is like. Models with convolutions in which torch overruns its memory stay as
        they are.
        """
        if (self.cfg.get('env_cfg') or {}).get('channels_last') and not is_model_wrapper(model):
            if any(map(_overruns, model.modules())):
                self.logger.warning('env_cfg.channels_last=True is left out: torch overruns its memory in 1 x 1 '
                                    f'convolutions with a stride and fewer than {_SAFE_CHANNELS} input channels')
            else:
                model = model.to(memory_format=torch.channels_last)
        return super().wrap_model(model_wrapper_cfg, model)

    @master_only
    def dump_config(self) -> None:
        """Keep the config beside what the run leaves, and note this start."""
        keep_config(self)

    def resume(self, filename: str, *args, **kwargs) -> None:
        """Go on from a checkpoint; a state that cannot be taken is named in one line."""
        with believed(f'checkpoint {filename}', 'use another checkpoint'):
            super().resume(filename, *args, **kwargs)

    def train(self):
        """Train, also where the console vanishes; the terminal is as it was before, however the training ends."""
        with lasting():
            tell_losses(self._tell)
            try:
                return super().train()
            finally:
                for hook in self.hooks:
                    if isinstance(hook, ProgressHook):
                        hook.stop()
