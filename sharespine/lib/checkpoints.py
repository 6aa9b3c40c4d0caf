"""Named places in the life of a transfer where a test may end the process, freeze it or look at it.

Nobody listens in production: `reach` is a dictionary look-up. The fault tests call `listen`, or set
`SHARESPINE_CRASH_AT=<name>[:<nth>]` in the environment of a worker, and that process is killed there as by the kernel.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

_listeners: dict[str, Callable[[], None]] = {}


def reach(name: str, /) -> None:
    """Say that the process has come to the place `name`."""
    listener = _listeners.get(name)
    if listener is not None:
        listener()


def listen(name: str, listener: Callable[[], None], /) -> None:
    """Have `listener` called, by whichever thread it is, each time the process comes to the place `name`."""
    _listeners[name] = listener


def arm(place: str, /) -> None:
    """Kill this process at `place`, the first time or, as `place:n`, the nth. Nobody listens any more if it is empty."""
    _listeners.clear()
    name, _, times = place.partition(":")
    if name:
        listen(name, _Countdown(int(times or 1)))


class _Countdown:
    def __init__(self, times: int) -> None:
        self._left = times

    def __call__(self) -> None:
        self._left -= 1
        if self._left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get("SHARESPINE_CRASH_AT", ""))
