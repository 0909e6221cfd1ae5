"""Options out of range, and inputs that do not fit, of heads, necks, towers and steps: the message names value and remedy."""

import pytest
import torch

from mmifnd.models.heads import AttrContrastiveHead, FastCLIPHead, ProtoNCEHead
from mmifnd.models.heads.image_temperature import ImageTemperature
from mmifnd.models.necks import LinearProjection, ProjectionMLP
from mmifnd.models.preprocessors.augmentation_steps import build_step
from mmifnd.models.preprocessors.tensor_views import TensorViewsPreprocessor
from mmifnd.models.towers import TokenBag

FLIP = [dict(type='RandomHorizontalFlip')]


@pytest.mark.parametrize('build, words', [
    (lambda: FastCLIPHead(version='v1', rho=7.), 'rho=7.0 of FastCLIPHead: v2 and v3 take a weight of at least 0'),
    (lambda: FastCLIPHead(version='v3', rho=-1.), 'rho=-1.0 of FastCLIPHead'),
    (lambda: FastCLIPHead(version='v1', learned_temperature={}), 'belongs to v0 and v3; the temperature of v1 is'),
    (lambda: FastCLIPHead(version='v3', image_temperature={}), 'belongs to v2; the temperature of v3 is'),
    (lambda: ProtoNCEHead(learned_temperature={}), 'ProtoNCEHead cannot learn its temperature; leave learned_temperature out'),
    (lambda: AttrContrastiveHead(learned_temperature=dict(bounds=(0., 1.))), r'bounds=\(0.0, 1.0\) of .* are not in'),
    (lambda: ImageTemperature(0.05, rho=-1.), 'rho=-1.0 of image_temperature must be at least 0'),
    (lambda: ImageTemperature(0.05, gradient_limit=0.), 'gradient_limit=0.0 positive or None'),
    (lambda: LinearProjection(0, 8), 'in_channels=0 and out_channels=8 of LinearProjection must be at least 1'),
    (lambda: LinearProjection(8, 4)(torch.zeros(2, 6)), 'LinearProjection takes 8 channels, but its backbone gives 6'),
    (lambda: ProjectionMLP(8, 0, 4), 'hidden_channels=0'),
    (lambda: ProjectionMLP(8, 4, 4)(torch.zeros(2, 6, 3, 3)), 'the backbone gives 6; set model.neck.in_channels=6'),
    (lambda: TokenBag(vocab_size=1), 'vocab_size=1 of TokenBag must be at least 2'),
    (lambda: TensorViewsPreprocessor(FLIP, mean=[0.5], std=[0.]), r'std=\[0.0\] must have one value a channel'),
    (lambda: TensorViewsPreprocessor(FLIP, num_views=0), r'num_views=\[0\] must be at least 1; 2 is usual'),
    (lambda: build_step(dict(type='RandomHorizontalFlip', p=1.5)), 'p=1.5 of RandomHorizontalFlip is outside')])
def test_the_message_names_the_value_and_the_remedy(build, words):
    with pytest.raises(ValueError, match=words):
        build()


def test_options_of_a_step_of_kornia():
    pytest.importorskip('kornia')
    with pytest.raises(ValueError, match='p=-1 of .*RandomInvert is outside'):
        build_step(dict(type='RandomInvert', p=-1))
    with pytest.raises(ValueError, match="no transform 'RandomInvrt' of single images in kornia.augmentation"):
        build_step(dict(type='kornia.RandomInvrt'))
