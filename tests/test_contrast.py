"""`Contrast.in_batch`: the contrast of a training loop of one's own."""

import pytest
import torch
import torch.nn.functional as F

from mmifnd.contrast import Contrast
from mmifnd.functional import elimination_loss


def test_infonce_of_a_batch_against_loops():
    z1, z2 = torch.randn(2, 5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 4
    z1.requires_grad_()
    index = torch.tensor([7, 2, 9, 2, 0])
    contrast = Contrast.in_batch(z1, z2, index)
    loss = elimination_loss(contrast.positive_similarity, contrast.negative_similarity,
                            torch.zeros(5, 5, dtype=torch.bool), 0.3)
    expected = []
    for i in range(5):
        similarity = [torch.dot(z1[i], z2[j]) / (z1[i].norm() * z2[j].norm()) / 0.3 for j in range(5)]
        negative = [similarity[j] for j in range(5) if index[j] != index[i]]
        expected.append(torch.logsumexp(torch.stack([similarity[i], *negative]), 0) - similarity[i])
    expected = torch.stack(expected).mean()
    torch.testing.assert_close(loss, expected, rtol=1e-10, atol=0)
    gradients = [torch.autograd.grad(value, z1, retain_graph=True)[0] for value in (loss, expected)]
    torch.testing.assert_close(*gradients, rtol=1e-9, atol=1e-12)


def test_the_own_column_is_no_candidate_nor_is_another_row_of_the_own_image():
    contrast = Contrast.in_batch(torch.eye(4), torch.eye(4), torch.tensor([5, 6, 5, 8]))
    assert (~contrast.is_candidate).nonzero().tolist() == [[0, 0], [0, 2], [1, 1], [2, 0], [2, 2], [3, 3]]
    assert contrast.candidate_index.tolist() == [5, 6, 5, 8]


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_similarities_are_wide(dtype):
    z1, z2 = torch.randn(2, 6, 4, generator=torch.Generator().manual_seed(1)).to(dtype)
    with torch.autocast('cpu', torch.bfloat16):
        contrast = Contrast.in_batch(z1, z2, torch.arange(6))
    wide = torch.promote_types(dtype, torch.float32)
    assert contrast.negative_similarity.dtype == contrast.anchor.dtype == wide
    torch.testing.assert_close(contrast.positive_similarity.squeeze(1), F.cosine_similarity(z1.to(wide), z2.to(wide)))


@pytest.mark.parametrize('shapes', [((4, 3), (5, 3), (4,)), ((4, 3), (4, 3), (5,)), ((4,), (4,), (4,))])
def test_what_does_not_fit_together_is_refused(shapes):
    z1, z2, index = (torch.zeros(shape) for shape in shapes)
    with pytest.raises(ValueError, match='do not fit together; give two views'):
        Contrast.in_batch(z1, z2, index)
