import pytest
import torch
from scipy import stats
from torch._subclasses.fake_tensor import FakeTensorMode

from mmifnd.functional.counter_random import counter_hash, counter_normal, counter_uniform


def test_first_output_of_splitmix64():
    # Vigna's splitmix64.c with the seed 1; a single counter 0 gives that state.
    assert counter_hash(0).item() == 0x910A2DEC89025CC1 - (1 << 64)


def test_golden_values_never_change():
    assert counter_hash(1, 2, 3).item() == -2207705178995051923
    assert counter_hash(-1, 2**63 - 1).item() == -6323060856570048639
    assert counter_hash(7, torch.arange(3)).tolist() == [
        -1905594823253151090, 7104948020671887413, 7983132463724685211]
    expected = torch.tensor([0.39221644401550293, 0.8766756057739258, 0.5801213383674622, 0.6521222591400146])
    torch.testing.assert_close(counter_uniform(0, torch.arange(4)), expected, rtol=0, atol=0)
    expected = torch.tensor([0.9978638887, 0.2362636924, -0.4164694846, -1.1049993038])
    torch.testing.assert_close(counter_normal(0, torch.arange(4)), expected, rtol=0, atol=1e-6)


def test_integers_and_tensors_agree_in_every_place():
    for place in range(3):
        counters = [5, -8, 1 << 40]
        by_number = counter_hash(*counters)
        counters[place] = torch.tensor([counters[place]])
        assert counter_hash(*counters).equal(by_number.reshape(1))


@pytest.mark.parametrize('draw', [counter_hash, counter_uniform, counter_normal])
@pytest.mark.parametrize('size', [1, 3, 7, 13])
def test_same_for_any_split_of_the_batch(draw, size):
    index, element = torch.randperm(29).view(-1, 1), torch.arange(5)
    whole = draw(3, 1, index, element)
    assert whole.shape == (29, 5)
    assert torch.cat([draw(3, 1, part, element) for part in index.split(size)]).equal(whole)


def test_order_and_number_of_counters_count():
    values = [counter_hash(*c).item() for c in ((1, 2), (2, 1), (1, 2, 0), (0, 1, 2), (3,), (1,), (2,))]
    assert len(set(values)) == len(values)


def test_uniform_and_normal_have_their_distribution():
    grid = torch.arange(200).view(-1, 1), torch.arange(200)
    assert stats.kstest(counter_uniform(11, *grid).flatten().numpy(), 'uniform').pvalue > 0.01
    assert stats.kstest(counter_normal(11, *grid).flatten().numpy(), 'norm').pvalue > 0.01


@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_uniform_stays_below_one(dtype):
    draws = counter_uniform(0, torch.arange(100_000), dtype=dtype)
    assert draws.dtype == dtype and draws.min() >= 0 and draws.max() < 1


def test_neighbouring_counters_are_independent():
    epoch, index = torch.arange(100).view(-1, 1), torch.arange(100)
    draws = counter_uniform(0, epoch, index, dtype=torch.float64)
    assert draws.unique().numel() == draws.numel()
    for first, second in ((draws[:-1], draws[1:]), (draws[:, :-1], draws[:, 1:]), (draws, draws.T)):
        pair = torch.stack([first.flatten(), second.flatten()])
        off_diagonal = torch.corrcoef(pair)[0, 1]
        assert off_diagonal.abs() < (0.03 if first.shape != draws.shape else 0.05)


def test_one_bit_of_input_flips_half_of_the_output():
    base = torch.arange(1000)
    ones = torch.zeros(())
    for bit in range(64):
        flipped = counter_hash(4, base) ^ counter_hash(4, base ^ (1 << bit if bit < 63 else -(1 << 63)))
        ones = sum(((flipped >> place) & 1).float().mean() for place in range(64))
        assert 31 < ones < 33


def test_runs_on_fake_tensors_and_on_meta():
    with FakeTensorMode():
        draws = counter_normal(0, torch.zeros((), dtype=torch.int64), torch.arange(6))
    assert draws.shape == (6,)
    assert counter_uniform(0, torch.arange(6, device='meta')).device.type == 'meta'


def test_refuses_what_is_no_integer():
    with pytest.raises(TypeError, match='float32'):
        counter_hash(torch.zeros(2))
    with pytest.raises(TypeError, match='int64'):
        counter_uniform(0, dtype=torch.int64)
