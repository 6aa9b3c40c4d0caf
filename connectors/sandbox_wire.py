"""What goes over the wire to and from a simulator: requests and responses, without a socket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import simplejson
from requests.structures import CaseInsensitiveDict


@dataclass(frozen=True)
class Request:
    """One call to a simulator. `path` is raw (percent-encoding kept, no query); `query` is decoded, in the order given."""

    method: str
    path: str
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=CaseInsensitiveDict)
    body: bytes = b""

    @classmethod
    def parse(cls, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> Request:
        """The request with the request target `target` (path and query as they stand in the first line)."""
        path, _, query = target.partition("?")
        pairs = parse_qsl(query, keep_blank_values=True)
        return cls(method, path, pairs, CaseInsensitiveDict(headers), body)

    def param(self, name: str, default: str = "") -> str:
        """The last value given for the query parameter `name`, as PHP and .NET read it."""
        return next((value for key, value in reversed(self.query) if key == name), default)

    def json(self) -> Any:
        """The body as JSON, with `Decimal` for numbers that have a point. Raises `ValueError`."""
        return simplejson.loads(self.body.decode(), use_decimal=True)


@dataclass
class Response:
    """What a simulator answers. A dict or list becomes JSON, bytes and str go out as they are, None is an empty body."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def content(self) -> bytes:
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, str):
            return self.body.encode()
        return simplejson.dumps(self.body, use_decimal=True).encode()

    def content_type(self) -> str:
        if isinstance(self.body, str):
            return "text/html; charset=UTF-8" if self.body.lstrip().startswith("<") else "text/plain; charset=UTF-8"
        return "application/octet-stream" if isinstance(self.body, bytes) else "application/json; charset=UTF-8"


def readable(content: bytes) -> Any:
    """`content` for people and tests: parsed when it is JSON, as text when it is not, None when it is empty."""
    if not content:
        return None
    try:
        return simplejson.loads(content.decode(), use_decimal=True)
    except (ValueError, RecursionError):
        return content.decode(errors="replace")
