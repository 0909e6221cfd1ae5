"""Jobs of the tests of per-image state in several processes; the same functions run in one process, without a group."""

from pathlib import Path
from unittest import mock

import distributed_jobs
import small_models
import torch
from distributed_jobs import rank, world_size

from mmifnd.image_table import log_mean_exp_per_image, mean_per_image

HEADS = dict(
    glofnd=dict(type='mmifnd.GloFNDThresholdHead'),
    sogclr=dict(type='mmifnd.SogCLRHead'),
    isogclr=dict(type='mmifnd.SogCLRHead', image_temperature={}))
QUANTILE = dict(type='mmifnd.QuantileThresholdDetector', alpha=0.2)
#: Features of 40 images, of a normal distribution.
GUIDE = str(Path(__file__).parent.parent / 'data' / 'guide.npy')
DETECTORS = dict(
    quantile=QUANTILE,
    from_quantile=dict(QUANTILE, initialization='batch_quantile'),
    shared=dict(QUANTILE, shared=True),
    warm=dict(QUANTILE, warmup_epochs=1),
    batch=dict(type='mmifnd.BatchQuantileDetector', alpha=0.2),
    top_k=dict(type='mmifnd.TopKDetector', k=2, threshold=0.),
    guide=dict(type='mmifnd.GuideDetector', features=GUIDE, alpha=0.2),
    margin=dict(type='mmifnd.PositiveMarginDetector', margin=-0.1),
    group=dict(type='mmifnd.GroupDetector'),
    grouped=dict(type='mmifnd.UnionDetector', detectors=dict(
        groups=dict(type='mmifnd.GroupDetector'), labels=dict(type='mmifnd.PseudoLabelDetector'))),
    joined=dict(type='mmifnd.UnionDetector', detectors=dict(
        quantile=QUANTILE, labels=dict(type='mmifnd.PseudoLabelDetector'))))


def known():
    """The heads and detectors above, known to `small_models` for as long as this lasts."""
    return mock.patch.multiple(
        small_models, HEADS={**small_models.HEADS, **HEADS}, DETECTORS={**small_models.DETECTORS, **DETECTORS})


def train(framework, head, detector, options=(), **kwargs):
    """See :func:`distributed_jobs.train`."""
    with known():
        return distributed_jobs.train(framework, head, detector, dict(options), **kwargs)


def merge(index, counts, rows):
    """This rank's share of rows, merged; ranks must agree to the last bit."""
    own = slice(rank() * len(index) // world_size(), (rank() + 1) * len(index) // world_size())
    share = index[own], counts[own], rows[own]
    return mean_per_image(*share), log_mean_exp_per_image(*share)


def by_image(merged):
    """Of what :func:`merge` gave: image to (takes part, value); a ValueError where rows of an image differ."""
    index, moves, values = merged
    found = {}
    for image, moved, value in zip(index.tolist(), moves.tolist(), values.tolist()):
        if found.setdefault(image, (moved, value)) != (moved, value):
            raise ValueError(f'rows of image {image} differ: {found[image]} and {(moved, value)}')
    return found


def sample_rows():
    generator = torch.Generator().manual_seed(0)
    return (torch.randint(0, 9, (40,), generator=generator), torch.rand(40, generator=generator) < 0.6,
            torch.randn(40, generator=generator, dtype=torch.float64))
