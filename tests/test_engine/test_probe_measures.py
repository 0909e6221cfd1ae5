from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from mmifnd.engine.metrics.representation import Representation
from mmifnd.engine.metrics.representation_measures import FewShotProbe
from mmifnd.evaluation import (
    balanced_accuracy,
    group_accuracy,
    label_fraction_accuracy,
    linear_probe_predict,
    low_shot_svm,
    svm_average_precisions,
    transfer_accuracy,
)
from mmifnd.registry import METRICS


@pytest.fixture(scope='module')
def data():
    random = np.random.default_rng(0)
    labels = np.arange(160) % 4
    features = random.normal(size=(160, 6)) + np.eye(6)[labels]
    return features[:100], labels[:100], features[100:], labels[100:]


@pytest.fixture(scope='module')
def representation(data):
    train, train_labels, test, test_labels = map(torch.as_tensor, data)
    return Representation(train, test, train_labels, test_labels, None, nn.Identity(), classes=('n0', 'n1', 'n2', 'n3'))


def build(name, **options):
    return METRICS.build(dict(type=name, **options))


def test_balanced_accuracy(representation, data):
    found = build('BalancedAccuracy')(representation)
    assert found == dict(linear_balanced=balanced_accuracy(data[3], linear_probe_predict(*data[:3])), majority=25.)


def test_fractions_leave_out_what_is_too_small_and_go_on(representation, data, monkeypatch):
    lines = []
    monkeypatch.setattr('mmifnd.engine.metrics.probe_measures._say', lines.append)
    found = build('LabelFractionProbe', fractions=(1., 0.2), num_draws=2)(representation)
    expected = {f'linear_{100 * f:g}%': label_fraction_accuracy(*data, f, 2) for f in (1., 0.2)}
    assert {name: found[name] for name in expected} == expected
    first = expected['linear_100%'].mean
    assert found['linear_mean'].values == pytest.approx([(first + v) / 2 for v in expected['linear_20%'].values])
    found = build('LabelFractionProbe')(representation)
    assert set(found) == {'linear_100%', 'linear_10%'}  # 1 % of 25 images is less than one
    assert len(lines) == 2 and lines[0].startswith(
        'linear_1% and linear_mean are left out: 1.00% of the 25 training images of class 0 is less than one image')


def test_svm_of_one_label_and_of_several(representation, data):
    one = [np.where(labels[:, None] == np.arange(4), 1, -1) for labels in (data[1], data[3])]
    found = build('LinearSVM', shots=(2,), num_runs=3)(representation)
    assert found['svm_map'] == pytest.approx(svm_average_precisions(data[0], one[0], data[2], one[1]).mean())
    assert found['svm_map_2shot'] == low_shot_svm(data[0], one[0], data[2], one[1], 2, 3)
    several = Representation(representation.train, representation.test, None, None, None, nn.Identity(),
                             torch.as_tensor(one[0]), torch.as_tensor(one[1]))
    assert build('LinearSVM')(several)['svm_map'] == found['svm_map']
    assert several.missing_for(build('LinearSVM')) == ''
    assert several.missing_for(build('KNNAccuracy')) == 'the training set has no labels (one per image)'


def test_svm_says_where_it_selected(representation, data):
    one = [np.where(labels[:, None] == np.arange(4), 1, -1) for labels in (data[1], data[3])]
    found = build('LinearSVM', costs=(0.01, 1.), shots=(2,), num_runs=3, select_on='test')(representation)
    arrays = data[0], one[0], data[2], one[1]
    assert found == dict(
        svm_map_selected_on_test=svm_average_precisions(*arrays, (0.01, 1.), select_on='test').mean(),
        svm_map_2shot_selected_on_test=low_shot_svm(*arrays, 2, 3, (0.01, 1.), 'test'))


@pytest.mark.parametrize('select_on, name', [('val', 'transfer_per_class'), ('test', 'transfer_per_class_selected_on_test')])
def test_transfer_says_where_it_selected(representation, data, select_on, name):
    found = build('LogisticTransfer', score='per_class', select_on=select_on, costs=(0.01, 1.))(representation)
    expected = transfer_accuracy(*data, 'per_class', select_on, (0.01, 1.))
    assert found == {name: expected.accuracy, 'transfer_cost': expected.cost}


def test_groups_by_name(representation, data, monkeypatch):
    lines = []
    monkeypatch.setattr('mmifnd.engine.metrics.probe_measures._say', lines.append)
    groups = dict(n0='animal', n1='animal', n2='animal', n3='thing')
    found = build('GroupProbe', groups=dict(one=dict.fromkeys(groups, 'all'), kind=groups))(representation)
    expected = group_accuracy(*data, {0: 0, 1: 0, 2: 0, 3: 1})
    assert found == dict(kind_top1=expected.top1, kind_balanced=expected.balanced, kind_majority=75., kind_groups=2)
    assert build('WordNetDepthProbe', depths=(3,))(representation) == {}
    assert lines == ['one is left out: train_labels hold class 0 only; expected at least two classes',
                     'depth3 is left out: 4 of 4 classes have no group, such as class 0; give one per class']


def test_depths_of_wordnet(representation):
    classes = ('n01440764', 'n01443537', 'n02119789', 'n04467665')  # tench, goldfish, kit fox, trailer truck
    named = Representation(*(getattr(representation, name) for name in (
        'train', 'test', 'train_labels', 'test_labels', 'train_embedding', 'framework')), classes=classes)
    found = build('WordNetDepthProbe', depths=(5, 18))(named)
    assert found['depth5_groups'] == 2 and found['depth18_groups'] == 4 and found['depth5_majority'] == 75


def test_other_classes_leave_out_what_compares_labels(representation):
    other = replace(representation, test_classes=('n0', 'n1', 'n3'))
    assert other.missing_for(build('KNNAccuracy')).startswith('the test images lack 1 of the 4 classes')
    assert other.missing_for(build('ClusteringNMI', feature='f')) == ''
    assert replace(other, test_classes=representation.classes).missing_for(build('KNNAccuracy')) == ''


def test_nmi_of_the_backbone_needs_no_projector(representation):
    assert representation.missing_for(build('ClusteringNMI')) == 'the model has no projector'
    measure = build('ClusteringNMI', feature='f', num_runs=2)
    assert representation.missing_for(measure) == '' and len(measure(representation)['nmi'].values) == 2
    with pytest.raises(ValueError, match="cluster_feature='q' is unknown"):
        build('ClusteringNMI', feature='q')


def test_thresholds_need_no_labels(representation):
    unlabelled = replace(representation, train_labels=None, test_labels=None)
    assert unlabelled.missing_for(build('QuantileError')) == 'the model has no projector'
    assert replace(unlabelled, train_embedding=representation.train).missing_for(build('QuantileError')) == ''


def test_without_a_detector_its_measures_are_left_out(representation):
    assert representation.missing_for(build('DetectionRates')) == 'the model has no detector'


def test_every_probe_on_the_digits(digits_runner):
    runner = digits_runner(epochs=1)
    runner.test_loop.measures = {name: build(name, **options) for name, options in dict(
        KNNAccuracy={}, BalancedAccuracy={}, LabelFractionProbe={}, LinearSVM=dict(shots=(1, 4)), LogisticTransfer={},
        ClusteringNMI=dict(feature='f'), FewShotProbe=dict(shots=(1, 1000)), WordNetDepthProbe={}).items()}
    found = runner.test()
    # 0.1 % of 130 images is none, no class has 1000 images, and digits are not in WordNet: the rest goes on.
    assert {'knn', 'linear_balanced', 'majority', 'linear_100%', 'linear_10%', 'linear_1%', 'svm_map', 'svm_map_4shot',
            'transfer_top1', 'nmi', 'nmi_std', 'shot_1'} <= set(found)
    assert not [name for name in found if name.startswith(('shot_1000', 'depth', 'linear_mean', 'linear_0.1'))]
    assert all(np.isfinite(value) for value in found.values())
    assert set(runner.test_loop.summaries) >= {'nmi', 'linear_1%', 'svm_map_1shot'}
    assert found['linear_100%'] > found['linear_1%'] > 15 and found['svm_map'] > found['svm_map_1shot'] > 15


def test_few_shot_draws_that_cost_too_much_are_left_out_in_a_line(monkeypatch):
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(4).repeat(5)
    rows = torch.randn(20, 6, generator=generator)
    lines = []
    monkeypatch.setattr('mmifnd.engine.metrics.representation_measures.print_log', lambda text, **options: lines.append(text))
    rep = SimpleNamespace(train=rows, train_labels=labels, test=rows, test_labels=labels)
    assert len(FewShotProbe(shots=(1,), num_draws=30)(rep)['shot_1'].values) == 30 and not lines
    found = FewShotProbe(shots=(1,), num_draws=30, max_operations=1.)(rep)
    assert len(found['shot_1'].values) == 3 and lines[0].startswith('shot_1: 3 draws instead of num_draws=30')


def test_thresholds_are_judged_over_the_views_of_the_training(digits_runner):
    measures = dict(_delete_=True, thresholds=dict(type='QuantileError', views=True))
    runner = digits_runner('configs/glofnd/simclr_glofnd_digits.py', test_cfg__measures=measures)
    runner.model.bind(1297)  # thresholds as they begin: 1
    metrics = runner.test()
    names = {f'threshold_{name}' for name in ('mae', 'rmse', 'view_mae', 'view_rmse')}
    assert set(metrics) == names | {f'threshold_view_{name}_of_batches' for name in ('mae', 'rmse')}
    assert 0 < metrics['threshold_view_mae'] <= metrics['threshold_view_rmse'] < 2
    rep = runner.test_loop.representation()
    assert rep.train_views.shape == (1297, 2, 32)
    dataset = runner.build_dataloader(dict(runner.cfg.train_dataloader, dataset=dict(
        type='mmifnd.IndexedDataset', dataset=runner.cfg.train_dataloader.dataset))).dataset
    dataset.set_epoch(0)
    batch = runner.model.data_preprocessor(dataset.__getitems__([7, 3]), training=True)
    runner.model.eval()
    for place, view in enumerate(batch['inputs']):
        torch.testing.assert_close(rep.train_views[[7, 3], place], runner.model.cluster_feature(view), atol=1e-5, rtol=1e-5)


def test_views_of_images_that_are_repeated_are_two_of_each(digits_runner):
    twice = dict(_delete_=True, type='RepeatDataset', times=2, dataset=dict(type='Digits', split='test'))
    runner = digits_runner('configs/glofnd/simclr_glofnd_digits.py', train_dataloader__dataset=twice, test_cfg__batch_size=2048,
                           test_cfg__measures=dict(_delete_=True, thresholds=dict(type='QuantileError', views=True)))
    views = runner.test_loop.representation().train_views
    assert views.shape == (500, 2, 32) and (views[:, 0] != views[:, 1]).any(dim=1).all()
