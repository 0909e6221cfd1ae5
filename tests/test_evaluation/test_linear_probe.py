import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from mmifnd.evaluation import balanced_accuracy, linear_probe_accuracy, linear_probe_predict, top1_accuracy


def make_images(num_classes, scale=1.0):
    generator = np.random.default_rng(1)
    labels = np.arange(90) % num_classes
    features = scale * (generator.normal(size=(90, 4)) + np.eye(4)[labels]) + 10.0
    return features[:50], 2 * labels[:50], features[50:], 2 * labels[50:]  # labels 0, 2, 4: they need not be dense


def predict_by_definition(train_features, train_labels, features, l2):
    """Minimise mean cross entropy + (l2 / 2) ||W||^2 with a general-purpose optimiser."""
    mean, deviation = train_features.mean(0), train_features.std(0)
    classes, targets = np.unique(train_labels, return_inverse=True)
    x = (train_features - mean) / deviation

    def objective(parameters):
        weight, bias = parameters[:-len(classes)].reshape(-1, len(classes)), parameters[-len(classes):]
        log_probability = log_softmax(x @ weight + bias, axis=1)
        return -log_probability[np.arange(len(x)), targets].mean() + l2 / 2 * (weight**2).sum()

    size = (x.shape[1] + 1) * len(classes)
    best = minimize(objective, np.zeros(size), method='BFGS', options=dict(gtol=1e-7)).x
    weight, bias = best[:-len(classes)].reshape(-1, len(classes)), best[-len(classes):]
    return classes[((features - mean) / deviation @ weight + bias).argmax(1)]


@pytest.mark.parametrize('num_classes', [2, 3])
@pytest.mark.parametrize('l2', [1.0, 1e-2])
def test_minimises_the_stated_objective(num_classes, l2):
    train_features, train_labels, features, labels = make_images(num_classes)
    expected = predict_by_definition(train_features, train_labels, features, l2)
    predicted = linear_probe_predict(train_features, train_labels, features, l2)
    assert predicted.tolist() == expected.tolist()
    accuracy = linear_probe_accuracy(train_features, train_labels, features, labels, l2)
    assert accuracy == pytest.approx(100 * np.mean(expected == labels))


@pytest.mark.parametrize('num_classes', [2, 3])
def test_l2_has_the_same_meaning_for_two_classes_as_for_more(num_classes, monkeypatch):
    costs = []

    class Spy(LogisticRegression):

        def fit(self, *data):
            costs.append(self.C)
            return super().fit(*data)

    monkeypatch.setattr('sklearn.linear_model.LogisticRegression', Spy)
    linear_probe_predict(*make_images(num_classes)[:3], l2=0.1)
    assert costs == [pytest.approx({2: 2, 3: 1}[num_classes] / (0.1 * 50))]


def test_units_of_features_do_not_matter():
    small, large = make_images(3, scale=1e-3), make_images(3, scale=1e3)
    shifted = [values - 10 for values in (large[0], large[2])]
    assert linear_probe_predict(*small[:3]).tolist() == linear_probe_predict(shifted[0], large[1], shifted[1]).tolist()


def test_constant_feature_and_tensors_are_welcome():
    train_features, train_labels, features, labels = (torch.as_tensor(values) for values in make_images(3))
    widened = [torch.cat([values, torch.ones(len(values), 1)], dim=1) for values in (train_features, features)]
    assert linear_probe_accuracy(widened[0], train_labels, widened[1], labels) == linear_probe_accuracy(
        train_features, train_labels, features, labels)


@pytest.mark.parametrize('arguments, message', [
    (([[0.0], [1.0]], [1, 1], [[0.0]]), 'train_labels hold class 1 only; expected at least two classes'),
    (([[0.0], [1.0]], [0, 1], [[0.0]], 0.0), 'l2=0.0 is not positive'),
    (([[0.0], [1.0]], [0], [[0.0]]), 'train_features has 2 entries but train_labels has 1'),
    (([[0.0], [1.0]], [0, 1], [[0.0, 1.0]]), 'features have 2 dimensions but train_features have 1'),
])
def test_errors_say_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        linear_probe_predict(*arguments)


def test_top1_and_balanced_accuracy():
    labels, predictions = [0, 0, 0, 7, 7, 9], [0, 0, 7, 7, 3, 9]
    assert top1_accuracy(labels, predictions) == pytest.approx(100 * 4 / 6)
    assert balanced_accuracy(labels, predictions) == pytest.approx(100 * (2 / 3 + 1 / 2 + 1) / 3)
    with pytest.raises(ValueError, match='labels has 2 entries but predictions has 1'):
        top1_accuracy([0, 1], [0])
