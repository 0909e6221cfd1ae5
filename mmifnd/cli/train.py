"""Train a config.

    mmifnd train ifnd/ifnd_simclr_digits
    bash tools/dist_train.sh configs/ifnd/ifnd_r50_8xb32_200e_in1k.py 8
    torchrun --nproc_per_node 8 -m mmifnd train ifnd/ifnd_r50_8xb32_200e_in1k --launcher pytorch
"""

import argparse
from typing import TYPE_CHECKING

from mmifnd.configuration.command_line import add_config_arguments, add_take_over, config_of
from mmifnd.errors import UserError

if TYPE_CHECKING:
    from mmengine.config import Config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """MMPretrain's flags."""
    add_config_arguments(parser)
    parser.add_argument('--resume', nargs='?', const='auto', metavar='CHECKPOINT',
                        help='continue from a checkpoint; default: the latest of the work directory')
    parser.add_argument('--fresh-image-state', action='store_true',
                        help='with --resume on other images: keep the weights; labels, thresholds and queue begin anew')
    add_take_over(parser)
    precision = parser.add_mutually_exclusive_group()
    precision.add_argument('--amp', action='store_true', help='mixed precision in float16, gradients scaled (needs a GPU)')
    precision.add_argument('--bf16', action='store_true', help='mixed precision in bfloat16 (needs a GPU that has it)')
    parser.add_argument('--no-validate', action='store_true', help='leave out validation while training')
    parser.add_argument('--auto-scale-lr', action='store_true', help='scale the learning rate with the batch size')


def run(args: argparse.Namespace) -> None:
    """Build and train; bad input ends in one line before the first step."""
    from mmifnd.configuration import check_training, training_run
    from mmifnd.engine.hooks import StopHook
    with training_run(merged(args), args.take_over) as runner:
        args.stop = StopHook()
        check_training(runner)
        runner.register_hook(args.stop)
        runner.train()


def has_begun(args: argparse.Namespace) -> bool:
    """Whether a step has been taken."""
    return 'stop' in args and args.stop.has_stepped


def merged(args: argparse.Namespace) -> 'Config':
    """The config with all flags applied."""
    from mmifnd.configuration import TRAINING
    config = config_of(args, TRAINING)
    if args.no_validate:
        config.val_cfg = config.val_dataloader = config.val_evaluator = None
    if args.amp or args.bf16:
        set_mixed_precision(config, args.bf16)
    if args.resume:
        config.resume = True
        config.load_from = None if args.resume == 'auto' else args.resume
    if args.fresh_image_state:
        if not args.resume or 'plain_checkpoint' not in config.get('default_hooks', {}):
            raise UserError('--fresh-image-state goes with --resume, and with the PlainCheckpointHook of default_runtime.py')
        config.default_hooks.plain_checkpoint.on_changed_data = 'restart_image_state'
    if args.auto_scale_lr:
        if not config.get('auto_scale_lr'):
            raise UserError(f'--auto-scale-lr: {args.config} has no auto_scale_lr.base_batch_size to scale from')
        config.auto_scale_lr.enable = True
    return config


def set_mixed_precision(config: 'Config', in_bfloat16: bool) -> None:
    """Choose the wrapper of the optimizer that runs the forward passes in float16 or bfloat16.

    Raises:
        UserError: if this machine has no GPU, or one without bfloat16.
    """
    import torch
    flag = '--bf16' if in_bfloat16 else '--amp'
    if not torch.cuda.is_available():
        raise UserError(f'{flag} needs a GPU and none was found; leave it out')
    if not in_bfloat16:
        config.optim_wrapper.type = 'AmpOptimWrapper'
        config.optim_wrapper.setdefault('loss_scale', 'dynamic')
        return
    if torch.cuda.get_device_capability() < (8, 0):
        raise UserError(f'--bf16: {torch.cuda.get_device_name()} has no bfloat16 in hardware; use --amp')
    config.optim_wrapper.type = 'Bfloat16OptimWrapper'
