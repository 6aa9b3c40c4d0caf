"""A proxy in front of PostgreSQL that counts the statements that pass: exact, and on nobody's account."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import psycopg

#: Messages of a client that carry out a statement: a simple query, and Execute of the extended protocol.
_STATEMENTS = (b"Q", b"E")


class Counter:
    """How many statements have passed since the proxy was started."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.statements = 0

    def add(self, number: int) -> None:
        with self._lock:
            self.statements += number


@contextlib.contextmanager
def counted(address: str) -> Iterator[tuple[str, Counter]]:
    """The address of the database at `address` by way of the proxy, and its counter."""
    with psycopg.connect(address) as connection:
        host, port = connection.info.host, connection.info.port
        user, name = connection.info.user, connection.info.dbname
    counter = Counter()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_accept, args=(listening, host, port, counter), daemon=True).start()
        yield f"postgres://{user}@127.0.0.1:{listening.getsockname()[1]}/{name}?sslmode=disable&gssencmode=disable", counter


def _accept(listening: socket.socket, host: str, port: int, counter: Counter) -> None:
    while True:
        try:
            client, _ = listening.accept()
        except OSError:
            return
        if host.startswith("/"):
            server = socket.socket(socket.AF_UNIX)
            server.connect(f"{host}/.s.PGSQL.{port}")
        else:
            server = socket.create_connection((host, port))
        threading.Thread(target=_forward, args=(client, server, counter), daemon=True).start()
        threading.Thread(target=_forward, args=(server, client, None), daemon=True).start()


def _forward(source: socket.socket, target: socket.socket, counter: Counter | None) -> None:
    """Hand on what comes. The client's first message has no kind: its length comes first."""
    buffer, begun = bytearray(), False
    with contextlib.suppress(OSError):
        while chunk := source.recv(65536):
            target.sendall(chunk)
            if counter is None:
                continue
            buffer += chunk
            found = 0
            while len(buffer) >= 5:
                start = 1 if begun else 0
                length = start + int.from_bytes(buffer[start : start + 4])
                if len(buffer) < length:
                    break
                found += begun and bytes(buffer[:1]) in _STATEMENTS
                begun = True
                del buffer[:length]
            counter.add(found)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
