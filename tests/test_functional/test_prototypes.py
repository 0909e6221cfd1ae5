"""ProtoNCE and concentrations against worked examples, and against loops written from PCL's paper and code."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, strategies as st

from mmifnd.functional import concentration, draw_prototypes, proto_nce_loss, prototype_temperatures

GOLDEN = dict(atol=1e-9, rtol=0)
LOOPS = dict(atol=1e-10, rtol=1e-10)


def clustering(samples, clusters, seed, dtype=torch.float64):
    """Unit vectors, raw centroids and labels; some clusters are small or empty."""
    generator = torch.Generator().manual_seed(seed)
    features = F.normalize(torch.randn(samples, 3, generator=generator, dtype=torch.float64), dim=1)
    centroids = 0.8 * torch.randn(clusters, 3, generator=generator, dtype=torch.float64)
    return features.to(dtype), centroids.to(dtype), torch.randint(0, clusters, (samples,), generator=generator)


def step(anchors, clusters, seed, dtype=torch.float64):
    """Anchors, prototypes, labels (some not accepted) and a temperature of each prototype."""
    generator = torch.Generator().manual_seed(seed)
    anchor, prototypes = (F.normalize(torch.randn(count, 4, generator=generator, dtype=torch.float64), dim=1)
                          for count in (anchors, clusters))
    labels = torch.randint(-1, clusters, (anchors,), generator=generator)
    temperatures = 0.1 + torch.rand(clusters, generator=generator, dtype=torch.float64)
    return anchor.to(dtype), prototypes.to(dtype), labels, temperatures.to(dtype)


# --- worked example -------------------------------------------------------------------------------------------------


def test_worked_example(golden):
    phi = concentration(golden['g5_feat'], golden['g5_centroids_raw'], golden['g5_assign'])
    torch.testing.assert_close(phi, golden['g5_phi_eq9'], **GOLDEN)
    temperatures = prototype_temperatures(phi, 0.2)
    torch.testing.assert_close(temperatures, golden['g5_phi_scaled'], **GOLDEN)
    prototypes = F.normalize(golden['g5_centroids_raw'], dim=1)
    torch.testing.assert_close(prototypes, golden['g5_centroids_unit'], **GOLDEN)
    labels = golden['g5_assign'][golden['g5_query_index']]
    found = proto_nce_loss(golden['g5_query'], prototypes, labels, temperatures)
    torch.testing.assert_close(found, golden['g5_proto_mean'], **GOLDEN)
    for query, label, expected in zip(golden['g5_query'], labels, golden['g5_proto_per_query']):
        found = proto_nce_loss(query[None], prototypes, label[None], temperatures)
        torch.testing.assert_close(found, expected, **GOLDEN)


# --- concentration --------------------------------------------------------------------------------------------------


def loop_concentration(features, centroids, labels, alpha):
    """PCL's Eq. 9, cluster by cluster; one member, or none, takes the maximum."""
    phi = []
    for cluster, centroid in enumerate(centroids.tolist()):
        members = [row for row, label in zip(features.tolist(), labels.tolist()) if label == cluster]
        if len(members) > 1:
            total = sum(math.dist(member, centroid) for member in members)
            phi.append(total / (len(members) * math.log(len(members) + alpha)))
        else:
            phi.append(None)
    largest = max([value for value in phi if value is not None], default=0.)
    return [largest if value is None else value for value in phi]


@given(samples=st.integers(1, 30), clusters=st.integers(1, 8), chunk=st.integers(1, 40), alpha=st.sampled_from([1., 10.]),
       seed=st.integers(0, 999))
def test_concentration_against_loops_for_any_chunk(samples, clusters, chunk, alpha, seed):
    case = clustering(samples, clusters, seed)
    expected = torch.tensor(loop_concentration(*case, alpha), dtype=torch.float64)
    torch.testing.assert_close(concentration(*case, alpha, chunk), expected, **LOOPS)


@given(samples=st.integers(4, 40), clusters=st.integers(2, 12), temperature=st.sampled_from([0.1, 0.2, 1.]),
       seed=st.integers(0, 999))
def test_temperatures_are_those_of_numpy(samples, clusters, temperature, seed):
    phi = concentration(*clustering(samples, clusters, seed)).clamp(min=0.1)
    clipped = phi.numpy().clip(np.percentile(phi, 10), np.percentile(phi, 90))
    found = prototype_temperatures(phi, temperature)
    np.testing.assert_allclose(found.numpy(), temperature * clipped / clipped.mean(), rtol=1e-10)
    assert found.mean().item() == pytest.approx(temperature, rel=1e-10)


def test_a_denser_cluster_is_colder():
    features = torch.tensor([[1., 0.], [1., 0.02], [0., 1.], [0.5, 1.]])
    phi = concentration(features, torch.tensor([[1., 0.01], [0.25, 1.]]), torch.tensor([0, 0, 1, 1]))
    assert phi[0] < phi[1] and prototype_temperatures(phi, 0.2)[0] < 0.2 < prototype_temperatures(phi, 0.2)[1]


def test_clusters_of_copies_stay_finite():
    assert prototype_temperatures(torch.zeros(4), 0.2).tolist() == pytest.approx([0.2] * 4)
    found = prototype_temperatures(torch.tensor([0., 0., 0., 1., 1.]), 0.2)
    assert found.tolist() == pytest.approx([0.002] * 3 + [0.5] * 2)


@pytest.mark.parametrize('dtype, wide', [(torch.float16, torch.float32), (torch.float32, torch.float32),
                                         (torch.float64, torch.float64)])
def test_distances_are_summed_in_float32_or_wider(dtype, wide):
    features, centroids, labels = clustering(50, 4, seed=1, dtype=dtype)
    found = concentration(features, centroids, labels)
    assert found.dtype == wide
    exact = concentration(features.double(), centroids.double(), labels)
    torch.testing.assert_close(found.double(), exact, rtol=1e-5, atol=0)


# --- ProtoNCE -------------------------------------------------------------------------------------------------------


def loop_proto_nce(anchor, prototypes, labels, temperatures, chosen=None):
    """The mean over all anchors; one without a label adds nothing."""
    total = 0.
    for row, label in zip(anchor.tolist(), labels.tolist()):
        if label < 0:
            continue
        terms = [math.exp(sum(a * b for a, b in zip(row, prototype)) / temperature)
                 for prototype, temperature in zip(prototypes.tolist(), temperatures.tolist())]
        kept = [term for column, term in enumerate(terms) if chosen is None or chosen[column]]
        total -= math.log(terms[label] / sum(kept))
    return total / len(anchor)


@given(anchors=st.integers(1, 9), clusters=st.integers(1, 12), seed=st.integers(0, 999))
def test_loss_against_loops(anchors, clusters, seed):
    case = step(anchors, clusters, seed)
    assert proto_nce_loss(*case).item() == pytest.approx(loop_proto_nce(*case), rel=1e-10, abs=1e-10)
    anchor, prototypes, labels, temperatures = case
    same = torch.full_like(temperatures, 0.3)
    expected = loop_proto_nce(anchor, prototypes, labels, same)
    assert proto_nce_loss(anchor, prototypes, labels, 0.3).item() == pytest.approx(expected, rel=1e-10, abs=1e-10)


@given(anchors=st.integers(1, 9), clusters=st.integers(1, 12), num_negatives=st.integers(1, 14), seed=st.integers(0, 999))
def test_drawn_prototypes(anchors, clusters, num_negatives, seed):
    anchor, prototypes, labels, temperatures = step(anchors, clusters, seed)
    draw = torch.rand(clusters, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    chosen = draw_prototypes(labels, draw, num_negatives)
    positives = {label for label in labels.tolist() if label >= 0}
    others = sorted(set(range(clusters)) - positives, key=lambda column: -draw[column])
    assert set(chosen.nonzero().flatten().tolist()) == positives | set(others[:num_negatives])
    case = anchor, prototypes, labels, temperatures, chosen
    assert proto_nce_loss(*case).item() == pytest.approx(loop_proto_nce(*case), rel=1e-10, abs=1e-10)


def test_two_anchors_of_one_cluster_do_not_repel_their_prototype():
    """PCL's code gives each anchor a column, so that the second anchor's prototype, the same one, is a negative."""
    anchor = F.normalize(torch.tensor([[1., 0.1], [1., -0.1]]), dim=1)
    prototypes, labels = torch.tensor([[1., 0.], [-1., 0.]]), torch.tensor([0, 0])
    chosen = draw_prototypes(labels, torch.rand(2), 1)
    columns = torch.cat([prototypes[labels], prototypes[1:]])
    released = F.cross_entropy(anchor @ columns.T / 0.2, torch.arange(2))
    assert proto_nce_loss(anchor, prototypes, labels, 0.2, chosen) < 0.01 < math.log(2) - 0.01 < released


@pytest.mark.parametrize('chosen', [None, torch.tensor([False, True, True, False, True, True])])
def test_gradcheck(chosen):
    anchor, prototypes, _, temperatures = step(5, 6, seed=2)
    labels = torch.tensor([1, -1, 4, 5, 1])
    assert torch.autograd.gradcheck(
        lambda rows: proto_nce_loss(rows, prototypes, labels, temperatures, chosen), anchor.requires_grad_())
    proto_nce_loss(anchor, prototypes, labels, temperatures, chosen).backward()
    assert (anchor.grad[1] == 0).all() and (anchor.grad[[0, 2, 3, 4]] != 0).any(dim=1).all()


def test_prototypes_are_constants():
    anchor, prototypes, labels, temperatures = step(4, 3, seed=0)
    proto_nce_loss(anchor.requires_grad_(), prototypes.requires_grad_(), labels, temperatures).backward()
    assert prototypes.grad is None and anchor.grad is not None


def test_nothing_accepted_costs_nothing():
    anchor, prototypes, _, temperatures = step(4, 3, seed=0)
    loss = proto_nce_loss(anchor.requires_grad_(), prototypes, torch.full((4,), -1), temperatures)
    loss.backward()
    assert loss == 0 and (anchor.grad == 0).all()


@pytest.mark.parametrize('dtype, wide', [(torch.bfloat16, torch.float32), (torch.float32, torch.float32),
                                         (torch.float64, torch.float64)])
def test_logits_are_float32_or_wider(dtype, wide):
    anchor, prototypes, labels, temperatures = step(16, 50, seed=3, dtype=dtype)
    with torch.autocast('cpu', torch.bfloat16):
        found = proto_nce_loss(anchor, prototypes, labels, temperatures)
    exact = proto_nce_loss(anchor.double(), prototypes.double(), labels, temperatures.double())
    assert found.dtype == wide
    torch.testing.assert_close(found.double(), exact, rtol=2e-6, atol=2e-6)


# --- refusals -------------------------------------------------------------------------------------------------------

ROWS, LABELS = torch.zeros(4, 3), torch.zeros(4, dtype=torch.int64)


@pytest.mark.parametrize('call, words', [
    (lambda: concentration(ROWS, torch.zeros(2, 5), LABELS), r'features and centroids have shapes \(4, 3\) and \(2, 5\)'),
    (lambda: concentration(ROWS, torch.zeros(2, 3), LABELS[:3]), r'labels have shape \(3,\); expected \(4,\)'),
    (lambda: concentration(ROWS, torch.zeros(2, 3), LABELS, alpha=0), 'alpha=0 is not positive; 10 is usual'),
    (lambda: prototype_temperatures(torch.ones(2), 0.), 'temperature=0.0 is not positive'),
    (lambda: draw_prototypes(LABELS, torch.rand(2), 0), 'num_negatives=0 must be at least 1; it counts'),
    (lambda: proto_nce_loss(ROWS, torch.zeros(2, 5), LABELS, 0.2), r'anchor and prototypes have shapes \(4, 3\) and \(2, 5\)'),
    (lambda: proto_nce_loss(ROWS, torch.zeros(2, 3), LABELS[:3], 0.2), r'labels have shape \(3,\); expected \(4,\)'),
    (lambda: proto_nce_loss(ROWS, torch.zeros(2, 3), LABELS, -1.), 'temperature=-1.0 is not positive'),
    (lambda: proto_nce_loss(ROWS, torch.zeros(2, 3), LABELS, torch.ones(3)), r'temperature has shape \(3,\); .* or \(2,\)'),
])
def test_refusals_name_value_and_remedy(call, words):
    with pytest.raises(ValueError, match=words):
        call()
