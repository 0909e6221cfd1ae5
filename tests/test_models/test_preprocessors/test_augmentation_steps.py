"""The batched steps beside kornia, which is the reference, on the same draws."""

import kornia.augmentation as kornia_augmentation
import pytest
import torch

from mmifnd.models.preprocessors import TensorViewsPreprocessor
from mmifnd.models.preprocessors.augmentation_steps import STEPS, build_step
from mmifnd.models.preprocessors.colour_steps import ColorJitter, _group_by_order, _one_formula_for_all
from mmifnd.models.preprocessors.kornia_step import KorniaStep
from mmifnd.models.preprocessors.seeded_draws import SeededDraws
from mmifnd.models.preprocessors.step import Draws, per_image

CASES = [
    dict(type='RandomAffine', degrees=15., translate=(0.1, 0.2), scale=(0.9, 1.1), p=1.),
    dict(type='RandomAffine', degrees=(-40, 60), translate=(0.1, 0.2), scale=(0.5, 1.4), shear=(5., 20., -10., 30.), p=.7,
         padding_mode='border'),
    dict(type='RandomAffine', degrees=15., shear=20., p=1.),
    dict(type='RandomAffine', degrees=15., resample='nearest', p=1.),
    dict(type='RandomBrightness', brightness=(0.8, 1.2)),
    dict(type='RandomBrightness', brightness=.4, p=.5),
    dict(type='RandomContrast', contrast=(0.7, 1.3)),
    dict(type='RandomContrast', contrast=.7, p=.3),
    dict(type='RandomGaussianNoise', std=0.05, p=1.),
    dict(type='RandomGaussianNoise', std=0.05, mean=.1),
    dict(type='RandomResizedCrop', size=16, scale=(0.2, 1.)),
    dict(type='RandomResizedCrop', size=(7, 9), scale=(0.01, .1), ratio=(.1, 8.)),
    dict(type='RandomResizedCrop', size=12, scale=(1.5, 2.)),  # nothing fits: the spare crop
    dict(type='RandomHorizontalFlip', p=0.5),
    dict(type='RandomVerticalFlip'),
    dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1, p=0.8),
    dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.5),
    dict(type='ColorJitter', hue=0.5),
    dict(type='ColorJitter', contrast=(.2, .9)),
    dict(type='RandomGrayscale', p=0.2),
    dict(type='RandomGaussianBlur', kernel_size=9, sigma=(0.1, 2.)),
    dict(type='RandomGaussianBlur', kernel_size=(3, 5), sigma=(0.1, 2.), p=1.),
    dict(type='RandomSolarize', p=0.2),
    dict(type='RandomSolarize', thresholds=.3, additions=(0., .2), p=1.),
]
COLOUR, GREY = (24, 3, 24, 18), (24, 1, 16, 16)


def images_of(shape):
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def by_kornia(config, images, index, epoch, view):
    arguments = {key: value for key, value in config.items() if key != 'type'}
    if config['type'] == 'RandomResizedCrop':
        size = arguments['size']
        arguments.update(cropping_mode='resample', size=(size, size) if isinstance(size, int) else size)
    transform = getattr(kornia_augmentation, config['type'])(**arguments)
    with SeededDraws((0, epoch, view, 0), index):
        return transform(images.float() / 255)


def test_every_step_is_compared_with_kornia():
    assert {case['type'] for case in CASES} == set(STEPS)


@pytest.mark.parametrize('shape', [COLOUR, GREY])
@pytest.mark.parametrize('config', CASES, ids=lambda config: config['type'])
def test_a_step_equals_that_of_kornia(config, shape):
    if config.get('hue') and shape is GREY:
        with pytest.raises(ValueError, match='set hue=0'):
            build_step(config)(torch.rand(shape), draws_of(build_step(config), shape))
        return
    images, index = images_of(shape), torch.randperm(1000, generator=torch.Generator().manual_seed(1))[:len(images_of(shape))]
    preprocessor = TensorViewsPreprocessor([config])
    for epoch in range(3):
        views = preprocessor(dict(inputs=images, index=index, epoch=torch.tensor(epoch)), training=True)['inputs']
        for number, view in enumerate(views):
            torch.testing.assert_close(view, by_kornia(config, images, index, epoch, number), atol=2e-5, rtol=0)


def draws_of(step, shape):
    generator = torch.Generator().manual_seed(2)
    index = torch.arange(shape[0])
    return Draws((0, 1, 0, 0), index, index, torch.rand(shape[0], sum(step.calls), generator=generator))


@pytest.mark.parametrize('config', [case for case in CASES if 0 < case.get('p', 1) < 1 or case['type'] == 'RandomVerticalFlip'],
                         ids=lambda config: config['type'])
def test_skipped_images_are_as_if_all_were_transformed(config):
    """On an accelerator all images are transformed, and the chosen ones taken; on a CPU only the chosen ones are."""
    step, images = build_step(config), images_of(COLOUR).float() / 255
    draws = draws_of(step, COLOUR)
    chosen = draws.uniform[:, 0] < step.p
    parameters = Draws(draws.counters, draws.index, draws.host_index, draws.uniform[:, 1:])
    expected = torch.where(per_image(chosen), step.transform(images, parameters), images)
    assert 0 < chosen.sum() < len(chosen)
    torch.testing.assert_close(step(images, draws), expected, atol=0, rtol=0)


def test_an_order_of_its_own_for_each_image():
    step = ColorJitter(brightness=.4, contrast=.4, saturation=.4, hue=.1, order='image')
    images, draws = images_of((240, 3, 6, 6)).float() / 255, draws_of(step, (240, 3, 6, 6))
    orders = draws.uniform[:, 4:].argsort(dim=1)
    assert len(orders.unique(dim=0)) == 24
    factors = tuple(per_image(low + (high - low) * draws.uniform[:, i]) for i, (low, high) in zip((0, 1, 3, 2), step.factors))
    one, other = (each(images, factors, orders, [0, 1, 2, 3]) for each in (_group_by_order, _one_formula_for_all))
    torch.testing.assert_close(one, other, atol=1e-5, rtol=0)
    torch.testing.assert_close(step(images, draws), one, atol=0, rtol=0)
    in_one_order = ColorJitter(brightness=.4, contrast=.4, saturation=.4, hue=.1)(images, draws)
    assert (in_one_order - one).abs().flatten(1).amax(dim=1).gt(1e-3).float().mean() > 0.5


def test_views_are_the_same_under_autocast():
    names = ('RandomAffine', 'ColorJitter', 'RandomGaussianBlur', 'RandomGrayscale')
    recipe = [case for case in CASES if case['type'] in names]
    preprocessor = TensorViewsPreprocessor(recipe, mean=[.5] * 3, std=[.2] * 3)
    batch = dict(inputs=images_of(COLOUR), index=torch.arange(COLOUR[0]), epoch=torch.tensor(0))
    plain = preprocessor(batch, training=True)['inputs']
    with torch.autocast('cpu', torch.bfloat16):
        mixed = preprocessor(batch, training=True)['inputs']
    assert all(one.dtype == torch.float32 and one.equal(other) for one, other in zip(mixed, plain))


def test_transforms_that_only_kornia_has():
    config = dict(type='kornia.RandomHorizontalFlip', p=0.5)
    assert isinstance(build_step(config), KorniaStep) and isinstance(build_step(dict(type='RandomInvert')), KorniaStep)
    batch = dict(inputs=images_of(COLOUR), index=torch.arange(COLOUR[0]), epoch=torch.tensor(0))
    views = [TensorViewsPreprocessor([dict(config, type=name)])(batch, training=True)['inputs']
             for name in ('RandomHorizontalFlip', 'kornia.RandomHorizontalFlip')]
    assert all(ours.equal(theirs) for ours, theirs in zip(*views))


def test_without_kornia(monkeypatch):
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    with pytest.raises(ValueError, match='and kornia is not installed; did you mean'):
        build_step(dict(type='RandomInvert'))
    with pytest.raises(ValueError, match='pip install "mmifnd'):
        build_step(dict(type='kornia.RandomInvert'))


@pytest.mark.parametrize('config, message', [
    (dict(type='RandomAffine', degree=3.), "no argument 'degree'; did you mean degrees"),
    (dict(type='RandomAffine'), "RandomAffine: missing 1 required positional argument: 'degrees'"),
    (dict(type='RandomAffine', degrees=-3.), 'must not be negative'),
    (dict(type='RandomAffine', degrees=3., translate=(2., 0.)), r'translate=\(2.0, 0.0\)'),
    (dict(type='RandomAffine', degrees=3., resample='cubic'), "resample='cubic'"),
    (dict(type='RandomResizedCrop', size=0), 'positive integers'),
    (dict(type='RandomResizedCrop', size=4, ratio=(0., 1.)), 'must be positive'),
    (dict(type='RandomResizedCrop', size=4, cropping_mode='slice'), 'kornia.RandomResizedCrop'),
    (dict(type='RandomBrightness', brightness=(0.5, 2.5)), r'no range within \[0, 2\]'),
    (dict(type='RandomGaussianBlur', kernel_size=4, sigma=(.1, 2.)), 'odd positive'),
    (dict(type='RandomGaussianBlur', kernel_size=3, sigma=(0., 2.)), 'must be positive'),
    (dict(type='ColorJitter', order='batch'), "choose 'view' or 'image'"),
    (dict(type='ColorJitter', hue=.7), r'no range within \[-0.5, 0.5\]'),
    (dict(type='RandomGaussianNoise', std=-1.), 'must not be negative'),
    (dict(type='RandomSolarize', thresholds=(.9, .1)), 'no range'),
])
def test_unfit_arguments_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        build_step(config)


def test_a_kernel_larger_than_the_image_is_refused():
    step = build_step(dict(type='RandomGaussianBlur', kernel_size=9, sigma=(.1, 2.), p=1.))
    with pytest.raises(ValueError, match='too large for images'):
        step(torch.rand(2, 1, 4, 4), draws_of(step, (2, 1, 4, 4)))
