"""Articles in memory, as both twins hold them, and the two verbs over them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.articles import Price, Product, StockLevel
from connectors.base import Change, Page, Put, Query, Reads, Register, Unreadable, Writes
from connectors.errors import ConnectorError, Missing
from flows.desired import turned
from sharespine.lib.text import Text

EPOCH = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
ABLE = {
    register: Reads(page_size=3, overlap=timedelta(seconds=1))
    for register in (Register.PRODUCTS, Register.PRICES, Register.STOCK)
}


def able_to_write(dimensions: int | None = None) -> dict[Register, Writes]:
    return {register: Writes(batch_size=4, variant_dimensions=dimensions) for register in ABLE}


@dataclass(frozen=True)
class Held:
    """An article with all that is known of it."""

    product: Product
    regular: Decimal = Decimal(100)
    sale: Decimal | None = None
    quantity: Decimal = Decimal(0)
    modified_at: datetime = EPOCH


@dataclass
class Goods:
    """The articles of one side. `puts` are the keys of all that was written, call by call; the hooks may raise."""

    held: dict[str, Held] = field(default_factory=dict)
    puts: list[list[str]] = field(default_factory=list)
    looks: list[tuple[str, ...]] = field(default_factory=list)
    reads: int = 0
    bad: dict[str, ConnectorError] = field(default_factory=dict)
    refused: dict[str, Exception] = field(default_factory=dict)
    before_put: Callable[[Sequence[Change]], None] = lambda changes: None
    after_put: Callable[[Sequence[Change]], None] = lambda changes: None
    on_read: Callable[[], None] = lambda: None
    includes_vat: bool = False
    lock: Any = field(default_factory=threading.RLock)
    clock: datetime = EPOCH
    ids: int = 0

    def add(self, number: str, **fields: Any) -> str:
        """A new article; its id."""
        with self.lock:
            self.ids += 1
            own = {name: fields.pop(name) for name in ("regular", "sale", "quantity") if name in fields}
            source_id = str(self.ids)
            product = Product(source_id=source_id, article_number=number, **{"name": f"Artikel {number}", **fields})
            self._keep(Held(product, **own))
            return source_id

    def change(self, number: str, **fields: Any) -> None:
        with self.lock:
            held = self.of(number)
            own = {name: fields.pop(name) for name in ("regular", "sale", "quantity") if name in fields}
            self._keep(replace(held, product=replace(held.product, **fields), **own))

    def renumber(self, name: str, number: str) -> None:
        with self.lock:
            held = next(held for held in self.held.values() if held.product.name == name)
            self._keep(replace(held, product=replace(held.product, article_number=number)))

    def remove(self, number: str) -> None:
        del self.held[self.of(number).product.source_id]

    def of(self, number: str) -> Held:
        return next(held for held in self.held.values() if held.product.article_number.casefold() == number.casefold())

    def numbers(self) -> list[str]:
        return sorted(held.product.article_number for held in self.held.values())

    def written(self) -> list[str]:
        return [key for keys in self.puts for key in keys]

    def _keep(self, held: Held) -> None:
        self.clock += timedelta(seconds=1)
        self.held[held.product.source_id] = replace(
            held, modified_at=self.clock, product=replace(held.product, modified_at=self.clock)
        )

    # The verbs.

    def read(self, query: Query) -> Iterator[Page]:
        self.reads += 1
        self.on_read()
        if query.keys:
            self.looks.append(query.keys)
            wanted = {key.casefold() for key in query.keys}
            yield Page(
                records=tuple(
                    record
                    for held in list(self.held.values())
                    for record in self._records(held, query.register)
                    if record.article_number.casefold() in wanted
                )
            )
            return
        changed = sorted(self.held.values(), key=lambda held: held.modified_at)
        changed = [held for held in changed if query.modified_since is None or held.modified_at >= query.modified_since]
        for start in range(0, len(changed), 3):
            page = changed[start : start + 3]
            yield Page(
                records=tuple(
                    record
                    for held in page
                    if held.product.source_id not in self.bad
                    for record in self._records(held, query.register)
                ),
                unreadable=tuple(
                    Unreadable(held.product.source_id, held.product.article_number, self.bad[held.product.source_id])
                    for held in page
                    if held.product.source_id in self.bad
                ),
                reached=page[-1].modified_at,
            )

    def _records(self, held: Held, register: Register) -> list[Any]:
        product = held.product
        common: dict[str, Any] = {
            "source_id": product.source_id,
            "article_number": product.article_number,
            "modified_at": held.modified_at,
        }
        if register is Register.PRODUCTS:
            return [product]
        if register is Register.STOCK:
            return [StockLevel(**common, quantity=held.quantity)]
        vat: dict[str, Any] = {"currency": "SEK", "includes_vat": self.includes_vat, "vat_rate": product.vat_rate}
        return [Price(**common, **vat, regular=held.regular, sale=held.sale)]

    def put(self, register: Register, changes: Sequence[Change]) -> list[Put]:
        self.before_put(changes)
        with self.lock:
            self.puts.append([change.key for change in changes])
            made = [self._made(register, change) for change in changes]
        self.after_put(changes)
        return made

    def _made(self, register: Register, change: Change) -> Put:
        failure = self.refused.get(change.key)
        if isinstance(failure, ConnectorError):
            return Put(key=change.key, error=failure)
        if failure is not None:
            raise failure
        found = next((h for h in self.held.values() if h.product.article_number.casefold() == change.key.casefold()), None)
        if found is None:
            if not change.create:
                return Put(key=change.key, error=Missing(Text("There is no %(sku)s.", {"sku": change.key})))
            record: Any = change.record
            self.ids += 1
            self._keep(Held(replace(record, source_id=str(self.ids))))
            return Put(key=change.key, target_id=str(self.ids))
        record = change.record
        if register is Register.PRODUCTS:
            fields = change.fields if change.fields is not None else frozenset({"name", "ean", "text", "active"})
            self._keep(replace(found, product=replace(found.product, **{f: getattr(record, f) for f in fields})))
        elif register is Register.STOCK:
            self._keep(replace(found, quantity=record.quantity))
        else:
            for name in {"regular", "sale"} & (change.fields or set()):
                amount = getattr(record, name)
                new: Any = None if amount is None else turned(amount, record, includes_vat=self.includes_vat)
                found = replace(found, **{name: new})
            self._keep(found)
        return Put(key=change.key, target_id=found.product.source_id)
