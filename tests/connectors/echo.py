"""Two servers for tests of the transport: a simulator that answers what it is told, and a socket that says any bytes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from connectors.capabilities import Register
from connectors.sandbox import Request, Response, Sandbox


class Echo(Sandbox):
    """Answers `responses` in turn, and then the request itself. `count` is its state: calls that were not GET."""

    key = "echo"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.responses: list[Response] = []
        self.headers: list[dict[str, str]] = []
        self.count = 0
        self.times: list[datetime] = []

    def handle(self, request: Request) -> Response:
        self.headers.append(dict(request.headers))
        if request.method not in ("GET", "HEAD"):
            self.count += 1
            self.times.append(self.now())
        if self.responses:
            return self.responses.pop(0)
        body = request.body.decode()
        return Response(200, {"method": request.method, "path": request.path, "query": request.query, "body": body})

    def endpoint_options(self, address: str) -> dict[str, str]:
        return {"address": address}

    def flow_options(self, register: Register = Register.ORDERS) -> dict[str, Any]:
        return {}


@contextmanager
def saying(content: bytes) -> Iterator[str]:
    """A server that answers every connection with exactly `content` and hangs up. Yields its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    try:
                        connection.recv(65536)
                        connection.sendall(content)
                        connection.shutdown(socket.SHUT_WR)
                    except OSError:
                        continue

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
