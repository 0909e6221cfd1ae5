import pytest
import torch
import torch.nn.functional as F
from small_models import Labels

from mmifnd.functional import elimination_loss, instance_loss, proto_nce_loss, prototype_temperatures
from mmifnd.models.heads import ProtoNCEHead
from mmifnd.registry import MODELS


def build(published=True, **options):
    """A head that knows the 40 images of ``Labels``."""
    head = MODELS.build(dict(type='mmifnd.ProtoNCEHead', temperature=0.3, **options))
    parts = [part for part in head.modules() if hasattr(part, 'publish')]
    head.clusters.bind(40)
    for part in parts if published else []:
        part.publish(Labels())
    return head


@pytest.fixture
def contrast(make_contrast):
    return make_contrast([0, 1, 2, 3, 13, 13], [5, 6, 7, 8, 9, 10, 11, -1], dim=6)


def expected_term(contrast, temperatures=None, chosen=(None, None)):
    """Level by level; every seventh image is not accepted."""
    terms = []
    for labels, level, of_level in zip(Labels().labels, Labels().granularities, chosen):
        prototypes = F.normalize(level.centroids, dim=1)
        own = prototype_temperatures(level.concentration, 0.3) if temperatures is None else temperatures
        terms.append(proto_nce_loss(contrast.anchor, prototypes, labels[contrast.anchor_index], own, of_level))
    return sum(terms) / 2


def test_adds_the_mean_over_granularities(contrast):
    pair = contrast.positive_similarity, contrast.negative_similarity
    losses = build().loss(contrast)
    torch.testing.assert_close(losses['prototype_term'], expected_term(contrast), atol=1e-7, rtol=1e-6)
    torch.testing.assert_close(losses['loss'], instance_loss(*pair, 0.3) + losses['prototype_term'])
    assert losses['prototype_term'] > 0.1


def test_without_concentration_all_have_the_temperature_of_the_loss(contrast):
    found = build(concentration=False).loss(contrast)['prototype_term']
    torch.testing.assert_close(found, expected_term(contrast, temperatures=0.3), atol=1e-7, rtol=1e-6)
    assert (found - expected_term(contrast)).abs() > 1e-3


def test_a_detector_reaches_the_instance_loss_only(contrast):
    head = build(detector=dict(type='mmifnd.PseudoLabelDetector'))
    mask = head.detector.detect(contrast)
    assert mask.any()
    pair = contrast.positive_similarity, contrast.negative_similarity
    losses = head.loss(contrast)
    torch.testing.assert_close(losses['loss'], elimination_loss(*pair, mask, 0.3) + losses['prototype_term'])
    torch.testing.assert_close(losses['prototype_term'], expected_term(contrast), atol=1e-7, rtol=1e-6)


def test_before_the_first_clustering_it_is_the_instance_loss(contrast):
    losses = build(published=False).loss(contrast)
    expected = instance_loss(contrast.positive_similarity, contrast.negative_similarity, 0.3)
    torch.testing.assert_close(losses['loss'], expected)
    assert losses['prototype_term'] == 0


def test_draws_change_with_the_step_and_the_seed_and_are_of_the_state(contrast):
    head = build(num_negatives=2)
    terms = [head.loss(contrast)['prototype_term'].item() for _ in range(6)]
    assert len(set(terms)) > 1 and max(terms) < build().loss(contrast)['prototype_term']
    again = build(published=False, num_negatives=2)
    again.load_state_dict(head.state_dict())
    assert again.loss(contrast)['prototype_term'] == head.loss(contrast)['prototype_term']
    other = build(num_negatives=2)
    other.seed_draws(1)
    assert [other.loss(contrast)['prototype_term'].item() for _ in range(6)] != terms


def test_more_negatives_than_there_are_is_all(contrast):
    found = build(num_negatives=100).loss(contrast)['prototype_term']
    torch.testing.assert_close(found, build().loss(contrast)['prototype_term'])


def test_evaluation_does_not_count_steps(contrast):
    head = build(num_negatives=2).eval()
    head.loss(contrast)
    assert head.step == 0


def test_a_state_dict_restores_everything(contrast):
    head = build()
    other = build(published=False)
    other.load_state_dict(head.state_dict())
    assert other.loss(contrast)['loss'] == head.loss(contrast)['loss']
    names = {name for name, _ in head.named_buffers()}
    assert names == {'step', 'clusters.labels', 'prototypes.centroids', 'prototypes.temperatures', 'prototypes.counts'}
    assert all(value.requires_grad is False for value in head.state_dict().values())


def test_centroids_are_normalised_and_of_the_models_type():
    head = build(published=False).double()
    head.prototypes.publish(Labels())
    for (prototypes, temperatures), level in zip(head.prototypes.levels(), Labels().granularities):
        assert prototypes.dtype == temperatures.dtype == torch.float64
        torch.testing.assert_close(prototypes.float(), F.normalize(level.centroids, dim=1))
        torch.testing.assert_close(prototypes.norm(dim=1), torch.ones(len(prototypes), dtype=torch.float64))


def test_prototypes_of_another_space_are_refused(make_contrast):
    with pytest.raises(ValueError, match=r'anchor and prototypes have shapes \(2, 4\) and \(9, 6\)'):
        build().loss(make_contrast([0, 1], [2, 3]))


def test_wrong_counts_are_named():
    with pytest.raises(ValueError, match='num_negatives=0 of ProtoNCEHead must be at least 1; None takes all'):
        ProtoNCEHead(num_negatives=0)
