"""SANEHead and SCEHead: their functions on the similarities of a contrast, their constants, the claim of a theorem."""

import sys
from pathlib import Path

import pytest
import torch

from mmifnd.contrast import Contrast
from mmifnd.functional import elimination_loss, self_labeling_loss, similarity_contrastive_loss
from mmifnd.models.heads import SANEHead, SCEHead


@pytest.fixture
def contrast(make_contrast):
    absent = torch.eye(5, 8, dtype=torch.bool)
    absent[4] = True
    return make_contrast([0, 1, 2, 3, 4], [5, 6, 7, 8, 9, 10, 11, -1], absent)


@pytest.fixture
def mask():
    return torch.rand(2, 5, 8, generator=torch.Generator().manual_seed(0)) < 0.3


def similarities(contrast):
    return (contrast.positive_similarity, contrast.negative_similarity, contrast.positive @ contrast.candidate.T)


def test_heads_are_the_functions(contrast, mask):
    sce = SCEHead(temperature=0.3, key_temperature=0.1, weight=0.2)
    expected = similarity_contrastive_loss(*similarities(contrast), mask, 0.3, 0.1, 0.2)
    torch.testing.assert_close(sce.criterion(contrast, mask), expected, atol=1e-12, rtol=0)
    for parts in ('pq', 'p', 'q'):
        sane = SANEHead(temperature=0.3, sharpening=0.7, prior=(1., 3.), parts=parts, refined_share=0.4)
        sane.start_step(5, 10)
        expected = self_labeling_loss(*similarities(contrast), mask, 0.3, 0.7, 2., parts, 0.4)
        torch.testing.assert_close(sane.criterion(contrast, mask), expected, atol=1e-12, rtol=0)


def test_real_queries_have_one_hot_labels_beside_virtual_ones_with_refined_labels(contrast, mask):
    """Eq. 9: the first term is InfoNCE. Without virtual queries half of the label is refined, unless it is said how much."""
    pair, options = (contrast.positive_similarity, contrast.negative_similarity), dict(temperature=0.2, prior=(2., 2.))
    alone, beside, told = SANEHead(**options), SANEHead(**options), SANEHead(**options, refined_share=0.3)
    for head in (beside, told):
        head.expect_virtual_queries()
    refined, one_hot = beside.virtual_criterion(contrast, mask), elimination_loss(*pair, mask, 0.2)
    torch.testing.assert_close(beside.criterion(contrast, mask), one_hot, atol=1e-14, rtol=0)
    assert refined > one_hot
    torch.testing.assert_close(alone.criterion(contrast, mask), (one_hot + refined) / 2)
    torch.testing.assert_close(told.criterion(contrast, mask), 0.7 * one_hot + 0.3 * refined)


def test_defaults_are_those_of_the_papers():
    sce, sane = SCEHead(), SANEHead()
    assert (sce.temperature, sce.key_temperature, sce.weight) == (0.1, 0.05, 0.5)
    assert (sane.temperature, sane.sharpening, sane.prior) == (0.2, 1, 0.5)


def test_limits_are_infonce_and_hard_removal(contrast, mask):
    pair = contrast.positive_similarity, contrast.negative_similarity
    for head in (SCEHead(temperature=0.2, weight=1.), SANEHead(temperature=0.2, prior=(0., 0.))):
        torch.testing.assert_close(head.criterion(contrast, mask), elimination_loss(*pair, mask, 0.2), atol=1e-14, rtol=0)


def test_the_prior_grows_from_step_to_step():
    head, priors = SANEHead(prior=(0.5, 10.)), []
    for step in range(200):
        head.start_step(step, 200)
        priors.append(head.prior)
    assert priors[0] == 0.5 and priors == sorted(priors) and priors[100] == pytest.approx(5.25) and 9.99 < priors[-1] < 10


def test_labels_have_no_gradient_where_the_candidates_have_one(contrast, mask):
    """In SimCLR positives and candidates are trained, too: only the prediction may pull at them."""
    rows = [x.clone().requires_grad_() for x in (contrast.anchor, contrast.positive, contrast.candidate)]
    live = Contrast.build(*rows, contrast.anchor_index, contrast.candidate_index, ~contrast.is_candidate)
    head = SCEHead(weight=0.2)
    head.criterion(live, mask).backward()
    found = rows[2].grad.clone()
    fixed = Contrast.build(*rows, contrast.anchor_index, contrast.candidate_index, ~contrast.is_candidate)
    constant = (contrast.positive @ contrast.candidate.T).clone()
    rows[2].grad = None
    pair = fixed.positive_similarity, fixed.negative_similarity
    similarity_contrastive_loss(*pair, constant, mask, 0.1, 0.05, 0.2).backward()
    torch.testing.assert_close(rows[2].grad, found)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
@pytest.mark.parametrize('head', [SCEHead(), SANEHead()], ids=['sce', 'sane'])
def test_autocast_changes_nothing(contrast, mask, head, dtype):
    narrow = Contrast.build(contrast.anchor.float(), contrast.positive.float(), contrast.candidate.float(),
                            contrast.anchor_index, contrast.candidate_index, ~contrast.is_candidate)
    expected = head.criterion(narrow, mask)
    with torch.autocast('cpu', dtype=dtype):
        again = Contrast.build(contrast.anchor.float(), contrast.positive.float(), contrast.candidate.float(),
                               contrast.anchor_index, contrast.candidate_index, ~contrast.is_candidate)
        assert head.criterion(again, mask) == expected and expected.dtype == torch.float32


@pytest.mark.parametrize('kind, options, words', [
    (SCEHead, dict(key_temperature=0.), 'key_temperature=0.0 of SCEHead is not positive; 0.05 is usual'),
    (SCEHead, dict(weight=-0.1), r'weight=-0.1 of SCEHead is outside \[0, 1\]; it weighs the one-hot label'),
    (SCEHead, dict(temperature=0), 'temperature=0 of SCEHead is not positive'),
    (SANEHead, dict(sharpening=0.), r'sharpening=0.0 of SANEHead is outside \(0, 1\]; 0.8 and 1 are usual'),
    (SANEHead, dict(prior=(1.,)), r'prior=\(1.0,\) of SANEHead must be two numbers of at least 0'),
    (SANEHead, dict(prior=(0., -1.)), r'prior=\(0.0, -1.0\) of SANEHead must be two numbers'),
    (SANEHead, dict(refined_share=1.5), r'refined_share=1.5 of SANEHead is outside \[0, 1\]; 0 and 0.5 are usual'),
    (SANEHead, dict(parts=()), r"parts=\(\) of SANEHead must be \('p', 'q'\), \('p',\) or \('q',\)")])
def test_values_out_of_range_are_named(kind, options, words):
    with pytest.raises(ValueError, match=words):
        kind(**options)


# --- what the paper's theorem says, at toy size -----------------------------------------------------------------------------


@pytest.fixture
def recovered(monkeypatch):
    """Share of corrupted labels that end at the true class, and of all images that the learner puts there."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3] / 'tools' / 'benchmarks'))
    import label_recovery
    yield label_recovery.recovered
    sys.modules.pop('label_recovery', None)


@pytest.mark.parametrize('share', [0.1, 0.3, 0.44])
def test_labels_corrupted_below_the_margin_are_recovered(share, recovered):
    """All labels, and no error, while the true class leads in each cluster (by 1 - 2 * share); shown for the label p alone."""
    assert recovered(share, prior=10., parts='p') == (1., 1.)


@pytest.mark.parametrize('share', [0.56, 0.7])
def test_labels_corrupted_above_the_margin_are_not(share, recovered):
    assert recovered(share, prior=10., parts='p') == (0., 0.)


def test_a_prior_that_never_outweighs_the_given_label_recovers_none(recovered):
    assert recovered(0.3, prior=0., parts='p')[0] == recovered(0.3, prior=1., parts='p')[0] == 0


def test_the_second_label_turns_against_labels_that_were_right_among_few_classes(recovered):
    """q leaves the given class out: of four classes it is sure of another one, which thousands of keys do not allow."""
    assert recovered(0.1, 1., 'pq')[1] < 0.6 and recovered(0.3, 10., 'pq')[1] == 0
