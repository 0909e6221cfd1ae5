import torch
import torch.nn.functional as F
from hypothesis import given, strategies as st
from small_models import build_framework, views_of


def loop_contrast(embedding, index, same_image):
    """Anchors and candidates are all rows [view 1 | view 2]; similarities pair by pair."""
    rows = [row / row.norm() for row in embedding]
    total, batch = len(rows), len(index)
    image = index.tolist() * 2
    positive, negative = torch.empty(total, 1), torch.empty(total, total)
    for i in range(total):
        other = (i + batch) % total
        positive[i, 0] = sum(rows[i] * rows[other])
        for j in range(total):
            absent = j in (i, other) or (same_image == 'exclude' and image[i] == image[j])
            negative[i, j] = -float('inf') if absent else sum(rows[i] * rows[j])
    return positive, negative


@given(index=st.lists(st.integers(0, 5), min_size=1, max_size=6), same_image=st.sampled_from(['exclude', 'negative']))
def test_contrast_against_loops(index, same_image):
    model, index = build_framework(same_image=same_image), torch.tensor(index)
    embedding = torch.randn(2 * len(index), 6, generator=torch.Generator().manual_seed(len(index)))
    contrast = model.contrast(embedding, index)
    positive, negative = loop_contrast(embedding, index, same_image)
    torch.testing.assert_close(contrast.positive_similarity, positive, atol=1e-6, rtol=0)
    torch.testing.assert_close(contrast.negative_similarity, negative, atol=1e-6, rtol=0)
    assert contrast.anchor_index.equal(torch.cat([index, index])) and contrast.candidate_index.equal(contrast.anchor_index)
    assert contrast.is_candidate.equal(negative > -torch.inf)


def test_a_repeated_image_is_excluded_or_a_negative():
    index = torch.tensor([4, 9, 4])
    embedding = torch.randn(6, 6, generator=torch.Generator().manual_seed(0))
    counts = {option: build_framework(same_image=option).contrast(embedding, index).is_candidate.sum(dim=1).tolist()
              for option in ('exclude', 'negative')}
    assert counts == dict(exclude=[2, 4, 2, 2, 4, 2], negative=[4] * 6)


def test_loss_is_infonce_of_the_embeddings():
    model = build_framework(temperature=0.5).train()
    index = torch.arange(6)
    views = views_of(index)
    loss = model(views, index, mode='loss')['loss']
    with torch.no_grad():
        rows = F.normalize(model.neck(model.backbone(torch.cat(views)))[0], dim=1)
    logits = (rows @ rows.T / 0.5).fill_diagonal_(-torch.inf)
    expected = F.cross_entropy(logits, torch.arange(12).roll(6))
    torch.testing.assert_close(loss.detach(), expected, atol=1e-6, rtol=1e-6)


def test_gradient_flows_through_anchors_positives_and_candidates():
    model = build_framework(temperature=0.5)
    index = torch.arange(3)
    embedding = torch.randn(6, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64, requires_grad=True)

    def loss(rows):
        return model.head.loss(model.contrast(rows, index))['loss']

    assert torch.autograd.gradcheck(loss, (embedding,))


def test_half_precision_embeddings_are_contrasted_in_float32():
    contrast = build_framework().contrast(torch.randn(8, 6).bfloat16(), torch.arange(4))
    assert contrast.negative_similarity.dtype == torch.float32
    torch.testing.assert_close(contrast.anchor.norm(dim=1), torch.ones(8))
