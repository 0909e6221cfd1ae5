"""A stack of runs against the product's own modules, run by run."""

import pytest
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression

from mmifnd.contrast import Contrast
from mmifnd.detectors import QuantileThresholdDetector
from mmifnd.models.backbones import SmallCNN
from mmifnd.models.necks import ProjectionMLP
from mmifnd.studies.stacked import ARMS, Recipe, StackedEncoder, StackedRun, StackedTraining, probes, random_views
from mmifnd.studies.stacked.arms import as_one_contrast, pairs_of_equal_label
from mmifnd.studies.stacked.training import similarities

WIDTHS, STRIDES = (4, 6, 8), (2, 2, 2)


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randint(0, 256, (48, 1, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def single(encoder: StackedEncoder, run: int) -> torch.nn.ModuleList:
    """SmallCNN and ProjectionMLP with the parameters of one run."""
    backbone = SmallCNN(1, WIDTHS, first_stride=2)
    neck = ProjectionMLP(WIDTHS[-1], 5, 3, num_layers=2)
    for layer, (conv, norm, _) in enumerate(backbone.layers):
        conv.weight.data = getattr(encoder, f'conv{layer}')[run].detach().clone()
        norm.weight.data = getattr(encoder, f'scale{layer}')[run].detach().clone()
        norm.bias.data = getattr(encoder, f'shift{layer}')[run].detach().clone()
    for position, linear in enumerate((neck.mlp[0], neck.mlp[2]), start=1):
        linear.weight.data = getattr(encoder, f'weight{position}')[run].detach().clone()
        linear.bias.data = getattr(encoder, f'bias{position}')[run].detach().clone()
    return torch.nn.ModuleList([backbone, neck])


def test_encoders_compute_what_small_cnn_does_and_learn_alike() -> None:
    encoder = StackedEncoder([3, 3, 5], WIDTHS, STRIDES, 5, 3).double()
    images = torch.rand(3, 1, 20, 16, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    modules = [single(encoder, run).double() for run in range(3)]
    assert torch.equal(encoder.conv0[0], encoder.conv0[1]) and not torch.equal(encoder.conv0[0], encoder.conv0[2])
    encoder(images).square().mul(torch.arange(3)).sum().backward()
    for run, (backbone, neck) in enumerate(modules):
        embedding = F.normalize(neck(backbone(images[run].transpose(0, 1)))[0], dim=1)
        embedding.square().mul(torch.arange(3)).sum().backward()
        assert torch.allclose(encoder.conv1.grad[run], backbone.layers[1][0].weight.grad, atol=1e-12)
        assert torch.allclose(encoder.weight2.grad[run], neck.mlp[2].weight.grad, atol=1e-12)
        assert torch.allclose(encoder.running_var1[run], backbone.layers[1][1].running_var, atol=1e-12)
    encoder.eval()
    for run, module in enumerate(modules):
        expected = module.eval()[0](images[run].transpose(0, 1))[0].mean(dim=(2, 3))
        assert torch.allclose(encoder.features(images)[run], expected, atol=1e-10)


def test_contrasts_of_runs_keep_their_thresholds_apart() -> None:
    generator = torch.Generator().manual_seed(2)
    embedding = F.normalize(torch.randn(2, 12, 4, generator=generator), dim=2)
    rows = torch.stack([torch.randperm(9, generator=generator)[:6].repeat(2) for _ in range(2)])
    positive, negative = similarities(embedding)
    together = QuantileThresholdDetector(alpha=0.2, initialization='batch_quantile')
    together.bind(2 * 9)
    alone = [QuantileThresholdDetector(alpha=0.2, initialization='batch_quantile') for _ in range(2)]
    for step in range(3):
        moved = negative * (1 - 0.1 * step)
        contrast = as_one_contrast(moved, positive, rows, 9)
        together.observe(contrast)
        for run, detector in enumerate(alone):
            if step == 0:
                detector.bind(9)
            nothing = torch.zeros(12, 0)
            own = Contrast(nothing, nothing, nothing, rows[run], rows[run], positive[run], moved[run])
            detector.observe(own)
            assert torch.equal(together.threshold[9 * run:9 * run + 9], detector.threshold)
            assert torch.equal(together.detect(contrast)[0].view(2, 12, 12)[run], detector.detect(own)[0])


def test_similarities_leave_out_the_anchor_and_its_positive() -> None:
    embedding = F.normalize(torch.randn(2, 6, 3, generator=torch.Generator().manual_seed(3)), dim=2)
    positive, negative = similarities(embedding)
    for run in range(2):
        for anchor in range(6):
            other = (anchor + 3) % 6
            assert torch.isclose(positive[run, anchor, 0], embedding[run, anchor] @ embedding[run, other])
            expected = [-torch.inf if row in (anchor, other) else float(embedding[run, anchor] @ embedding[run, row])
                        for row in range(6)]
            assert torch.allclose(negative[run, anchor], torch.tensor(expected), atol=1e-6)


def test_labels_that_are_negative_equal_nothing() -> None:
    same = pairs_of_equal_label(torch.tensor([[1, -1, 1, -1]]), torch.tensor([[0, 1, 2, 3]]))
    assert same.nonzero().tolist() == [[0, 0, 0], [0, 0, 2], [0, 2, 0], [0, 2, 2]]


def test_a_run_is_the_same_in_any_stack(images) -> None:
    labels = dict(code_point=torch.arange(48) % 4)
    recipe = Recipe(epochs=3, batch_size=16, clusterings=3, widths=WIDTHS, hidden=5, out=3, start=0.34)
    alone = StackedTraining([StackedRun('glofnd', 1, 0.2)], images, labels, recipe)
    alone.train()
    runs = [StackedRun(arm, seed, 0.2 + 0.1 * seed) for arm in ARMS for seed in (0, 1)]
    stack = StackedTraining([*runs, StackedRun('glofnd', 1, 0.2)], images, labels, recipe)
    measures = stack.train()
    row = next(i for i, run in enumerate(stack.runs) if run.arm == 'glofnd' and run.temperature == 0.2 and run.seed == 1)
    assert torch.allclose(stack.encoder.conv2[row], alone.encoder.conv2[0], atol=1e-5)
    by_arm = {(run.arm, run.seed): found for run, found in zip(stack.runs, measures)}
    assert by_arm['oracle', 0]['recall'] == by_arm['supcon', 1]['recall'] == 100
    assert by_arm['oracle', 0]['false_mass_left'] == 0 < by_arm['simclr', 0]['false_mass_left']
    assert by_arm['random', 0]['removed_share'] == pytest.approx(by_arm['ifnd', 0]['removed_share'], rel=0.5)
    assert by_arm['simclr', 0]['removed_share'] == 0 < by_arm['ifnd_2k', 0]['removed_share']


@pytest.fixture
def judged(monkeypatch):
    """Three runs that were not trained, images of four classes, each a brightness, and those to judge by."""
    monkeypatch.setattr(probes, '_TOGETHER', 2)
    generator = torch.Generator().manual_seed(4)
    labels = torch.arange(80) % 4
    noise = torch.randint(0, 90, (80, 1, 16, 16), generator=generator)
    images = (noise + 40 * labels.view(80, 1, 1, 1)).to(torch.uint8)
    runs = [StackedRun('simclr', seed, 0.2) for seed in range(3)]
    recipe = Recipe(epochs=1, batch_size=16, widths=WIDTHS, hidden=5, out=3)
    training = StackedTraining(runs, images[:48], dict(code_point=labels[:48]), recipe)
    return training, (images[:48], labels[:48]), (images[48:], labels[48:])


def test_neighbours_are_asked_run_by_run(judged) -> None:
    training, bank, queries = judged
    accuracies = probes.knn_of_runs(training, bank, queries, own_classes=2)
    for run, accuracy in enumerate(accuracies):
        known, asked = (F.normalize(training.embed(images, [run])[0][0].double(), dim=1) for images, _ in (bank, queries))
        for key, classes in (('knn', 4), ('knn_own', 2)):
            chosen = bank[1] < classes
            right = []
            for feature, label in zip(asked, queries[1]):
                if label < classes:
                    similarity, nearest = (known[chosen] @ feature).topk(20)
                    votes = torch.zeros(4, dtype=torch.float64)
                    for weight, row in zip((similarity / 0.07).exp(), nearest):
                        votes[bank[1][chosen][row]] += weight
                    right.append(float(votes.argmax() == label))
            assert accuracy[key] == pytest.approx(100 * sum(right) / len(right)), (run, key)
    assert len(accuracies) == 3 and max(accuracy['knn_own'] for accuracy in accuracies) > 60


def test_regressions_of_a_stack_are_those_of_scikit_learn(judged) -> None:
    training, bank, queries = judged
    accuracies = probes.linear_of_runs(training, bank, queries, own_classes=2, l2=0.01)
    assert len(accuracies) == 3
    for run, accuracy in enumerate(accuracies):
        known, asked = (training.embed(images, [run])[0][0].double() for images, _ in (bank, queries))
        known, asked = ((features - known.mean(dim=0)) / known.std(dim=0) for features in (known, asked))
        for key, classes in (('linear', 4), ('linear_own', 2)):
            chosen, wanted = bank[1] < classes, queries[1] < classes
            model = LogisticRegression(C=1 / (0.01 * int(chosen.sum())), tol=1e-8, max_iter=1000)
            model.fit(known[chosen].numpy(), bank[1][chosen].numpy())
            expected = 100 * model.score(asked[wanted].numpy(), queries[1][wanted].numpy())
            assert accuracy[key] == pytest.approx(expected, abs=3.2), (run, key)  # one image of 32


def test_views_are_small_changes_of_the_image() -> None:
    image = torch.zeros(1, 1, 16, 16, dtype=torch.uint8)
    image[:, :, 5:11, 6:10] = 255
    views = random_views(image.repeat(200, 1, 1, 1), torch.Generator().manual_seed(0))
    assert views.shape == (200, 1, 16, 16) and views.min() >= 0 and views.max() <= 1
    assert not torch.equal(views[0], views[1])
    assert ((views.mean(0)[0, 6:10, 7:9]).mean() > 0.6) and (views.mean(0)[0, 0].mean() < 0.15)
