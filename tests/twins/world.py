"""What the twins know, shared by all connectors that are opened to the same address."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.base import Document
from connectors.progress import Milestone, Progress
from connectors.records import Address, LineKind, Order, OrderLine, Party
from tests.twins.goods import Goods

EPOCH = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
#: address → world
WORLDS: dict[str, World] = {}


@dataclass
class World:
    """A shop's orders and an ERP's documents. `before_write` and `after_write` may raise what a remote system would do."""

    orders: dict[str, Order] = field(default_factory=dict)
    documents: list[Document] = field(default_factory=list)
    keys: dict[str, Document] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    finds: list[list[str]] = field(default_factory=list)
    reads: list[datetime | None] = field(default_factory=list)
    on_read: Callable[[], None] = lambda: None
    on_prepare: Callable[[Order], None] = lambda order: None
    before_write: Callable[[str], None] = lambda reference: None
    after_write: Callable[[str], None] = lambda reference: None
    on_find: Callable[[], None] = lambda: None
    #: The articles of the two sides.
    in_shop: Goods = field(default_factory=lambda: Goods(includes_vat=True))
    in_erp: Goods = field(default_factory=Goods)
    #: What the ERP tells of its documents, by our reference.
    progress: dict[str, Progress] = field(default_factory=dict)
    #: What the shop was told of its orders: id, status, message.
    told: list[tuple[str, str, str]] = field(default_factory=list)
    keeps_keys: bool = True
    finds_by_reference: bool = True
    lock: Any = field(default_factory=threading.RLock)
    clock: datetime = EPOCH

    def place(self, source_id: str, **changes: Any) -> Order:
        self.clock += timedelta(seconds=1)
        order = order_of(source_id, placed_at=self.clock, modified_at=self.clock, **changes)
        self.orders[source_id] = order
        return order

    def change(self, source_id: str, **changes: Any) -> Order:
        self.clock += timedelta(seconds=1)
        order = replace(self.orders[source_id], modified_at=self.clock, **changes)
        self.orders[source_id] = order
        return order

    def pass_(self, source_id: str, *milestones: Milestone) -> None:
        """The bookkeeper does this to the document of an order."""
        document = next(d for d in self.documents if d.reference.endswith(f"-{source_id}"))
        before = self.progress.get(document.reference)
        passed = (*(before.milestones if before else ()), *milestones)
        self.progress[document.reference] = Progress(
            source_id=document.target_id, reference=document.reference, milestones=passed
        )

    def references(self) -> list[str]:
        return [document.reference for document in self.documents]


def order_of(source_id: str, *, total: str = "125.00", buyer: str = "", **changes: Any) -> Order:
    """A plain order of one row at 25 % VAT, from a buyer of its own unless `buyer` (an e-mail address) is given."""
    gross = Decimal(total)
    vat = (gross / 5).quantize(Decimal("0.01"))
    line = OrderLine(
        source_id="1",
        kind=LineKind.ARTICLE,
        name="Ullstrumpa",
        article_number="A-1",
        net=gross - vat,
        vat=vat,
        vat_rate=Decimal(25),
        net_before_discount=gross - vat,
    )
    values: dict[str, Any] = {
        "source_id": source_id,
        "number": source_id,
        "status": "processing",
        "currency": "SEK",
        "placed_at": EPOCH,
        "modified_at": EPOCH,
        "buyer": Party(name="Märta Sjöström", email=buyer or f"{source_id}@kund.example", address=Address(country="SE")),
        "lines": (line,),
        "total": gross,
        "total_vat": vat,
    }
    return Order(**{**values, **changes})
