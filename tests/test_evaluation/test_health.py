import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmifnd.evaluation import alignment, cluster_change, lidar, participation_ratio, rankme, spread, uniformity

EPSILON = 1e-7


def orthogonal(count, seed=0):
    return torch.linalg.qr(torch.randn(count, count, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)))[0]


def isotropic(dim):
    """Every axis in both directions: mean 0, covariance I / D, in a rotated frame."""
    return torch.cat([torch.eye(dim), -torch.eye(dim)]).double() @ orthogonal(dim)


def of_rank(rank, dim):
    """As :func:`isotropic`, in ``rank`` of ``dim`` dimensions."""
    return F.pad(isotropic(rank), (0, dim - rank)) @ orthogonal(dim)


def entropy_rank(shares):
    """exp of the entropy with RankMe's epsilon, of all shares, the empty ones, too."""
    return math.exp(-sum((share + EPSILON) * math.log(share + EPSILON) for share in shares))


@pytest.mark.parametrize('dim', [3, 16])
def test_isotropic(dim):
    rows = isotropic(dim)
    assert rankme(rows) == pytest.approx(entropy_rank([1 / dim] * dim), abs=1e-9)
    assert rankme(rows) == pytest.approx(dim, abs=1e-4)
    assert participation_ratio(rows) == pytest.approx(dim, abs=1e-9)
    # Of the 2D - 1 others, one is opposite (distance 2) and the rest are orthogonal (squared distance 2).
    others = 2 * dim - 1
    assert uniformity(rows) == pytest.approx(math.log((math.exp(-8) + (others - 1) * math.exp(-4)) / others), abs=1e-9)


@pytest.mark.parametrize('rank, dim', [(1, 4), (5, 12)])
def test_rank_r(rank, dim):
    rows = of_rank(rank, dim)  # of 2r rows: there are min(2r, D) singular values
    assert rankme(rows) == pytest.approx(entropy_rank([1 / rank] * rank + [0] * (min(2 * rank, dim) - rank)), abs=1e-9)
    assert participation_ratio(rows) == pytest.approx(rank, abs=1e-9)


def test_constant():
    rows = torch.tensor([0.6, 0., 0.8]).expand(7, 3)
    assert rankme(rows) == pytest.approx(entropy_rank([1, 0, 0]), abs=1e-6)  # one direction: not centred
    assert participation_ratio(rows) == 0  # no dimension: centred
    assert uniformity(rows) == pytest.approx(0, abs=1e-6)
    assert spread(rows) == pytest.approx(0, abs=1e-6)
    assert alignment(rows, rows) == 0


def test_a_dead_network_has_no_rank():
    dead = torch.zeros(6, 3)
    assert rankme(dead) == participation_ratio(dead) == spread(dead) == lidar(dead, [0, 0, 1, 1, 2, 2]) == 0


def test_fewer_images_than_dimensions():
    rows = torch.eye(3, 10, dtype=torch.float64) @ orthogonal(10)
    assert rankme(rows) == pytest.approx(entropy_rank([1 / 3] * 3), abs=1e-9)
    assert participation_ratio(rows) == pytest.approx(2, abs=1e-9)  # centring takes one


def test_unequal_singular_values():
    rows = torch.diag(torch.tensor([3., 1.])).double() @ orthogonal(2)
    assert rankme(rows) == pytest.approx(entropy_rank([.75, .25]), abs=1e-9)
    rows = torch.tensor([[2., 0], [-2, 0], [0, 1], [0, -1]], dtype=torch.float64) @ orthogonal(2)
    assert participation_ratio(rows) == pytest.approx((8 + 2)**2 / (8**2 + 2**2), abs=1e-9)


def test_against_loops():
    generator = torch.Generator().manual_seed(1)
    rows, other = (torch.randn(9, 4, generator=generator, dtype=torch.float64) for _ in range(2))
    unit = (rows / rows.norm(dim=1, keepdim=True)).numpy()
    unit_other = (other / other.norm(dim=1, keepdim=True)).numpy()
    assert alignment(rows, other) == pytest.approx(
        np.mean([sum((a - b)**2) for a, b in zip(unit, unit_other)]), abs=1e-9)
    assert spread(rows) == pytest.approx(np.mean([np.std(column) for column in unit.T]) * 2, abs=1e-9)
    pairs = [math.exp(-2 * sum((unit[i] - unit[j])**2)) for i in range(9) for j in range(9) if i != j]
    for chunk in (1, 4, 100):
        assert uniformity(rows, chunk_size=chunk) == pytest.approx(math.log(np.mean(pairs)), abs=1e-9)
    eigenvalues = np.linalg.eigvalsh(np.cov(rows.numpy().T))
    assert participation_ratio(rows) == pytest.approx(sum(eigenvalues)**2 / sum(eigenvalues**2), abs=1e-9)


def test_spread_of_an_isotropic_cloud_is_one():
    rows = torch.randn(20000, 8, generator=torch.Generator().manual_seed(0))
    assert spread(rows) == pytest.approx(1, abs=0.01)


def test_uniformity_misses_the_collapse_that_the_rank_shows():
    full, half = isotropic(32), of_rank(16, 32)
    assert abs(uniformity(full) - uniformity(half)) < 0.01 * abs(uniformity(full)) + 0.05
    assert rankme(half) < 0.6 * rankme(full)


@pytest.mark.parametrize('views', [[3, 3, 3, 3], [2, 4, 1, 5]])
def test_lidar_by_its_definition(views):
    random = np.random.default_rng(0)
    index = np.repeat(np.arange(4), views)
    rows = random.normal(size=(len(index), 3)) + 3 * np.eye(4, 3)[index]
    means = np.stack([rows[index == i].mean(0) for i in range(4)])
    between = np.mean([np.outer(m - means.mean(0), m - means.mean(0)) for m in means], axis=0)
    within = np.mean([np.mean([np.outer(r - means[i], r - means[i]) for r in rows[index == i]], axis=0)
                      for i in range(4)], axis=0) + 1e-4 * np.eye(3)
    values, vectors = np.linalg.eigh(within)
    root = vectors @ np.diag(values**-0.5) @ vectors.T
    eigenvalues = np.linalg.eigvalsh(root @ between @ root)
    order = random.permutation(len(index))
    assert lidar(rows[order], index[order]) == pytest.approx(entropy_rank(eigenvalues / eigenvalues.sum()), abs=1e-6)


def test_lidar_of_views_that_agree_is_the_rank_of_the_means():
    rows = isotropic(4).repeat_interleave(2, dim=0)
    assert lidar(rows, torch.arange(8).repeat_interleave(2)) == pytest.approx(4, abs=1e-4)


@pytest.mark.parametrize('call, message', [
    (lambda: rankme(torch.full((3, 2), torch.nan)), 'features holds NaN or infinity'),
    (lambda: uniformity(torch.ones(1, 2)), '1 image makes no pair; give at least 2'),
    (lambda: alignment(torch.ones(1, 2), torch.ones(2, 2)), 'first has 1 entries but second has 2'),
    (lambda: lidar(torch.eye(2), [0, 1]), '2 rows of 2 images, delta=0.0001; expected two images or more'),
    (lambda: lidar(torch.eye(2), [0, 0]), '2 rows of 1 images')])
def test_errors_say_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def brute_force_change(before, after):
    """The best of all one-to-one matchings of clusters."""
    from itertools import permutations
    olds, news = sorted(set(before)), sorted(set(after))
    if len(olds) > len(news):
        olds, news, before, after = news, olds, after, before
    best = max(sum(b == o and a == n for b, a in zip(before, after) for o, n in zip(olds, chosen))
               for chosen in permutations(news, len(olds)))
    return 1 - best / len(before)


@pytest.mark.parametrize('seed, clusters', [(0, (3, 3)), (1, (4, 2)), (2, (2, 5)), (3, (5, 5))])
def test_cluster_change_is_the_best_matching(seed, clusters):
    random = np.random.default_rng(seed)
    before, after = (random.integers(0, count, 30).tolist() for count in clusters)
    assert cluster_change(before, after) == pytest.approx(brute_force_change(before, after), abs=1e-12)


def test_cluster_change_knows_no_names_and_leaves_out_who_took_no_part():
    before = np.arange(50) % 7
    assert cluster_change(before, (before * 3) % 7 + 100) == 0
    assert cluster_change([0, 0, 1, -1], [5, 5, 6, 6]) == 0
    assert math.isnan(cluster_change([0, -1], [-1, 0]))
