"""When something is tried again. Pure functions of the error and the attempts; no Django, no I/O."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import random

#: The longest we wait between two attempts, and the longest we let a remote system make us wait.
LONGEST = timedelta(hours=1)
#: The longest an endpoint is left alone: one call a minute burdens nobody, and orders go on soon after it is back.
LONGEST_PAUSE = timedelta(minutes=1)
#: Temporary failures in a row before an endpoint is left alone for a while.
PATIENCE = 5
#: Attempts at something that should not happen (nonsense in the answer, a bug of ours) before a person must look.
LIMIT = 5
#: Attempts at one order on which the remote system fails while it takes others, about half a day of them: then it is the order
#: that it cannot take.
ENOUGH = 20


def backoff(attempts: int, *, retry_after: float | None = None, rng: Callable[[], float] = random) -> timedelta:
    """How long to wait before the next attempt: doubling from 4 s to an hour, at least half of it, the rest by chance.

    `retry_after` (seconds) is what the remote system asked for; never sooner than that, never later than an hour.
    """
    ceiling = min(LONGEST.total_seconds(), 4.0 * 2 ** min(max(attempts, 1) - 1, 12))
    seconds = ceiling / 2 + rng() * ceiling / 2
    if retry_after is not None:
        seconds = max(retry_after, 0.0) + rng()
    return timedelta(seconds=min(seconds, LONGEST.total_seconds()))


def open_circuit(failures: int) -> timedelta | None:
    """How long an endpoint is left alone after so many temporary failures in a row; None while we still try at once."""
    if failures < PATIENCE:
        return None
    return min(LONGEST_PAUSE, timedelta(seconds=10.0 * 2 ** min(failures - PATIENCE, 8)))
