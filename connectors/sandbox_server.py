"""The socket in front of a simulator: a small threaded HTTP/1.1 server that can also misbehave on purpose."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any, cast

from requests.structures import CaseInsensitiveDict

from connectors.sandbox_faults import Fault
from connectors.sandbox_wire import Request, Response

#: What the simulator says to a call (its head, and a function that reads its body): the answer, and the fault that the server
#: is to show on the way.
Answering = Callable[[Request, Callable[[], bytes]], tuple[Response, Fault | None]]
#: For `SO_LINGER`: closing throws away what has not been sent, and resets the connection.
_NO_LINGER = struct.pack("ii", 1, 0)

_FILLER = b"[0" + b",0" * 32_000


@contextmanager
def serving(answering: Answering, *, host: str, port: int, stopping: threading.Event) -> Iterator[str]:
    """Serve on a thread of its own for the life of the context, and yield the address.

    On the way out, `stopping` is set (whoever delays an answer wakes), open sockets are shut and all threads have ended.
    """
    with _Server((host, port), answering, stopping) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name=f"sandbox-{port}")
        thread.start()
        try:
            yield f"http://{host}:{server.server_address[1]}"
        finally:
            stopping.set()
            server.shutdown()
            server.shut_connections()
            thread.join()


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], answering: Answering, stopping: threading.Event) -> None:
        self.answering = answering
        self.stopping = stopping
        self._open: set[socket.socket] = set()
        self._to_reset: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def opened(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)

    def closed(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)

    def reset_when_closed(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._to_reset.add(connection)

    def shutdown_request(self, request: Any) -> None:
        if request in self._to_reset:
            # Not shut down first: that would be a proper end.
            self._to_reset.discard(request)
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def shut_connections(self) -> None:
        """Wake every thread that waits for the next call of a kept-alive connection."""
        with self._lock:
            for connection in self._open:
                _shut(connection)

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that hangs up is no news; a bug in a simulator never gets here (it is answered with 500)."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_version = "Sandbox"
    sys_version = ""

    def setup(self) -> None:
        super().setup()
        self._sandbox = cast("_Server", self.server)
        self._sandbox.opened(self.connection)

    def finish(self) -> None:
        self._sandbox.closed(self.connection)
        super().finish()

    def log_message(self, *_: object) -> None:
        """The history is the log."""

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:
            # The caller is gone, or the server is being stopped.
            self.close_connection = True

    def _serve(self) -> None:
        head = Request.parse(self.command, self.path, CaseInsensitiveDict(self.headers.items()))
        response, fault = self._sandbox.answering(head, self._body)
        if fault is None:
            self._send(response)
        else:
            self._misbehave(response, fault)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    # The names that http.server looks for.
    do_GET = do_HEAD = do_OPTIONS = _serve  # noqa: N815
    do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

    def _send(self, response: Response) -> None:
        head, content = self._rendered(response)
        self.wfile.write(head + content)

    def _misbehave(self, response: Response, fault: Fault) -> None:
        if fault.kind in ("drop_before", "drop_after"):
            self._hang_up()
        elif fault.kind in ("reset_early", "reset_before", "reset_after"):
            self._reset()
        elif fault.kind == "truncate":
            head, content = self._rendered(response)
            self.wfile.write(head + content[: len(content) // 2])
            self._hang_up()
        elif fault.kind == "slow":
            for byte in b"".join(self._rendered(response)):
                self.wfile.write(bytes([byte]))
                if self._sandbox.stopping.wait(fault.seconds):
                    break
        elif fault.kind == "huge":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
            while not self._sandbox.stopping.is_set():
                self.wfile.write(b"%x\r\n%s\r\n" % (len(_FILLER), _FILLER))
        else:
            if fault.kind == "delay":
                self._sandbox.stopping.wait(fault.seconds)
            self._send(response)

    def _rendered(self, response: Response) -> tuple[bytes, bytes]:
        """The head and the body as they go out. Written in one piece, so that no packet waits for an acknowledgement."""
        content = response.content()
        headers = {"Server": self.server_version, **response.headers}
        known = {name.lower() for name in headers}
        if content and "content-type" not in known:
            headers["Content-Type"] = response.content_type()
        if "content-length" not in known and response.status not in (204, 304):
            headers["Content-Length"] = str(len(content))
        reason = self.responses.get(response.status, ("",))[0]
        lines = [f"HTTP/1.1 {response.status} {reason}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        return "\r\n".join(lines).encode("latin-1"), b"" if self.command == "HEAD" else content

    def _reset(self) -> None:
        self.close_connection = True
        self._sandbox.reset_when_closed(self.connection)

    def _hang_up(self) -> None:
        self.close_connection = True
        _shut(self.connection)


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
