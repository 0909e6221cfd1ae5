import distributed_jobs as jobs
import pytest
import torch

from mmifnd.models.frameworks import shuffle_bn
from mmifnd.models.frameworks.shuffle_bn import BatchShuffle


def test_gradient_of_a_row_is_the_sum_over_all_losses(two_processes):
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(2, 3, 4, generator=generator, dtype=torch.float64)
    weights = torch.randn(2, 6, 4, generator=generator, dtype=torch.float64)
    results = two_processes.run(jobs.gather_and_differentiate, rows, weights)
    for rank, (gathered, gradient, plain, has_gradient) in enumerate(results):
        assert gathered.equal(rows.flatten(0, 1)) and plain.equal(gathered) and not has_gradient
        torch.testing.assert_close(gradient, weights.sum(dim=0).chunk(2)[rank], atol=1e-12, rtol=0)


def test_in_one_process_rows_are_the_rows():
    rows, weights = torch.randn(1, 3, 4), torch.randn(1, 3, 4)
    gathered, gradient, plain, has_gradient = jobs.gather_and_differentiate(rows, weights)
    assert gathered.equal(rows[0]) and gradient.equal(weights[0]) and plain.equal(rows[0]) and not has_gradient


@pytest.mark.parametrize('batch', [8, 5, 1])
def test_shuffle_deals_the_batches_and_restore_gives_them_back(two_processes, batch):
    orders = []
    for step in range(4):
        results = two_processes.run(jobs.shuffle_and_restore, batch, step)
        for rank, (own, seen, restored) in enumerate(results):
            assert restored.equal(own)
            assert (seen // batch == rank).sum() == (batch + 1) // 2  # half of its own, and of the other rank's
        orders.append([int(row) for _, seen, _ in results for row in seen])
        assert sorted(orders[-1]) == list(range(2 * batch))
    assert batch == 1 or len({tuple(order) for order in orders}) == 4


@pytest.mark.parametrize('batch', [32, 7, 3])
def test_any_number_of_ranks_is_dealt_as_many_rows_of_each(monkeypatch, batch):
    monkeypatch.setattr(shuffle_bn, 'world_size', lambda: 4)
    shuffle = BatchShuffle(batch, torch.tensor(0), seed=5)
    hands = shuffle.dealt.view(4, batch)
    assert sorted(hands.flatten().tolist()) == list(range(4 * batch))
    for receiver, hand in enumerate(hands):
        counts = torch.bincount(hand // batch, minlength=4).tolist()
        assert counts == [shuffle._count(sender, receiver) for sender in range(4)]
        assert max(counts) - min(counts) <= 1


def test_in_one_process_nothing_is_shuffled():
    own, seen, restored = jobs.shuffle_and_restore(8, 0)
    assert seen.equal(own) and restored.equal(own)


@pytest.mark.parametrize('seen', [None, torch.arange(120) % 4 != 1])
def test_labels_equal_those_of_one_process(two_processes, seen):
    features = torch.randn(120, 5, generator=torch.Generator().manual_seed(0))
    expected, steps = jobs.label(features, seen, 0.6)
    assert steps == [1, 2, 3] and (expected.labels >= 0).any()
    for rank, (found, done) in enumerate(two_processes.run(jobs.label, features, seen, 0.6)):
        assert found.labels.equal(expected.labels) and found.rate == expected.rate
        assert done == [[2, 3], [2]][rank]
        for level, other in zip(found.granularities, expected.granularities):
            assert level.assignment.equal(other.assignment) and level.confidence.equal(other.confidence)
            assert level.centroids.equal(other.centroids) and level.concentration.equal(other.concentration)
            assert level.seconds > 0
    first, second = (found.granularities for found, _ in two_processes.run(jobs.label, features, seen, 0.6))
    assert [level.seconds for level in first] == [level.seconds for level in second]


def test_each_image_has_its_row_on_the_rank_that_has_seen_it_last(two_processes):
    generator = torch.Generator().manual_seed(0)
    early, late, other = (torch.randn(count, 3, generator=generator).half().float() for count in (4, 2, 3))
    writes = [[(torch.tensor([0, 1, 2, 3]), early), (torch.tensor([3, 4]), late)],  # rank 0 sees image 3 twice
              [(torch.tensor([2, 3, 6]), other)]]
    expected = torch.stack([early[0], early[1], other[0], late[0], late[1], torch.zeros(3), other[2], torch.zeros(3)])
    shares = two_processes.run(jobs.fill_bank, 8, writes)
    assert [share.tolist() for share, _, _ in shares] == [[0, 1, 3, 4], [2, 6]]
    for _, features, seen in shares:
        assert seen.tolist() == [True, True, True, True, True, False, True, False]
        assert features.equal(expected)


def test_batch_statistics_become_the_mean_over_ranks(two_processes):
    (before, first), (other, second) = two_processes.run(jobs.norms)
    for name in before:
        if 'running' in name:
            expected = (before[name] + other[name]) / 2
            assert not before[name].equal(other[name])
            torch.testing.assert_close(first[name], expected)
            assert second[name].equal(first[name])
        else:  # weights, and the number of batches
            assert first[name].equal(before[name]) and second[name].equal(other[name])
    assert {name for name in before if 'running' in name} == {
        f'{number}.running_{moment}' for number in (0, 3) for moment in ('mean', 'var')}


@pytest.mark.parametrize('num_samples, batch_size', [(23, 4), (8, 4), (3, 10)])
def test_the_exact_pass_equals_that_of_one_process(two_processes, num_samples, batch_size):
    expected, _ = jobs.extract(num_samples, batch_size)
    first, second = two_processes.run(jobs.extract, num_samples, batch_size)
    assert first[0].equal(second[0]) and first[1][-1] == num_samples
    torch.testing.assert_close(first[0], expected, atol=1e-6, rtol=0)
