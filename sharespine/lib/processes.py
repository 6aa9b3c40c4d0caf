"""What processes that watch each other need: signs of life, flags, and to end together. Plain Python.

Everything that is shared lies in memory without locks: a process that is killed keeps the lock that it holds, and whoever waits
for that lock waits for ever. Each number is written by one process only.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from multiprocessing.sharedctypes import RawArray, RawValue
from time import monotonic, sleep

#: How often a process shows that it lives, in seconds.
PULSE = 1.0
_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15


class Flag:
    """Something that one process says and others see. Setting it twice changes nothing; safe in a signal handler."""

    def __init__(self) -> None:
        self._value = RawValue("b", 0)

    def set(self) -> None:
        self._value.value = 1

    def is_set(self) -> bool:
        return bool(self._value.value)


class Vitals:
    """The signs of life of one process, by the monotonic clock: when it last moved, and since when it works on a task."""

    def __init__(self) -> None:
        self._times = RawArray("d", [monotonic(), 0.0])

    def beat(self) -> None:
        self._times[0] = monotonic()

    def begin(self) -> None:
        """Note that a task begins."""
        self._times[1] = monotonic()

    def end(self) -> None:
        """Note that no task is under way."""
        self._times[1] = 0.0

    @property
    def seen(self) -> float:
        """When the process last moved."""
        return float(self._times[0])

    def busy(self) -> float:
        """For how many seconds the task under way has been worked on; 0 when there is none."""
        began = self._times[1]
        return monotonic() - began if began else 0.0


class Watch:
    """Somebody who looks at the vitals of others again and again. Who was frozen itself first lets them show themselves."""

    #: Between two looks, in seconds. Whoever looked away for longer knows nothing of what was meanwhile.
    GAP = 2.0

    def __init__(self) -> None:
        self._looked = self._since = monotonic()

    def look(self) -> None:
        now = monotonic()
        if now - self._looked > self.GAP:
            self._since = now
        self._looked = now

    def silent(self, vitals: Vitals) -> float:
        """For how many seconds nothing has been seen of the process."""
        return self._looked - max(vitals.seen, self._since)


def attach(name: str, parent: int) -> None:
    """Show this process as `name` (15 letters at most) among those of the machine, and have it end with its `parent`.

    Call it first thing in a child, from its main thread.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_NAME, name.encode(), 0, 0, 0)
        # SIGKILL, since what is left behind must not work on beside its successor, not even to end in peace.
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def keep_beating(vitals: Vitals, parent: int) -> None:
    """Show from a thread that this process is not frozen, however long its work takes. Ends it when its `parent` is gone."""

    def beat() -> None:
        while os.getppid() == parent:
            vitals.beat()
            sleep(PULSE)
        os._exit(1)

    threading.Thread(target=beat, name="pulse", daemon=True).start()
