"""What a simulator was asked: the history that tests look at, and the journal that it is rebuilt from after a restart."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from requests.structures import CaseInsensitiveDict

from connectors.sandbox_wire import Request
from sharespine.lib.clock import from_utc_text

#: Query parameters that prove who calls. Their values are no business of a history.
_CREDENTIALS = re.compile(r"secret|token|password|signature", re.IGNORECASE)


@dataclass(frozen=True)
class Call:
    """One call as the simulator saw it. `status` is 0 when nothing was answered; `fault` names the fault that hit it.

    `body` and `answer` are parsed JSON, or text, or None. Headers are left out: they hold credentials.
    """

    number: int
    at: datetime
    method: str
    path: str
    query: list[tuple[str, str]]
    body: Any
    status: int
    answer: Any
    fault: str = ""

    def param(self, name: str, default: str = "") -> str:
        return next((value for key, value in reversed(self.query) if key == name), default)


class History:
    """All calls to a simulator since it was made, in the order they were decided. Append-only."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._lock = threading.Lock()

    def append(self, *, at: datetime, request: Request, body: Any, status: int, answer: Any, fault: str) -> None:
        query = [(name, "•••" if _CREDENTIALS.search(name) else value) for name, value in request.query]
        with self._lock:
            number = len(self._calls) + 1
            self._calls.append(Call(number, at, request.method, request.path, query, body, status, answer, fault))

    def calls(self, method: str | None = None, path: str | None = None) -> list[Call]:
        """The calls of `method` (None: any) whose raw path matches the regular expression `path` (None: any)."""
        with self._lock:
            calls = list(self._calls)
        return [call for call in calls if method in (None, call.method) and (path is None or re.search(path, call.path))]

    def __len__(self) -> int:
        return len(self._calls)


class Journal:
    """The calls that changed a simulator, one JSON object per line. Written before the answer leaves, like a real ledger.

    A last line that was cut by a power loss is dropped, from the file too, so that the next entry starts on its own line.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def entries(self) -> Iterator[tuple[datetime, Request]]:
        content = self._path.read_bytes() if self._path.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) != len(content):
            self._path.write_bytes(whole)
        for line in whole.splitlines():
            entry = json.loads(line)
            headers = CaseInsensitiveDict(entry["headers"])
            query = [(name, value) for name, value in entry["query"]]
            body = base64.b64decode(entry["body"])
            yield from_utc_text(entry["at"]), Request(entry["method"], entry["path"], query, headers, body)

    def append(self, at: datetime, request: Request) -> None:
        entry = {
            "at": at.isoformat(),
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "headers": dict(request.headers),
            "body": base64.b64encode(request.body).decode(),
        }
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
