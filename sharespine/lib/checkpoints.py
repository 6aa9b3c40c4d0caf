"""Named places in the life of a transfer where a test may end the process, freeze it or look at it.

Nothing listens in production: `reach` is a dictionary look-up. The fault tests set `SHARESPINE_CRASH_AT=<name>[:<nth>]`
in the environment of a worker, and that process ends there as if the power had gone.
"""

from __future__ import annotations

import os

_crash_at = ""
_left = 0


def arm(place: str, /) -> None:
    """End this process at `place`, the first time or, as `place:n`, the nth; never if it is empty."""
    global _crash_at, _left
    _crash_at, _, times = place.partition(":")
    _left = int(times or 1)


def reach(name: str, /) -> None:
    """Say that the process has come to the place `name`."""
    global _left
    if name != _crash_at:
        return
    _left -= 1
    if _left <= 0:
        os._exit(137)


arm(os.environ.get("SHARESPINE_CRASH_AT", ""))
