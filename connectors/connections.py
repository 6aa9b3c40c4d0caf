"""The connections under the transport: pooled, made to addresses that may be called, cut at the deadline, TLS 1.2 or newer."""

from __future__ import annotations

import socket
import ssl
import time
from functools import cache
from typing import Any

import certifi
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

from connectors.addresses import refuse_inside
from connectors.deadlines import current_attempt
from connectors.lookup import look_up

_KEPT_OPEN = 32


def open_pool(scheme: str, host: str, port: int) -> HTTPConnectionPool:
    """A pool of connections to one host, for several threads. `scheme` is http or https."""
    if scheme == "https":
        return _SecurePool(host, port, maxsize=_KEPT_OPEN, ssl_context=tls())
    return _Pool(host, port, maxsize=_KEPT_OPEN)


@cache
def tls() -> ssl.SSLContext:
    """How all connections of the process are secured: certificates and host names are verified, and old TLS is refused."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self)

    def send(self, data: Any) -> None:
        _before_sending(self)
        super().send(data)


class _SecureConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self)

    def send(self, data: Any) -> None:
        _before_sending(self)
        super().send(data)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def _connect(connection: HTTPConnection) -> socket.socket:
    """A socket to the host, which the caller lays TLS over. Its time-out is the connection's, for the look-up and all tries.

    The name is looked up once, every address is judged, and what was judged is what is called: a name that leads somewhere
    else a moment later gains nothing by it. The host name stays what the certificate is held against.
    """
    seconds = float(connection.timeout or 0)
    ends = time.monotonic() + seconds
    host = connection.host
    try:
        found = look_up(host, seconds)
    except socket.gaierror as error:
        raise NameResolutionError(host, connection, error) from error
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, f"The look-up of {host} timed out.") from error
    refuse_inside(found)
    opened = _opened(connection, found, ends)
    opened.settimeout(seconds)
    attempt = current_attempt()
    if attempt is not None:
        attempt.watch(opened)
    return opened


def _opened(connection: HTTPConnection, found: list[str], ends: float) -> socket.socket:
    """A socket to the first address that answers. Each gets its share of what is left, so that a dead one costs only that."""
    problem: OSError | None = None
    for number, address in enumerate(found):
        share = max((ends - time.monotonic()) / (len(found) - number), 0.001)
        try:
            return create_connection((address, connection.port), share, socket_options=connection.socket_options)
        except OSError as error:
            problem = error
    if isinstance(problem, TimeoutError):
        raise ConnectTimeoutError(connection, f"{connection.host} did not answer in time.") from problem
    raise NewConnectionError(connection, f"No connection: {problem}") from problem


def _before_sending(connection: HTTPConnection) -> None:
    if connection.sock is None:
        # http.client would connect inside `send`; then "could not connect" and "lost while sending" would look alike.
        connection.connect()
    attempt = current_attempt()
    if attempt is not None and connection.sock is not None:
        attempt.watch(connection.sock)
        attempt.sent = True
