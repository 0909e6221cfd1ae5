from collections import deque

import pytest
import torch
from hypothesis import given, strategies as st

from mmifnd.models.frameworks.key_queue import KeyQueue


@given(length=st.integers(1, 9), sizes=st.lists(st.integers(0, 21), max_size=8))
def test_holds_the_last_keys_for_any_batch_size(length, sizes):
    queue, expected, pushed = KeyQueue(length, 2), deque(maxlen=length), 0
    for size in sizes:
        index = torch.arange(pushed, pushed + size)
        queue.push(torch.stack([index.float(), -index.float()], dim=1), index)
        expected.extend(index.tolist())
        pushed += size
        oldest_first = queue.index.roll(-queue.pointer.item())
        assert oldest_first.tolist() == [-1] * (length - len(expected)) + list(expected)
    filled = queue.index >= 0
    assert queue.features[filled].equal(torch.stack([queue.index, -queue.index], dim=1)[filled].float())
    assert len(queue) == length and queue.pointer == pushed % length


def test_empty_slots_are_unit_vectors_of_nobody():
    queue = KeyQueue(50, 8)
    assert (queue.index == -1).all()
    torch.testing.assert_close(queue.features.norm(dim=1), torch.ones(50))
    assert queue.features.float().std() > 0.1


def test_push_needs_no_gradient_and_keeps_the_type():
    queue = KeyQueue(4, 2)
    queue.push(torch.ones(3, 2, dtype=torch.bfloat16, requires_grad=True), torch.arange(3))
    assert queue.features.dtype == torch.float32 and not queue.features.requires_grad


def test_all_state_is_saved():
    source, target = KeyQueue(5, 3), KeyQueue(5, 3)
    source.push(torch.randn(7, 3), torch.arange(7))
    target.load_state_dict(source.state_dict())
    for queue in (source, target):
        queue.push(torch.ones(2, 3), torch.tensor([20, 21]))
    assert target.index.equal(source.index) and target.features.equal(source.features)


@pytest.mark.parametrize('length, dim', [(0, 8), (8, 0)])
def test_sizes_below_one_are_named(length, dim):
    with pytest.raises(ValueError, match=f'queue_len={length} and feat_dim={dim} must be positive'):
        KeyQueue(length, dim)
