import math

import pytest
import torch
from hypothesis import given, strategies as st

from mmifnd.clustering import ConfidenceAcceptance


def chosen(accepted):
    return accepted.nonzero().squeeze(1).tolist()


@pytest.mark.parametrize('percent', [0, 25, 50, 75, 100])
@pytest.mark.parametrize('scope, name', [('global', 'global'), ('per_cluster', 'cluster')])
def test_accepted_sets_of_the_worked_example(golden, percent, scope, name):
    acceptance = ConfidenceAcceptance('constant', end=percent / 100, scope=scope)
    accepted = acceptance.accept(golden['g4_kappa'], 0.5, golden['g4_assign'])
    assert golden['g4_assign'].masked_fill(~accepted, -1).tolist() == golden[f'g4_accept_{name}_{percent}'].tolist()


@pytest.mark.parametrize('options, epochs, total, table', [
    (dict(scheme='linear'), (20, 40, 500, 980), 1000, 'g4_rate_cifar_linear'),
    (dict(scheme='linear', end=0.25), (20, 500, 980), 1000, 'g4_rate_cifar_linear_to_25'),
    (dict(scheme='step', milestone=0.1), (20, 80, 100, 980), 1000, 'g4_rate_cifar_step'),
    (dict(scheme='linear'), (1, 100, 199), 200, 'g4_rate_in1k_linear'),
])
def test_rate_tables(golden, options, epochs, total, table):
    acceptance = ConfidenceAcceptance(**options)
    assert [acceptance.rate(epoch / total) for epoch in epochs] == pytest.approx(golden[table].tolist(), abs=1e-12)


def test_constant_is_its_end_from_the_first_clustering():
    acceptance = ConfidenceAcceptance('constant', start=0.1, end=0.7)
    assert [acceptance.rate(p) for p in (0., 0.3, 1.)] == [0.7, 0.7, 0.7]


def test_step_jumps_at_its_milestone():
    acceptance = ConfidenceAcceptance('step', start=0.2, end=0.9, milestone=0.5)
    assert [acceptance.rate(p) for p in (0., 0.49, 0.5, 1.)] == [0.2, 0.2, 0.9, 0.9]


def test_linear_may_go_down():
    assert ConfidenceAcceptance('linear', start=1., end=0.5).rate(0.5) == 0.75


@pytest.mark.parametrize('progress, rate', [(0., 0.), (0.25, 0.5), (0.5, 1.), (0.75, 1.), (1., 1.)])
def test_full_at_is_where_linear_reaches_its_end(progress, rate):
    assert ConfidenceAcceptance('linear', full_at=0.5).rate(progress) == rate


def test_ties_go_to_the_lower_index():
    confidence = torch.tensor([0.5, 0.9, 0.5, 0.9, 0.5, 0.9])
    for rate, expected in ((1 / 6, [1]), (2 / 6, [1, 3]), (4 / 6, [0, 1, 3, 5]), (5 / 6, [0, 1, 2, 3, 5])):
        assert chosen(ConfidenceAcceptance('constant', end=rate).accept(confidence, 0.)) == expected


def test_ties_of_a_large_set_go_to_the_lower_index():
    accepted = ConfidenceAcceptance('constant', end=0.37).accept(torch.ones(10_000), 0.)
    assert chosen(accepted) == list(range(3700))


@pytest.mark.parametrize('rate, total, count', [
    (0.29, 100, 29), (0.57, 100, 57), (0.3, 7, 2), (0.999, 10, 9), (1 / 3, 3, 1)])
def test_count_is_the_floor_of_the_product(rate, total, count):
    confidence = torch.rand(total, generator=torch.Generator().manual_seed(0))
    assert ConfidenceAcceptance('constant', end=rate).accept(confidence, 0.).sum() == count


@given(rate=st.floats(0, 1), total=st.integers(0, 50), seed=st.integers(0, 999))
def test_the_most_confident_are_accepted(rate, total, seed):
    confidence = torch.randint(0, 8, (total,), generator=torch.Generator().manual_seed(seed)) / 8
    accepted = ConfidenceAcceptance('constant', end=rate).accept(confidence, 0.)
    order = sorted(range(total), key=lambda i: (-confidence[i].item(), i))
    assert chosen(accepted) == sorted(order[:math.floor(rate * total + 1e-9)])


@given(rate=st.floats(0, 1), total=st.integers(1, 50), seed=st.integers(0, 999))
def test_each_cluster_gets_the_same_share(rate, total, seed):
    generator = torch.Generator().manual_seed(seed)
    confidence, labels = torch.rand(total, generator=generator), torch.randint(0, 4, (total,), generator=generator)
    accepted = ConfidenceAcceptance('constant', end=rate, scope='per_cluster').accept(confidence, 0., labels)
    for cluster in range(4):
        members = labels == cluster
        assert (accepted & members).sum() == math.floor(rate * members.sum().item() + 1e-9)
        if (accepted & members).any() and (~accepted & members).any():
            assert confidence[accepted & members].min() >= confidence[~accepted & members].max()


@pytest.mark.parametrize('options, words', [
    (dict(scheme='cosine'), ["scheme='cosine'", 'linear, step, constant']),
    (dict(scope='class'), ["scope='class'", 'global, per_cluster']),
    (dict(start=-0.1), ['start=-0.1', '[0, 1]', 'share']),
    (dict(end=50), ['end=50', '[0, 1]', 'not per cent']),
    (dict(milestone=100), ['milestone=100', '[0, 1]']),
    (dict(full_at=0.), ['full_at=0.0', '(0, 1]']),
    (dict(full_at=1.5), ['full_at=1.5', '(0, 1]']),
])
def test_values_out_of_range_are_named(options, words):
    with pytest.raises(ValueError) as error:
        ConfidenceAcceptance(**options)
    assert all(word in str(error.value) for word in words)


@pytest.mark.parametrize('progress', [-0.01, 1.01, 20])
def test_progress_out_of_range_is_named(progress):
    with pytest.raises(ValueError, match=rf'progress={progress} is outside \[0, 1\]; pass completed epochs / all epochs'):
        ConfidenceAcceptance().rate(progress)


def test_per_cluster_asks_for_labels():
    with pytest.raises(ValueError, match='needs labels; pass the cluster of each sample'):
        ConfidenceAcceptance(scope='per_cluster').accept(torch.rand(3), 0.5)
