"""A deadline for a whole HTTP call, and whether anything of it was sent.

`requests` knows a time-out per read only: a server that sends one byte now and then holds a thread for ever. An `Attempt`
shuts the socket when its time is up, whatever the other side is doing: TLS handshake, head or body. Only the look-up of the
host's name cannot be cut short; the operating system has its own limit there.
"""

from __future__ import annotations

import os
import socket
import threading
from types import TracebackType
from typing import Any, Self

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_current = threading.local()


class Attempt:
    """One try at a call, in the thread that makes it. Used as a context.

    `sent` is False as long as not one byte has been handed to the network: then the call has surely had no effect.
    `expired` tells that the deadline passed and the socket was shut.
    """

    def __init__(self, seconds: float) -> None:
        self.sent = False
        self.expired = False
        self._lock = threading.Lock()
        self._handle: socket.socket | None = None
        self._timer = threading.Timer(max(seconds, 0), self._expire)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        _current.attempt = self
        self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        _current.attempt = None
        self._timer.cancel()
        with self._lock:
            if self._handle is not None:
                self._handle.close()
                self._handle = None

    def watch(self, connection: socket.socket) -> None:
        """Shut `connection` when the deadline passes."""
        with self._lock:
            if self._handle is None:
                # A duplicate: the original is detached when TLS is laid over it, and may be closed by its owner at any time.
                self._handle = socket.socket(fileno=os.dup(connection.fileno()))
            if self.expired:
                _shut(self._handle)

    def _expire(self) -> None:
        with self._lock:
            self.expired = True
            if self._handle is not None:
                _shut(self._handle)


class WatchedAdapter(HTTPAdapter):
    """Connections whose socket is known to the `Attempt` of the calling thread. Shared by threads; never retries."""

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        connection = super()._new_conn()
        _watch(connection)
        return connection

    def send(self, data: Any) -> None:
        _before_sending(self)
        super().send(data)


class _SecureConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        connection = super()._new_conn()
        _watch(connection)
        return connection

    def send(self, data: Any) -> None:
        _before_sending(self)
        super().send(data)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def _watch(connection: socket.socket) -> None:
    attempt: Attempt | None = getattr(_current, "attempt", None)
    if attempt is not None:
        attempt.watch(connection)


def _before_sending(connection: HTTPConnection) -> None:
    if connection.sock is None:
        # http.client would connect inside `send`; then "could not connect" and "lost while sending" would look alike.
        connection.connect()
    attempt: Attempt | None = getattr(_current, "attempt", None)
    if attempt is not None and connection.sock is not None:
        attempt.watch(connection.sock)
        attempt.sent = True


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # Already gone.
        return
