import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, PredefinedSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

from mmifnd.evaluation import balanced_accuracy, top1_accuracy, transfer_accuracy
from mmifnd.evaluation.transfer import validation_split


@pytest.fixture(scope='module')
def images():
    random = np.random.default_rng(3)
    labels = random.choice(3, 120, p=[.6, .3, .1])
    features = random.normal(size=(120, 5)) + 1.2 * np.eye(5)[labels]
    return features[:70], labels[:70], features[70:], labels[70:]


COSTS = (1e-4, 1e-2, 1., 100.)


@pytest.mark.parametrize('score, scoring', [('top1', 'accuracy'), ('per_class', 'balanced_accuracy')])
def test_selection_on_the_test_images_is_the_best_of_the_grid(images, score, scoring):
    train_features, train_labels, features, labels = images
    search = GridSearchCV(
        make_pipeline(Normalizer(), StandardScaler(), LogisticRegression(max_iter=500)),
        dict(logisticregression__C=COSTS), scoring=scoring, cv=PredefinedSplit([-1] * 70 + [0] * 50), refit=False)
    search.fit(np.concatenate([train_features, features]), np.concatenate([train_labels, labels]))
    found = transfer_accuracy(*images, score=score, select_on='test', costs=COSTS)
    assert found.accuracy == pytest.approx(100 * search.best_score_, abs=1e-6)


@pytest.mark.parametrize('score, measure', [('top1', top1_accuracy), ('per_class', balanced_accuracy)])
def test_selection_on_validation_images_then_fits_all(images, score, measure):
    train_features, train_labels, features, labels = images
    fit, held = validation_split(train_labels, 0.2, seed=0)
    assert sorted([*fit, *held]) == list(range(70)) and len(held) == 14

    def accuracy(cost, learned, asked, known, wanted):
        model = make_pipeline(Normalizer(), StandardScaler(), LogisticRegression(C=cost, max_iter=500)).fit(learned, known)
        return measure(wanted, model.predict(asked))

    on_val = [accuracy(c, train_features[fit], train_features[held], train_labels[fit], train_labels[held]) for c in COSTS]
    cost = COSTS[int(np.argmax(on_val))]
    found = transfer_accuracy(*images, score=score, costs=COSTS)
    assert found.cost == cost
    assert found.accuracy == pytest.approx(accuracy(cost, train_features, features, train_labels, labels), abs=1e-6)


def test_the_test_images_choose_nothing_by_default(images):
    train_features, train_labels, features, labels = images
    costs = {transfer_accuracy(train_features, train_labels, features[part], labels[part], costs=COSTS).cost
             for part in (slice(0, 10), slice(10, 30), slice(30, 50))}
    assert len(costs) == 1


def test_rare_classes_do_not_stop_the_split():
    fit, held = validation_split(np.array([0, 0, 0, 1, 2]), 0.4, seed=0)
    assert sorted([*fit, *held]) == [0, 1, 2, 3, 4] and len(held) == 2


@pytest.mark.parametrize('options, message', [
    (dict(score='f1'), "score='f1' is unknown; choose one of top1, per_class"),
    (dict(select_on='train'), "select_on='train' is unknown; choose one of val, test"),
    (dict(costs=()), r'costs=\(\) must hold positive numbers'),
    (dict(val_share=1.), r'val_share=1.0 is outside \(0, 1\); 0.2 is usual')])
def test_errors_say_what_is_wrong(images, options, message):
    with pytest.raises(ValueError, match=message):
        transfer_accuracy(*images, **options)


def test_one_class_is_refused(images):
    with pytest.raises(ValueError, match='train_labels hold class 0 only; expected at least two classes'):
        transfer_accuracy(images[0], np.zeros(70, int), images[2], images[3])
