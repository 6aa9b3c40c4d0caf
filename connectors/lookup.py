"""Where a host's name leads, asked within a time. The operating system has no time-out of ours: it may take a minute."""

from __future__ import annotations

import os
import socket
import threading
from concurrent.futures import Future

_lock = threading.Lock()
_under_way: dict[str, Future[list[str]]] = {}


def look_up(host: str, seconds: float) -> list[str]:
    """The IP addresses of `host`, in the order in which the system prefers them.

    Raises `socket.gaierror` when there are none, `UnicodeError` for what cannot be a name, and `TimeoutError`. An address in
    any notation that the system takes (decimal, octal, hexadecimal, shortened) comes back in the usual one.

    Only a new connection needs this. Callers that ask for the same name at the same time share one thread, so that a name
    server that does not answer holds at most one thread per name.
    """
    try:
        return _addresses(host, socket.AI_NUMERICHOST)
    except socket.gaierror:
        # A name.
        asked = _asked(host)
    return asked.result(timeout=seconds)


def _asked(host: str) -> Future[list[str]]:
    with _lock:
        found = _under_way.get(host)
        if found is None:
            found = Future()
            # Not of a pool: the end of the process must not wait for a name server.
            threading.Thread(target=_ask, args=(host, found), name="look-up", daemon=True).start()
            _under_way[host] = found
        return found


def _ask(host: str, found: Future[list[str]]) -> None:
    try:
        addresses = _addresses(host)
    except Exception as error:  # noqa: BLE001 - raised where it is waited for
        _forget_asking(host)
        found.set_exception(error)
    else:
        _forget_asking(host)
        found.set_result(addresses)


def _forget_asking(host: str) -> None:
    """Before the answer is given: who asks from then on is to get a fresh one."""
    with _lock:
        _under_way.pop(host, None)


def _addresses(host: str, flags: int = 0) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=flags)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _forget() -> None:
    """A forked process has none of the threads of its parent."""
    global _lock
    _lock = threading.Lock()
    _under_way.clear()


os.register_at_fork(after_in_child=_forget)
