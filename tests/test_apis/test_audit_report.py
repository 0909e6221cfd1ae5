"""An audit of digits: its numbers, its files, its sheets, and what it refuses."""

import io
import json
import pickle
import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from image_folders import write_images
from resnets import resnet, save_as_ours
from rich.console import Console
from torch import nn

from mmifnd.apis import audit, audit_report, build_framework, shipped_config
from mmifnd.apis.audit_report import print_audit, sentences, write_audit
from mmifnd.datasets import Digits
from mmifnd.datasets.thumbnails import Thumbnails
from mmifnd.evaluation import detection_scores

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'audit.py'
DIGITS = dict(type='Digits', split='val')


@pytest.fixture(scope='module')
def digits():
    """Pixels and classes of 297 digits."""
    data = Digits('val')
    return data.images.flatten(1).float(), data.labels.numpy()


@pytest.fixture(scope='module')
def found(digits):
    """The audit of their pixels."""
    return audit(digits[0], labels=digits[1], clusters=[5, 10], alphas=[0.1], batch_sizes=[64, 256], num_examples=3)


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs the tool in this process; what it prints."""

    def call(*args):
        monkeypatch.setattr(sys, 'argv', ['audit.py', *map(str, args)])
        runpy.run_path(str(TOOL), run_name='__main__')
        return capsys.readouterr().out

    return call


def test_shares_are_those_of_the_clusters_and_scores_those_of_pairs(digits, found):
    five, ten, quantile = found.relations
    assert [relation.name for relation in found.relations] == ['k = 5', 'k = 10', 'alpha = 0.1']
    assert 0.2 <= five.estimate.share < 0.5 and 0.1 <= ten.estimate.share < five.estimate.share
    assert quantile.estimate.share == pytest.approx(30 / 296)
    assert found.true_share == pytest.approx(np.mean([(digits[1] == label).sum() - 1 for label in digits[1]]) / 296)
    assert ten.estimate.scores.precision_micro > 5 * found.true_share
    unit = torch.nn.functional.normalize(digits[0], dim=1)
    by_hand = detection_scores(
        lambda anchors: (unit[anchors] @ unit.T) >= (unit[anchors] @ unit.T).topk(31, dim=1).values[:, -1:], digits[1])
    assert quantile.estimate.scores.precision_micro == pytest.approx(by_hand.precision_micro, abs=1e-3)


def test_examples_are_what_would_be_removed(digits, found):
    for relation in found.relations:
        assert len(relation.examples) == 3
        assert all(row.anchor not in row.images and len(row.images) for row in relation.examples)
    unit = torch.nn.functional.normalize(digits[0], dim=1)
    example = found.relations[2].examples[0]
    similarity = unit[example.images] @ unit[example.anchor]
    assert (similarity.diff() <= 1e-6).all() and len(similarity) == 30
    np.testing.assert_allclose(example.scores, similarity, atol=1e-6)


def test_the_same_k_says_the_same_in_any_company(digits):
    alone, second = (audit(digits[0], clusters=clusters).relations[-1].estimate.share for clusters in ([10], [5, 10]))
    assert alone == second


def test_numbers_in_the_files(found, tmp_path):
    files = write_audit(found, tmp_path, Thumbnails(DIGITS), dict(command='by hand'))
    assert {path.name for path in files} == {'audit.json', 'removed_alpha_0.1.png', 'removed_k_10.png', 'removed_k_5.png'}
    assert all(path.read_bytes().startswith(b'\x89PNG') for path in files if path.suffix == '.png')
    written = json.loads((tmp_path / 'audit.json').read_text())
    assert written['command'] == 'by hand' and written['num_images'] == 297
    row = written['relations'][2]
    assert row['expected'] == {'64': pytest.approx(63 * 30 / 296), '256': pytest.approx(255 * 30 / 296)}
    assert row['batch_of_first'] == 11  # 296 / 30 = 9.87 others


def test_what_is_said(found, digits):
    console = Console(record=True, width=106, file=io.StringIO())
    print_audit(found, console)
    text = console.export_text()
    assert all(word in text for word in ('297 images; truly false: 9.', 'k = 10', 'B = 256', 'precision', 'Best F1'))
    assert '…' not in text
    unlabelled = audit(digits[0], clusters=[10])
    assert unlabelled.true_share is None and 'choose the smallest k' in sentences(unlabelled)[-1]
    assert unlabelled.batch_sizes == (256,)


def test_the_tool_on_a_file_of_features(digits, run, tmp_path):
    np.savez(tmp_path / 'features.npz', features=digits[0].numpy(), labels=digits[1])
    printed = run(tmp_path / 'features.npz', '--clusters', 10, '--out', tmp_path / 'out')
    assert 'truly false' in printed and printed.splitlines()[-1] == f'{tmp_path}/out/audit.json'
    np.save(tmp_path / 'features.npy', digits[0].numpy())
    assert 'truly false' not in run(tmp_path / 'features.npy', '--clusters', 10, '--out', tmp_path / 'out')


def test_the_tool_on_a_checkpoint_and_its_training_images(run, tmp_path):
    base = shipped_config('baselines/simclr_digits.py')
    (tmp_path / 'config.py').write_text(f"_base_ = {str(base)!r}\ntrain_dataloader = dict(dataset=dict(split='val'))\n")
    torch.save(dict(state_dict=build_framework(base).state_dict()), tmp_path / 'last.pth')
    (tmp_path / 'last_checkpoint').write_text('last.pth')
    printed = run(tmp_path / 'last.pth', '--clusters', 10, '--out', tmp_path / 'out')
    assert '297 images' in printed and printed.splitlines()[-1].endswith('removed_k_10.png')


def test_a_checkpoint_without_a_config_has_its_backbone_feature(tmp_path):
    folder = write_images(tmp_path / 'images', count=6, size=8)
    path = save_as_ours(tmp_path / 'last.pth', backbone=resnet(18, base_channels=4, stem_channels=4))
    assert audit(path, folder, clusters=[2]).num_images == 6
    with pytest.raises(ValueError, match="feature='z' needs a projection head"):
        audit(path, folder, clusters=[2], feature='z')


def test_a_folder_by_a_module(tmp_path):
    folder = write_images(tmp_path, count=12, size=8)
    module = nn.Sequential(nn.AdaptiveAvgPool2d(1))  # the mean colour, which tells the classes
    found = audit(module, folder, clusters=[2])
    assert found.relations[0].estimate.scores.precision_micro == 1.
    assert Thumbnails(folder)[0].shape == (3, 96, 96)


def test_one_line_for_bad_input(digits, tmp_path):
    class Code:
        def __reduce__(self):
            return print, ('executed',)

    (tmp_path / 'code.npy').write_bytes(pickle.dumps(Code()))
    np.savez(tmp_path / 'other.npz', images=np.zeros((3, 2)))
    np.save(tmp_path / 'objects.npy', np.array([Code()], dtype=object), allow_pickle=True)
    features = digits[0]
    for source, options, message in [
            (tmp_path / 'none.npz', {}, 'none.npz do not exist'), (tmp_path / 'code.npy', {}, 'cannot be read'),
            (tmp_path / 'objects.npy', {}, 'cannot be read'),
            (tmp_path / 'other.npz', {}, r'has no array of numbers features \(N, D\); it has images float64 \(3, 2\)'),
            (tmp_path / 'last.pth', {}, 'a checkpoint or encoder needs images'),
            (features, dict(labels=digits[1][:5]), '5 labels for 297 features'),
            (features[:1], {}, '1 image has no negatives'),
            (features, dict(clusters=[500]), 'num_clusters=500 exceeds the 297 images'),
            (features, dict(clusters=[]), 'there is nothing to look at'),
            (features, dict(clusters=[], alphas=[2.]), r'alpha=2.0 is outside \(0, 1\)'),
            (features, dict(batch_sizes=[1024]), r'batch size 1024 is outside \[2, 297\]')]:
        with pytest.raises(ValueError, match=message) as error:
            audit(source, **options)
        assert '\n' not in str(error.value)


def test_sheets_of_pairs_show_captions_and_the_names_of_their_own_classes(tmp_path, monkeypatch):
    pairs = Thumbnails(dict(type='EmojiPairs', split='val', tokenizer=dict(type='HashTokenizer')))
    labels, figures = pairs.dataset.labels(), []
    monkeypatch.setattr(audit_report, 'save_picture', lambda figure, path: figures.append(figure))
    pixels = torch.from_numpy(np.stack([pairs[row] for row in range(len(pairs))])).flatten(1).float()
    for classes in (labels, labels[::-1].copy()):
        write_audit(audit(pixels, labels=classes, clusters=[20], num_examples=1), tmp_path, pairs)
    own, other = (figure.axes[0].get_title(loc='left') for figure in figures)
    anchor = int(re.search(r'image (\d+)', own)[1])
    assert own.startswith(f'class {pairs.class_names[labels[anchor]]}, image {anchor}:')
    assert re.match(r'class \d+, image', other)
    assert pairs.captions[anchor][:8] in figures[0].axes[0].texts[0].get_text().replace('\n', ' ')
