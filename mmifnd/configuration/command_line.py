"""Options that several subcommands share, with MMPretrain's names."""

import argparse
import ast
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmifnd.errors import UserError

if TYPE_CHECKING:
    from mmengine.config import Config

    from .checking import Task


def add_config_arguments(parser: argparse.ArgumentParser) -> None:
    """``config``, ``--work-dir``, ``--cfg-options``, ``--launcher`` and torchrun's ``--local-rank``."""
    parser.add_argument('config', help='a file, or the name of a shipped config, such as '
                        'ifnd/ifnd_simclr_digits; it is a program in Python, which is executed: run only what you trust')
    parser.add_argument('--work-dir', help='folder for logs and checkpoints; default: work_dirs/CONFIG')
    add_cfg_options(parser)
    parser.add_argument('--no-pin-memory', action='store_true', help='do not pin the memory of batches')
    parser.add_argument('--no-persistent-workers', action='store_true', help='restart loader processes every epoch')
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)


def add_cfg_options(parser: argparse.ArgumentParser) -> None:
    """``--cfg-options``."""
    parser.add_argument('--cfg-options', nargs='+', action=_Options, metavar='KEY=VALUE',
                        help='override keys of the config, such as model.head.temperature=0.1')


def add_take_over(parser: argparse.ArgumentParser) -> None:
    """``--take-over``."""
    parser.add_argument('--take-over', action='store_true',
                        help='use the folder even if another run seems to be using it: only if you know that that run is gone')


def config_of(args: argparse.Namespace, task: 'Task') -> 'Config':
    """The config, checked for the task, with everything that the shared options say."""
    from .config import load_config
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    config = load_config(args.config, args.cfg_options, task)
    config.launcher = args.launcher
    config.work_dir = args.work_dir or config.get('work_dir') or str(Path('work_dirs') / Path(args.config).stem)
    set_loader_defaults(config, not args.no_pin_memory, not args.no_persistent_workers)
    return config


def set_loader_defaults(config: 'Config', pin_memory: bool = True, persistent_workers: bool = True) -> None:
    """Let all loaders of ``config`` pin memory (if there is a GPU) and keep their workers, unless they say otherwise."""
    import torch
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        if config.get(name):
            if torch.cuda.is_available():
                config[name].setdefault('pin_memory', pin_memory)
            config[name].setdefault('persistent_workers', bool(config[name].get('num_workers')) and persistent_workers)


def check_positive(**numbers: int | None) -> None:
    """Refuse options below 1; None is one that was not given.

    Raises:
        UserError: naming the first of them.
    """
    for name, value in numbers.items():
        if value is not None and value < 1:
            raise UserError(f'--{name} {value} is below 1; give a positive number')


class _Options(argparse.Action):
    """Read ``KEY=VALUE ...`` as mmengine's DictAction does, but take dicts whole and refuse a missing ``=`` in one line."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        options = dict(getattr(namespace, self.dest) or {})
        for option in values:
            key, equals, value = option.partition('=')
            if not equals:
                parser.exit(2, f'error: --cfg-options {option}: expected KEY=VALUE\n')
            options[key] = _value_of(value)
        setattr(namespace, self.dest, options)


def _value_of(text: str) -> Any:
    if '{' in text:
        try:
            return ast.literal_eval(text)
        except (SyntaxError, ValueError):
            pass  # a word with a brace in it
    from mmengine.config import DictAction
    return DictAction._parse_iterable(text)
