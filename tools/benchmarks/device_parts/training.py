"""Rates of training and of the exact pass, by precision and layout; CLIP's step with and without learned thresholds."""

import statistics
import time
from collections.abc import Callable
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmifnd.registry import MODELS

from .common import DIM, Setting, Waits, guarded, judge_waits, on_gpu, rate_of_rounds, say
from .runs import write

ELIMINATE = dict(type='ElimContrastiveHead', temperature=0.2, detector=dict(type='PseudoLabelDetector'))
CASES = {
    'MoCo IFND': ('MoCoAdapter', ELIMINATE),
    'MoCo none': ('MoCoAdapter', dict(type='ElimContrastiveHead', temperature=0.2)),
    'SimCLR IFND': ('SimCLRAdapter', ELIMINATE),
    'SimCLR GloFND': ('SimCLRAdapter', dict(type='GloFNDThresholdHead', temperature=0.2)),
    'SogCLR GloFND': ('SimCLRAdapter', dict(
        type='SogCLRHead', temperature=0.2, detector=dict(type='QuantileThresholdDetector', alpha=0.01)))}
#: Precision, and whether images and weights are channels_last.
MODES = (('tf32', False), ('bfloat16', False), ('bfloat16', True), ('float16', True), ('tf32', True), ('float32', False))
Step = Callable[[], object]


def resnet50() -> dict:
    """The backbone's config; a toy for a dry run."""
    return dict(type='mmifnd.SmallCNN', in_channels=3, widths=(4, 8)) if Setting.small \
        else dict(type='mmpretrain.ResNet', depth=50, norm_cfg=dict(type='BN'))


def image_model(framework: str, head: dict) -> nn.Module:
    """A framework with a full queue and labels of every image."""
    width = 8 if Setting.small else 2048
    neck = dict(type='mmifnd.ProjectionMLP', in_channels=width, hidden_channels=width, out_channels=DIM, num_layers=2)
    queue = dict(queue_len=1024 if Setting.small else 65_536) if framework == 'MoCoAdapter' else {}
    model = MODELS.build(dict(type=framework, backbone=resnet50(), neck=neck, head=head, **queue))
    model.bind(Setting.images)
    if queue:
        model.queue.index.random_(Setting.images)
    model.start_epoch(0, 1)
    model.publish(SimpleNamespace(labels=torch.stack([torch.randint(k, (Setting.images,)) for k in Setting.counts]),
                                  granularities=[]))
    return model.to(Setting.device).train()


def images_of(batch: int, layout: torch.memory_format) -> Tensor:
    """Random images on the device."""
    size = 32 if Setting.small else 224
    return torch.randn(batch, 3, size, size, device=Setting.device).contiguous(memory_format=layout)


def set_precision(model: nn.Module, precision: str, is_last: bool) -> tuple[torch.memory_format, torch.dtype | None]:
    """The layout of images, and the type of autocast if there is any."""
    torch.backends.cuda.matmul.allow_tf32 = precision == 'tf32'
    torch.backends.cudnn.allow_tf32 = precision != 'float32'
    layout = torch.channels_last if is_last else torch.contiguous_format
    model.to(memory_format=layout)
    return layout, None if precision in ('tf32', 'float32') else getattr(torch, precision)


def heads() -> None:
    """MoCo, SimCLR, GloFND and SogCLR on ResNet-50 at 224 px; fused SGD."""
    figures: dict[str, dict] = {}
    for name, (framework, head) in CASES.items():
        model = image_model(framework, head)
        modes = MODES[:1] if Setting.small else MODES if name == 'MoCo IFND' else MODES[2:3]
        for precision, is_last in modes:
            guarded(name, one_mode, figures, name, model, precision, is_last, False)
        if name == 'MoCo IFND' and on_gpu():
            guarded('fused SGD', one_mode, figures, f'{name}, fused SGD', model, 'bfloat16', True, True)
    write('heads', figures)


def one_mode(figures: dict, name: str, model: nn.Module, precision: str, is_last: bool, is_fused: bool) -> None:
    """ms and images/s of a step, what the host takes to issue it, and its peak memory."""
    layout, dtype = set_precision(model, precision, is_last)
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.SGD(learned, lr=0.003, momentum=0.9, fused=is_fused or None)
    batch = 4 if Setting.small else 128
    views, index = [images_of(batch, layout) for _ in range(2)], torch.arange(batch, device=Setting.device)

    def step() -> None:
        with torch.autocast(Setting.device.type, dtype or torch.bfloat16, enabled=dtype is not None):
            loss = model.loss(views, index)['loss']
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        model.finish_step()

    ms, mib = rate_of_rounds(step, 1 if Setting.small else 6, 1 if Setting.small else 3)
    begin = time.perf_counter()
    step()
    host_ms = (time.perf_counter() - begin) * 1e3
    key = f'{name}, {precision}, {"channels_last" if is_last else "NCHW"}, batch {batch}'
    figures[key] = dict(ms=ms, images_per_second=batch / ms * 1e3, host_ms=host_ms, peak_mib=mib)
    say('FIGURE', key, f'{ms:.1f} ms, {batch / ms * 1e3:.0f} images/s, the host issues a step in {host_ms:.1f} ms, peak {mib} '
        'MiB')


def exact_pass() -> None:
    """images/s of the encoder in evaluation."""
    model, batch = image_model('MoCoAdapter', ELIMINATE).eval(), 8 if Setting.small else 128
    for precision, is_last in MODES[:1] if Setting.small else MODES:
        layout, dtype = set_precision(model, precision, is_last)
        images = images_of(batch, layout)

        def encode() -> Tensor:
            with torch.no_grad(), torch.autocast(Setting.device.type, dtype or torch.bfloat16, enabled=dtype is not None):  # noqa: B023
                return model.cluster_feature(images)  # noqa: B023

        ms, _ = rate_of_rounds(encode, 10, 3)
        rate = batch / ms * 1e3
        say('FIGURE', f'encoder, {precision}, {"channels_last" if is_last else "NCHW"}, batch {batch}', f'{rate:.0f} images/s')


# --- image and text -------------------------------------------------------------------------------------------------------

CLIP_HEADS = {
    'InfoNCE': dict(type='ElimContrastiveHead', temperature=0.07, learned_temperature={}),
    'FastCLIP v3': dict(type='FastCLIPHead'),
    'SogCLR (FastCLIP v1)': dict(type='FastCLIPHead', version='v1')}
DETECTORS = {'with': dict(type='QuantileThresholdDetector', alpha=0.001), 'without': dict(type='NoDetector')}


def clip() -> None:
    """CLIP, RN50 and a text transformer at 256 pairs: a step with learned thresholds beside one without."""
    figures: dict[str, dict] = {}
    model = clip_model(CLIP_HEADS['InfoNCE'], 'without', towers())
    for name, head in CLIP_HEADS.items():
        guarded(f'CLIP {name}', one_clip_head, figures, name, head, model)
    write('clip', figures)


def towers() -> dict:
    """open_clip's RN50 and a text transformer of CLIP's size; toys for a dry run."""
    if Setting.small:
        return dict(backbone=resnet50(), neck=linear(8), text_backbone=dict(type='mmifnd.TokenBag', vocab_size=49_408, width=8),
                    text_neck=linear(8))
    return dict(backbone=dict(type='mmifnd.OpenCLIPImage', model='RN50'), neck=dict(type='mmifnd.PassThrough', channels=1024),
                text_backbone=dict(type='mmifnd.TextTransformer', vocab_size=49_408), text_neck=linear(512))


def linear(width: int) -> dict:
    """A neck to 1,024 dimensions."""
    return dict(type='mmifnd.LinearProjection', in_channels=width, out_channels=1024)


def clip_model(head: dict, detector: str, parts: dict) -> nn.Module:
    """A CLIP of these towers, bound to 3,000,000 pairs."""
    model = MODELS.build(dict(type='CLIPAdapter', **parts, head=dict(head, detector=DETECTORS[detector])))
    model.bind(1000 if Setting.small else 3_000_000)
    model.start_epoch(1, 2)
    return model.to(Setting.device).train()


def one_clip_head(figures: dict, name: str, head: dict, model: nn.Module) -> None:
    """Steps that alternate."""
    from measure import alternate, ratio
    toys = dict(towers(), backbone=dict(type='mmifnd.SmallCNN', in_channels=3, widths=(4, 8)), neck=linear(8))
    built = {detector: clip_model(head, detector, toys) for detector in DETECTORS}
    batch = 4 if Setting.small else 256
    images, text = images_of(batch, torch.contiguous_format), torch.randint(1, 400, (batch, 77), device=Setting.device)
    text[:, -1] = 49_407  # the end token
    index = torch.randperm(1000 if Setting.small else 3_000_000, device=Setting.device)[:batch]
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-5, fused=on_gpu())

    def step_of(detector: str) -> Step:
        def step() -> None:
            model.head, model.text_head = built[detector].head, built[detector].text_head
            with torch.autocast(Setting.device.type, torch.bfloat16, enabled=on_gpu()):
                loss = model.loss([images], index, text)['loss']
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            model.finish_step()
        return step

    steps = {detector: step_of(detector) for detector in DETECTORS}
    figures[name] = alternate(steps, 1 if Setting.small else 10, Setting.device, warm_up=1 if Setting.small else 3)
    spread = ratio(figures[name]['with'], figures[name]['without'])
    with Waits() as lines:
        steps['with']()
    judge_waits(f'CLIP {name}', lines)
    times = {key: statistics.median(values) * 1e3 for key, values in figures[name].items()}
    say('FIGURE', f'CLIP {name}, batch {batch}', f'{times["with"]:.1f} ms with, {times["without"]:.1f} ms without; ratio '
        f'{spread.median:.4f} ({spread.low:.4f} to {spread.high:.4f})')


# --- judging --------------------------------------------------------------------------------------------------------------


def evaluation() -> None:
    """kNN, 1-shot and linear probes of ImageNet's size, 2,048 dimensions, on the device."""
    from mmifnd.evaluation import few_shot_accuracy, knn_predict, linear_probe_predict
    train, test, classes = (3000, 200, 20) if Setting.small else (1_281_167, 50_000, 1000)
    generator = torch.Generator(Setting.device).manual_seed(0)
    directions = torch.randn(classes, 2048, generator=generator, device=Setting.device)
    labels, targets = torch.arange(train) % classes, torch.arange(test) % classes
    rows, tested = (F.normalize(directions[of.to(Setting.device)] * 0.1 + torch.randn(
        len(of), 2048, generator=generator, device=Setting.device)) for of in (labels, targets))
    few = slice(0, 100_000)
    works = {
        f'kNN, {train:,} x {test:,}': lambda: knn_predict(rows, labels, tested),
        f'1-shot, {classes} classes, 3 draws': lambda: few_shot_accuracy(rows, labels, tested, targets, 1, 3),
        f'linear probe, {len(labels[few]):,} rows': lambda: linear_probe_predict(rows[few], labels[few], tested)}
    for name, work in works.items():
        begin = time.perf_counter()
        guarded(name, work)
        say('FIGURE', name, f'{time.perf_counter() - begin:.2f} s')
