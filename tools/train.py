"""Train a config.

    python tools/train.py configs/ifnd/ifnd_simclr_digits.py
    bash tools/dist_train.sh configs/ifnd/ifnd_r50_8xb32_200e_in1k.py 8
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mmifnd.apis import UserError  # noqa: E402
from mmifnd.configuration import TRAINING, build_runner, check_training, one_line_errors  # noqa: E402
from mmifnd.configuration.command_line import base_parser, config_of  # noqa: E402
from mmifnd.engine.hooks import StopHook  # noqa: E402


def parse_args():
    """MMPretrain's flags."""
    parser = base_parser(__doc__)
    parser.add_argument('--resume', nargs='?', const='auto', metavar='CHECKPOINT',
                        help='go on from a checkpoint; from the latest of the work directory unless one is named')
    parser.add_argument('--fresh-image-state', action='store_true',
                        help='with --resume on other images: keep the weights; labels, thresholds and queue begin anew')
    parser.add_argument('--amp', action='store_true', help='mixed precision (needs a GPU)')
    parser.add_argument('--no-validate', action='store_true', help='leave out validation while training')
    parser.add_argument('--auto-scale-lr', action='store_true', help='scale the learning rate with the batch size')
    return parser.parse_args()


def merged(args):
    """The config with all flags applied."""
    config = config_of(args, TRAINING)
    if args.no_validate:
        config.val_cfg = config.val_dataloader = config.val_evaluator = None
    if args.amp:
        import torch
        if not torch.cuda.is_available():
            raise UserError('--amp needs a GPU and none was found; leave it out')
        config.optim_wrapper.type = 'AmpOptimWrapper'
        config.optim_wrapper.setdefault('loss_scale', 'dynamic')
    if args.resume:
        config.resume = True
        config.load_from = None if args.resume == 'auto' else args.resume
    if args.fresh_image_state:
        if not args.resume or 'plain_checkpoint' not in config.get('default_hooks', {}):
            raise UserError('--fresh-image-state goes with --resume, and with the PlainCheckpointHook of default_runtime.py')
        config.default_hooks.plain_checkpoint.on_changed_data = 'restart_image_state'
    if args.auto_scale_lr:
        if 'auto_scale_lr' not in config:
            raise UserError(f'--auto-scale-lr: {args.config} has no auto_scale_lr.base_batch_size to scale from')
        config.auto_scale_lr.enable = True
    return config


def main() -> None:
    """Build and train; bad input ends in one line before the first step."""
    args = parse_args()
    runner = None
    with one_line_errors(started=lambda: getattr(getattr(runner, '_train_loop', None), 'has_stepped', False)):
        config = merged(args)
        runner = build_runner(config)
        check_training(runner)
        runner.register_hook(StopHook())
        runner.train()


if __name__ == '__main__':
    main()
