"""A deadline for a whole HTTP call, and whether anything of it was sent.

Libraries know a time-out per read only: a server that sends one byte now and then holds a thread for ever. An `Attempt` shuts
the socket when its time is up, whatever the other side is doing: TLS handshake, head or body. One thread watches over all
attempts of the process, since to start one for each call cost more than a quarter of the call.
"""

from __future__ import annotations

import math
import os
import socket
import threading
import time
from types import TracebackType
from typing import Self

_current = threading.local()


class Attempt:
    """One try at a call, in the thread that makes it. Used as a context. `ends` is on the clock `time.monotonic`.

    `sent` is False as long as not one byte has been handed to the network: then the call has surely had no effect.
    `expired` tells that the deadline passed and the socket was shut.
    """

    def __init__(self, seconds: float) -> None:
        self.sent = False
        self.expired = False
        self.ends = time.monotonic() + max(seconds, 0)
        self._lock = threading.Lock()
        self._handle = -1

    def __enter__(self) -> Self:
        _current.attempt = self
        _watchdog.watch(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        _current.attempt = None
        _watchdog.leave(self)
        with self._lock:
            if self._handle >= 0:
                os.close(self._handle)
                self._handle = -1

    @property
    def left(self) -> float:
        """Seconds until the deadline; never negative."""
        return max(self.ends - time.monotonic(), 0.0)

    def watch(self, connection: socket.socket) -> None:
        """Shut `connection` when the deadline passes; at once if it has."""
        with self._lock:
            # The clock decides, not the watchdog: who was frozen past the deadline wakes together with it, and may be faster.
            self.expired = self.expired or not self.left
            if self._handle < 0:
                # A duplicate: the original is detached when TLS is laid over it, and may be closed by its owner at any time.
                self._handle = os.dup(connection.fileno())
            if self.expired:
                _shut(self._handle)

    def expire(self) -> None:
        """The deadline has passed: shut the socket, whoever is waiting on it."""
        with self._lock:
            self.expired = True
            if self._handle >= 0:
                _shut(self._handle)


def current_attempt() -> Attempt | None:
    """The attempt that the calling thread is making, if any."""
    attempt: Attempt | None = getattr(_current, "attempt", None)
    return attempt


class _Watchdog:
    """Expires the attempts whose time is up. Its thread is started with the first attempt and sleeps nearly always."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._live: set[Attempt] = set()
        self._wakes_at = math.inf
        self._started = False

    def watch(self, attempt: Attempt) -> None:
        with self._changed:
            self._live.add(attempt)
            if not self._started:
                threading.Thread(target=self._run, name="deadlines", daemon=True).start()
                self._started = True
            elif attempt.ends < self._wakes_at:
                self._changed.notify()

    def leave(self, attempt: Attempt) -> None:
        with self._changed:
            self._live.discard(attempt)

    def _run(self) -> None:
        while True:
            with self._changed:
                now = time.monotonic()
                overdue = [attempt for attempt in self._live if attempt.ends <= now]
                self._live.difference_update(overdue)
                if not overdue:
                    # Mostly later than needed by then, since attempts leave before their time: that costs one look.
                    self._wakes_at = min((attempt.ends for attempt in self._live), default=math.inf)
                    self._changed.wait(None if self._wakes_at == math.inf else self._wakes_at - now)
            for attempt in overdue:
                attempt.expire()


_watchdog = _Watchdog()


def _forget() -> None:
    """A forked process has none of the threads of its parent."""
    global _watchdog
    _watchdog = _Watchdog()


os.register_at_fork(after_in_child=_forget)


def _shut(handle: int) -> None:
    connection = socket.socket(fileno=handle)
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # Already gone.
        return
    finally:
        connection.detach()
