"""Weights and classes of classifiers that are trained from a checkpoint."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.model import BaseModule
from torch import nn

from mmifnd.apis import UserError
from mmifnd.configuration.check_benchmark import check_classes, check_pretrained, check_test_classes


@pytest.fixture
def weights(tmp_path):
    """Saves a linear layer of 3 to 2 under a prefix, as the checkpoint of a training or as bare tensors."""
    def save(prefix, bare=False, **others):
        tensors = {f'{prefix}fc.weight': torch.zeros(2, 3), f'{prefix}fc.bias': torch.zeros(2), **others}
        torch.save(tensors if bare else dict(state_dict=tensors), tmp_path / 'weights.pth')
        return str(tmp_path / 'weights.pth')
    return save


def model(checkpoint, prefix, width=3):
    part = BaseModule(init_cfg=dict(type='Pretrained', checkpoint=checkpoint, prefix=prefix))
    part.fc = nn.Linear(width, 2)
    return nn.Sequential(part)


@pytest.mark.parametrize('prefix', ['backbone.', 'backbone', None])
def test_weights_that_fill_their_part(weights, prefix):
    check_pretrained(model(weights('backbone.' if prefix else '', bare=prefix is None), prefix))
    check_pretrained(model('https://nowhere/weights.pth', prefix))  # not fetched to be looked at


def test_weights_of_another_part_or_shape(weights):
    with pytest.raises(UserError, match='weights.pth holds nothing under backbone.; give one of a training'):
        check_pretrained(model(weights('encoder.'), 'backbone.'))
    with pytest.raises(ValueError, match='does not fit the model: 0 of 2 tensors are missing, 1 have another shape'):
        check_pretrained(model(weights('backbone.'), 'backbone.', width=4))
    path = weights('')
    torch.save(dict(state_dict={'backbone.fc.bias': torch.zeros(2)}), path)
    with pytest.raises(ValueError, match=r'1 of 2 tensors are missing \(such as fc.weight\)'):
        check_pretrained(model(path, 'backbone.'))


def loop(classes):
    return SimpleNamespace(dataloader=SimpleNamespace(dataset=SimpleNamespace(metainfo=dict(classes=classes))))


def runner(train, val, num_classes=2, test=None):
    head = SimpleNamespace(num_classes=num_classes) if num_classes else SimpleNamespace()
    return SimpleNamespace(model=SimpleNamespace(head=head), train_loop=loop(train), val_loop=val and loop(val),
                           test_loop=loop(test))


def test_classes_of_a_classifier():
    check_classes(runner('ab', 'ab'))
    check_classes(runner('ab', None, num_classes=5))
    check_classes(runner('abc', 'ab', num_classes=None))  # no classifier
    with pytest.raises(UserError, match='^val_dataloader: the test images lack 1 of the 2 classes .* check the class folders'):
        check_classes(runner('ab', 'a'))
    with pytest.raises(UserError, match='model.head.num_classes=2 is below the 3 classes of the training images; set it to 3'):
        check_classes(runner('abc', 'abc'))


def test_classes_that_a_checkpoint_was_trained_with():
    checkpoint = dict(meta=dict(dataset_meta=dict(classes=('a', 'b'))))
    check_test_classes(runner('', '', test=('a', 'b')), checkpoint)
    check_test_classes(runner('', '', test=('a',)), dict())  # it does not say
    with pytest.raises(UserError, match='^test_dataloader: the test images lack 1 of the 2 classes'):
        check_test_classes(runner('', '', test=('b',)), checkpoint)
