"""The device's half, and both halves beside MoCo v2's pipeline."""

import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import Compose, default_collate
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample
from scipy.stats import kstwobign

from mmifnd.configuration import load_config
from mmifnd.datasets import CutViews
from mmifnd.models.preprocessors import CutViewsPreprocessor
from mmifnd.models.preprocessors.view_augmentation import ViewAugmentation
from mmifnd.registry import MODELS

DEVICE = 'configs/ifnd/ifnd_r50_8xb32_200e_in1k_device.py'
PUBLISHED = 'configs/ifnd/ifnd_r50_8xb32_200e_in1k.py'
STEPS = [dict(type='ColorJitter', brightness=.4, contrast=.4, saturation=.4, hue=.1, p=.8, order='image'),
         dict(type='RandomGaussianBlur', kernel_size=5, sigma=(.1, 2.))]
DRAWS, MORE_DRAWS, SIZE = 2000, 6000, 24  # means and deviations of 2,000 draws of a colour still vary by 2 %


def batch_of(indices, epoch=0):
    draw = torch.Generator().manual_seed(0)
    views = [torch.randint(0, 256, (99, 3, 8, 8), dtype=torch.uint8, generator=draw)[indices] for _ in range(2)]
    return dict(inputs=views, data_samples=[DataSample(metainfo=dict(sample_idx=i, epoch=epoch)) for i in indices])


def test_views_belong_to_seed_epoch_and_image():
    preprocessor = CutViewsPreprocessor(STEPS, mean=[100.] * 3, std=[50.] * 3, to_rgb=True)
    whole = preprocessor(batch_of([5, 17, 3, 40]), training=True)
    part = preprocessor(batch_of([3, 5]), training=True)
    for view, of_part in zip(whole['inputs'], part['inputs']):
        assert of_part.equal(view[[2, 0]])
    assert whole['index'].tolist() == [5, 17, 3, 40]
    assert not preprocessor(batch_of([3, 5], epoch=1), training=True)['inputs'][0].equal(part['inputs'][0])
    preprocessor.seed_draws(1)
    assert not preprocessor(batch_of([3, 5]), training=True)['inputs'][0].equal(part['inputs'][0])
    with torch.autocast('cpu', torch.bfloat16):
        mixed = preprocessor(batch_of([3, 5]), training=True)['inputs'][0]
    assert mixed.dtype == torch.float32
    preprocessor.seed_draws(1)
    assert mixed.equal(preprocessor(batch_of([3, 5]), training=True)['inputs'][0])


def test_steps_see_the_model_s_order_of_channels_and_evaluation_only_normalises():
    batch = batch_of([1, 2])
    grey = CutViewsPreprocessor(dict(type='RandomGrayscale', p=1.), to_rgb=True)(batch, training=True)['inputs'][1]
    blue, green, red = batch['inputs'][1].float().unbind(1)
    torch.testing.assert_close(grey[:, 0], 0.299 * red + 0.587 * green + 0.114 * blue, atol=1e-3, rtol=0)
    plain = CutViewsPreprocessor(STEPS, mean=[1.] * 3, std=[2.] * 3)(dict(batch, inputs=batch['inputs'][0]))
    torch.testing.assert_close(plain['inputs'][0], (batch['inputs'][0].float() - 1) / 2)


def test_another_number_of_views_is_refused():
    batch = batch_of([1, 2])
    with pytest.raises(ValueError, match='has 2 views of an image, the augmentation is for 3'):
        CutViewsPreprocessor(STEPS, num_views=3)(batch, training=True)
    with pytest.raises(ValueError, match='sample_idx'):
        CutViewsPreprocessor(STEPS)(dict(inputs=batch['inputs']), training=True)


def photograph():
    """uint8 (60, 80, 3), BGR: smooth shapes, texture, and colours that differ between channels."""
    draw, image = np.random.default_rng(7), np.full((60, 80, 3), (90., 120., 150.), np.float32)
    for scale, weight in ((3, 50), (8, 30), (24, 20)):
        noise = draw.standard_normal((scale, scale, 3)).astype(np.float32)
        image += weight * cv2.resize(noise, (80, 60), interpolation=cv2.INTER_CUBIC)
    return image.clip(0, 255).astype(np.uint8)


def published_steps():
    """MoCo v2's pipeline, as the headline's config has it, step by step."""
    crop, *others = load_config(PUBLISHED).train_dataloader.dataset.pipeline[1].transforms[0]
    return dict(zip(('crop', 'jitter', 'grey', 'blur', 'flip'), (dict(crop, scale=SIZE), *others)))


def by_published(steps, image):
    """float32 (MORE_DRAWS, 3, H, W), RGB."""
    with DefaultScope.overwrite_default_scope('mmifnd'):
        pipeline = Compose(steps)
    np.random.seed(0)
    torch.manual_seed(0)
    views = [pipeline(dict(img=image.copy(), img_shape=image.shape[:2]))['img'] for _ in range(MORE_DRAWS)]
    return torch.from_numpy(np.stack(views)).permute(0, 3, 1, 2).flip(1).float()


def by_halves(image, crops, steps):
    """The same, by the two halves."""
    if crops:
        np.random.seed(1)
        transform = CutViews(num_views=1, crops=dict(crops, scale=SIZE))
        views = torch.stack([transform(dict(img=image))['img'][0] for _ in range(MORE_DRAWS)])
    else:
        views = torch.from_numpy(image).permute(2, 0, 1).expand(MORE_DRAWS, -1, -1, -1)
    index = torch.arange(MORE_DRAWS)
    return ViewAugmentation(steps, 1)([views.flip(1).float() / 255], index, index, 0, 0)[0] * 255


@pytest.mark.slow
@pytest.mark.parametrize('step', ['crop', 'jitter', 'grey', 'blur', 'flip', 'all'])
def test_each_step_is_equal_in_distribution_to_that_of_moco_v2(step):
    config = load_config(DEVICE)
    ours = dict(zip(('jitter', 'grey', 'blur', 'flip'), config.model.data_preprocessor.augmentation))
    crops = config.train_dataloader.dataset.pipeline[1].crops
    image = photograph() if step in ('crop', 'all') else np.ascontiguousarray(photograph()[:SIZE, :SIZE])
    published = published_steps()
    expected = by_published(list(published.values()) if step == 'all' else [published[step]], image)
    views = by_halves(image, crops if step in ('crop', 'all') else None,
                      list(ours.values()) if step == 'all' else [ours[step]] if step in ours else [])
    assert views.shape == expected.shape == (MORE_DRAWS, 3, SIZE, SIZE)
    for statistic in (torch.mean, torch.std):
        for channel in range(3):
            assert statistic(views[:, channel]) == pytest.approx(statistic(expected[:, channel]).item(), rel=0.02)
    for channel, row, column in ((channel, *place) for channel in range(3) for place in ((12, 12), (3, 18), (20, 5))):
        one, other = (batch[:DRAWS, channel, row, column] for batch in (views, expected))
        assert kolmogorov_smirnov(one, other) > 0.01, (channel, row, column)


def kolmogorov_smirnov(values, in_bytes):
    """The p-value that two samples come from one distribution, where the published steps round each result to a byte.

    A grey of 128.4 or 128.6 is one place apart there, and a step that hardly changes a pixel has few values; so the distance
    of the distribution functions is taken up to one level to either side.
    """
    levels = torch.arange(-1, 257, 0.5)
    ours, low, high = (torch.searchsorted(sample.sort().values, shifted.contiguous(), right=True) / DRAWS
                       for sample, shifted in ((values, levels), (in_bytes, levels - 1), (in_bytes, levels + 1)))
    distance = torch.maximum(ours - high, low - ours).clamp(min=0).max().item()
    return kstwobign.sf(distance * (DRAWS / 2) ** 0.5)


def test_the_device_config_reads_what_its_workers_cut(tmp_path):
    from PIL import Image
    for number in range(2):
        Image.fromarray(photograph()).save(tmp_path / f'{number}.jpg')
    config = load_config(DEVICE)
    from mmifnd.datasets import IndexedDataset
    with DefaultScope.overwrite_default_scope('mmifnd'):
        dataset = IndexedDataset(dict(type='CustomDataset', data_root=str(tmp_path), with_label=False,
                                      pipeline=config.train_dataloader.dataset.pipeline))
        preprocessor = MODELS.build(config.model.data_preprocessor)
    result = preprocessor(default_collate(dataset.__getitems__([0, 1])), training=True)
    assert [tuple(view.shape) for view in result['inputs']] == [(2, 3, 224, 224)] * 2
    assert result['index'].tolist() == [0, 1] and abs(torch.stack(result['inputs']).mean()) < 1
