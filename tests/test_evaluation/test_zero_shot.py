import numpy as np
import pytest
import torch

from mmifnd.evaluation import _similarities, class_weights, group_weights, zero_shot_accuracy


def unit(row):
    return row / np.linalg.norm(row)


@pytest.fixture
def data():
    random = np.random.default_rng(3)
    prompts = random.normal(size=(9, 4, 5))
    labels = random.integers(0, 8, 50)  # the last class has no images
    return random.normal(size=(50, 5)) + prompts.mean(1)[labels], prompts, labels


def test_weights_equal_the_loops(data):
    _, prompts, _ = data
    expected = [unit(np.mean([unit(prompt) for prompt in of_class], axis=0)) for of_class in prompts]
    np.testing.assert_allclose(class_weights(prompts), expected, rtol=1e-12)
    group = [0, 1, 2, 0, 1, 2, 0, 1, 2]
    of_groups = [unit(sum(weight for weight, own in zip(expected, group) if own == number)) for number in range(3)]
    np.testing.assert_allclose(group_weights(expected, group), of_groups, rtol=1e-12)


def test_accuracy_equals_the_loops(data, monkeypatch):
    images, prompts, labels = data
    weights = class_weights(prompts).numpy()
    places = []
    for image, label in zip(images, labels):
        scores = [unit(image) @ weight for weight in weights]
        places.append(sum(score >= scores[label] - 1e-12 for score in scores))
    right = np.array(places) == 1
    recalls = [100 * right[labels == label].mean() for label in range(8)]
    for size in (2**25, 20):
        monkeypatch.setattr(_similarities, 'MAX_SIMILARITIES', size)
        found = zero_shot_accuracy(images, weights, labels)
        assert found.top1 == pytest.approx(100 * right.mean()) and 20 < found.top1 < 100
        assert found.top5 == pytest.approx(100 * np.mean(np.array(places) <= 5))
        assert found.per_class == pytest.approx(np.mean(recalls))
        np.testing.assert_allclose(found.recalls[:8], recalls)
        assert np.isnan(found.recalls[8])


def test_of_equally_similar_classes_the_lower_one_is_taken():
    """As argmax does; two of ImageNet's classes have the same name in open_clip."""
    images, weights = torch.eye(3)[[0, 0, 1, 2]], torch.eye(3)[[0, 0, 1, 2]]
    assert zero_shot_accuracy(images, weights, [0, 1, 2, 3]).recalls.tolist() == [100, 0, 100, 100]
    assert zero_shot_accuracy(images, weights, [0, 1, 2, 3]).top5 == 100


@pytest.mark.parametrize('call, words', [
    (lambda: class_weights(np.eye(3)), r'prompt_features has shape \(3, 3\)'),
    (lambda: group_weights(np.eye(3), [0, 1]), 'weights has 3 entries but group has 2'),
    (lambda: zero_shot_accuracy(np.eye(3), np.eye(3), [0, 1, 3]), 'labels hold 3, but weights are those of 3 classes'),
    (lambda: zero_shot_accuracy(np.eye(3), np.eye(3), [0, 1]), 'image_features has 3 entries but labels has 2'),
    (lambda: zero_shot_accuracy(np.eye(3), np.eye(4), [0, 1, 2]), 'dimensions')])
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
