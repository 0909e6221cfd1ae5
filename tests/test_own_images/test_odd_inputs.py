"""Odd settings and features: the line that helps."""

import re

import numpy as np
import pytest
import torch
from image_folders import write_images

from mmifnd.apis import UserError, audit
from mmifnd.configuration import load_config
from mmifnd.configuration.run_config import config_beside, training_images
from mmifnd.datasets.image_data import read_folder
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


def test_an_audit_by_a_frozen_backbone_and_its_local_weights(tmp_path):
    from torchvision.models import mobilenet_v3_small
    write_images(tmp_path / 'images', count=12)
    torch.manual_seed(0)
    torch.save(mobilenet_v3_small(num_classes=7).state_dict(), tmp_path / 'weights.pth')
    given = dict(backbone='torchvision/mobilenet_v3_small', clusters=[2], num_examples=1)
    found = audit(tmp_path / 'images', weights=tmp_path / 'weights.pth', **given)
    assert found.num_images == 12 and found.true_share is not None and 0 < found.suggested_alpha.alpha < 1
    for arguments, line in ((given, 'has random weights, whose features say nothing; give weights=FILE'),
                            (dict(weights='x.pth'), "give 'torchvision/NAME' or 'timm/NAME'"),
                            (dict(given, weights='/none.pth'), 'weights /none.pth do not exist; give a local file')):
        with pytest.raises(UserError, match=line):
            audit(tmp_path / 'images', **arguments)


def test_a_folder_in_place_of_a_checkpoint_and_a_file_in_place_of_a_folder(tmp_path):
    with pytest.raises(UserError, match='is a folder; give a checkpoint'):
        config_beside(tmp_path)
    (tmp_path / 'last_checkpoint').write_text(f'{tmp_path}/epoch_2.pth\n')
    with pytest.raises(UserError, match=f'is a folder; give the checkpoint of its run: {tmp_path}/epoch_2.pth'):
        training_images(tmp_path)
    with pytest.raises(UserError, match='last_checkpoint is a file; give a folder of images, or a list of files'):
        read_folder(tmp_path / 'last_checkpoint')
