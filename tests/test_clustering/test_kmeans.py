from functools import partial

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from mmifnd.clustering import KMeans, RowShare, faiss_kmeans
from mmifnd.clustering.kmeans import MANY_CLUSTERS


@pytest.fixture(params=['faiss', 'torch'])
def kmeans(request):
    """Either back-end on the CPU."""
    return partial(KMeans, backend=request.param, device='cpu')


@pytest.fixture
def blobs():
    """240 points around 4 centres far apart; point i belongs to centre i % 4."""
    rng = np.random.default_rng(0)
    centres = np.array([[4, 0, 0], [0, 4, 0], [0, 0, 4], [-4, -4, -4]], dtype=np.float32)
    return np.tile(centres, (60, 1)) + rng.normal(size=(240, 3)).astype(np.float32) * 0.3


@pytest.fixture
def cloud():
    return np.random.default_rng(1).normal(size=(500, 8)).astype(np.float32)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def squared_distances(features, centroids):
    return ((features[:, None].astype(np.float64) - centroids[None].astype(np.float64))**2).sum(axis=2)


def test_finds_clusters_that_are_far_apart(kmeans, blobs):
    found = kmeans().fit(blobs, 4)
    of_centre = [set(found.labels[centre::4]) for centre in range(4)]
    assert all(len(labels) == 1 for labels in of_centre)
    assert len(set.union(*of_centre)) == 4


def test_same_seed_same_result_other_seed_another(kmeans, cloud):
    first, again, other = (kmeans(num_redo=1).fit(cloud, 20, seed) for seed in (3, 3, 4))
    assert np.array_equal(first.centroids, again.centroids) and np.array_equal(first.labels, again.labels)
    assert not np.array_equal(first.centroids, other.centroids)


def test_every_point_is_assigned_to_the_nearest_centroid(kmeans, cloud):
    found = kmeans(max_points_per_centroid=5).fit(cloud, 12)  # trained on 60 points, assigned 500
    distances = squared_distances(cloud, found.centroids)
    assert found.labels.dtype == np.int64
    assert np.array_equal(found.labels, distances.argmin(axis=1))
    assert found.inertia == pytest.approx(distances.min(axis=1).sum(), rel=1e-5)


def test_centroids_are_the_means_of_their_members(kmeans, blobs):
    found = kmeans().fit(blobs, 4)
    for cluster in range(4):
        np.testing.assert_allclose(found.centroids[cluster], blobs[found.labels == cluster].mean(axis=0), atol=1e-4)


def test_spherical_has_unit_centroids_and_assigns_by_cosine(kmeans, cloud):
    features = unit(cloud)
    found = kmeans(spherical=True).fit(features, 12)
    np.testing.assert_allclose(np.linalg.norm(found.centroids, axis=1), 1, atol=1e-5)
    assert np.array_equal(found.labels, (features @ found.centroids.T).argmax(axis=1))
    expected = squared_distances(features, found.centroids)[np.arange(500), found.labels].sum()
    assert found.inertia == pytest.approx(expected, rel=1e-4)


def test_as_many_clusters_as_points(kmeans, blobs):
    found = kmeans().fit(blobs[:7], 7)
    assert sorted(found.labels) == list(range(7))


@pytest.mark.parametrize('spherical', [False, True])
def test_fewer_distinct_points_than_clusters(kmeans, spherical):
    features = unit(np.tile(np.array([[1, 0], [0, 1], [-1, 0.5]], dtype=np.float32), (10, 1)))
    found = kmeans(spherical=spherical).fit(features, 8)
    assert np.isfinite(found.centroids).all()
    assert len(set(found.labels)) <= 3
    for point in range(3):
        assert len(set(found.labels[point::3])) == 1


def test_identical_features(kmeans):
    found = kmeans().fit(np.ones((20, 4), dtype=np.float32), 5)
    assert len(set(found.labels)) == 1 and np.isfinite(found.centroids).all()


def test_too_many_clusters_are_refused(kmeans, blobs):
    with pytest.raises(ValueError, match='num_clusters=241 exceeds the 240 images of the training set; choose at most 240'):
        kmeans().fit(blobs, 241)
    with pytest.raises(ValueError, match='num_clusters=0 is below 1; give a positive count'):
        kmeans().fit(blobs, 0)


@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_features_that_are_not_finite_are_named(kmeans, blobs, value):
    blobs[[5, 17], 1] = value
    with pytest.raises(ValueError, match=r'2 of 240 features are NaN or infinite \(images 5, 17\)'):
        kmeans().fit(blobs, 4)


def test_many_bad_features_are_abbreviated(kmeans, blobs):
    blobs[10:30] = np.nan
    with pytest.raises(ValueError, match=r'20 of 240 .*images 10, 11, 12, 13, 14, \.\.\.'):
        kmeans().fit(blobs, 4)


@pytest.mark.parametrize('options, words', [
    (dict(num_iterations=0), 'num_iterations=0 of KMeans must be at least 1'),
    (dict(num_redo=0), 'num_redo=0 of KMeans must be at least 1'),
    (dict(max_points_per_centroid=0), 'max_points_per_centroid=0 of KMeans must be at least 1'),
    (dict(backend='cupy'), "backend='cupy' of KMeans is unknown; choose one of auto, faiss, torch"),
    (dict(init='first'), "init='first' of KMeans is unknown; choose one of random, k-means.*, previous"),
    (dict(precision='int8'), "precision='int8' of KMeans is unknown"),
    (dict(precision='tf32', device='cpu'), "precision='tf32' of KMeans needs backend='torch' and a GPU; use 'float32'"),
    (dict(precision='bfloat16', backend='torch', device='cpu'), "precision='bfloat16' of KMeans needs .* a GPU"),
    (dict(device='tpu'), "device='tpu' of KMeans is unknown; choose one of auto, cpu, gpu"),
])
def test_options_out_of_range_are_named(options, words):
    with pytest.raises(ValueError, match=words):
        KMeans(**options)


def test_a_gpu_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr('mmifnd.clustering.kmeans.gpu_count', lambda: 0)
    monkeypatch.setattr('torch.cuda.is_available', lambda: False)
    with pytest.raises(ValueError, match="device='gpu' of KMeans needs faiss-gpu and a GPU; use 'auto' or 'cpu'"):
        KMeans(device='gpu')
    with pytest.raises(ValueError, match="device='gpu' of KMeans needs a GPU that torch can use; use 'auto' or 'cpu'"):
        KMeans(device='gpu', backend='torch')
    assert not KMeans().on_gpu


def test_bfloat16_is_refused_on_a_gpu_without_it(monkeypatch):
    monkeypatch.setattr('torch.cuda.is_available', lambda: True)
    monkeypatch.setattr('torch.cuda.get_device_capability', lambda: (7, 5))
    monkeypatch.setattr('torch.cuda.get_device_name', lambda: 'Tesla T4')
    with pytest.raises(ValueError, match="precision='bfloat16' of KMeans does not exist on Tesla T4, .* use 'float32'"):
        KMeans(precision='bfloat16')
    assert KMeans().backend == 'torch' and KMeans(device='cpu').backend == 'faiss'


def test_back_end_and_device_are_told_in_a_line(kmeans):
    text = kmeans().describe()
    assert 'CPU' in text and '\n' not in text and text.startswith(kmeans().backend)


@pytest.mark.parametrize('count', [10, 100, 300])
def test_torch_is_within_half_a_per_cent_of_faiss(count):
    """Restarts are a lottery: means over ten seeds are compared."""
    rows = unit((load_digits().data - load_digits().data.mean(axis=0)).astype(np.float32))
    ours, theirs = (np.mean([KMeans(num_redo=2, backend=backend, device='cpu').fit(rows, count, seed).inertia
                             for seed in range(10)]) for backend in ('torch', 'faiss'))
    assert ours < 1.005 * theirs


def test_tensors_give_tensors_and_half_precision_is_widened(kmeans, cloud):
    rows = torch.from_numpy(unit(cloud))
    found, expected = kmeans(num_redo=1).fit(rows, 9), kmeans(num_redo=1).fit(rows.numpy(), 9)
    assert isinstance(found.labels, torch.Tensor) and np.array_equal(found.labels, expected.labels)
    halves = kmeans(num_redo=1).fit(rows.half(), 9)
    assert halves.centroids.dtype == torch.float32 and halves.inertia == pytest.approx(found.inertia, rel=0.05)


def test_confidence_comes_with_the_labels(kmeans, cloud):
    rows = unit(cloud)
    found = kmeans(num_redo=1).fit(rows, 9, temperature=0.1)
    unit_centroids = unit(found.centroids).astype(np.float64)
    logits = rows.astype(np.float64) @ unit_centroids.T / 0.1
    expected = np.exp(logits)[np.arange(500), found.labels] / np.exp(logits).sum(axis=1)
    np.testing.assert_allclose(found.confidence, expected, rtol=1e-4)
    assert kmeans(num_redo=1).fit(rows, 9).confidence is None


def test_k_means_plus_plus_finds_clusters_that_random_rows_miss(kmeans):
    rng = np.random.default_rng(0)
    centres = 100 * rng.normal(size=(40, 8))
    rows = (np.repeat(centres, 10, axis=0) + rng.normal(size=(400, 8))).astype(np.float32)
    spread, random = (np.mean([kmeans(num_redo=1, init=init).fit(rows, 40, seed).inertia for seed in range(5)])
                      for init in ('k-means++', 'random'))
    assert spread < 0.6 * random


def test_a_warm_start_continues_from_the_centroids_before(kmeans, cloud):
    before = kmeans(1, 1).fit(cloud, MANY_CLUSTERS, seed=0)
    warm = kmeans(20, 1, init='previous').fit(cloud, MANY_CLUSTERS, seed=1, previous=torch.from_numpy(before.centroids))
    assert warm.inertia < before.inertia
    same = np.mean(warm.labels == before.labels)
    other = np.mean(kmeans(20, 1).fit(cloud, MANY_CLUSTERS, seed=1).labels == before.labels)
    assert same > 0.5 > other  # clusters kept their numbers


@pytest.mark.parametrize('init, previous', [('random', torch.zeros(150, 8)), ('previous', None),
                                            ('previous', torch.zeros(149, 8)), ('previous', torch.zeros(150, 7))])
def test_without_fitting_centroids_the_start_is_cold(kmeans, cloud, init, previous):
    expected = kmeans(3, 1).fit(cloud, 150, seed=2)
    assert np.array_equal(kmeans(3, 1, init=init).fit(cloud, 150, seed=2, previous=previous).labels, expected.labels)


@pytest.mark.parametrize('count, also_cold, is_rescued', [(10, False, True), (150, False, False), (150, True, True)])
def test_a_chain_that_is_stuck_is_left_where_cold_starts_are_made_too(kmeans, cloud, count, also_cold, is_rescued):
    """All centroids but one lie far away from every row, and at one iteration few come back."""
    stuck = torch.full((count, 8), 1e3) + torch.arange(count).unsqueeze(1)
    stuck[0] = 0
    options = dict(previous=stuck, also_cold=also_cold)
    warm = kmeans(1, 1, init='previous').fit(cloud, count, seed=2, **options)
    cold = kmeans(1, 1).fit(cloud, count, seed=2)
    assert (warm.inertia == pytest.approx(cold.inertia, rel=1e-5)) == is_rescued
    assert is_rescued or warm.inertia > 1.05 * cold.inertia


def test_rows_on_several_processes_need_a_back_end_that_can(cloud):
    share = RowShare(torch.from_numpy(cloud), torch.arange(500), 1000, rank=0, world_size=2)
    with pytest.raises(ValueError, match="cannot cluster rows that lie on 2 processes; use backend='torch' or Distributed"):
        KMeans(device='cpu').fit_share(share, 4)


@pytest.mark.parametrize('backend', ['faiss', 'torch'])
def test_rows_of_any_length_have_the_inertia_of_their_centroids_by_cosine(backend):
    """|x - c|^2 >= 0: the shortcut 2 - 2 x.c holds for unit vectors only."""
    rows = 5 * torch.randn(60, 4, generator=torch.Generator().manual_seed(0))
    clusters = KMeans(spherical=True, backend=backend, device='cpu', num_redo=3).fit(rows, 4)
    expected = (rows - clusters.centroids[clusters.labels]).square().sum().item()
    assert clusters.inertia == pytest.approx(expected, rel=1e-5)
    _, inertia = faiss_kmeans.labels_and_inertia(rows, clusters.centroids, spherical=True)
    assert inertia.item() == pytest.approx(expected, rel=1e-5)
