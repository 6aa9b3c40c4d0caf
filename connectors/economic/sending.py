"""Calls that change e-conomic: created once whatever happens, under a key and within a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from connectors.economic.agreement import Row
from connectors.economic.problems import explain
from connectors.errors import ConnectorError, ContractChanged, TemporaryError, TimedOut, UnexpectedResponse
from connectors.http import Answer, Limits, Transport
from connectors.http_failures import refusal

#: A refusal with one of these may be the kept answer to an earlier attempt, so it is looked at here before it is believed.
_REFUSED = (400, 404, 409, 413, 422)
_MOST_ATTEMPTS = 20
_PAUSE = 0.5


@dataclass(frozen=True)
class Deadline:
    """When everything has to be done: the engine must know the outcome before its claim runs out. Seconds, monotonic."""

    ends: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        return cls(time.monotonic() + seconds)

    @property
    def left(self) -> float:
        return max(self.ends - time.monotonic(), 0.0)

    def limits(self) -> Limits:
        left = max(self.left, 0.5)
        return replace(Limits(), connect=min(5, left), read=left, total=left)

    def require(self, seconds: float) -> None:
        """Raises `TimedOut` when less than `seconds` are left. To be asked before something is sent, not after."""
        if self.left < seconds:
            raise TimedOut()


@dataclass(frozen=True)
class Created:
    """What a POST answered; `replayed` when e-conomic remembered the answer to an earlier attempt."""

    row: Row
    replayed: bool


class Sender:
    """POSTs under idempotency keys, for one draft."""

    def __init__(self, transport: Transport, deadline: Deadline) -> None:
        self.transport = transport
        self.deadline = deadline

    def create(self, path: str, body: Mapping[str, Any], key: str, *, still_there: Callable[[Row], Row | None]) -> Created:
        """Create something once, under `key`. Raises what e-conomic said when it refuses.

        Answers are kept for an hour by key. A refusal that was kept says nothing about now, when the merchant has corrected
        what was wrong, and a success that was kept says nothing about what has been deleted since: `still_there` is asked
        for it. Then the same attempt has moved on to a further key of its own, and each later attempt finds its way there
        by the same steps. ASSUMED: refusals are kept like successes, and a changed body makes no difference.
        """
        error: ConnectorError | None = None
        for attempt in range(_MOST_ATTEMPTS):
            self.deadline.require(0.3)
            headers = {"Idempotency-Key": key if attempt == 0 else f"{key}:{attempt + 1}"}
            answer = self.transport.request(
                "POST", path, json=body, headers=headers, ok=_REFUSED, limits=self.deadline.limits()
            )
            replayed = answer.headers.get("X-ResultFromCache", "").casefold() == "true"
            if answer.status >= 400:
                error = _refusal(answer)
                if not replayed:
                    break
                continue
            row = row_of(answer)
            if not replayed:
                return Created(row, replayed=False)
            current = still_there(row)
            if current is not None:
                return Created(current, replayed=True)
        raise error or ContractChanged()

    def change(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """PUT or DELETE, without a key. What surely had no effect (429, no connection) is sent again while there is time.

        Left undone, it would leave a document with the wrong total behind.
        """
        while True:
            try:
                return self.transport.request(method, path, json=body, limits=self.deadline.limits())
            except TemporaryError as error:
                wait = max(error.retry_after or 0.0, _PAUSE)
                if error.outcome_unknown or wait >= self.deadline.left:
                    raise
            time.sleep(wait)


def row_of(answer: Answer) -> Row:
    """The resource in an answer. One that cannot be read leaves the outcome open, and the error says so."""
    body = answer.json()
    if not isinstance(body, dict):
        raise answer.unexpected("not an object")
    return body


def _refusal(answer: Answer) -> ConnectorError:
    try:
        error = explain(answer)
    except UnexpectedResponse:
        error = None
    return error or refusal(answer)
