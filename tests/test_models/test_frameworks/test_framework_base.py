import pytest
import torch
import torch.nn.functional as F
from small_models import NUM_SAMPLES, Labels, build_framework, framework_config, views_of

from mmifnd.detectors import Detector, NoDetector
from mmifnd.models.embedding import pool
from mmifnd.models.heads import ContrastiveHead
from mmifnd.parts import TakesPseudoLabels, undeclared
from mmifnd.registry import MODELS


class Recorder(Detector, TakesPseudoLabels):
    """Writes down what it is told."""

    def __init__(self):
        super().__init__()
        self.told = {}

    def bind(self, num_samples, labels=None):
        self.told['bind'] = num_samples, labels

    def start_epoch(self, epoch, max_epochs):
        self.told['start_epoch'] = epoch, max_epochs

    def seed_draws(self, seed):
        self.told['seed_draws'] = seed

    def publish(self, pseudo_labels):
        self.told['publish'] = pseudo_labels


class DeclaredControl(Recorder):
    uses_labels = True


@pytest.fixture
def model():
    return build_framework(detector='union').eval()


def test_forward_gives_pooled_features(model):
    images = views_of(torch.arange(5))[0]
    expected = model.backbone(images)[0].mean(dim=(2, 3))
    assert model(images).equal(expected) and model([images, images * 2]).equal(expected)
    assert model.extract_feat(images).shape == (5, 8)


def test_pool_takes_the_last_map_or_a_vector():
    maps = torch.arange(24.).view(1, 2, 3, 4), torch.arange(8.).view(1, 2, 2, 2)
    assert pool(maps).tolist() == [[1.5, 5.5]]
    vector = torch.randn(3, 4)
    assert pool((vector,)).equal(vector) and pool(vector).equal(vector)


def test_features_to_cluster_are_unit_vectors(model):
    images = views_of(torch.arange(5))[0]
    maps = model.backbone(images)
    assert model.cluster_feature(images, 'f').equal(F.normalize(pool(maps), dim=1))
    assert model.cluster_feature(images).equal(F.normalize(model.neck(maps)[0], dim=1))


@pytest.mark.parametrize('ask', [
    lambda model: model.cluster_feature(torch.zeros(1, 1, 8, 8), 'x'), lambda model: model.keep_features('x', 10)])
def test_an_unknown_feature_is_named(model, ask):
    with pytest.raises(ValueError, match=r"cluster_feature='x' is unknown; choose 'z' \(the embedding\) or 'f'"):
        ask(model)


def test_an_unknown_mode_is_named(model):
    with pytest.raises(ValueError, match="mode='predict' is unknown; pre-training knows 'loss' and 'tensor'"):
        model(torch.zeros(1, 1, 8, 8), mode='predict')


def test_an_unknown_option_is_named():
    with pytest.raises(ValueError, match="same_image='positive' is unknown; choose one of exclude, negative"):
        MODELS.build(framework_config(same_image='positive'))


def test_temperature_is_the_heads():
    assert build_framework(temperature=0.37).temperature == 0.37


def test_heads_are_named_by_direction_and_cannot_be_replaced():
    model = build_framework()
    assert model.heads == {'': model.head}
    with pytest.raises(AttributeError):
        model.heads = {}


@pytest.mark.parametrize('framework', ['SimCLRAdapter', 'MoCoAdapter'])
def test_who_watches_is_handed_each_decision_until_it_stops(framework):
    model, records = build_framework(framework, 'elim', 'random').train(), []
    model.bind(NUM_SAMPLES)
    stop = model.watch_steps(lambda direction, record: records.append((direction, record)))
    index = torch.tensor([3, 30, 7, 12])
    losses = model(views_of(index), index, mode='loss')
    (direction, record), = records
    anchors = index.repeat(2) if framework == 'SimCLRAdapter' else index
    assert direction == '' and record.anchor_index.equal(anchors)
    assert record.false_negative.float().sum(2).mean() == losses['false_negatives_per_anchor']
    assert not record.similarity.requires_grad and not record.positive_similarity.requires_grad
    torch.testing.assert_close((2 - 2 * record.positive_similarity).mean(), losses['alignment'])
    model.finish_step()
    stop()
    model(views_of(index), index, mode='loss')
    assert len(records) == 1


class BoundBackbone(torch.nn.Module):
    """A backbone of a user whose methods mean something else."""

    def __init__(self, backbone):
        super().__init__()
        self.inner = backbone

    def forward(self, images):
        return self.inner(images)

    def bind(self, name):
        raise AssertionError('the backbone was taken for a part that keeps something per image')

    def publish(self):
        raise AssertionError('the backbone was taken for a part that wants pseudo labels')


def test_a_method_that_is_called_alike_is_left_alone():
    model = build_framework()
    model.backbone = BoundBackbone(model.backbone)
    model.bind(NUM_SAMPLES)
    model.publish(Labels())
    assert not model.uses_pseudo_labels
    assert undeclared(BoundBackbone) == dict(bind='KnowsImages', publish='TakesPseudoLabels')


@pytest.mark.parametrize('base', [Detector, ContrastiveHead])
def test_a_detector_or_head_that_forgets_to_declare_a_method_is_refused(base):
    with pytest.raises(TypeError, match=r'Forgetful has publish\(\), which nobody calls unless it derives from '
                       rf'mmifnd.parts.TakesPseudoLabels: class Forgetful\({base.__name__}, TakesPseudoLabels\)'):
        type('Forgetful', (base, ), dict(publish=lambda self, pseudo_labels: None))


def test_news_reach_every_part_and_labels_only_declared_controls(model):
    parts = dict(nosy=Recorder(), control=DeclaredControl())
    for name, part in parts.items():
        model.head.detector.detectors[name] = part
    model.neck.extra = outside = Recorder()  # any part, not only detectors
    truth, labels = torch.arange(NUM_SAMPLES) % 3, Labels()
    model.bind(NUM_SAMPLES, truth)
    model.start_epoch(3, 9)
    model.seed_draws(11)
    model.publish(labels)
    for part in (parts['nosy'], outside):
        assert part.told == dict(bind=(NUM_SAMPLES, None), start_epoch=(3, 9), seed_draws=11, publish=labels)
    assert parts['control'].told['bind'] == (NUM_SAMPLES, truth)
    assert model.head.detector.detectors['pseudo'].labels.equal(labels.labels.int())
    assert model.data_preprocessor.seed == 11


@pytest.mark.parametrize('detector', ['none', 'pseudo', 'random', 'union', 'truth'])
def test_no_other_detector_is_handed_labels(monkeypatch, detector):
    handed = []
    model = build_framework(detector=detector)
    for part in model.modules():
        if isinstance(part, Detector):
            name, bind = type(part).__name__, part.bind
            monkeypatch.setattr(part, 'bind', lambda num_samples, labels=None, name=name, bind=bind:
                                (handed.append((name, labels is not None)), bind(num_samples, labels)))
    model.bind(NUM_SAMPLES, torch.arange(NUM_SAMPLES))
    assert {name for name, labelled in handed if labelled} == ({'GroundTruthDetector'} if detector == 'truth' else set())
    assert handed


def test_without_a_detector_nobody_is_detected():
    config = framework_config()
    del config['head']['detector']
    assert isinstance(MODELS.build(config).head.detector, NoDetector)


# --- the bank -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('framework', ['SimCLRAdapter', 'MoCoAdapter'])
@pytest.mark.parametrize('kind', ['z', 'f'])
def test_the_bank_keeps_the_features_of_training_steps(framework, kind):
    model = build_framework(framework).train()
    model.keep_features(kind, NUM_SAMPLES)
    index = torch.tensor([3, 30, 7, 12])
    views = views_of(index)
    model(views, index, mode='loss')
    features, seen = model.feature_bank.collect()
    assert seen.nonzero().squeeze(1).tolist() == [3, 7, 12, 30]
    if framework == 'SimCLRAdapter':  # both views went through batch normalisation together
        images, rows = torch.cat(views), slice(0, 4)
    else:
        images, rows = views[1], slice(0, 4)
    expected = model.cluster_feature(images, kind)[rows].detach()
    torch.testing.assert_close(features[index], expected, atol=1e-3, rtol=0)  # float16
    assert (features[~seen] == 0).all()
    model.feature_bank.clear()
    features, seen = model.feature_bank.collect()
    assert not seen.any() and not features.any()


def test_the_bank_holds_the_last_feature_of_an_image():
    model = build_framework()
    model.keep_features('z', 5)
    model.feature_bank.write(torch.tensor([1, 2]), torch.eye(2, 6))
    model.feature_bank.write(torch.tensor([2]), torch.full((1, 6), 0.5))
    features, seen = model.feature_bank.collect()
    assert seen.tolist() == [False, True, True, False, False]
    assert features[1].equal(torch.eye(2, 6)[0]) and (features[2] == 0.5).all()
