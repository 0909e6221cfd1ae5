"""Frameworks that train in milliseconds, and batches for them. For processes of their own, too: no fixtures."""

import torch

from mmifnd.clustering import Granularity
from mmifnd.registry import MODELS

FRAMEWORKS = dict(
    SimCLRAdapter=dict(type='mmifnd.SimCLRAdapter'),
    MoCoAdapter=dict(type='mmifnd.MoCoAdapter', queue_len=12, momentum=0.9))
HEADS = dict(
    elim=dict(type='mmifnd.ElimContrastiveHead'),
    reweighted=dict(type='mmifnd.ElimContrastiveHead', reweight=True),
    attr=dict(type='mmifnd.AttrContrastiveHead'),
    proto=dict(type='mmifnd.ProtoNCEHead', num_negatives=2),
    sane=dict(type='mmifnd.SANEHead', prior=(2., 3.)),
    sce=dict(type='mmifnd.SCEHead'))
#: SwAV predicts codes instead of comparing images: its framework and its head need each other.
SWAV = dict(SwAVAdapter=dict(type='mmifnd.SwAVAdapter', queue_len=16))
SWAV_HEADS = dict(swav=dict(type='mmifnd.SwAVHead', num_prototypes=5, freeze_iterations=1))
#: Image-text pairs: two towers, so a framework of its own kind, and heads that want two directions.
PAIRS = dict(CLIPAdapter=dict(
    type='mmifnd.CLIPAdapter', text_backbone=dict(type='mmifnd.TokenBag', vocab_size=30, width=8),
    text_neck=dict(type='mmifnd.LinearProjection', in_channels=8, out_channels=6)))
CONSTANT = dict(gamma=0.6, gamma_schedule='constant')  # of a cosine, the first epoch has 1: losses of exactly 1
PAIR_HEADS = dict(
    learned=dict(type='mmifnd.ElimContrastiveHead', learned_temperature={}),
    fastclip_v0=dict(type='mmifnd.FastCLIPHead', version='v0', **CONSTANT),
    fastclip_v1=dict(type='mmifnd.FastCLIPHead', version='v1', **CONSTANT),
    fastclip_v2=dict(type='mmifnd.FastCLIPHead', version='v2', **CONSTANT),
    fastclip_v3=dict(type='mmifnd.FastCLIPHead', version='v3', **CONSTANT),
    sigmoid=dict(type='mmifnd.SigmoidHead', bias=-3.),
    siglip=dict(type='mmifnd.SigmoidHead', bias=-3., learned_temperature={}, learned_bias=True, action='attract'))
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
        {**FRAMEWORKS, **SWAV, **PAIRS}[framework],
        data_preprocessor=dict(
            type='mmifnd.TensorViewsPreprocessor', mean=[0.3], std=[0.4],
            augmentation=[dict(type='RandomBrightness', brightness=(0.8, 1.2), p=1.)]),
        backbone=dict(type='mmifnd.SmallCNN', in_channels=1, widths=(4, 8)),
        neck=dict(type='mmifnd.ProjectionMLP', in_channels=8, hidden_channels=8, out_channels=6, num_layers=2),
        head=dict({**HEADS, **SWAV_HEADS, **PAIR_HEADS}[head], temperature=temperature, detector=DETECTORS[detector]))
    return {**config, **options}


def build_framework(*args, seed=0, **kwargs):
    """A framework with weights of ``seed``, bound to NUM_SAMPLES images of 4 classes."""
    torch.manual_seed(seed)
    model = MODELS.build(framework_config(*args, **kwargs))
    model.bind(NUM_SAMPLES, torch.arange(NUM_SAMPLES) % 4)
    model.bind_groups(groups_of_samples())
    return model


def groups_of_samples(num_samples=NUM_SAMPLES):
    """Six groups; every fifth sample is in none."""
    sample = torch.arange(num_samples)
    return (sample % 6).masked_fill(sample % 5 == 0, -1)


class Labels:
    """What is read of pseudo labels: two granularities of 9 and 7 clusters, some empty, and samples not accepted."""

    def __init__(self, num_samples=NUM_SAMPLES):
        sample = torch.arange(num_samples)
        self.labels = torch.stack([sample % 5, sample % 3]).masked_fill(sample % 7 == 0, -1)
        self.granularities = [clusters_of(labels, count) for labels, count in zip(self.labels, (9, 7))]


def clusters_of(labels, count, dim=6):
    """A clustering with these labels, of embeddings of :func:`framework_config`; centroids at random, by ``count``."""
    generator = torch.Generator().manual_seed(count)
    return Granularity(labels.clamp(min=0), torch.ones(len(labels)), torch.randn(count, dim, generator=generator),
                       torch.rand(count, generator=generator) + 0.5)


def views_of(index, step=0, dtype=torch.float32, num_views=2):
    """Views (B, 1, 8, 8) of images ``index``: noise of the step around a pattern of the image.

    An image that comes twice has different views: similarities that are equal but for their last bits have no order.
    """
    views = []
    for view in range(num_views):
        rows = []
        for position, number in enumerate(index.tolist()):
            pattern = torch.randn(1, 8, 8, generator=torch.Generator().manual_seed(number), dtype=torch.float64)
            seed = 1000 + 1009 * index[:position].tolist().count(number) + 97 * step + 31 * view + number
            noise = torch.randn(1, 8, 8, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
            rows.append(pattern + 0.3 * noise)
        views.append(torch.stack(rows).to(dtype))
    return views


def texts_of(index, step=0):
    """Token ids (B, 5) of images ``index``: three that belong to the image, and two of the step and the row."""
    noise = torch.arange(len(index)).unsqueeze(1) * 7 + torch.arange(2) + step
    return torch.cat([(index.unsqueeze(1) + torch.tensor([0, 3, 11])) % 23 + 1, noise % 6 + 24], dim=1)


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


@torch.no_grad()
def spread_embeddings(model):
    """Centre the embeddings, whose cosines are above 0.99 in a new model: thresholds of a detector would take all or none.

    Longer embeddings, of the same cosines, keep a step from crowding them again.
    """
    images = views_of(torch.arange(NUM_SAMPLES), -1, next(model.parameters()).dtype)[0]
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.momentum = 1.
    last = [module for module in model.neck.modules() if isinstance(module, torch.nn.Linear)][-1]
    last.weight *= 10
    last.bias -= model.train().neck(model.backbone(images))[0].mean(dim=0)
    if hasattr(model, 'text_neck'):  # a linear layer has nothing to centre with: the mean of the tokens is moved instead
        texts = texts_of(torch.arange(NUM_SAMPLES), -1)
        layer = model.text_backbone.layers[-1]
        layer.bias -= model.text_backbone(texts)[0].mean(dim=0)
        model.text_neck.linear.weight *= 10
    for name in ('backbone', 'neck'):
        if hasattr(model, f'key_{name}'):
            getattr(model, f'key_{name}').load_state_dict(getattr(model, name).state_dict())
    return model
