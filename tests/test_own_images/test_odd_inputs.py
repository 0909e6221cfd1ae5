"""Odd settings and features: the line that helps."""

import re

import numpy as np
import pytest
import torch

from mmifnd.apis import UserError, audit
from mmifnd.configuration import load_config
from mmifnd.models.embedding import pool

CONFIG = 'configs/baselines/simclr_digits.py'


@pytest.mark.parametrize('features, line', [
    (torch.zeros(4, 3, 2, 2), 'features are float32 of shape (4, 3, 2, 2); give real numbers (N, D), one row per image; '
                              'average maps over their places first'),
    (torch.zeros(4, 3, dtype=torch.complex64), 'features are complex64 of shape (4, 3); give real numbers'),
    (np.zeros(5), 'features are float64 of shape (5,)'), ([['a', 'b']], 'source is list and no array of features (N, D)')])
def test_features_that_are_none(features, line):
    with pytest.raises(UserError, match=re.escape(line)):
        audit(features)


def test_a_vit_that_gives_tokens():
    with pytest.raises(ValueError, match=r"features of shape \(2, 197, 8\); .*a ViT needs out_type='avg_featmap'"):
        pool((torch.zeros(2, 197, 8),))


def test_an_epoch_that_never_ends():
    with pytest.raises(UserError, match="train_dataloader.sampler.type='InfiniteSampler' never ends an epoch"):
        load_config(CONFIG, {'train_dataloader.sampler.type': 'InfiniteSampler'})


def test_a_key_that_is_left_of_another_type():
    with pytest.raises(UserError, match='VisionTransformer has no widths.*; if widths is left from the type that it replaces, '
                                        'write _delete_=True beside type'):
        load_config(CONFIG, {'model.backbone.type': 'VisionTransformer'})
