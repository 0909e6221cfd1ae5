"""Where the features that are clustered come from, and who finds them later."""

from types import SimpleNamespace

import pytest
import torch

from mmifnd.engine.features.epoch_features import EpochFeatures
from mmifnd.engine.features.sources import ExactPass, TrainingSteps
from mmifnd.engine.loops import EpochLoop
from mmifnd.errors import UserError

TENSORS = SimpleNamespace(in_tensors=True, num_samples=4, describe=lambda index: f'image {index}')
FILES = SimpleNamespace(in_tensors=False, num_samples=4)
PIPELINE = [dict(type='CenterCrop')]


class Bank:
    """Two of four images were seen."""

    def __init__(self):
        self.is_empty = False

    def collect(self):
        return torch.eye(4, 2), torch.tensor([True, False, True, False])

    def clear(self):
        self.is_empty = True

    def rank_state(self):
        return dict(index=torch.tensor([0, 2]))


@pytest.fixture
def framework():
    return SimpleNamespace(features=('z', 'f'), keep_features=lambda kind, count: None, feature_bank=Bank())


def test_augmented_views_are_not_clustered_by_mistake(framework):
    with pytest.raises(UserError, match='FalseNegativeHook has no test transform, and augmented views would be clustered'):
        ExactPass().open(framework, FILES, None, None)
    for source, dataset, pipeline in ((ExactPass(pipeline=PIPELINE), FILES, None), (ExactPass(), FILES, PIPELINE),
                                      (ExactPass(), TENSORS, None)):
        source.open(framework, dataset, pipeline, None)
        assert source.pipeline == (None if dataset is TENSORS else PIPELINE)


def test_a_feature_that_the_framework_lacks_is_named_before_training(framework):
    with pytest.raises(ValueError, match="cluster_feature='t' is unknown; choose 'z'"):
        ExactPass('t').open(framework, TENSORS, None, None)


def test_steps_give_what_they_saw_and_forget_it(framework):
    source = TrainingSteps(ExactPass())
    source.open(framework, TENSORS, None, None)
    taken = source.take(3)
    assert (taken.epoch, taken.kind, taken.seen.tolist()) == (3, 'z', [True, False, True, False])
    assert framework.feature_bank.is_empty and not source.is_exact and ExactPass().is_exact
    assert source.rank_state()['bank']['index'].tolist() == [0, 2]


def test_before_the_first_epoch_the_steps_ask_for_an_exact_pass(framework, monkeypatch):
    expected = EpochFeatures(0, 'z', torch.eye(4))
    monkeypatch.setattr(ExactPass, '_take', lambda self, completed: expected)
    source = TrainingSteps(ExactPass())
    source.open(framework, TENSORS, None, None)
    assert source.take(0) is expected and not framework.feature_bank.is_empty


def test_features_that_are_not_finite_are_refused(framework, monkeypatch):
    rows = torch.eye(4)
    rows[2, 1] = torch.inf
    monkeypatch.setattr(ExactPass, '_take', lambda self, completed: EpochFeatures(1, 'z', rows))
    source = ExactPass()
    source.open(framework, TENSORS, None, None)
    with pytest.raises(UserError, match='1 of 4 images have NaN or infinite features, such as image 2; look at'):
        source.take(1)


def test_the_loop_hands_on_what_belongs_to_the_epoch():
    loop = EpochLoop.__new__(EpochLoop)
    loop._features = None
    assert loop.features_of(1) is None
    features = EpochFeatures(2, 'z', torch.eye(4))
    loop.hand_on(features)
    assert loop.features_of(2) is features and loop.features_of(1) is None and loop.features_of(3) is None
