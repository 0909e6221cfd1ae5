import pytest
import torch

from mmifnd.models.preprocessors import TensorViewsPreprocessor
from mmifnd.models.preprocessors.seeded_draws import SeededDraws
from mmifnd.registry import MODELS

DIGITS = [
    dict(type='RandomAffine', degrees=15, translate=[0.1, 0.1], scale=[0.9, 1.1], p=1.0),
    dict(type='RandomBrightness', brightness=[0.7, 1.3]),
    dict(type='RandomContrast', contrast=[0.7, 1.3]),
    dict(type='GaussianNoise', std=0.05, p=0.9),
]
COLOUR = [
    dict(type='RandomResizedCrop', size=16, scale=[0.2, 1.0]),
    dict(type='RandomHorizontalFlip', p=0.5),
    dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1, p=0.8),
    dict(type='RandomGrayscale', p=0.2),
    dict(type='RandomGaussianBlur', kernel_size=[3, 3], sigma=[0.1, 2.0], p=0.5),
    dict(type='RandomSolarize', p=0.2),
]
RECIPES = dict(digits=(DIGITS, (8, 1, 8, 8)), colour=(COLOUR, (8, 3, 16, 16)))


def batch_of(shape, epoch=0):
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
    index = torch.tensor([3, 1, 4, 15, 92, 6, 5, 35][:shape[0]])
    return dict(inputs=images, index=index, epoch=torch.tensor(epoch))


def rows(batch, chosen):
    return dict(inputs=batch['inputs'][chosen], index=batch['index'][chosen], epoch=batch['epoch'])


@pytest.fixture(params=RECIPES)
def recipe(request):
    augmentation, shape = RECIPES[request.param]
    preprocessor = MODELS.build(dict(
        type='mmifnd.TensorViewsPreprocessor', augmentation=augmentation, mean=[0.5] * shape[1], std=[0.25] * shape[1]))
    return preprocessor, shape


@pytest.mark.parametrize('parts', [
    [[0, 1, 2, 3], [4, 5, 6, 7]], [[0], [1, 2, 3, 4, 5, 6, 7]], [[5, 2, 7], [0, 6, 1], [4, 3]], [[6, 6, 6]],
])
def test_views_are_bit_equal_for_any_batch(recipe, parts):
    preprocessor, shape = recipe
    batch = batch_of(shape)
    whole = preprocessor(batch, training=True)
    for part in parts:
        views = preprocessor(rows(batch, part), training=True)
        assert views['index'].equal(batch['index'][part])
        for view, expected in zip(views['inputs'], whole['inputs']):
            assert view.equal(expected[part])


def test_views_differ_between_views_epochs_images_and_seeds(recipe):
    preprocessor, shape = recipe
    twins = batch_of(shape)
    twins['inputs'] = twins['inputs'][:1].expand(shape).clone()
    first, second = preprocessor(twins, training=True)['inputs']
    later, _ = preprocessor(dict(twins, epoch=torch.tensor(1)), training=True)['inputs']
    preprocessor.seed = 1
    reseeded, _ = preprocessor(twins, training=True)['inputs']
    for other in (second, later, reseeded, first.roll(1, 0)):
        assert (first != other).flatten(1).any(dim=1).all()


def test_the_generator_of_the_run_is_left_alone(recipe):
    preprocessor, shape = recipe
    state = torch.get_rng_state()
    preprocessor(batch_of(shape), training=True)
    assert torch.get_rng_state().equal(state)


def test_evaluation_only_normalises(recipe):
    preprocessor, shape = recipe
    batch = batch_of(shape)
    del batch['epoch']
    result = preprocessor(batch)
    expected = (batch['inputs'].float() / 255 - 0.5) / 0.25
    assert len(result['inputs']) == 1
    torch.testing.assert_close(result['inputs'][0], expected)


def test_strength_is_what_the_config_says():
    images = torch.full((4000, 1, 2, 2), 128, dtype=torch.uint8)
    noise = TensorViewsPreprocessor([dict(type='GaussianNoise', std=0.1, p=0.5)])
    view = noise(dict(inputs=images, index=torch.arange(4000), epoch=torch.tensor(0)), training=True)['inputs'][0]
    changed = (view != view[0, 0, 0, 0]) & (view != 128 / 255)
    share = (view != 128 / 255).flatten(1).any(dim=1).float().mean()
    assert abs(share - 0.5) < 0.03
    assert abs((view - 128 / 255)[changed].std() - 0.1) < 0.005


def test_order_of_colour_steps_varies_with_the_epoch():
    index = torch.arange(4)
    orders = set()
    for epoch in range(12):
        with SeededDraws((0, epoch, 0, 0), index):
            orders.add(tuple(torch.randperm(4).tolist()))
    assert len(orders) > 5 and all(sorted(order) == [0, 1, 2, 3] for order in orders)


def test_groups_of_views():
    crops = [[dict(type='RandomResizedCrop', size=8)], [dict(type='RandomResizedCrop', size=[4, 4])]]
    preprocessor = TensorViewsPreprocessor(crops, num_views=[2, 3])
    views = preprocessor(batch_of((4, 1, 8, 8)), training=True)['inputs']
    assert [view.shape[-1] for view in views] == [8, 8, 4, 4, 4]
    assert not list(preprocessor.state_dict())


def test_other_random_functions_are_refused():
    index = torch.arange(4)
    for draw in (lambda: torch.rand(1), lambda: torch.randn((3, 2)), lambda: torch.bernoulli(torch.zeros(4)),
                 lambda: torch.zeros(4).uniform_(), lambda: torch.randint(5, (4,)),
                 lambda: torch.rand_like(torch.ones(4))):
        with pytest.raises(RuntimeError, match='drawn for each image|one for each of 4 images'), SeededDraws((0,), index):
            draw()


@pytest.mark.parametrize('step, message', [
    (dict(type='RandomAffin', degrees=3), 'did you mean RandomAffine'),
    (dict(type='GausianNoise'), 'RandomGaussianNoise'),
    (dict(type='RandomMixUpV2'), 'no transform'),
    (dict(type='kornia.RandomBrightness', same_on_batch=True), 'same_on_batch=False'),
    (dict(type='RandomResizedCrop', size=8, p=0.5), 'need p=1'),
])
def test_unfit_steps_are_refused(step, message):
    with pytest.raises(ValueError, match=message):
        TensorViewsPreprocessor([step])


def test_unfit_arguments_and_batches_are_refused():
    with pytest.raises(ValueError, match='give both or neither'):
        TensorViewsPreprocessor(DIGITS, mean=[0.5])
    with pytest.raises(ValueError, match='needs 2 lists'):
        TensorViewsPreprocessor(DIGITS, num_views=[2, 6])
    batch = batch_of((8, 1, 8, 8))
    del batch['epoch']
    with pytest.raises(ValueError, match=r"lacks \['epoch'\]"):
        TensorViewsPreprocessor(DIGITS)(batch, training=True)
