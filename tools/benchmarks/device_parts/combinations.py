"""Single steps of every head and detector, preprocessors and optimizers: right, on the device, and without waiting for it."""

import torch
from torch import Tensor

from .common import FAILED, ROOT, Setting, Waits, guarded, judge_waits, say, seconds

HEADS = ('elim', 'reweighted', 'attr', 'glofnd', 'sogclr', 'isogclr', 'proto', 'sane', 'sce')
PAIR_HEADS = ('elim', 'attr', 'glofnd', 'sogclr', 'learned', 'fastclip_v0', 'fastclip_v1', 'fastclip_v2', 'fastclip_v3',
              'sigmoid', 'siglip')
DETECTORS = ('none', 'pseudo', 'truth', 'quantile', 'from_quantile', 'shared', 'warm', 'batch', 'top_k', 'guide', 'margin',
             'group', 'random', 'union', 'grouped', 'joined')
MIXUP = dict(mixup=dict(type='mmifnd.MomentumMixup', beta=2.))
CASES = (*((framework, head, 'pseudo', {}) for framework in ('SimCLRAdapter', 'MoCoAdapter') for head in HEADS),
         *((framework, 'elim', detector, {}) for framework in ('SimCLRAdapter', 'MoCoAdapter', 'CLIPAdapter')
           for detector in DETECTORS),
         *(('SwAVAdapter', 'swav', detector, {}) for detector in DETECTORS),
         *(('CLIPAdapter', head, 'quantile', {}) for head in PAIR_HEADS),
         ('MoCoAdapter', 'sane', 'pseudo', MIXUP), ('MoCoAdapter', 'sce', 'union', dict(MIXUP, multi_crop=True)))


def steps(precision: str) -> None:
    """Each combination in one precision."""
    import per_image_jobs
    dtype = None if precision == 'float32' else getattr(torch, precision)
    passed = 0
    with per_image_jobs.known():
        for case in CASES:
            before = len(FAILED)
            guarded(f'step {precision} {"-".join(map(str, case))}', one_case, dtype, *case)
            passed += len(FAILED) == before
    say('FIGURE', f'steps without waiting, {precision}', f'{passed} of {len(CASES)}')


def one_case(dtype: torch.dtype | None, framework: str, head: str, detector: str, options: dict) -> None:
    """Two steps, and a third in which waiting is an error; state on the device; bank; a copy of the state."""
    from small_models import NUM_SAMPLES, Labels, build_framework
    model = build_framework(framework, head, detector, **options).to(Setting.device)
    model.publish(Labels())
    model.start_epoch(0, 2)
    model.keep_features('z', NUM_SAMPLES)
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.003, momentum=0.9)

    def step(batch: dict) -> Tensor:
        with torch.autocast(Setting.device.type, dtype or torch.bfloat16, enabled=dtype is not None):
            loss = model(**batch, mode='loss')['loss']
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        model.finish_step()
        return loss

    batches = [batch_of(framework, number, options) for number in range(3)]
    for batch in batches[:2]:
        step(batch)
    with Waits('error'):
        loss = step(batches[2])
    if not loss.isfinite() or loss.dtype != torch.float32:
        raise ValueError(f'the loss is {loss.item()} in {loss.dtype}')
    strangers = [name for name, value in model.state_dict().items() if value.device.type != Setting.device.type]
    if strangers:
        raise ValueError(f'{strangers[:3]} are not on the device')
    model.feature_bank.collect()
    fresh = build_framework(framework, head, detector, **options).to(Setting.device)
    fresh.load_state_dict({key: value.cpu() for key, value in model.state_dict().items()})


def batch_of(framework: str, number: int, options: dict) -> dict:
    """Eight rows of six images."""
    from small_models import texts_of, views_of
    index = torch.arange(8) * 5 % 6 + number
    views = views_of(index, number, torch.float32, 4 if options.get('multi_crop') else 2)
    batch = dict(inputs=[view.to(Setting.device) for view in views], index=index.to(Setting.device))
    if framework == 'CLIPAdapter':
        batch.update(inputs=batch['inputs'][:1], text=texts_of(index, number).to(Setting.device))
    return batch


def preprocessors() -> None:
    """What a batch costs before the step, where it waits, and whether autocast moves pixels."""
    from mmengine.registry import DefaultScope

    from mmifnd.configuration import load_config
    from mmifnd.registry import MODELS
    with DefaultScope.overwrite_default_scope('mmifnd'):
        for path in ('ifnd/ifnd_r50_8xb32_200e_in1k.py', 'baselines/simclr_r50_1xb1024-1000e_cifar10.py',
                     'baselines/moco_digits.py'):
            model = MODELS.build(load_config(ROOT / 'configs' / path).model.data_preprocessor).to(Setting.device)
            guarded(f'preprocessor of {path}', one_preprocessor, model, path)


def one_preprocessor(model: torch.nn.Module, path: str) -> None:
    """A batch with and without autocast."""
    batch = pixels_of(path)

    def work() -> list[Tensor]:
        return model(batch, training=True)['inputs']

    plain = work()
    with Waits() as lines:
        work()
    with torch.autocast(Setting.device.type, torch.bfloat16):
        apart = (work()[0].float() - plain[0]).abs().max().item()
    say('FAIL' if apart else 'PASS', f'views under autocast, {path}', f'differ by up to {apart:.3f}')
    judge_waits(f'preprocessor of {path}', lines, f', {seconds(work, 5) * 1e3:.1f} ms a batch beside other checks')


def pixels_of(path: str) -> dict:
    """Random images in pinned memory, as the loader of a config gives them."""
    from mmpretrain.structures import DataSample

    def pinned(values: Tensor) -> Tensor:
        return values.pin_memory() if Setting.device.type == 'cuda' else values

    if 'in1k' in path:
        return dict(inputs=[pinned(torch.randint(0, 256, (32, 3, 224, 224), dtype=torch.uint8)) for _ in range(2)],
                    data_samples=[DataSample(metainfo=dict(sample_idx=number)) for number in range(32)])
    size, channels = (32, 3) if 'cifar' in path else (8, 1)
    images = torch.randint(0, 256, (256, channels, size, size), dtype=torch.uint8)
    return dict(inputs=pinned(images), index=pinned(torch.arange(256)), epoch=torch.tensor(1))


def optimizers() -> None:
    """Updates of the recipes' optimizers."""
    from mmengine.optim import build_optim_wrapper
    from mmengine.registry import DefaultScope

    from mmifnd.configuration import load_config
    from mmifnd.registry import MODELS
    with DefaultScope.overwrite_default_scope('mmifnd'):
        for path in ('baselines/simclr_r50_8xb128-coslr_200e_in1k.py', 'swav/swav_r50_8xb32-coslr_200e_in1k-160px-96px.py',
                     'ifnd/ifnd_r50_8xb32_200e_in1k.py', 'ifnd/ifnd_moco_digits.py'):
            config = load_config(ROOT / 'configs' / path)
            model = MODELS.build({k: v for k, v in config.model.items() if k != 'data_preprocessor'}).to(Setting.device)
            wrapper = build_optim_wrapper(model, config.optim_wrapper)
            for parameter in model.parameters():
                if parameter.requires_grad:
                    parameter.grad = torch.full_like(parameter, 0.01)
            wrapper.step()
            with Waits() as lines:
                wrapper.step()
            judge_waits(f'{type(wrapper.optimizer).__name__} of {path}', lines,
                        f', {seconds(wrapper.step, 5) * 1e3:.2f} ms a step beside other checks')
