"""What ranks exchange: against naive loops over the ranks, on two processes and on one."""

import distributed_jobs as jobs
import pytest
import torch

from mmifnd.distributed import all_reduce, unwrap


def check(results, values):
    world = len(values)
    for number, result in enumerate(results):
        for column in range(values.shape[1]):
            numbers = [values[other, column].item() for other in range(world)]
            assert result['sum'][column] == sum(numbers) and result['mean'][column] == sum(numbers) / world
            assert result['min'][column] == min(numbers) and result['max'][column] == max(numbers)
        assert result['columns'].equal(values.sum(dim=0)) and result['broadcast'].equal(values[-1])
        assert result['objects'] == [dict(rank=other) for other in range(world)] and result['object'] == world - 1
        assert result['is_main'] == (number == 0)


VALUES = torch.tensor([[3., -1.5, 0.25, 8.], [-4., 2.5, 0.75, 7.]], dtype=torch.float64)


def test_two_processes_against_loops(two_processes):
    check(two_processes.run(jobs.exchange, VALUES), VALUES)


def test_a_process_alone_keeps_what_it_has():
    check([jobs.exchange(VALUES[:1])], VALUES[:1])


@pytest.mark.parametrize('world', [1, 2])
def test_one_exchange_gives_what_one_for_each_gives(two_processes, world):
    generator = torch.Generator().manual_seed(0)
    columns = [torch.randint(-9, 9, (world, 3), generator=generator), torch.rand(world, 3, generator=generator) < 0.5,
               torch.randn(world, 3, 2, generator=generator, dtype=torch.float64),
               torch.randn(world, 3, 2, 2, generator=generator),
               torch.randn(world, 5, 3, generator=generator).mT, torch.randn(world, 3, generator=generator).half()]
    results = two_processes.run(jobs.gather_columns, columns) if world == 2 else [jobs.gather_columns(columns)]
    for number, (together, single, ranks) in enumerate(results):
        assert len(together) == len(columns) and ranks == (None if number else list(range(world)))
        for found, expected, column in zip(together, single, columns, strict=True):
            assert found.equal(expected) and found.equal(column.flatten(0, 1)) and found.dtype == column.dtype


def test_rows_arrive_at_the_rank_that_they_are_for_in_the_order_of_the_senders(two_processes):
    values = torch.arange(2 * 4 * 3, dtype=torch.uint8).view(2, 4, 3).mT.contiguous().mT  # rows with strides
    (first, second) = two_processes.run(jobs.send_some, values)
    assert first.equal(torch.cat([values[0][:1], values[1][:2]])) and second.equal(torch.cat([values[0][1:], values[1][2:]]))
    assert jobs.send_some(values[:1]).equal(values[0])


def test_a_gradient_that_others_share_is_left_alone(two_processes):
    for number, (own, other) in enumerate(two_processes.run(jobs.share_a_gradient, torch.zeros(2, 3, 2))):
        assert (own == 3).all() and (other == number + 1).all()


def test_an_unknown_operation_is_refused():
    with pytest.raises(ValueError, match="operation='median' of all_reduce is unknown; choose one of sum, mean, min, max"):
        all_reduce(torch.zeros(1), 'median')
    with pytest.raises(ValueError, match='a mean of torch.int64 cannot be kept in place'):
        all_reduce(torch.zeros(1, dtype=torch.int64), 'mean')


def test_a_model_comes_out_of_its_wrapper(two_processes):
    assert two_processes.run(jobs.unwrap_from_ddp) == [True, True]
    model = torch.nn.Linear(1, 1)
    assert unwrap(torch.nn.DataParallel(model)) is model


def test_a_model_that_calls_a_part_module_is_no_wrapper():
    model = torch.nn.Sequential()
    model.module = torch.nn.Linear(1, 1)
    assert unwrap(model) is model
