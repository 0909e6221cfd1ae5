"""Sums over the rows of a key against a loop."""

import pytest
import torch

from mmifnd.slots import slots_of, sum_by_slot


@pytest.mark.parametrize('seed', range(5))
def test_rows_of_a_key_share_a_slot_and_negative_keys_are_alone(seed):
    generator = torch.Generator().manual_seed(seed)
    keys = torch.randint(-3, 6, (40,), generator=generator)
    slots = slots_of(keys)
    assert slots.min() >= 0 and slots.max() < len(keys)
    for row in range(len(keys)):
        for other in range(len(keys)):
            together = row == other or keys[row] == keys[other] and keys[row] >= 0
            assert (slots[row] == slots[other]) == together


def test_sums_against_a_loop():
    generator = torch.Generator().manual_seed(0)
    keys = torch.randint(0, 4, (30,), generator=generator)
    values = torch.randn(30, 3, generator=generator, dtype=torch.float64)
    total = sum_by_slot(slots_of(keys), values)
    for row, key in enumerate(keys):
        torch.testing.assert_close(total[row], values[keys == key].sum(dim=0), rtol=1e-12, atol=1e-12)
    assert all(total[keys == key].unique(dim=0).shape[0] == 1 for key in range(4))


def test_no_rows():
    assert slots_of(torch.zeros(0, dtype=torch.int64)).shape == (0,)
