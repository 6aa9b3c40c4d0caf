"""How many threads may be inside at once, which may change while they come and go. Plain Python."""

from __future__ import annotations

import threading
from types import TracebackType


class Gate:
    """Used as a context by each thread that makes a call. `limit` may be set at any time; whoever is inside stays inside."""

    def __init__(self, limit: int = 0) -> None:
        self._changed = threading.Condition()
        self._limit = limit
        self._inside = 0

    def open_for(self, limit: int) -> None:
        with self._changed:
            self._limit = limit
            self._changed.notify_all()

    def __enter__(self) -> None:
        with self._changed:
            while self._inside >= self._limit:
                self._changed.wait()
            self._inside += 1

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self._changed:
            self._inside -= 1
            self._changed.notify()
