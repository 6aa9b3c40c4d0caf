"""Serves the sales page on loopback, as another site than the API: what a browser lets it do there is what CORS allows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from waitress.server import create_server

SITE = Path(__file__).resolve().parent / "site"
#: What there is, and nothing else.
TYPES = {
    "index.html": "text/html; charset=utf-8",
    "sales.css": "text/css; charset=utf-8",
    "sales.js": "text/javascript; charset=utf-8",
    "quote.js": "text/javascript; charset=utf-8",
    "words.js": "text/javascript; charset=utf-8",
    "favicon.svg": "image/svg+xml",
}
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


def application(api: str) -> Callable[[dict[str, Any], StartResponse], Iterable[bytes]]:
    """The site as a WSGI application. `api` is the address of the API, without a path: `http://127.0.0.1:8800`."""
    policy = (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src {api}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )

    def serve(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        name = str(environ.get("PATH_INFO", "/")).lstrip("/") or "index.html"
        if name not in TYPES or environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
            return [b"There is nothing here.\n"]
        body = (SITE / name).read_bytes()
        if name == "index.html":
            body = body.replace(b"{{ api }}", api.encode())
        headers = [
            ("Content-Type", TYPES[name]),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-cache"),
            ("Content-Security-Policy", policy),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
        ]
        start_response("200 OK", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    return serve


@contextmanager
def serving(api: str, *, port: int = 0) -> Iterator[str]:
    """Serve the site on loopback, at `port` or any free one, while the block lasts. Gives its address."""
    server = create_server(application(api), host="127.0.0.1", port=port, threads=2)
    thread = threading.Thread(target=server.run, name="sales page", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:

        def stop() -> None:
            for channel in list(server.active_channels.values()):
                channel.handle_close()
            server.close()

        server.task_dispatcher.shutdown()
        # In its own thread: from here what it waits for would be closed under its hands.
        server.trigger.pull_trigger(stop)
        thread.join(timeout=5)
