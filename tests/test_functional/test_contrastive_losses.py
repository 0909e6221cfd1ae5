"""The losses against worked examples, and against loops written from the paper's equations."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, strategies as st

from mmifnd.contrast import Contrast
from mmifnd.functional import attraction_loss, elimination_loss, instance_loss

GOLDEN = dict(atol=1e-9, rtol=0)
LOOPS = dict(atol=1e-10, rtol=1e-10)


# --- worked examples ------------------------------------------------------------------------------------------------


@pytest.fixture
def in_batch(golden):
    """G1: six rows, two views of three images; similarities, and the false negatives of each of three labelings."""
    rows = F.normalize(golden['g1_raw'].double(), dim=1)
    image, temperature = golden['g1_img'], golden['g1_tau'].item()
    other = torch.arange(6).roll(3)
    absent = image.unsqueeze(0) == image.unsqueeze(1)
    masks = []
    for labels in golden['g1_levels']:
        of_row = labels[image]
        masks.append((of_row.unsqueeze(0) == of_row.unsqueeze(1)) & (of_row >= 0).unsqueeze(1) & ~absent)
    return rows, other, absent, image, temperature, torch.stack(masks)


def contrast_of(anchor, rows, other, absent, image):
    return Contrast.build(anchor, rows[other], rows, image, image, absent)


def losses_of(contrast, mask, temperature):
    pair = contrast.positive_similarity, contrast.negative_similarity
    return dict(
        inst=instance_loss(*pair, temperature),
        elim=elimination_loss(*pair, mask, temperature),
        attr=attraction_loss(*pair, mask, temperature))


def test_in_batch_example(golden, in_batch):
    rows, other, absent, image, temperature, masks = in_batch
    contrast = contrast_of(rows, rows, other, absent, image)
    for level, mask in enumerate(masks):
        found = losses_of(contrast, mask, temperature)
        torch.testing.assert_close(found['inst'], golden['g1_inst_mean'], **GOLDEN)
        torch.testing.assert_close(found['elim'], golden[f'g1_elim_L{level}_mean'], **GOLDEN)
        torch.testing.assert_close(found['attr'], golden[f'g1_attr_L{level}_mean'], **GOLDEN)


def test_in_batch_example_of_each_anchor(golden, in_batch):
    rows, other, absent, image, temperature, masks = in_batch
    for level, mask in enumerate(masks):
        for anchor in range(6):
            one = slice(anchor, anchor + 1)
            contrast = Contrast.build(rows[one], rows[other][one], rows, image[one], image, absent[one])
            found = losses_of(contrast, mask[one], temperature)
            for name in ('elim', 'attr'):
                torch.testing.assert_close(found[name], golden[f'g1_{name}_L{level}_per_anchor'][anchor], **GOLDEN)


def test_average_over_granularities(golden, in_batch):
    rows, other, absent, image, temperature, masks = in_batch
    found = losses_of(contrast_of(rows, rows, other, absent, image), masks, temperature)
    torch.testing.assert_close(found['elim'], golden['g1_elim_hier_mean'], **GOLDEN)
    torch.testing.assert_close(found['attr'], golden['g1_attr_hier_mean'], **GOLDEN)


@pytest.mark.parametrize('level', [0, 1, 2])
@pytest.mark.parametrize('name', ['elim', 'attr', 'inst'])
def test_gradient_of_the_anchor(golden, in_batch, name, level):
    rows, other, absent, image, temperature, masks = in_batch
    anchor = rows.clone().requires_grad_()
    losses_of(contrast_of(anchor, rows, other, absent, image), masks[level], temperature)[name].backward()
    expected = golden['g1_grad_inst'] if name == 'inst' else golden[f'g1_grad_{name}_L{level}']
    torch.testing.assert_close(6 * anchor.grad, expected, **GOLDEN)  # the example's are of the sum


def test_full_gradient_of_the_raw_rows(golden, in_batch):
    _, other, absent, image, temperature, masks = in_batch
    raw = golden['g1_raw'].double().requires_grad_()
    rows = F.normalize(raw, dim=1)
    losses_of(contrast_of(rows, rows, other, absent, image), masks[0], temperature)['elim'].backward()
    torch.testing.assert_close(raw.grad, golden['g1_fullgrad_elim_L0_mean_wrt_raw'], **GOLDEN)


def test_attraction_by_classes_is_supcon(golden, in_batch):
    rows, other, absent, image, temperature, _ = in_batch
    classes = golden['g2_classes'][image]
    same = (classes.unsqueeze(0) == classes.unsqueeze(1)) & ~absent
    found = losses_of(contrast_of(rows, rows, other, absent, image), same, temperature)['attr']
    torch.testing.assert_close(found, golden['g2_supcon_mean'], **GOLDEN)


@pytest.mark.parametrize('same_image', ['negative', 'false_negative'])
def test_queue_example(golden, same_image):
    index, queue_index, temperature = golden['g3_index'], golden['g3_queue_index'], golden['g3_tau'].item()
    table = dict(golden['g3_label_table'].tolist())
    same = torch.tensor([
        [table[a] == table.get(c, -1) >= 0 and a != c for c in queue_index.tolist()] for a in index.tolist()])
    copies = index.unsqueeze(1) == queue_index.unsqueeze(0)
    assert copies.sum() == 1  # the example holds an image of the batch in its queue
    contrast = Contrast.build(golden['g3_q'], golden['g3_kpos'], golden['g3_queue'], index, queue_index)
    mask = same | copies if same_image == 'false_negative' else same
    found = losses_of(contrast, mask, temperature)
    torch.testing.assert_close(found['elim'], golden[f'g3_elim_{same_image}_mean'], **GOLDEN)
    torch.testing.assert_close(found['attr'], golden[f'g3_attr_{same_image}_mean'], **GOLDEN)
    absent = copies if same_image == 'false_negative' else None
    plain = Contrast.build(golden['g3_q'], golden['g3_kpos'], golden['g3_queue'], index, queue_index, absent)
    torch.testing.assert_close(losses_of(plain, same, temperature)['inst'], golden[f'g3_inst_{same_image}_mean'], **GOLDEN)


# --- loops ----------------------------------------------------------------------------------------------------------


def random_case(anchors, candidates, granularities, seed, dtype=torch.float64):
    """Similarities in [-1, 1], some absent; masks that also cover absent candidates."""
    generator = torch.Generator().manual_seed(seed)
    positive = torch.rand(anchors, 1, generator=generator, dtype=torch.float64) * 2 - 1
    negative = torch.rand(anchors, candidates, generator=generator, dtype=torch.float64) * 2 - 1
    negative[torch.rand(anchors, candidates, generator=generator) < 0.25] = -torch.inf
    mask = torch.rand(granularities, anchors, candidates, generator=generator) < 0.4
    return positive.to(dtype), negative.to(dtype), mask


def loop_instance(positive, negative, temperature):
    total = 0.
    for p, row in zip(positive.squeeze(1).tolist(), negative.tolist()):
        denominator = math.exp(p / temperature)
        for s in row:
            if s != -math.inf:
                denominator += math.exp(s / temperature)
        total -= math.log(math.exp(p / temperature) / denominator)
    return total / len(positive)


def loop_elimination(positive, negative, masks, temperature):
    total = 0.
    for mask in masks.tolist():
        for p, row, removed in zip(positive.squeeze(1).tolist(), negative.tolist(), mask):
            denominator = math.exp(p / temperature)
            for s, is_false in zip(row, removed):
                if s != -math.inf and not is_false:
                    denominator += math.exp(s / temperature)
            total -= math.log(math.exp(p / temperature) / denominator)
    return total / (len(positive) * len(masks))


def loop_reweighted(positive, negative, masks, temperature):
    """GloFND's released code: the mean over the kept, times the number of all negatives."""
    total = 0.
    for mask in masks.tolist():
        for p, row, removed in zip(positive.squeeze(1).tolist(), negative.tolist(), mask):
            kept = [s for s, is_false in zip(row, removed) if s != -math.inf and not is_false]
            count = sum(s != -math.inf for s in row)
            mean_kept = sum(math.exp(s / temperature) for s in kept) / max(len(kept), 1)
            total += -p / temperature + math.log(math.exp(p / temperature) + count * mean_kept)
    return total / (len(positive) * len(masks))


def loop_attraction(positive, negative, masks, temperature):
    total = 0.
    for mask in masks.tolist():
        for p, row, same in zip(positive.squeeze(1).tolist(), negative.tolist(), mask):
            present = [(s, is_same) for s, is_same in zip(row, same) if s != -math.inf]
            denominator = math.exp(p / temperature) + sum(math.exp(s / temperature) for s, _ in present)
            positives = [p] + [s for s, is_same in present if is_same]
            for s in positives:
                total -= math.log(math.exp(s / temperature) / denominator) / len(positives)
    return total / (len(positive) * len(masks))


cases = given(
    anchors=st.integers(1, 6), candidates=st.integers(1, 9), granularities=st.integers(1, 3),
    temperature=st.sampled_from([0.07, 0.2, 0.5, 1.]), seed=st.integers(0, 10_000))


@cases
def test_instance_loss_against_loops(anchors, candidates, granularities, temperature, seed):
    positive, negative, _ = random_case(anchors, candidates, granularities, seed)
    found = instance_loss(positive, negative, temperature)
    assert found.item() == pytest.approx(loop_instance(positive, negative, temperature), rel=1e-10, abs=1e-10)


@cases
def test_losses_with_masks_against_loops(anchors, candidates, granularities, temperature, seed):
    case = random_case(anchors, candidates, granularities, seed)
    for function, loop in ((elimination_loss, loop_elimination), (attraction_loss, loop_attraction)):
        expected = loop(*case, temperature)
        assert function(*case, temperature).item() == pytest.approx(expected, rel=1e-10, abs=1e-10)
    expected = loop_reweighted(*case, temperature)
    assert elimination_loss(*case, temperature, reweight=True).item() == pytest.approx(expected, rel=1e-10, abs=1e-10)


@cases
def test_elimination_lies_between_zero_and_instance_loss(anchors, candidates, granularities, temperature, seed):
    positive, negative, mask = random_case(anchors, candidates, granularities, seed)
    eliminated = elimination_loss(positive, negative, mask, temperature)
    assert -1e-12 <= eliminated <= instance_loss(positive, negative, temperature) + 1e-12


@cases
def test_without_false_negatives_all_losses_are_equal(anchors, candidates, granularities, temperature, seed):
    positive, negative, mask = random_case(anchors, candidates, granularities, seed)
    nobody = torch.zeros_like(mask)
    expected = instance_loss(positive, negative, temperature)
    torch.testing.assert_close(elimination_loss(positive, negative, nobody, temperature), expected, **LOOPS)
    torch.testing.assert_close(elimination_loss(positive, negative, nobody, temperature, reweight=True), expected, **LOOPS)
    torch.testing.assert_close(attraction_loss(positive, negative, nobody, temperature), expected, **LOOPS)


@cases
def test_a_mask_of_two_dimensions_is_one_granularity(anchors, candidates, granularities, temperature, seed):
    positive, negative, mask = random_case(anchors, candidates, 1, seed)
    for function in (elimination_loss, attraction_loss):
        assert function(positive, negative, mask[0], temperature).equal(function(positive, negative, mask, temperature))


# --- gradients ------------------------------------------------------------------------------------------------------

FUNCTIONS = dict(
    instance=lambda p, n, mask, t: instance_loss(p, n, t),
    elimination=elimination_loss,
    reweighted=lambda p, n, mask, t: elimination_loss(p, n, mask, t, reweight=True),
    attraction=attraction_loss)


@pytest.mark.parametrize('name', FUNCTIONS)
def test_gradcheck_with_absent_candidates(name):
    positive, negative, mask = random_case(4, 6, 2, seed=3)
    absent = negative == -torch.inf
    assert absent.any() and (mask & absent).any()
    finite = negative.masked_fill(absent, 0.5)

    def loss(p, n):
        return FUNCTIONS[name](p, n.masked_fill(absent, -torch.inf), mask, 0.3)

    assert torch.autograd.gradcheck(loss, (positive.requires_grad_(), finite.requires_grad_()))


@pytest.mark.parametrize('name', FUNCTIONS)
def test_absent_candidates_get_no_gradient(name):
    positive, negative, mask = random_case(5, 7, 2, seed=4)
    negative.requires_grad_()
    FUNCTIONS[name](positive.requires_grad_(), negative, mask, 0.3).backward()
    assert (negative.grad[negative == -torch.inf] == 0).all()
    assert negative.grad.isfinite().all() and positive.grad.isfinite().all()
    assert (negative.grad[negative > -torch.inf] != 0).any()


@pytest.mark.parametrize('reweight', [False, True])
@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, torch.bfloat16])
def test_no_negative_left_gives_zero_loss_and_zero_gradient(reweight, dtype):
    positive, negative, mask = random_case(4, 6, 2, seed=5, dtype=dtype)
    positive.requires_grad_()
    negative.requires_grad_()
    loss = elimination_loss(positive, negative, torch.ones_like(mask), 0.1, reweight)
    loss.backward()
    assert loss == 0
    assert (positive.grad == 0).all() and (negative.grad == 0).all()


@pytest.mark.parametrize('name', FUNCTIONS)
def test_no_candidate_at_all_gives_zero(name):
    positive = torch.tensor([[0.3], [-0.8]], requires_grad=True)
    negative = torch.full((2, 3), -torch.inf, requires_grad=True)
    loss = FUNCTIONS[name](positive, negative, torch.ones(2, 3, dtype=torch.bool), 0.1)
    loss.backward()
    assert loss == 0 and (positive.grad == 0).all() and (negative.grad == 0).all()


def test_removed_negatives_get_no_gradient_and_kept_ones_push(in_batch):
    positive, negative, _ = random_case(3, 5, 1, seed=6)
    negative = negative.masked_fill(negative == -torch.inf, 0.1).requires_grad_()
    mask = torch.zeros(3, 5, dtype=torch.bool)
    mask[:, 2] = True
    elimination_loss(positive, negative, mask, 0.5).backward()
    assert (negative.grad[:, 2] == 0).all()
    assert (negative.grad[:, [0, 1, 3, 4]] > 0).all()


# --- types ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('name', FUNCTIONS)
@pytest.mark.parametrize('dtype, wide', [
    (torch.bfloat16, torch.float32), (torch.float16, torch.float32), (torch.float32, torch.float32),
    (torch.float64, torch.float64)])
def test_sums_are_taken_in_float32_or_wider(name, dtype, wide):
    positive, negative, mask = random_case(16, 200, 2, seed=7, dtype=dtype)
    found = FUNCTIONS[name](positive, negative, mask, 0.1)
    exact = FUNCTIONS[name](positive.double(), negative.double(), mask, 0.1)
    assert found.dtype == wide
    torch.testing.assert_close(found.double(), exact, rtol=2e-6, atol=2e-6)  # of the rounded inputs: only sums differ


@pytest.mark.parametrize('name', FUNCTIONS)
def test_bfloat16_similarities_move_the_loss_by_less_than_two_per_cent(name):
    positive, negative, mask = random_case(16, 200, 2, seed=7)
    exact = FUNCTIONS[name](positive, negative, mask, 0.2)
    rounded = FUNCTIONS[name](positive.bfloat16(), negative.bfloat16(), mask, 0.2)
    torch.testing.assert_close(rounded.double(), exact, rtol=0.02, atol=0)


def test_similarities_are_float32_under_autocast(make_contrast):
    rows = F.normalize(torch.randn(4, 8, generator=torch.Generator().manual_seed(0)), dim=1)
    index = torch.arange(4)
    with torch.autocast('cpu', torch.bfloat16):
        contrast = Contrast.build(rows, rows.flip(0), rows, index, index)
    assert contrast.negative_similarity.dtype == contrast.positive_similarity.dtype == torch.float32
    torch.testing.assert_close(contrast.negative_similarity, rows @ rows.T, rtol=0, atol=1e-6)


def test_extreme_logits_stay_finite():
    positive, negative = torch.tensor([[-1.]]), torch.tensor([[1., 1., -1.]])
    loss = instance_loss(positive, negative, 0.001)
    assert loss.item() == pytest.approx(2000 + math.log(2), rel=1e-6)


# --- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('positive, negative, words', [
    (torch.zeros(3), torch.zeros(3, 4), ['(3,)', '(A, 1)']),
    (torch.zeros(2, 1), torch.zeros(3, 4), ['(2, 1)', '(3, 4)', '(A, C)']),
    (torch.zeros(3, 2), torch.zeros(3, 4), ['(3, 2)', '(A, 1)']),
])
def test_wrong_shapes_are_named(positive, negative, words):
    with pytest.raises(ValueError) as error:
        instance_loss(positive, negative, 0.1)
    assert all(word in str(error.value) for word in words)


@pytest.mark.parametrize('temperature', [0., -0.1, float('nan')])
def test_wrong_temperature_is_named(temperature):
    with pytest.raises(ValueError, match=rf'temperature={temperature} is not positive; usual values'):
        instance_loss(torch.zeros(1, 1), torch.zeros(1, 2), temperature)


@pytest.mark.parametrize('function', [elimination_loss, attraction_loss])
def test_wrong_masks_are_named(function):
    pair = torch.zeros(2, 1), torch.zeros(2, 3)
    with pytest.raises(ValueError, match='must be a bool tensor, got torch.float32; compare or cast'):
        function(*pair, torch.zeros(2, 3), 0.1)
    for shape in ((3, 2), (4, 2, 2), (0, 2, 3), (1, 1, 2, 3)):
        with pytest.raises(ValueError) as error:
            function(*pair, torch.zeros(shape, dtype=torch.bool), 0.1)
        assert str(shape) in str(error.value) and '(2, 3) or (G, 2, 3)' in str(error.value)
