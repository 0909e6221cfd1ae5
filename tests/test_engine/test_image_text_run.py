"""Image-text pairs through the runner: clustering on texts or images, resume, what is refused before the first step."""

import json

import numpy as np
import pytest
import torch
from mmengine.config import Config
from pair_runs import pair_run, write_pairs

from mmifnd.configuration import build_runner
from mmifnd.errors import UserError

pytestmark = pytest.mark.usefixtures('restored_torch')


@pytest.fixture
def pairs(tmp_path):
    return write_pairs(tmp_path)


def trained(cfg):
    runner = build_runner(Config(cfg))
    runner.train()
    return runner.model


def clustering(kind, source='extract'):
    acceptance = dict(type='ConfidenceAcceptance', scheme='constant', end=1.)
    return dict(type='FalseNegativeHook', num_clusters=(4,), acceptance=acceptance,
                cluster_feature=kind, source=source, kmeans=dict(num_redo=1))


@pytest.mark.parametrize('kind, source', [('t', 'extract'), ('z', 'extract'), ('t', 'bank')])
def test_ifnd_on_texts_or_images(pairs, kind, source):
    head = dict(type='ElimContrastiveHead', temperature=0.1, detector=dict(type='PseudoLabelDetector'))
    model = trained(pair_run(pairs, head=head, hook=clustering(kind, source)))
    labels = [part.detector.labels for part in model.heads.values()]
    assert labels[0].equal(labels[1]) and (labels[0] >= 0).sum() >= 12
    lines = [json.loads(line) for line in (pairs / 'run' / 'false_negatives' / 'detection.jsonl').read_text().splitlines()]
    assert {line['direction'] for line in lines} == {'image', 'text'}


def test_a_resumed_run_ends_with_the_same_bits(pairs):
    whole = trained(pair_run(pairs, epochs=4))
    half = pair_run(pairs, epochs=4)
    half['work_dir'] = str(pairs / 'again')
    resumed = dict(half, resume=True, load_from=str(pairs / 'run' / 'epoch_2.pth'))
    again = trained(resumed)
    for name, value in whole.state_dict().items():
        assert again.state_dict()[name].equal(value), name
    assert whole.head.table.log_average.isfinite().all() and whole.text_head.detector.threshold.min() < 1


def test_one_temperature_moves_with_a_rate_of_its_own(pairs):
    model = trained(pair_run(pairs))
    assert model.temperature != pytest.approx(0.07, abs=1e-6) and model.text_head.current_temperature == model.temperature


@pytest.mark.parametrize('changes, words', [
    (dict(text_backbone=dict(type='TokenBag', vocab_size=50, width=8)),
     'the tokenizer has vocab_size=100, more than model.text_backbone.vocab_size=50'),
    (dict(text_backbone=dict(type='TokenBag', vocab_size=100, width=8, context_length=5)),
     'the tokenizer has context_length=12, more than model.text_backbone.context_length=5')])
def test_texts_that_do_not_fit_the_tower_are_refused_before_the_first_step(pairs, changes, words):
    with pytest.raises(ValueError, match=words):
        trained(pair_run(pairs, **changes))


def test_images_without_texts_are_refused(pairs):
    cfg = pair_run(pairs)
    cfg['train_dataloader']['dataset'] = dict(type='Digits', split='val')
    with pytest.raises(ValueError, match='CLIPAdapter trains on image-text pairs, and the data set gives no texts'):
        trained(cfg)


def test_other_captions_are_refused_on_resume(pairs):
    trained(pair_run(pairs))
    found = dict(np.load(pairs / 'pairs.npz'))
    found['captions'][5] = 'a new one'
    np.savez(pairs / 'pairs.npz', **found)
    with pytest.raises((ValueError, UserError), match='data set|images'):
        trained(dict(pair_run(pairs, epochs=3), resume=True, load_from=str(pairs / 'run' / 'epoch_2.pth')))


def test_captions_that_are_cut_are_counted_in_one_line(pairs, caplog):
    cfg = pair_run(pairs, epochs=2, tokenizer=dict(type='HashTokenizer', buckets=99, ngrams=None, context_length=2))
    runner = build_runner(Config(cfg))
    lines = []
    runner.logger.warning = lambda line, *_, **__: lines.append(line)
    runner.train()
    assert [line for line in lines if 'cut' in line] == [
        '24 captions had more than context_length=2 tokens and were cut; raise it in tokenizer and text tower to keep all']


def test_random_state_is_left_alone(pairs):
    """Drawing captions asks no generator."""
    before = torch.get_rng_state()
    from mmifnd.datasets import IndexedDataset
    from mmifnd.registry import DATASETS, default_scope
    with default_scope():
        dataset = IndexedDataset(DATASETS.build(pair_run(pairs)['train_dataloader']['dataset']))
    dataset.__getitems__(range(24))
    assert torch.get_rng_state().equal(before)
