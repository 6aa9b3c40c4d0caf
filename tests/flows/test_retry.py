"""When things are tried again: a pure function of error and attempts."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from flows import retry


@given(attempts=st.integers(0, 10_000), chance=st.floats(0, 1, exclude_max=True))
def test_the_wait_is_never_longer_than_an_hour_and_never_nothing(attempts: int, chance: float) -> None:
    wait = retry.backoff(attempts, rng=lambda: chance)
    assert timedelta(seconds=2) <= wait <= retry.LONGEST


@given(attempts=st.integers(1, 9))
def test_the_wait_grows_with_the_attempts(attempts: int) -> None:
    assert retry.backoff(attempts + 1, rng=lambda: 0.5) > retry.backoff(attempts, rng=lambda: 0.5)


@given(asked=st.floats(0, 10 * 365 * 86_400))
def test_what_the_remote_asks_for_is_honoured_up_to_an_hour(asked: float) -> None:
    wait = retry.backoff(1, retry_after=asked, rng=lambda: 0.0)
    assert wait >= min(timedelta(seconds=asked), retry.LONGEST)
    assert wait <= retry.LONGEST


def test_an_endpoint_is_left_alone_only_after_some_failures_in_a_row_and_never_for_more_than_a_minute() -> None:
    assert retry.open_circuit(retry.PATIENCE - 1) is None
    assert retry.open_circuit(retry.PATIENCE) == timedelta(seconds=10)
    assert retry.open_circuit(1_000) == timedelta(minutes=1)
