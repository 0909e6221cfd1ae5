import pytest
from hypothesis import given, strategies as st

from mmifnd.engine.time_left import EXPECTED_PASS, WARM_UP, TimeLeft


def trained(left, step_seconds, end_seconds, epochs):
    """Let ``left`` see ``epochs`` whole epochs, and return the time that they took."""
    spent = 0.
    for epoch in range(1, epochs + 1):
        for _ in range(left.steps_per_epoch):
            left.add_step(step_seconds)
            spent += step_seconds
        left.add_end(epoch, end_seconds(epoch))
        spent += end_seconds(epoch)
    return spent


@given(steps=st.integers(3, 20), epochs=st.integers(4, 30), interval=st.integers(1, 3), pass_seconds=st.floats(0., 50.))
def test_after_one_end_of_each_kind_the_estimate_is_exact(steps, epochs, interval, pass_seconds):
    def is_clustered(completed):
        return completed % interval == 0 and completed < epochs

    def end_seconds(completed):
        return pass_seconds if is_clustered(completed) else 0.25

    left = TimeLeft(steps, epochs, is_clustered)
    done = interval + 1 if interval + 1 < epochs else interval
    spent = trained(left, 0.5, end_seconds, done)
    total = 0.5 * steps * epochs + sum(end_seconds(epoch) for epoch in range(1, epochs + 1))
    never_seen = 0.25 * (interval == 1 and done < epochs)  # the end of the last epoch alone is without a clustering
    assert left.seconds(done * steps) == pytest.approx(total - spent - never_seen)


def test_nothing_is_promised_before_a_step_was_timed():
    left = TimeLeft(5, 2, lambda completed: False)
    for _ in range(WARM_UP):
        assert left.seconds(0) is None
        left.add_step(100.)
    assert left.seconds(WARM_UP) is None
    left.add_step(1.)
    assert left.seconds(WARM_UP + 1) == 2 * 5 - WARM_UP - 1


def test_a_pass_that_was_not_timed_yet_counts_as_a_share_of_the_steps():
    left = TimeLeft(10, 3, lambda completed: completed == 2)
    for _ in range(WARM_UP + 1):
        left.add_step(2.)
    assert left.seconds(10) == 2. * 20 + EXPECTED_PASS * 10 * 2.


def test_a_resumed_run_counts_the_ends_that_are_left():
    left = TimeLeft(10, 4, lambda completed: True, ended=2)
    for _ in range(WARM_UP + 1):
        left.add_step(1.)
    left.add_end(3, 7.)
    assert left.seconds(30) == 10 + 7.
