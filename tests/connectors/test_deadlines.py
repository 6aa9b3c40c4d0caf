"""One watchdog for all calls of a process: each is cut at its own time, in whatever order they begin and end."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from connectors.deadlines import Attempt, current_attempt

ENOUGH = 10.0


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Our end of a connection on which the other side never says anything."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours


def waited(connection: socket.socket, seconds: float) -> tuple[float, bool]:
    """How long a read took that never gets an answer, and whether its attempt expired."""
    connection.settimeout(ENOUGH)
    started = time.monotonic()
    with Attempt(seconds) as attempt:
        attempt.watch(connection)
        connection.recv(1)
    return time.monotonic() - started, attempt.expired


def test_a_read_that_waits_is_cut_at_the_deadline(silent: socket.socket) -> None:
    seconds, expired = waited(silent, 0.1)
    assert expired
    assert 0.1 <= seconds < ENOUGH


def test_a_call_that_is_late_is_cut_before_it_sends_though_the_watchdog_has_not_noticed(silent: socket.socket) -> None:
    """As in a process that was frozen past its deadline, and whose claim somebody else has taken over meanwhile."""
    # Not entered, so the watchdog knows nothing of it.
    attempt = Attempt(0)
    attempt.watch(silent)
    assert attempt.expired
    with pytest.raises(BrokenPipeError):
        silent.sendall(b"POST")


def test_a_short_deadline_is_kept_though_a_long_one_began_before_it(silent: socket.socket) -> None:
    with ThreadPoolExecutor(1) as pool, Attempt(ENOUGH) as long:
        seconds, expired = pool.submit(waited, silent, 0.1).result()
        assert expired
        assert seconds < ENOUGH
        assert not long.expired


def test_many_calls_at_once_are_each_cut_at_their_own_time() -> None:
    deadlines = [0.05 * (1 + n % 7) for n in range(28)]

    def call(seconds: float) -> tuple[float, bool]:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            return waited(ours, seconds)

    with ThreadPoolExecutor(len(deadlines)) as pool:
        outcomes = list(pool.map(call, deadlines))
    assert all(expired and seconds >= deadline for (seconds, expired), deadline in zip(outcomes, deadlines, strict=True))


def test_a_socket_that_is_opened_after_the_deadline_is_cut_at_once(silent: socket.socket) -> None:
    with Attempt(0) as attempt:
        while not attempt.expired:
            time.sleep(0.001)
        attempt.watch(silent)
        assert silent.recv(1) == b""


def test_a_call_that_ended_in_time_leaves_its_connection_alone(silent: socket.socket) -> None:
    with Attempt(0.05) as attempt:
        attempt.watch(silent)
    # The next one to expire shows that the watchdog has been past it.
    with Attempt(0.1) as later:
        while not later.expired:
            time.sleep(0.001)
    assert not attempt.expired
    silent.send(b"still open")


def test_all_calls_share_one_thread() -> None:
    with Attempt(ENOUGH):
        before = threading.active_count()
    for _ in range(50):
        with Attempt(ENOUGH) as attempt:
            assert current_attempt() is attempt
            assert threading.active_count() == before
    assert current_attempt() is None


def test_a_forked_process_keeps_its_own_deadlines(silent: socket.socket) -> None:
    with Attempt(ENOUGH):
        pass
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if waited(silent, 0.1)[1] else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
