import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmifnd.evaluation import suggest_alpha


def clusters(count, size, dim=16, spread=0.05, seed=0):
    random = np.random.default_rng(seed)
    centres = random.normal(size=(count, dim))
    return np.repeat(centres, size, axis=0) + spread * random.normal(size=(count * size, dim))


def mutual_by_loops(features, alpha):
    unit = F.normalize(torch.as_tensor(features), dim=1)
    similarity = unit @ unit.T
    count = round(alpha * (len(unit) - 1))
    near = [set([j for j in similarity[i].argsort(descending=True).tolist() if j != i][:count]) for i in range(len(unit))]
    pairs = [(i, j) for i, others in enumerate(near) for j in others]
    return sum(i in near[j] for i, j in pairs) / len(pairs)


def test_the_largest_mutual_neighbourhood_below_the_clusterings():
    features = clusters(10, 10)  # 9 of 99 others are of the same cluster
    found = suggest_alpha(features, [0.3, 0.095], grid=(0.02, 0.05, 0.09, 0.2))
    assert found.alpha == 0.09 and mutual_by_loops(features, 0.09) == 1.
    assert found.reason.startswith('100% of the nearest 9.00% are mutual neighbours, and the finest clustering puts 9.50%')
    assert suggest_alpha(features, [0.06], grid=(0.02, 0.05, 0.09)).alpha == 0.05


def test_few_images_have_one_neighbour_at_least():
    found = suggest_alpha(clusters(2, 2), [0.1], grid=(0.01, 0.02))
    assert found.alpha == pytest.approx(1 / 3)
