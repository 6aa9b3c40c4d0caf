"""A system on stage: its simulator, served, with a clock that the suite turns, and connectors that speak to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from connectors.base import Connector, Query, Register
from connectors.records import Order
from connectors.registry import connector_class, sandbox_class
from connectors.sandbox import Call, Sandbox, SeenDocument
from sharespine.lib.clock import utcnow


class ShopSimulator(Protocol):
    """What a shop's simulator offers to the suite besides `Sandbox`."""

    def place_order(self, **overrides: Any) -> str:
        """Place a plain valid order in a status that triggers; its source id."""

    def touch_order(self, source_id: str) -> None:
        """The order has been modified now."""


class ErpSimulator(Protocol):
    """What an ERP's simulator offers to the suite besides `Sandbox`."""

    def documents(self) -> list[SeenDocument]:
        """All documents that exist, counted from its own state."""


class Clock:
    """Stands still until it is turned. Begins `behind` the real time; signed calls must not be far from that."""

    def __init__(self, behind: timedelta) -> None:
        self.moment = utcnow().replace(microsecond=0) - behind

    def __call__(self) -> datetime:
        return self.moment

    def tick(self, seconds: float = 1) -> datetime:
        self.moment += timedelta(seconds=seconds)
        return self.moment


class Stage:
    """One system with one simulator. `connector()` opens a connector with the right credentials; all are closed at the end."""

    def __init__(self, key: str, *, behind: timedelta = timedelta(minutes=10)) -> None:
        self.key = key
        self.clock = Clock(behind)
        self.cls: type[Connector] = connector_class(key)
        self.sandbox: Sandbox = sandbox_class(key)(clock=self.clock)
        self._stack = ExitStack()
        self._address = ""

    @property
    def shop(self) -> ShopSimulator:
        return cast("ShopSimulator", self.sandbox)

    @property
    def erp(self) -> ErpSimulator:
        return cast("ErpSimulator", self.sandbox)

    @property
    def options(self) -> dict[str, str]:
        return self.sandbox.endpoint_options(self._address)

    @property
    def secrets(self) -> list[str]:
        return [value for key, value in self.options.items() if key in self.cls.manifest.secret_keys and value]

    @contextmanager
    def up(self) -> Iterator[Stage]:
        with self._stack:
            self._address = self._stack.enter_context(self.sandbox.serve())
            yield self

    def connector(self, options: Mapping[str, str] | None = None, *, address: str = "") -> Connector:
        """A connector of its own, as a process that has just started has it; `options` in place of the right ones."""
        given = {**self.sandbox.endpoint_options(address or self._address), **(options or {})}
        return self._stack.enter_context(self.cls(given, self.sandbox.flow_options()))

    def changes(self) -> list[Call]:
        """The calls so far that could have changed the other system."""
        return [call for call in self.sandbox.history.calls() if call.method not in ("GET", "HEAD")]


def everything(connector: Connector, since: datetime | None = None) -> list[Order]:
    """All orders modified since a moment, each once, in the order in which they first came."""
    found: dict[str, Order] = {}
    for page in connector.read(Query(register=Register.ORDERS, modified_since=since)):
        assert page.unreadable == ()
        for record in page.records:
            found.setdefault(record.source_id, record)
    return list(found.values())
