"""Contrasts of the worked examples of GloFND's released code (tests/data/glofnd_golden.npz)."""

from functools import cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from mmifnd.contrast import Contrast
from mmifnd.registry import MODELS

PATH = Path(__file__).parent.parent / 'data' / 'glofnd_golden.npz'
NUM_SAMPLES = 11
EQUAL = dict(rtol=1e-5, atol=1e-6)

#: The detectors of the examples, with the released code's settings.
RELEASED = dict(
    none=dict(type='mmifnd.NoDetector'),
    glofnd=dict(type='mmifnd.QuantileThresholdDetector', alpha=0.25, start_epoch=1, decay='constant',
                bias_correction='epoch'),
    fnd=dict(type='mmifnd.BatchQuantileDetector', alpha=0.25, start_epoch=1),
    oracle=dict(type='mmifnd.GroundTruthDetector'))


@cache
def arrays():
    """All numbers, as tensors; texts as strings."""
    with np.load(PATH) as found:
        return {name: str(found[name]) if found[name].dtype.kind == 'U' else torch.from_numpy(np.asarray(found[name]))
                for name in found.files}


def contrast_of(batch, needs_gradient=False):
    """Batch 0 or 1 as SimCLRAdapter would hand it on, and its two raw embeddings."""
    index = arrays()[f'c1/in{batch}/idx']
    raw = [arrays()[f'c1/in{batch}/{name}'].clone().requires_grad_(needs_gradient) for name in ('h1', 'h2')]
    rows = torch.cat([F.normalize(h, dim=1) for h in raw])
    own = torch.eye(12, dtype=torch.bool)
    index = torch.cat([index, index])
    contrast = Contrast.build(rows, rows.roll(6, 0), rows, index, index, own | own.roll(6, 0))
    return contrast, raw


def kept_mask(false_negative):
    """Our mask as the reference's two: rows of a view, columns [other view | same view], 1 where a negative is kept."""
    own = torch.eye(12, dtype=torch.bool)
    kept = (~false_negative[0] & ~own & ~own.roll(6, 0)).float()
    return kept[:6].roll(6, 1), kept[6:]


def labels_of_images():
    """Class of each image, -1 where it is in neither batch."""
    labels = torch.full((NUM_SAMPLES,), -1)
    for batch in (0, 1):
        labels[arrays()[f'c1/in{batch}/idx']] = arrays()[f'c1/in{batch}/labels']
    return labels


def head_of(kind, detector, **options):
    """A head in training with a detector of RELEASED, thresholds preset as in the examples."""
    head = MODELS.build(dict(type=f'mmifnd.{kind}', detector=RELEASED[detector], **options)).train()
    head.detector.bind(NUM_SAMPLES, labels_of_images())
    if detector == 'glofnd':
        head.detector.table.fill(threshold=0.6)
    return head


def golden_steps(tag):
    """Of a case: the step's number, its contrast and raw embeddings, its arrays by name."""
    for step in range(3):
        prefix = f'{tag}/t{step}/'
        yield step, *contrast_of(int(arrays()[prefix + 'step_input']), needs_gradient=True), {
            key.removeprefix(prefix): value for key, value in arrays().items() if key.startswith(prefix)}
