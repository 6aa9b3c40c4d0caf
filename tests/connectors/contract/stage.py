"""A system on stage: its simulator, served, with a clock that the suite turns, and connectors that speak to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from connectors.base import Connector, Query, Register
from connectors.progress import Milestone
from connectors.records import Order
from connectors.registry import connector_class, sandbox_class
from connectors.sandbox import Call, Sandbox, SeenArticle, SeenDocument, SeenOrder
from sharespine.lib.clock import utcnow


class ShopSimulator(Protocol):
    """What a shop's simulator offers to the suite besides `Sandbox`."""

    def place_order(self, **overrides: Any) -> str:
        """Place a plain valid order in a status that triggers; its source id."""

    def touch_order(self, source_id: str) -> None:
        """The order has been modified now."""

    def seen_orders(self) -> list[SeenOrder]:
        """Every order of the shop, told from its own state."""

    def mails(self, source_id: str) -> list[str]:
        """Subject and text of each e-mail that the shop has sent to the buyer of an order since it was placed."""

    def told_of(self, source_id: str) -> str:
        """All that stands on an order and that its buyer or the merchant can read."""


class ErpSimulator(Protocol):
    """What an ERP's simulator offers to the suite besides `Sandbox`."""

    def documents(self) -> list[SeenDocument]:
        """All documents that exist, counted from its own state."""


class ArticleSimulator(Protocol):
    """What the simulator of a system with articles offers to the suite besides `Sandbox`. All by the merchant's own hand."""

    def articles(self) -> list[SeenArticle]:
        """All articles that exist, told from its own state."""

    def add_article(self, article_number: str, **fields: Any) -> str:
        """A new article, with fields of `SeenArticle`; its id. With `part_of` it is a variant of that product."""

    def change_article(self, article_number: str, **fields: Any) -> None:
        """Fields of `SeenArticle` are different now, and the article has been modified."""

    def remove_article(self, article_number: str) -> None:
        """The article is no longer there."""


class ProgressSimulator(Protocol):
    """What the simulator of a system that tells the progress of orders offers to the suite besides `Sandbox`."""

    def advance(self, reference: str, milestone: Milestone) -> None:
        """The bookkeeper does this to the document that carries `reference`; what has to come before it is done too."""


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
    def goods(self) -> ArticleSimulator:
        return cast("ArticleSimulator", self.sandbox)

    @property
    def office(self) -> ProgressSimulator:
        return cast("ProgressSimulator", self.sandbox)

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

    def connector(
        self, options: Mapping[str, str] | None = None, *, address: str = "", register: Register = Register.ORDERS
    ) -> Connector:
        """A connector of its own, as a process that has just started has it; `options` in place of the right ones."""
        given = {**self.sandbox.endpoint_options(address or self._address), **(options or {})}
        return self._stack.enter_context(self.cls(given, self.sandbox.flow_options(register)))

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
