import pytest

from mmifnd.records.lines import add_record
from mmifnd.records.names import HEALTH, ONLINE, folder_of
from mmifnd.records.run_record import RunRecord
from mmifnd.visualization import check_report, write_run_report
from mmifnd.visualization.curves import Group
from mmifnd.visualization.health import OF_LAYERS, alarm_lines, layer_curves
from mmifnd.visualization.online import TRAIN, probe_curves
from mmifnd.visualization.style import SERIES


def write_health(work_dir, epochs=range(1, 7), layers=('embedding', 'backbone'), alarms=()):
    for epoch in epochs:
        add_record(folder_of(work_dir) / HEALTH, dict(
            epoch=epoch, alignment=.4, rows_short_of_negatives=.01 * epoch, alarms=list(alarms), **{
                f'{layer}_{name}': 10. * epoch + order for order, layer in enumerate(layers)
                for name in ('rankme', 'participation_ratio', 'uniformity', 'spread')}))


def write_online(work_dir, keys=('linear_train', 'linear_test', 'knn_test')):
    for epoch in range(1, 7):
        add_record(folder_of(work_dir) / ONLINE, {'epoch': epoch, **dict.fromkeys(keys, 50.0 + epoch)})


@pytest.fixture
def sick(run_dir):
    write_health(run_dir, alarms=['the effective rank fell <41 %>: lower the acceptance'])
    write_online(run_dir)
    return run_dir


def sections_of(path):
    return {part.split('</h2>')[0]: part for part in path.read_text().split('<h2>')[1:]}


def test_health_and_online_accuracy_are_read(sick):
    record = RunRecord.load(sick)
    assert [entry['epoch'] for entry in record.health] == list(range(1, 7))
    assert record.online[-1] == dict(epoch=6, linear_train=56., linear_test=56., knn_test=56.)
    assert len(record.scalars) == 64
    write_health(sick, epochs=[3])
    assert [entry['epoch'] for entry in RunRecord.load(sick).health] == [1, 2, 3], 'a resumed run replaces what came after'


def test_report_shows_alarms_as_text_and_every_measure(sick, tmp_path):
    path = write_run_report([sick], tmp_path / 'report.html')
    assert check_report(path) == []
    health = sections_of(path)['Does the representation use its space?']
    assert health.count('<figure') == 6 and health.count('<li>') == 5, 'four alarms, and how many more'
    assert 'run, epoch 1: the effective rank fell &lt;41 %&gt;: lower the acceptance' in health
    assert 'run: 2 more until epoch 6' in health
    assert sections_of(path)['Online accuracy'].count('<figure') == 2


def test_a_run_without_either_has_no_such_section(run_dir, tmp_path, undrawn):
    with undrawn():
        found = sections_of(write_run_report([run_dir], tmp_path / 'report.html'))
    assert 'Online accuracy' not in found and 'Does the representation use its space?' not in found


def test_embedding_is_solid_and_backbone_thin(sick, tmp_path, write_run):
    record = RunRecord.load(sick)
    one = [Group('a', [record], SERIES[0])]
    lines, thin = layer_curves(one, OF_LAYERS[0])
    assert [curve.label for curve in lines + thin] == ['embedding', 'backbone']
    assert lines[0].mean[-1] == 60. and thin[0].mean[-1] == 61.
    lines, thin = layer_curves([*one, Group('b', [record], SERIES[1])], OF_LAYERS[0])
    assert [curve.label for curve in lines + thin] == ['a', 'b', '', '']
    only = write_run(tmp_path / 'only')
    write_health(only, layers=('backbone',))
    lines, thin = layer_curves([Group('a', [RunRecord.load(only)], SERIES[0])], OF_LAYERS[0])
    assert [curve.label for curve in lines] == ['backbone'] and thin == []


def test_alarms_of_seeds_name_the_run(sick):
    record = RunRecord.load(sick)
    lines = alarm_lines([Group('a', [record, record], SERIES[0])])
    assert lines[0].startswith('a, run 1, epoch 1: ') and lines[5].startswith('a, run 2, epoch 1: ')


def test_probe_without_test_images_shows_training_images(run_dir):
    write_online(run_dir, keys=('linear_train',))
    lines, thin, quantity = probe_curves([Group('a', [RunRecord.load(run_dir)], SERIES[0])])
    assert len(lines) == 1 and thin == [] and quantity.key == TRAIN.key
