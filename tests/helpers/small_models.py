"""Frameworks that train in milliseconds, and batches for them. For processes of their own, too: no fixtures."""

import torch

from mmifnd.registry import MODELS

FRAMEWORKS = dict(
    SimCLRAdapter=dict(type='mmifnd.SimCLRAdapter'),
    MoCoAdapter=dict(type='mmifnd.MoCoAdapter', queue_len=12, momentum=0.9))
HEADS = dict(
    elim=dict(type='mmifnd.ElimContrastiveHead'),
    reweighted=dict(type='mmifnd.ElimContrastiveHead', reweight=True),
    attr=dict(type='mmifnd.AttrContrastiveHead'))
DETECTORS = dict(
    none=dict(type='mmifnd.NoDetector'),
    pseudo=dict(type='mmifnd.PseudoLabelDetector'),
    truth=dict(type='mmifnd.GroundTruthDetector'),
    random=dict(type='mmifnd.RandomDetector', rate=0.3),
    union=dict(type='mmifnd.UnionDetector', detectors=dict(
        pseudo=dict(type='mmifnd.PseudoLabelDetector'), random=dict(type='mmifnd.RandomDetector', rate=0.1))))

NUM_SAMPLES = 40


def framework_config(framework='SimCLRAdapter', head='elim', detector='none', temperature=0.2, **options):
    """Config of a framework around a tiny encoder of 8 x 8 grey images."""
    config = dict(
        FRAMEWORKS[framework],
        data_preprocessor=dict(
            type='mmifnd.TensorViewsPreprocessor', mean=[0.3], std=[0.4],
            augmentation=[dict(type='RandomBrightness', brightness=(0.8, 1.2), p=1.)]),
        backbone=dict(type='mmifnd.SmallCNN', in_channels=1, widths=(4, 8)),
        neck=dict(type='mmifnd.ProjectionMLP', in_channels=8, hidden_channels=8, out_channels=6, num_layers=2),
        head=dict(HEADS[head], temperature=temperature, detector=DETECTORS[detector]))
    return {**config, **options}


def build_framework(*args, seed=0, **kwargs):
    """A framework with weights of ``seed``, bound to NUM_SAMPLES images of 4 classes."""
    torch.manual_seed(seed)
    model = MODELS.build(framework_config(*args, **kwargs))
    model.bind(NUM_SAMPLES, torch.arange(NUM_SAMPLES) % 4)
    return model


class Labels:
    """The one attribute of pseudo labels that detectors read: two granularities, some samples not accepted."""

    def __init__(self, num_samples=NUM_SAMPLES):
        sample = torch.arange(num_samples)
        self.labels = torch.stack([sample % 5, sample % 3]).masked_fill(sample % 7 == 0, -1)


def views_of(index, step=0, dtype=torch.float32):
    """Two views (B, 1, 8, 8) of images ``index``: noise of the step around a pattern of the image."""
    views = []
    for view in range(2):
        rows = []
        for number in index.tolist():
            pattern = torch.randn(1, 8, 8, generator=torch.Generator().manual_seed(number), dtype=torch.float64)
            noise = torch.randn(1, 8, 8, generator=torch.Generator().manual_seed(1000 + 97 * step + 31 * view + number),
                                dtype=torch.float64)
            rows.append(pattern + 0.3 * noise)
        views.append(torch.stack(rows).to(dtype))
    return views


def byte_batch(index, epoch=0):
    """A batch as the data set of tensors hands it to the preprocessor."""
    index = torch.as_tensor(index)
    generator = torch.Generator().manual_seed(int(index.sum()))
    images = torch.randint(0, 256, (len(index), 1, 8, 8), dtype=torch.uint8, generator=generator)
    return dict(inputs=images, index=index, epoch=torch.tensor(epoch))


def freeze_batch_statistics(model):
    """Training mode, except that batch normalisation uses its running statistics."""
    model.train()
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.eval()
    return model
