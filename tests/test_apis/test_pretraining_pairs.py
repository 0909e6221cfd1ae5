"""Pre-training, evaluation, features and a look at image-text pairs from Python."""

import csv
import json

import numpy as np
import pytest
import torch
from PIL import Image
from shard_files import write_shards

from mmifnd.apis import UserError, audit, evaluate, extract_features, inspect, pretrain
from mmifnd.apis.pretraining_config import pretraining_config
from mmifnd.configuration import load_config
from mmifnd.datasets.building import build_dataset

pytestmark = pytest.mark.usefixtures('restored_torch')
ANIMALS = ('cat', 'dog', 'fox', 'owl')
SMALL = {'model.backbone.base_channels': 4, 'model.neck.in_channels': 32, 'model.text_backbone.layers': 1,
         'model.text_backbone.width': 16, 'model.text_neck.in_channels': 16, 'model.neck.out_channels': 8,
         'model.text_neck.out_channels': 8, 'log_level': 'ERROR'}


@pytest.fixture(scope='module')
def table(tmp_path_factory):
    """40 images with two captions each, of which every fourth image's first is the same; with a byte order mark."""
    folder = tmp_path_factory.mktemp('pairs')
    random, rows = np.random.default_rng(0), []
    for number in range(40):
        animal = number % 4
        noise = random.integers(0, 60, (20, 20, 3)) + np.array([60 * animal, 90, 200 - 60 * animal])
        Image.fromarray(noise.astype(np.uint8)).save(folder / f'{number}.png')
        first = 'a cat' if animal == 0 else f'{ANIMALS[animal]} {number}'
        rows += [(f'{number}.png', first, ANIMALS[animal]), (f'{number}.png', f'picture {number}', ANIMALS[animal])]
    with open(folder / 'pairs.csv', 'w', encoding='utf-8-sig', newline='') as file:
        csv.writer(file).writerows([('image', 'caption', 'label'), *rows])
    return folder / 'pairs.csv'


@pytest.fixture(scope='module')
def run(table, tmp_path_factory):
    out = tmp_path_factory.mktemp('run')
    return pretrain(table, out, method='glofnd', framework='clip', epochs=2, image_size=16, num_workers=0, options=SMALL)


def test_a_table_is_trained_on_with_groups_and_judged_by_what_was_held_out(run):
    config = load_config(run.config)
    assert config.model.head.detector.detectors.groups.type == 'GroupDetector'
    assert config.model.head.detector.detectors.method.alpha == pytest.approx(1 / 33, abs=1e-3)  # at least one pair
    found = evaluate(run.checkpoint, options={'log_level': 'ERROR'})
    assert {'i2t_R@1', 't2i_R@10_same_caption', 'modality_gap', 'knn', 'zero_shot', 'image/f1_micro'} <= set(found)
    train, test = (build_dataset({key: value for key, value in config[name].dataset.items() if key != 'pipeline'})
                   for name in ('train_dataloader', 'test_dataloader'))
    captions = [{text for position in range(len(part)) for text in part.get_data_info(position)['captions']}
                for part in (train, test)]
    assert len(train) + len(test) == 40 and 4 <= len(test) <= 12 and not captions[0] & captions[1]
    record = json.loads((run.config.parent / 'false_negatives' / 'detection.jsonl').read_text().splitlines()[0])
    assert record['direction'] == 'image' and record['precision_micro'] > 0.9  # by then, groups only


def test_the_start_line_says_how_much_is_kept_of_each_pair(table, tmp_path, capsys):
    pretrain(table, tmp_path, method='sogclr_glofnd', framework='clip', epochs=1, image_size=16, num_workers=0,
             options={**SMALL, 'log_level': 'INFO'})
    error = capsys.readouterr().err
    assert 'state of each image: 40 bytes, 0.0 MB per process' in error


def test_features_of_texts_and_images(run, table):
    images = extract_features(run.checkpoint, str(table), feature='z')
    texts = extract_features(run.checkpoint, str(table), feature='t')
    assert images.features.shape == texts.features.shape == (40, 8)
    assert texts.features[0].equal(texts.features[4]) and not images.features[0].equal(images.features[4])
    assert texts.features.norm(dim=1).allclose(torch.ones(40))
    found = audit(run.checkpoint, str(table), clusters=[4], feature='t')
    assert found.num_images == 40 and found.true_share is not None


def test_a_look_at_pairs(table):
    found = inspect(table)
    rows = dict(found.rows())
    assert rows['folder'] == '80 captions of 40 images' and rows['captions'] == '2 to 2 words, median 2'
    assert rows['repeated'].startswith("10 images share a caption with another one, 1 captions in all, such as 'a cat'")
    assert rows['size'] == '20 x 20 pixels' and found.findings()['repeated_captions'] == {'a cat': 10}


def config_of(data, method='none', **kwargs):
    arguments = dict(backbone='resnet18', epochs=2, batch_size=None, image_size=16, seed=0, num_workers=0, holdout=0.2)
    return pretraining_config(data, method, 'clip', **{**arguments, **kwargs})


def test_shards_are_held_out_whole(tmp_path):
    config, settings = config_of(write_shards(tmp_path / 'shards', 3, 8))
    train, test = (config[name].dataset for name in ('train_dataloader', 'test_dataloader'))
    assert len(train.shards) == 2 and len(test.shards) == 1 and not set(train.shards) & set(test.shards)
    assert train.groups == 'caption' and config.model.head.detector.type == 'GroupDetector'
    assert settings['holdout'].reason.startswith('1 of 3 shards')
    rows = dict(inspect(tmp_path / 'shards').rows())
    assert rows['folder'] == '24 captions of 24 images' and rows['images'] == 'in shards, which are not looked into'


def test_a_split_column_is_taken(table, tmp_path):
    (tmp_path / 'split.csv').write_text('image,caption,split\n' + ''.join(
        f'{table.parent.name}/{number}.png,text {number},{"test" if number > 29 else "train"}\n' for number in range(40)))
    (tmp_path / table.parent.name).symlink_to(table.parent)
    config, settings = config_of(tmp_path / 'split.csv')
    assert (config.train_dataloader.dataset.split, config.test_dataloader.dataset.split) == ('train', 'test')
    assert settings['groups'].value is None and config.model.head.detector.type == 'NoDetector'
    assert 'knn' not in config.test_cfg.measures and 'retrieval' in config.test_cfg.measures


@pytest.mark.parametrize('method', ['ifnd', 'siglip_glofnd'])
def test_methods_on_pairs(table, method):
    config, _ = config_of(table, method, groups='none')
    assert config.model.head.detector.type != 'GroupDetector' and 'groups' not in config.train_dataloader.dataset
    if method == 'ifnd':
        assert config.default_hooks.false_negative.cluster_feature == 't'


@pytest.mark.parametrize('arguments, words', [
    (dict(method='pcl'), "method='pcl' is unknown"),
    (dict(groups='patients'), "groups='patients' is unknown for pairs; choose one of either, caption"),
    (dict(batch_size=99), 'batch_size=99 exceeds the 3')])
def test_what_does_not_fit_pairs_is_refused(table, arguments, words):
    with pytest.raises(UserError, match=words):
        config_of(table, **arguments)


def test_pairs_and_images_are_not_mixed_up(table, tmp_path):
    with pytest.raises(UserError, match="holds images with captions, and framework='mocov2' learns from images alone"):
        pretrain(table, tmp_path)
    with pytest.raises(UserError, match="framework='clip' learns from images and captions, and data=.* has none; give a table"):
        pretrain(table.parent, tmp_path, framework='clip', method='none')
    with pytest.raises(UserError, match=r'pairs2.csv does not exist; give a table with the columns image and caption'):
        pretrain(table.parent / 'pairs2.csv', tmp_path, framework='clip', method='none')
    (tmp_path / 'instances.json').write_text(json.dumps(dict(images=[dict(id=1, file_name='0.png')], annotations=[
        dict(image_id=1, bbox=[0, 0, 1, 1])])))
    with pytest.raises(UserError, match='has no captions, but bbox, image_id'):
        pretrain(tmp_path / 'instances.json', tmp_path, framework='clip', method='none')


def test_karpathys_file_says_how_it_is_divided(tmp_path):
    rows = [dict(filename=f'{number}.png', split='test' if number > 5 else 'train', sentences=[dict(raw=f'text {number}')])
            for number in range(8)]
    for number in range(8):
        Image.new('RGB', (8, 8)).save(tmp_path / f'{number}.png')
    (tmp_path / 'pairs.json').write_text(json.dumps(dict(images=rows)))
    config, settings = config_of(tmp_path / 'pairs.json')
    assert (config.train_dataloader.dataset.split, config.test_dataloader.dataset.split) == ('train', 'test')
    assert 'holdout' not in settings


def test_all_pairs_can_be_trained_on(table, tmp_path):
    config, settings = config_of(table, holdout=0.)
    assert 'part' not in config.train_dataloader.dataset and settings['holdout'].reason.startswith('all pairs are trained on')
    write_shards(tmp_path / 'one', 1, 8)
    _, settings = config_of(tmp_path / 'one')
    assert settings['holdout'] == (0., 'there is one shard, and whole shards are held out: all is trained on')
    with pytest.raises(UserError, match="groups='image' is not known of shards, which have one caption for each image"):
        config_of(tmp_path / 'one', groups='image')


def test_tables_that_cannot_be_trained_on(tmp_path):
    for number in range(2):
        Image.new('RGB', (8, 8)).save(tmp_path / f'{number}.png')
    (tmp_path / 'pair.csv').write_text('image,caption\n0.png,a cat\n')
    with pytest.raises(UserError, match='holds one pair to train on, which has no negatives; give at least 2'):
        config_of(tmp_path / 'pair.csv', holdout=0.)
    (tmp_path / 'pairs.csv').write_text('image,caption\n0.png,a cat\n1.png,a dog\n')
    with pytest.raises(UserError, match="method='oracle' is told the classes of the images, and .* has no column label"):
        config_of(tmp_path / 'pairs.csv', 'oracle', holdout=0.)
    (tmp_path / 'torn.csv').write_text('image,caption\n"0.png')
    with pytest.raises(UserError, match='torn.csv'):
        config_of(tmp_path / 'torn.csv')
