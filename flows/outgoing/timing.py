"""When a message is sent again, and how long a receiver is left alone. Pure functions; no Django, no I/O."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import random

#: After each attempt but the last: ten attempts over three days.
DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=18),
    timedelta(hours=22),
)
ATTEMPTS = len(DELAYS) + 1
#: What has waited for so long is given up, even if its turn for ten attempts never came.
LONGEST = timedelta(days=4)
#: The longest that a receiver may ask us to wait.
MOST_ASKED = timedelta(hours=1)
#: How long a receiver that cannot be reached is left alone: at first, and at most.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(minutes=10)


def again_after(attempts: int, *, retry_after: float | None = None, rng: Callable[[], float] = random) -> timedelta | None:
    """How long to wait after so many attempts, a tenth more of it by chance; None when it is given up.

    `retry_after` (seconds) is what the receiver asked for: never sooner than that, but never for that longer than an hour.
    """
    if attempts >= ATTEMPTS:
        return None
    return max(_jittered(DELAYS[max(attempts, 1) - 1], rng), _asked(retry_after))


def pause_after(misses: int, *, retry_after: float | None = None, rng: Callable[[], float] = random) -> timedelta:
    """How long a receiver is left alone that could not be reached `misses` times in a row: doubling, a tenth more by chance."""
    longer = min(FIRST_PAUSE * 2 ** min(max(misses, 1) - 1, 10), LONGEST_PAUSE)
    return max(_jittered(longer, rng), _asked(retry_after))


def _jittered(wait: timedelta, rng: Callable[[], float]) -> timedelta:
    return wait * (1 + rng() / 10)


def _asked(retry_after: float | None) -> timedelta:
    return min(timedelta(seconds=max(retry_after or 0.0, 0.0)), MOST_ASKED)
