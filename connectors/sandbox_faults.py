"""Faults that a simulator can be told to show, so that tests inject failures instead of imagining them.

================  =====================================================================================
kind              what happens to a call that the fault hits
================  =====================================================================================
`status`          not handled; `status`, `body` and `headers` are answered instead
`html`            not handled; 200 and a HTML page
`drop_before`     not handled; the socket is closed
`drop_after`      handled; the socket is closed without an answer
`reset_early`     not handled; the connection is reset when only the head has been read
`reset_before`    not handled; the connection is reset
`reset_after`     handled; the connection is reset without an answer
`delay_before`    waits `seconds`, then handled and answered
`delay`           handled, then answered after `seconds`
`truncate`        handled; half of the body, then the socket is closed
`slow`            handled; the whole answer, head included, at one byte per `seconds`
`huge`            handled; a body that never ends
`status_after`    handled; `status`, `body` and `headers` are answered instead of what the simulator said
================  =====================================================================================
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from connectors.sandbox_wire import Request, Response

#: Those that the simulated system never hears of.
UNHANDLED = frozenset({"status", "html", "drop_before", "reset_early", "reset_before"})
#: Those that end without a byte of an answer.
UNANSWERED = frozenset({"drop_before", "drop_after", "reset_early", "reset_before", "reset_after"})
KINDS = UNHANDLED | UNANSWERED | {"delay_before", "delay", "truncate", "slow", "huge", "status_after"}

HTML_PAGE = "<!DOCTYPE html><html><head><title>Welcome</title></head><body><h1>It works!</h1></body></html>"


@dataclass(frozen=True)
class Fault:
    """A fault for calls of `method` ("POST|PUT" for either, None: any) whose raw path matches the regular expression `path`
    (None: any).

    It lets `skip` such calls pass, then hits `times` (None: all), each with the probability `share`, drawn from the simulator's
    seed.
    """

    kind: str
    method: str | None = None
    path: str | None = None
    times: int | None = 1
    skip: int = 0
    share: float = 1.0
    status: int = 500
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no such kind of fault: {self.kind!r}")

    def matches(self, request: Request) -> bool:
        if self.method is not None and request.method not in self.method.split("|"):
            return False
        return self.path is None or re.search(self.path, request.path) is not None

    def response(self) -> Response:
        """What is answered in place of the simulator's own answer."""
        if self.kind == "html":
            return Response(200, HTML_PAGE)
        return Response(self.status, self.body, dict(self.headers))


class Faults:
    """The faults that a simulator shows, in the order they were added; at most one hits a call."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._lock = threading.Lock()
        #: Each with how many calls it still hits, and how many it lets pass before.
        self._armed: list[tuple[Fault, int | None, int]] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._armed.append((fault, fault.times, fault.skip))

    def clear(self) -> None:
        with self._lock:
            self._armed.clear()

    def pick(self, request: Request) -> Fault | None:
        """The fault that hits `request`, if any; it is used up once more."""
        with self._lock:
            for index, (fault, left, skip) in enumerate(self._armed):
                if not fault.matches(request) or (fault.share < 1 and self._random.random() >= fault.share):
                    continue
                if skip:
                    self._armed[index] = (fault, left, skip - 1)
                    continue
                if left is not None:
                    self._armed[index : index + 1] = [(fault, left - 1, 0)] if left > 1 else []
                return fault
        return None
