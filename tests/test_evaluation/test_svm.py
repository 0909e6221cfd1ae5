import numpy as np
import pytest
from sklearn.model_selection import cross_val_score
from sklearn.svm import LinearSVC

from mmifnd.evaluation import VISSL_COSTS, average_precision, draw_positives, low_shot_svm, summarise, svm_average_precisions


@pytest.fixture(scope='module')
def images():
    """Features of 80 and 60 images with 3 classes, some of them difficult."""
    random = np.random.default_rng(0)
    directions = random.normal(size=(3, 6))
    parts = []
    for count in (80, 60):
        targets = random.choice([-1, 0, 1], (count, 3), p=[.6, .1, .3])
        parts += [(targets > 0) @ directions + 1.5 * random.normal(size=(count, 6)), targets]
    return parts


def precision(train_features, train_target, features, target, cost):
    """One class, as PCL's script does it."""
    unit = [x / (np.linalg.norm(x, axis=1) + 1e-5)[:, None] for x in (train_features, features)]
    svm = LinearSVC(C=cost, class_weight={1: 2, -1: 1}, intercept_scaling=1.0, penalty='l2', loss='squared_hinge', tol=1e-4,
                    dual=True, max_iter=2000, random_state=0).fit(unit[0], train_target)
    return average_precision(svm.decision_function(unit[1]), target)


def test_pcl_turns_difficult_into_absent(images):
    train_features, train_targets, features, targets = images
    train, test = np.where(train_targets == 0, -1, train_targets), np.where(targets == 0, -1, targets)
    expected = [100 * precision(train_features, train[:, c], features, test[:, c], 0.5) for c in range(3)]
    found = svm_average_precisions(*images)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert not np.allclose(found, svm_average_precisions(*images, difficult='ignore'))


@pytest.mark.filterwarnings('ignore:Liblinear failed to converge')
def test_vissl_trains_with_difficult_images_as_negatives_and_tests_without_them(images):
    """As the scripts of Goyal et al. do it: cross validation by scikit-learn's average precision picks each class's cost."""
    train_features, train_targets, features, targets = images
    unit = train_features / (np.linalg.norm(train_features, axis=1) + 1e-5)[:, None]
    costs, expected, picked = (100., 0.5**12), [], set()
    for number in range(3):
        y, asked = np.where(train_targets[:, number] == 0, -1, train_targets[:, number]), targets[:, number] != 0
        svms = [LinearSVC(C=cost, class_weight={1: 2, -1: 1}, intercept_scaling=1.0, tol=1e-4, dual=True, max_iter=2000,
                          random_state=0) for cost in costs]
        scores = [cross_val_score(svm, unit, y, cv=3, scoring='average_precision').mean() for svm in svms]
        picked.add(costs[int(np.argmax(scores))])
        expected.append(100 * precision(train_features, y, features[asked], targets[asked, number],
                                        costs[int(np.argmax(scores))]))
    found = svm_average_precisions(*images, costs=costs, difficult='ignore', folds=3)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert len(VISSL_COSTS) == 19 and VISSL_COSTS[-1] == 0.5**19


@pytest.mark.filterwarnings('ignore:Liblinear failed to converge')
def test_the_best_cost_on_the_test_images_is_one_for_all_classes(images):
    costs = (100., 0.5**12, 0.5)
    single = [svm_average_precisions(*images, costs=(cost,)) for cost in costs]
    found = svm_average_precisions(*images, costs=costs, select_on='test')
    assert found.tolist() == max(single, key=np.mean).tolist()
    assert found.mean() < np.max(single, axis=0).mean()  # which each class with its own best cost would have
    few = [low_shot_svm(*images, shots=2, costs=(cost,)) for cost in costs]
    assert low_shot_svm(*images, shots=2, costs=costs, select_on='test') == max(few, key=lambda summary: summary.mean)
    assert len({summary.mean for summary in few}) == 3


def test_a_class_without_positives_has_no_precision(images):
    train_features, train_targets, features, targets = (values.copy() for values in images)
    targets[:, 1] = -1
    found = svm_average_precisions(train_features, train_targets, features, targets)
    assert np.isnan(found[1]) and np.isfinite(found[[0, 2]]).all()


def test_low_shot_joins_the_images_of_all_classes(images):
    train_features, train_targets, features, targets = images
    draws = draw_positives(train_targets, 4, num_runs=5)
    assert len({tuple(draw) for draw in draws}) == 5
    for draw in draws:
        for number, members in enumerate(draw.reshape(3, 4)):
            assert len(set(members)) == 4 and (train_targets[members, number] == 1).all()
    expected = [np.mean(svm_average_precisions(train_features[draw], train_targets[draw], features, targets))
                for draw in draws]
    assert low_shot_svm(*images, shots=4) == summarise(expected)
    assert low_shot_svm(*images, shots=4) == low_shot_svm(*images, shots=4)


@pytest.mark.parametrize('options, message', [
    (dict(costs=(1., 2.)), '2 costs need folds=2 or more to pick from, got folds=0; 3 is usual'),
    (dict(costs=(1., 2.), folds=3, select_on='test'), "folds=3 and select_on='test' both pick the cost"),
    (dict(select_on='train'), "select_on='train' is unknown; choose one of val, test"),
    (dict(costs=(0.,)), r'costs=\(0.0,\) must hold positive numbers'),
    (dict(difficult='positive'), "difficult='positive' is unknown; choose one of negative, ignore")])
def test_errors_say_what_is_wrong(images, options, message):
    with pytest.raises(ValueError, match=message):
        svm_average_precisions(*images, **options)


def test_errors_of_targets_and_shots(images):
    train_features, train_targets, features, targets = images
    with pytest.raises(ValueError, match=r'targets of shape \(60,\) must be \(N, C\) and hold 1 \(present\)'):
        svm_average_precisions(train_features, train_targets, features, targets[:, 0])
    with pytest.raises(ValueError, match='train_targets have 2 classes and targets 3'):
        svm_average_precisions(train_features, train_targets[:, :2], features, targets)
    with pytest.raises(ValueError, match=r'class \d has \d+ positive training images, but shots=40; choose fewer shots'):
        low_shot_svm(*images, shots=40)
