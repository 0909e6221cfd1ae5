"""The unit vectors of classes equal those of open_clip, for the same tower, templates and names."""

import pytest
import torch

from mmifnd.datasets import CLIPTokenizer, prompts_of, read_templates
from mmifnd.engine.metrics.pair_features import encode_texts
from mmifnd.evaluation import class_weights
from mmifnd.registry import MODELS

pytestmark = pytest.mark.usefixtures('restored_torch')
MODEL = dict(embed_dim=12, vision_cfg=dict(image_size=32, layers=1, width=16, head_width=8, patch_size=16),
             text_cfg=dict(context_length=16, vocab_size=49408, width=16, heads=2, layers=1))
CLASSES = ['tench', 'red fox', 'great grey owl']


def test_they_are_equal():
    open_clip = pytest.importorskip('open_clip')
    torch.manual_seed(0)
    towers = dict(model=MODEL)
    framework = MODELS.build(dict(
        type='mmifnd.CLIPAdapter', backbone=dict(type='mmifnd.OpenCLIPImage', **towers),
        text_backbone=dict(type='mmifnd.OpenCLIPText', **towers),
        neck=dict(type='mmifnd.PassThrough', channels=12), text_neck=dict(type='mmifnd.PassThrough', channels=12),
        head=dict(type='mmifnd.ElimContrastiveHead', detector=dict(type='mmifnd.NoDetector'))))

    class Theirs(torch.nn.Module):
        def encode_text(self, tokens, normalize=False):
            return torch.nn.functional.normalize(framework.text_backbone.tower(tokens), dim=-1)

    expected = open_clip.build_zero_shot_classifier(
        Theirs().eval(), open_clip.SimpleTokenizer(context_length=16), CLASSES, open_clip.OPENAI_IMAGENET_TEMPLATES,
        num_classes_per_batch=2)
    templates = read_templates('openai')
    prompts = encode_texts(framework, CLIPTokenizer(context_length=16), 50, prompts_of(CLASSES, templates))
    weights = class_weights(prompts.unflatten(0, (3, 80)))
    assert (weights - expected.T).abs().max() < 1e-6 and (weights[0] - weights[1]).abs().max() > 1e-3
