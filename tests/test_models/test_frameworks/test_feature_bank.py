"""What a bank holds after any writes, where it lies, and what it refuses; several ranks in tests/test_distributed."""

import doctest

import pytest
import torch
from hypothesis import given, strategies as st

from mmifnd.errors import UserError
from mmifnd.models.frameworks import feature_bank
from mmifnd.models.frameworks.feature_bank import DEVICE_LIMIT, FeatureBank


@given(sizes=st.lists(st.integers(1, 9), max_size=12), images=st.integers(9, 20), seed=st.integers(0, 99))
def test_the_last_row_of_each_image_stays_however_many_were_written(sizes, images, seed):
    generator = torch.Generator().manual_seed(seed)
    bank, expected = FeatureBank(images, 2), {}
    for size in sizes:  # far more rows than the bank has room for
        index = torch.randint(images, (size,), generator=generator)
        rows = torch.rand(size, 2, generator=generator).half().float()
        bank.write(index, rows)
        expected.update(zip(index.tolist(), rows, strict=True))
    features, seen = bank.collect()
    assert seen.nonzero().squeeze(1).tolist() == sorted(expected) and bank.seen.equal(seen)
    for image, row in expected.items():
        assert features[image].equal(row)
    assert (features[~seen] == 0).all()


@pytest.mark.parametrize('before', [0, 1, 4, 6])
def test_a_restored_bank_goes_on_as_the_one_before(before):
    generator = torch.Generator().manual_seed(0)
    writes = [(torch.randint(12, (5,), generator=generator), torch.rand(5, 3, generator=generator)) for _ in range(6)]
    bank, restored = FeatureBank(12, 3), FeatureBank(12, 3)
    for write in writes[:before]:
        bank.write(*write)
    restored.load_rank_states([bank.rank_state()])
    for write in writes[before:]:
        bank.write(*write)
        restored.write(*write)
    kept, found = bank.rank_state(), restored.rank_state()
    assert all(kept[name].equal(found[name]) for name in kept)  # steps, too
    (ours, _), (theirs, _) = bank.share(), restored.share()
    assert ours.features.equal(theirs.features) and ours.index.equal(theirs.index)


def test_a_state_of_before_steps_were_kept_is_read():
    bank = FeatureBank(5, 2)
    bank.load_rank_states([dict(index=torch.tensor([1, 4]), features=torch.eye(2, dtype=torch.float16))])
    bank.write(torch.tensor([4]), torch.ones(1, 2))
    assert bank.collect()[0].tolist() == [[0, 0], [1, 0], [0, 0], [0, 0], [1, 1]]


def test_a_number_that_16_bits_cannot_hold_is_refused():
    bank = FeatureBank(5, 2)
    bank.write(torch.tensor([1]), torch.tensor([[65505., 1.]]))  # rounds to 65504
    bank.share()
    bank.write(torch.tensor([1]), torch.tensor([[65520., 1.]]))
    bank.write(torch.tensor([1]), torch.tensor([[1., 1.]]))
    with pytest.raises(UserError, match=r'a feature exceeds 65504, the largest torch.float16 number'):
        bank.share()
    bank.clear()
    bank.share()


def test_rows_of_any_length_are_kept_in_bfloat16():
    bank = FeatureBank(5, 2, unit=False)
    bank.write(torch.tensor([1]), torch.tensor([[1e30, -3.]]))
    torch.testing.assert_close(bank.collect()[0][1], torch.tensor([1e30, -3.]), rtol=0.01, atol=0)


def test_infinite_features_are_no_overflow():
    """They are refused with the names of their images by whoever clusters them."""
    bank = FeatureBank(5, 2)
    bank.write(torch.tensor([1]), torch.tensor([[torch.inf, 1.]]))
    assert bank.share()[0].not_finite().tolist() == [1]


@pytest.mark.parametrize('size, free, where', [(DEVICE_LIMIT, 1 << 40, 'cuda'), (DEVICE_LIMIT + 1, 1 << 40, 'cpu'),
                                               (1000, 1999, 'cpu'), (1000, 2000, 'cuda')])
def test_what_is_too_large_for_the_device_is_kept_on_the_host(monkeypatch, size, free, where):
    lines = []
    monkeypatch.setattr(torch.cuda, 'mem_get_info', lambda device: (free, free))
    monkeypatch.setattr(feature_bank, 'available_memory', lambda: 1 << 50)
    monkeypatch.setattr(feature_bank, 'print_log', lambda line, **options: lines.append(line))
    assert feature_bank._place(size, torch.device('cuda', 1)).type == where
    assert feature_bank.kept_on(torch.device('cuda', 1), size).type == where
    assert len(lines) == (where == 'cpu') and all('are kept in host memory' in line for line in lines)


def test_what_fits_nowhere_is_refused(monkeypatch):
    monkeypatch.setattr(feature_bank, 'available_memory', lambda: 3 << 30)
    with pytest.raises(UserError, match=r'take 4.5 GiB on each rank, but 3.0 GiB of memory are available; use source='):
        FeatureBank(20_000_000, 120)


def test_examples_run():
    assert doctest.testmod(feature_bank).failed == 0


def test_a_rank_that_sees_more_images_than_its_share_makes_room(monkeypatch):
    monkeypatch.setattr(feature_bank, '_SLACK', 0)
    monkeypatch.setattr(feature_bank, 'world_size', lambda: 4)
    bank = FeatureBank(num_samples=7, dim=2)
    assert len(bank.rows) == 2
    features = torch.nn.functional.normalize(torch.randn(7, 2, generator=torch.Generator().manual_seed(0)), dim=1)
    for index in ([5, 0], [0, 3, 1], [6]):
        bank.write(torch.tensor(index), features[index])
    monkeypatch.setattr(feature_bank, 'world_size', lambda: 1)
    collected, seen = bank.collect()
    assert seen.tolist() == [True, True, False, True, False, True, True] and len(bank.rows) >= 5
    torch.testing.assert_close(collected[seen], features[seen], atol=1e-3, rtol=0)
