"""Contrasts of the worked examples of GloFND's released code (tests/data/glofnd_golden.npz)."""

from functools import cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from mmifnd.contrast import Contrast
from mmifnd.engine.hooks.detection_hook import count
from mmifnd.evaluation import scores_of_counts
from mmifnd.models.heads.step_record import StepRecord
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


def steps_of(tag):
    """Arrays by name of both steps of a case without a loss."""
    for step in (0, 1):
        prefix = f'{tag}/t{step}/'
        yield step, {key.removeprefix(prefix): value for key, value in arrays().items() if key.startswith(prefix)}


def check_masks(batch, false_negative, golden):
    """Our mask against all that a step of the reference says of its own."""
    blocks = dict(zip(('ab_aa', 'ba_bb'), kept_mask(false_negative)))
    for block, kept in blocks.items():
        assert kept.equal(golden[f'mask_{block}']) and kept.sum(1, keepdim=True).equal(golden[f'kept_{block}'])
    if 'pred_fn_ab_aa' in golden:
        assert (arrays()[f'c1/in{batch}/neg_self_mask'] - blocks['ab_aa']).equal(golden['pred_fn_ab_aa'])


def check_scores(contrast, false_negative, golden):
    """Precision and recall of a step, in the convention of the paper's code: both rows of an image count as one."""
    if 'log_num_filtered_perc' not in golden:
        return
    counts = count(StepRecord.of(contrast, false_negative, None), labels_of_images())
    hit, predicted, actual, pairs = counts[:, :6] + counts[:, 6:]
    scores = scores_of_counts(hit, predicted, actual, int(pairs.sum()))
    applied = golden['log_num_filtered_perc'].double()
    torch.testing.assert_close(torch.tensor(1 - scores.predicted_share, dtype=torch.float64), applied, **EQUAL)
    if 'log_lda_recall' not in golden:  # before the filter starts
        return
    found = torch.tensor([scores.recall_paper, scores.precision_paper, 1 - scores.predicted_share], dtype=torch.float64)
    names = 'log_lda_recall', 'log_lda_precision', 'log_num_negatives_perc'
    torch.testing.assert_close(found, torch.stack([golden[name].double() for name in names]), **EQUAL)


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
