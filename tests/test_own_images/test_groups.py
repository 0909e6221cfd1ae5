"""pretrain(groups=): who belongs together is a false negative from the first step on, and stays on one side of the holdout."""

import json

import pytest
from image_folders import write_images

from mmifnd.apis import UserError, pretrain
from mmifnd.apis.pretraining_config import pretraining_config
from mmifnd.datasets.image_data import image_dataset
from mmifnd.registry import MODELS


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Two classes of 20 images; each video is five frames of a class."""
    root = tmp_path_factory.mktemp('grouped')
    write_images(root / 'images', count=40, size=12)
    names = sorted(path.relative_to(root / 'images').as_posix() for path in (root / 'images').rglob('*.png'))
    rows = [f'{name},video {number // 5}' for number, name in enumerate(names)]
    (root / 'groups.csv').write_text('\n'.join(['path,group', *rows]) + '\n')
    (root / 'patients.csv').write_text('\n'.join(['file,patient', *rows[:20], *(f'gone/{row}' for row in rows[20:])]) + '\n')
    return root


def config_of(folder, groups, method='ifnd', framework='mocov2'):
    return pretraining_config(folder / 'images', method, framework, 'resnet18', epochs=4, batch_size=8, image_size=32, seed=0,
                              num_workers=0, groups=groups)


def groups_in(images):
    return set(image_dataset(images.to_dict()).groups().tolist())


@pytest.mark.parametrize('method, parts', [
    ('none', None), ('ifnd', 'PseudoLabelDetector'), ('glofnd', 'QuantileThresholdDetector'), ('sogclr', None)])
def test_groups_are_detected_beside_what_the_method_detects(folder, method, parts):
    config, settings = config_of(folder, folder / 'groups.csv', method)
    detector = MODELS.build(config.model).head.detector
    if parts is None:
        assert type(detector).__name__ == 'GroupDetector'
    else:
        assert [type(part).__name__ for part in detector.detectors.values()] == ['GroupDetector', parts]
    if method == 'glofnd':
        assert detector.learned_share == settings['model.head.detector.detectors.method.alpha'].value
    assert settings['groups'].value == str(folder / 'groups.csv') and 'false negatives' in settings['groups'].reason


def test_a_group_stays_on_one_side_of_the_holdout(folder):
    config, _ = config_of(folder, str(folder / 'groups.csv'))
    train, test = groups_in(config.train_dataloader.dataset), groups_in(config.test_dataloader.dataset)
    assert len(image_dataset(config.test_dataloader.dataset.to_dict())) == 10 and len(test) == 2 and len(train) == 6
    names = [set(image_dataset(part.dataset.to_dict()).names()) for part in (config.train_dataloader, config.test_dataloader)]
    assert not names[0] & names[1] and len(names[0]) == 30


def test_images_without_classes_and_lists_of_folders_have_groups_too(folder, tmp_path, put):
    for number in range(6):
        put(tmp_path / 'flat' / f'{number}.png', number % 3)
    config, _ = pretraining_config(tmp_path / 'flat', 'none', 'simclr', 'resnet18', 1, 4, 32, 0, 0, groups='duplicates')
    assert config.train_dataloader.dataset.type == 'GroupedFolder'
    groups = image_dataset(config.train_dataloader.dataset.to_dict()).groups()
    assert groups[:3].tolist() == groups[3:].tolist() and len(set(groups.tolist())) == 3
    config, settings = config_of(folder, 'duplicates')
    assert settings['groups'].value is None and settings['groups'].reason == 'no image has the pixels of another one'
    assert type(MODELS.build(config.model).head.detector).__name__ == 'PseudoLabelDetector'
    config, _ = pretraining_config([folder / 'images'], 'none', 'simclr', 'resnet18', 1, 4, 32, 0, 0,
                                   groups=folder / 'groups.csv')
    assert config.train_dataloader.dataset.type == 'SplitFolder' and len(groups_in(config.train_dataloader.dataset)) == 6


def test_the_options_of_a_file_of_groups(folder):
    options = dict(groups=folder / 'patients.csv', path_column='file', group_column='patient')
    with pytest.raises(ValueError, match='20 of its 40 paths name none of the 40 images.*lower min_matched=0.9'):
        config_of(folder, options)
    config, _ = config_of(folder, dict(options, min_matched=0.5))
    assert -1 in groups_in(config.train_dataloader.dataset)  # half of the images have none


@pytest.mark.parametrize('groups, line', [
    (3, "groups=3 names no file; give a .csv or .txt file, 'duplicates', or a dict of groups, path_column"),
    (dict(file='a.csv'), 'names no file'), (dict(groups='a.csv', column='b'), 'names no file')])
def test_groups_that_are_none(folder, tmp_path, groups, line):
    with pytest.raises(UserError, match=line):
        pretrain(folder / 'images', tmp_path / 'out', groups=groups)
    assert not (tmp_path / 'out').exists()


def test_a_run_removes_the_images_of_a_group(folder, tmp_path, restored_torch):
    """With batches of 30, an anchor of SimCLR meets 4 other images of its video, in two views each: 8 of 58 negatives."""
    pretrain(folder / 'images', tmp_path / 'out', method='none', framework='simclr', epochs=1, batch_size=30, image_size=16,
             num_workers=0, groups=folder / 'groups.csv', options={
                 'model.backbone': dict(_delete_=True, type='SmallCNN', in_channels=3, widths=(4, 8)),
                 'model.neck.in_channels': 8, 'model.neck.hidden_channels': 8, 'log_level': 'ERROR'})
    record, = map(json.loads, (tmp_path / 'out' / 'false_negatives' / 'detection.jsonl').read_text().splitlines())
    assert record['precision_micro'] == 100 and record['predicted_share'] == pytest.approx(100 * 8 / 58)
