"""Base of the simulators: another system on a real socket, with an append-only history and fault injection.

A simulator never imports its connector or mapping: a simulator that shares code with its connector agrees with its mistakes.
"""

from __future__ import annotations

import logging
import threading
from abc import ABC, ABCMeta, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, ClassVar

from connectors.capabilities import Register
from connectors.sandbox_faults import UNANSWERED, UNHANDLED, Fault, Faults
from connectors.sandbox_history import Call, History, Journal
from connectors.sandbox_server import serving
from connectors.sandbox_wire import Request, Response, readable
from sharespine.lib.clock import utcnow

__all__ = [
    "Call", "Fault", "Faults", "History", "Request", "Response", "Sandbox", "SeenArticle", "SeenDocument", "SeenLine",
    "SeenOrder",
]  # fmt: skip

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SeenLine:
    """A row of a document as the ERP simulator holds it. `net` is the whole row without VAT."""

    article_number: str
    description: str
    quantity: Decimal
    net: Decimal


@dataclass(frozen=True, slots=True)
class SeenDocument:
    """A document as the ERP simulator holds it, told from its own state. `total` is with VAT."""

    kind: str
    target_id: str
    reference: str
    total: Decimal
    total_vat: Decimal
    currency: str
    lines: tuple[SeenLine, ...] = ()


@dataclass(frozen=True, slots=True)
class SeenOrder:
    """An order as the shop simulator holds it, told from its own state. `total` is with VAT."""

    source_id: str
    number: str
    status: str
    total: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class SeenArticle:
    """An article as a simulator holds it, told from its own state: a variant, too, is one; what only holds variants is none.

    Prices are as the system has them. `part_of` is the id of the product that it is a variant of. `quantity` is what can be
    sold, None where no stock is kept of it.
    """

    target_id: str
    article_number: str
    name: str
    regular: Decimal | None = None
    sale: Decimal | None = None
    sale_from: date | None = None
    sale_to: date | None = None
    quantity: Decimal | None = None
    text: str = ""
    ean: str = ""
    weight: Decimal | None = None
    unit: str = ""
    vat_rate: Decimal | None = None
    categories: tuple[str, ...] = ()
    active: bool = True
    part_of: str = ""
    options: tuple[tuple[str, str], ...] = ()


class _Replaying(ABCMeta):
    """Replays the journal once the whole simulator stands: a base `__init__` runs before the subclass has its state."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        sandbox = super().__call__(*args, **kwargs)
        sandbox.replay()
        return sandbox


class Sandbox(ABC, metaclass=_Replaying):
    """A simulated system. A subclass sets `key`, keeps its state in plain attributes and answers in `handle`.

    `handle` is called with `lock` held; methods of a subclass that tests call directly (to place an order, to count
    documents) take the lock themselves. Time is `now()` and chance is `random`, nothing else: then a journal replays to the
    same state. An exception that escapes `handle` is answered with 500 and logged.

    `latency` is in seconds and is added to every answer. `address` is where it is served, "" while it is not.
    """

    key: ClassVar[str]

    def __init__(self, *, seed: int = 0, journal: Path | None = None, clock: Callable[[], datetime] = utcnow) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.lock = threading.RLock()
        self.history = History()
        self.faults = Faults(seed)
        self.latency: float = 0
        self.address = ""
        self._clock = clock
        self._journal = Journal(journal) if journal else None
        self._handled_at: datetime | None = None
        self._stopping = threading.Event()

    @abstractmethod
    def handle(self, request: Request) -> Response:
        """The simulated system's answer to `request`."""

    @abstractmethod
    def endpoint_options(self, address: str) -> dict[str, str]:
        """What a connector needs to reach the simulator at `address`, with the right credentials."""

    @abstractmethod
    def flow_options(self, register: Register = Register.ORDERS) -> dict[str, Any]:
        """Sensible options for a flow of `register` that reads from the system or writes to it."""

    def now(self) -> datetime:
        """The simulator's time. Aware, UTC. It stands still while a call is handled, so that a replay gives the same times."""
        return self._handled_at or self._clock()

    def answer(self, request: Request) -> Response:
        """Answer as over the socket, without one: journalled and in the history, but never hit by a fault."""
        return self._handled(request, fault=None)

    @contextmanager
    def serve(self, *, port: int = 0, host: str = "127.0.0.1") -> Iterator[str]:
        """Serve on a socket for the life of the context, on any free port if `port` is 0; yields the address."""
        self._stopping.clear()
        with serving(self._answer, host=host, port=port, stopping=self._stopping) as address:
            self.address = address
            try:
                yield address
            finally:
                self.address = ""

    def replay(self) -> None:
        """Handle again what the journal holds. Called once, when the simulator has been made."""
        if self._journal is None:
            return
        with self.lock:
            for at, request in self._journal.entries():
                response = self._handle_at(at, request)
                if not 200 <= response.status < 300:
                    log.warning("%s %s was accepted once and now gives %s", request.method, request.path, response.status)

    def _answer(self, head: Request, read_body: Callable[[], bytes]) -> tuple[Response, Fault | None]:
        fault = self.faults.pick(head)
        request = head if fault is not None and fault.kind == "reset_early" else replace(head, body=read_body())
        wait = self.latency + (fault.seconds if fault is not None and fault.kind == "delay_before" else 0)
        if wait:
            self._stopping.wait(wait)
        return self._handled(request, fault=fault), fault

    def _handled(self, request: Request, *, fault: Fault | None) -> Response:
        with self.lock:
            at = self.now()
            if fault is not None and fault.kind in UNHANDLED:
                response = fault.response()
            else:
                response = self._handle_and_journal(at, request)
                if fault is not None and fault.kind == "status_after":
                    response = fault.response()
            lost = fault is not None and fault.kind in UNANSWERED
            self.history.append(
                at=at,
                request=request,
                body=readable(request.body),
                status=0 if lost else response.status,
                answer=None if lost else readable(response.content()),
                fault=fault.kind if fault is not None else "",
            )
        return response

    def _handle_and_journal(self, at: datetime, request: Request) -> Response:
        response = self._handle_at(at, request)
        if self._journal is not None and request.method not in ("GET", "HEAD") and 200 <= response.status < 300:
            self._journal.append(at, request)
        return response

    def _handle_at(self, at: datetime, request: Request) -> Response:
        self._handled_at = at
        try:
            return self.handle(request)
        except Exception:
            log.exception("The simulator %s failed on %s %s", self.key, request.method, request.path)
            return Response(500, {"message": "the simulator itself failed; see its log"})
        finally:
            self._handled_at = None
