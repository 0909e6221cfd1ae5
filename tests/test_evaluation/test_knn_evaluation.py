from pathlib import Path

import numpy as np
import pytest
import torch

from mmifnd.evaluation import knn, knn_accuracy, knn_predict, knn_votes

GOLDEN = np.load(Path(__file__).parents[1] / 'data' / 'ifnd_golden.npz')


@pytest.fixture
def images():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 4, 60)
    features = generator.normal(size=(60, 5)) + 1.5 * np.eye(5)[labels]
    return features[:40], labels[:40], features[40:], labels[40:]


def votes_by_loops(train_features, train_labels, features, k, temperature, num_classes):
    votes = np.zeros((len(features), num_classes))
    for row, feature in zip(votes, features):
        similarity = [feature @ other / np.linalg.norm(feature) / np.linalg.norm(other) for other in train_features]
        for j in np.argsort(similarity)[::-1][:k]:
            row[train_labels[j]] += np.exp(similarity[j] / temperature)
    return votes


def test_golden_example():
    votes = knn_votes(GOLDEN['g10_knn_train'], [0, 0, 1, 1], GOLDEN['g10_knn_query'][None], k=3, temperature=0.07)
    np.testing.assert_allclose(votes[0], GOLDEN['g10_knn_votes'], rtol=1e-9)


@pytest.mark.parametrize('k, temperature', [(1, 0.07), (7, 0.5), (40, 0.1)])
def test_votes_and_predictions_equal_the_loops(images, k, temperature):
    train_features, train_labels, features, labels = images
    expected = votes_by_loops(train_features, train_labels, features, k, temperature, num_classes=4)
    settings = dict(k=k, temperature=temperature)
    np.testing.assert_allclose(knn_votes(train_features, train_labels, features, **settings), expected, rtol=1e-9)
    predicted = knn_predict(train_features, train_labels, features, **settings)
    assert predicted.tolist() == expected.argmax(1).tolist()
    accuracy = knn_accuracy(train_features, train_labels, features, labels, **settings)
    assert accuracy == pytest.approx(100 * np.mean(expected.argmax(1) == labels))


def test_chunks_do_not_change_the_result(images, monkeypatch):
    train_features, train_labels, features, _ = images
    whole = knn_votes(train_features, train_labels, features)
    monkeypatch.setattr(knn, '_MAX_SIMILARITIES', 3 * len(train_features))
    np.testing.assert_allclose(knn_votes(train_features, train_labels, features), whole, rtol=1e-12)


def test_prediction_survives_a_temperature_whose_raw_votes_overflow(images):
    train_features, train_labels, features, _ = (torch.as_tensor(values) for values in images)
    train_features, features = train_features.float(), features.float()
    assert knn_votes(train_features, train_labels, features, temperature=1e-3).isinf().any()
    # The limit T -> 0 is the nearest neighbour alone.
    predicted = knn_predict(train_features, train_labels, features, temperature=1e-6)
    assert predicted.tolist() == knn_predict(train_features, train_labels, features, k=1).tolist()


def test_length_of_features_does_not_matter(images):
    train_features, train_labels, features, _ = images
    scaled = knn_votes(7 * train_features, train_labels, 0.1 * features)
    np.testing.assert_allclose(scaled, knn_votes(train_features, train_labels, features), rtol=1e-9)


def test_half_precision_is_widened(images):
    train_features, train_labels, features, _ = (torch.as_tensor(values) for values in images)
    votes = knn_votes(train_features.bfloat16(), train_labels, features.bfloat16(), temperature=1.0)
    assert votes.dtype == torch.float32
    exact = knn_votes(train_features.bfloat16().double(), train_labels, features.bfloat16().double(), temperature=1.0)
    torch.testing.assert_close(votes.double(), exact, rtol=1e-5, atol=0)


def test_classes_without_training_images_get_no_vote(images):
    train_features, train_labels, features, _ = images
    votes = knn_votes(train_features, train_labels, features, num_classes=6)
    assert votes.shape == (20, 6) and not votes[:, 4:].any() and votes[:, :4].any(0).all()


@pytest.mark.parametrize('change, message', [
    (dict(k=41), 'k=41 exceeds the 40 images of the training set; choose at most 40'),
    (dict(k=0), 'k=0 must be at least 1; 20 is usual'),
    (dict(temperature=0.0), 'temperature=0.0 is not positive; 0.07 is usual'),
    (dict(num_classes=2), 'num_classes=2, but train_labels hold 3; expected at least 4'),
    (dict(train_labels=[0, 1]), 'train_features has 40 entries but train_labels has 2'),
    (dict(features=np.ones((2, 3))), 'features have 3 dimensions but train_features have 5'),
    (dict(features=np.ones(5)), r'features has shape \(5,\); expected \(N, D\)'),
    (dict(features=np.full((2, 5), np.nan)), 'features holds NaN'),
])
def test_errors_say_what_is_wrong(images, change, message):
    arguments = dict(zip(('train_features', 'train_labels', 'features'), images)) | change
    with pytest.raises(ValueError, match=message):
        knn_predict(**arguments)


def test_accuracy_needs_a_label_an_image(images):
    with pytest.raises(ValueError, match='features has 20 entries but labels has 19'):
        knn_accuracy(*images[:3], images[3][:19])


def test_an_image_does_not_vote_on_itself(images):
    """Leave-one-out by loops: every image is evaluated against all others."""
    features, labels = images[0], images[1]
    ids = np.arange(100, 100 + len(labels))
    for k in (1, 5):
        expected = np.concatenate([
            votes_by_loops(np.delete(features, row, 0), np.delete(labels, row), features[row][None], k, 0.1, 4)
            for row in range(len(labels))])
        settings = dict(k=k, temperature=0.1, num_classes=4, train_ids=ids, ids=ids)
        np.testing.assert_allclose(knn_votes(features, labels, features, **settings), expected, rtol=1e-9)
        assert knn_predict(features, labels, features, **settings).tolist() == expected.argmax(1).tolist()
        accuracy = knn_accuracy(features, labels, features, labels, **settings)
        assert accuracy < 100 and accuracy == pytest.approx(100 * np.mean(expected.argmax(1) == labels))


def test_copies_of_an_image_share_its_number(images, monkeypatch):
    features, labels = np.concatenate([images[0], images[0][:3]]), np.concatenate([images[1], images[1][:3]])
    ids = np.concatenate([np.arange(40), np.arange(3)])
    monkeypatch.setattr(knn, '_MAX_SIMILARITIES', 3 * len(labels))  # in chunks
    found = knn_votes(features, labels, features[:3], k=4, train_ids=ids, ids=ids[:3])
    expected = [votes_by_loops(features[ids != row], labels[ids != row], features[row][None], 4, 0.07, 4)[0]
                for row in range(3)]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_numbers_of_disjoint_sets_change_nothing(images):
    train_features, train_labels, features, _ = images
    given = dict(train_ids=np.arange(40), ids=np.arange(40, 60))
    plain = knn_votes(train_features, train_labels, features, k=40)
    np.testing.assert_array_equal(knn_votes(train_features, train_labels, features, k=40, **given), plain)


@pytest.mark.parametrize('given, message', [
    (dict(ids=range(20)), 'give both or none'), (dict(train_ids=range(40), ids=range(3)), 'but ids has 3'),
    (dict(k=40, train_ids=range(40), ids=range(20)), 'k=40 exceeds the 39 images of the training set that remain')])
def test_numbers_that_do_not_fit(given, message, images):
    with pytest.raises(ValueError, match=message):
        knn_predict(*images[:3], **given)


def test_labels_may_be_large_numbers(images):
    """Of a catalogue, say: memory follows from the number of classes."""
    train_features, train_labels, features, labels = images
    far = np.array([7, 10**9, 10**12, 2 * 10**12])
    plain = knn_predict(train_features, train_labels, features)
    assert knn_predict(train_features, far[train_labels], features).tolist() == far[plain].tolist()
    assert knn_accuracy(train_features, far[train_labels], features, far[labels]) == pytest.approx(
        knn_accuracy(train_features, train_labels, features, labels))
    with pytest.raises(ValueError, match='votes of 20 images for 2000000000001 classes do not fit into memory'):
        knn_votes(train_features, far[train_labels], features)
