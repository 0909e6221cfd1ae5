"""What the false-negative part adds to a training step, and our step beside mmpretrain's.

    python tools/benchmarks/step.py
    python tools/benchmarks/step.py --method glofnd --no-mmpretrain
    python tools/benchmarks/step.py --backbone-depth 18 --image-size 64 --steps 20 --json step.json
    python tools/benchmarks/step.py --device cuda --check-sync

A step is forward, loss, backward, SGD (or LARS) and finish_step, on images that lie on the device. 'with' has
ElimContrastiveHead with PseudoLabelDetector and published labels of G clusterings, or GloFNDThresholdHead, whose thresholds
learn in each step; 'without' has NoDetector in the same framework and on the same weights; mmpretrain's own MoCo or SimCLR
starts from equal weights. Steps alternate; ratios are taken within a round.
"""

import argparse
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from types import SimpleNamespace

os.environ.setdefault('KINETO_LOG_LEVEL', '5')  # the profiler's own notes

import torch
from measure import alternate, machine, peak_bytes, saved_bytes, write_json
from rich.console import Console
from step_tables import ratios, show_heads, show_steps, show_summary
from torch import Tensor, nn

from mmifnd.contrast import Contrast
from mmifnd.engine.optimizers import LARS
from mmifnd.registry import MODELS

DIM = 128  # of the embedding, in MoCo, SimCLR and IFND
TEMPERATURE = 0.2
Step = Callable[[], object]


def parse_args() -> argparse.Namespace:
    """Sizes; the defaults are IFND's on ImageNet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--frameworks', nargs='+', choices=('moco', 'simclr'), default=['moco', 'simclr'])
    parser.add_argument('--method', choices=('ifnd', 'glofnd'), default='ifnd', help='the false-negative part')
    parser.add_argument('--backbone-depth', type=int, choices=(18, 34, 50, 101, 152), default=50, help='of the ResNet')
    parser.add_argument('--image-size', type=int, default=224)
    parser.add_argument('--batch-size', type=int, help='images per step; 32 on a GPU, else 8')
    parser.add_argument('--steps', type=int, default=9, help='rounds of alternating steps')
    parser.add_argument('--head-batch-size', type=int, default=32, help='the head alone is measured at this size, too')
    parser.add_argument('--head-steps', type=int, default=30, help='rounds of the head alone')
    parser.add_argument('--queue-len', type=int, default=65_536)
    parser.add_argument('--num-samples', type=int, default=1_281_167, help='images that have labels or thresholds')
    parser.add_argument('--num-clusters', type=int, nargs='+', default=[1000, 3000, 10_000])
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--check-sync', action='store_true', help='only run a step in which waiting for the GPU is an error')
    parser.add_argument('--optimizer', choices=('sgd', 'lars'), default='sgd', help="of the step: MoCo's SGD, or SimCLR's LARS")
    parser.add_argument('--no-mmpretrain', action='store_true', help="leave out mmpretrain's models")
    parser.add_argument('--json', metavar='FILE', help='also write the figures here')
    args = parser.parse_args()
    args.device = torch.device(args.device)
    args.batch_size = args.batch_size or (32 if args.device.type == 'cuda' else 8)
    if args.check_sync and args.device.type != 'cuda':
        parser.error('--check-sync needs a GPU: --device cuda')
    return args


# --- models ---------------------------------------------------------------------------------------------------------------

def backbone_and_neck(framework: str, depth: int) -> dict:
    """Config of a ResNet and a 2-layer projection head, equal for ours and mmpretrain's."""
    width = 512 if depth < 50 else 2048
    neck = dict(type='mmifnd.ProjectionMLP', in_channels=width, hidden_channels=width, out_channels=DIM, num_layers=2)
    if framework == 'simclr':
        neck.update(norm_cfg=dict(type='BN1d'))
    return dict(backbone=dict(type='mmpretrain.ResNet', depth=depth, norm_cfg=dict(type='BN')), neck=neck)


def our_framework(framework: str, args: argparse.Namespace) -> nn.Module:
    """Ours, its queue full, without a false-negative part."""
    options = dict(type='MoCoAdapter', queue_len=args.queue_len) if framework == 'moco' else dict(type='SimCLRAdapter')
    model = MODELS.build(dict(
        **options, **backbone_and_neck(framework, args.backbone_depth), head=head_config('NoDetector')))
    model.init_weights()
    model.bind(args.num_samples)
    if framework == 'moco':
        model.queue.index.random_(args.num_samples)
    return model.to(args.device).train()


def head_config(detector: str) -> dict:
    """IFND's head with some detector."""
    return dict(type='ElimContrastiveHead', temperature=TEMPERATURE, detector=dict(type=detector))


def head_with(args: argparse.Namespace) -> nn.Module:
    """The head with the false-negative part at work."""
    if args.method == 'glofnd':
        head = MODELS.build(dict(type='GloFNDThresholdHead', temperature=TEMPERATURE))
        head.detector.bind(args.num_samples)
        head.detector.start_epoch(0, 1)
        return head
    head = MODELS.build(head_config('PseudoLabelDetector'))
    head.detector.bind(args.num_samples)
    labels = torch.stack([torch.randint(k, (args.num_samples,)) for k in args.num_clusters])
    head.detector.publish(SimpleNamespace(labels=labels))
    return head


def heads(args: argparse.Namespace) -> dict[str, nn.Module]:
    """The two heads that are compared."""
    built = {'with': head_with(args), 'without': MODELS.build(head_config('NoDetector'))}
    return {name: head.to(args.device).train() for name, head in built.items()}


def mmpretrain_model(framework: str, ours: nn.Module, args: argparse.Namespace) -> nn.Module:
    """mmpretrain's MoCo or SimCLR on equal weights."""
    options = dict(type='mmpretrain.MoCo', queue_len=args.queue_len, feat_dim=DIM) if framework == 'moco' \
        else dict(type='mmpretrain.SimCLR')
    head = dict(type='mmpretrain.ContrastiveHead', loss=dict(type='mmpretrain.CrossEntropyLoss'), temperature=TEMPERATURE)
    theirs = MODELS.build(dict(**options, **backbone_and_neck(framework, args.backbone_depth), head=head))
    for part in ('backbone', 'neck'):
        getattr(theirs, part).load_state_dict(getattr(ours, part).state_dict())
    return theirs.to(args.device).train()


# --- steps ----------------------------------------------------------------------------------------------------------------

def training_steps(framework: str, args: argparse.Namespace) -> dict[str, Step]:
    """name -> one training step, on equal images."""
    views = [torch.randn(args.batch_size, 3, args.image_size, args.image_size, device=args.device) for _ in range(2)]
    index = torch.randperm(args.num_samples)[:args.batch_size].to(args.device)
    ours, choices = our_framework(framework, args), heads(args)
    optimizer = optimizer_of(ours, args.optimizer)

    def step_of(name: str) -> Step:
        def step() -> None:
            ours.head = choices[name]
            update(optimizer, ours.loss(views, index)['loss'])
            ours.finish_step()
        return step

    steps = {name: step_of(name) for name in choices}
    if not args.no_mmpretrain:
        theirs = mmpretrain_model(framework, ours, args)
        their_optimizer = optimizer_of(theirs, args.optimizer)
        steps['mmpretrain'] = lambda: update(their_optimizer, theirs.loss(list(views), None)['loss'])
    return steps


def optimizer_of(model: nn.Module, name: str) -> torch.optim.Optimizer:
    """MoCo v2's SGD or SimCLR's LARS over what learns."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    if name == 'lars':
        return LARS(parameters, lr=0.3, momentum=0.9, weight_decay=1e-6)
    return torch.optim.SGD(parameters, lr=0.03, momentum=0.9, weight_decay=1e-4)


def update(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """Backward and one step of the optimizer."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def head_steps(framework: str, images: int, args: argparse.Namespace) -> tuple[dict[str, Step], dict[str, Step]]:
    """name -> loss with backward, and name -> loss alone, of the head on given similarities of ``images``."""
    contrast, choices = given_contrast(framework, images, args), heads(args)

    def forward_of(name: str) -> Step:  # a new Contrast each time: is_candidate is computed once in each
        return lambda: choices[name].loss(replace(contrast))['loss']

    def backward_of(name: str) -> Step:
        return lambda: torch.autograd.grad(forwards[name](), contrast.negative_similarity)

    forwards = {name: forward_of(name) for name in choices}
    return {name: backward_of(name) for name in choices}, forwards


def given_contrast(framework: str, images: int, args: argparse.Namespace) -> Contrast:
    """Random similarities of the shapes that the framework hands over."""
    rows, columns = (images, args.queue_len) if framework == 'moco' else (2 * images,) * 2
    anchor, candidate = (nn.functional.normalize(torch.randn(n, DIM, device=args.device), dim=1) for n in (rows, columns))
    anchor_index, candidate_index = (torch.randint(args.num_samples, (n,), device=args.device) for n in (rows, columns))
    contrast = Contrast.build(anchor, anchor, candidate, anchor_index, candidate_index)
    contrast.negative_similarity.requires_grad_()
    return contrast


# --- figures --------------------------------------------------------------------------------------------------------------

def measure(framework: str, args: argparse.Namespace) -> dict:
    """All figures of one framework: seconds and bytes."""
    steps = training_steps(framework, args)
    times = alternate(steps, args.steps, args.device)
    peaks = {name: peak_bytes(step, args.device) for name, step in steps.items()} if args.device.type == 'cuda' else {}
    del steps
    return dict(
        framework=framework, step_seconds=times, step_peak_bytes=peaks,
        heads=[measure_head(framework, images, args) for images in sorted({args.batch_size, args.head_batch_size})],
        kept_bytes=sum(buffer.nbytes for buffer in head_with(args).buffers()))


def measure_head(framework: str, images: int, args: argparse.Namespace) -> dict:
    """The head alone: seconds, bytes kept for the backward pass, and peak bytes, with and without."""
    full, forwards = head_steps(framework, images, args)
    return dict(
        images=images, seconds=alternate(full, args.head_steps, args.device, warm_up=3),
        saved_bytes={name: saved_bytes(forward) for name, forward in forwards.items()},
        peak_bytes={name: peak_bytes(work, args.device) for name, work in full.items()})


def check_sync(framework: str, args: argparse.Namespace) -> None:
    """A step of ours under ``set_sync_debug_mode('error')``, which raises where the host waits for the device."""
    steps = training_steps(framework, args)
    for name in ('with', 'without'):
        steps[name]()  # allocations and autotuning of the first step may wait
        torch.cuda.synchronize(args.device)
        torch.cuda.set_sync_debug_mode('error')
        try:
            steps[name]()
        finally:
            torch.cuda.set_sync_debug_mode('default')


def main() -> None:
    """Measure, print, and write what was asked for."""
    args = parse_args()
    torch.manual_seed(0)
    logging.disable(logging.WARNING)  # how each parameter was initialised
    console = Console(width=None if sys.stdout.isatty() else 120)
    where = {**machine(args.device), 'mmpretrain': version('mmpretrain')}
    console.print(', '.join(f'{key} {value}' for key, value in where.items()), soft_wrap=True)
    if args.check_sync:
        for framework in args.frameworks:
            check_sync(framework, args)
            console.print(f'{framework}: no host synchronisation in a step, with and without')
        return
    state = f'labels {args.num_clusters}' if args.method == 'ifnd' else 'thresholds'
    console.print(f'ResNet-{args.backbone_depth} at {args.image_size} px, {args.batch_size} images per step, '
                  f'{args.steps} rounds; queue {args.queue_len}, {state} of {args.num_samples} images', soft_wrap=True)
    figures = [measure(framework, args) for framework in args.frameworks]
    show_steps(figures, console)
    show_heads(figures, console)
    for one in figures:
        show_summary(one, args.batch_size, console)
    write_json(args.json, dict(machine=where, arguments={**vars(args), 'device': str(args.device)}, figures=figures,
                               ratios=[ratios(one) for one in figures]))


if __name__ == '__main__':
    main()
