"""The articles of one side on the clock of the test, which remember what was told of them and when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.base import Change, Page, Put, Query, Register
from connectors.errors import Missing, TimedOut
from sharespine.lib.checkpoints import reach
from sharespine.lib.text import Text
from tests.twins.goods import Goods, Held

if TYPE_CHECKING:
    from tests.stateful.remote import Remote

#: The transport gives a call up after so long: nothing leaves later than that.
DEADLINE = timedelta(seconds=15)


@dataclass(frozen=True)
class Said:
    """What the stock of an article was told to be, and which documents it counted by then."""

    at: datetime
    quantity: Decimal
    counted: frozenset[str]


@dataclass(kw_only=True)
class Shelf(Goods):
    """Goods on the clock of their remote, which may fail like its orders do. A change is made to the id that it names."""

    remote: Remote
    side: str
    #: The documents that the quantities count.
    counted: set[str] = field(default_factory=set)
    #: By id: what readers were told of its stock.
    said: defaultdict[str, list[Said]] = field(default_factory=lambda: defaultdict(list))
    #: All names and prices that each article ever had, by number.
    ever: defaultdict[str, set[object]] = field(default_factory=lambda: defaultdict(set))
    on_change: Callable[[Register, Change], None] = lambda register, change: None

    def move(self, number: str, by: Decimal) -> bool:
        """More or fewer of it, if it is there."""
        found = self.find(number)
        if found is not None:
            self._keep(replace(found, quantity=found.quantity + by))
        return found is not None

    def find(self, number: str) -> Held | None:
        return next((h for h in self.held.values() if h.product.article_number.casefold() == number.casefold()), None)

    def _keep(self, held: Held) -> None:
        self.clock = max(self.clock, self.remote.clock.true - timedelta(seconds=1))
        self.ever[held.product.article_number.casefold()] |= {held.product.name, held.regular}
        super()._keep(held)

    # The verbs.

    def read(self, query: Query) -> Iterator[Page]:
        self.remote.called("list" if not query.keys else "look")
        for page in super().read(query):
            if query.register is Register.STOCK:
                for level in page.records:
                    self.said[level.source_id].append(Said(self.remote.clock.true, level.quantity, frozenset(self.counted)))
            reach("shop:looked" if self.side == "shop" else "erp:listed")
            yield page
            self.remote.called("list" if not query.keys else "look")

    def put(self, register: Register, changes: Sequence[Change]) -> list[Put]:
        return self.carried(lambda: super(Shelf, self).put(register, changes))

    def carried(self, write: Callable[[], list[Put]]) -> list[Put]:
        """What `write` does at the other end of a call that may be lost on its way there or back."""
        began = self.remote.clock.true
        self.remote.called("put")
        reach("shop:putting")
        if self.remote.clock.true - began > DEADLINE:
            raise TimedOut(outcome_unknown=True)
        self.remote.maybe_fail("put lost")
        made = write()
        reach("shop:put")
        self.remote.maybe_fail("put answer lost")
        return made

    def _made(self, register: Register, change: Change) -> Put:
        self.remote.maybe_fail("one refused")
        held = self.held.get(change.target_id) if change.target_id else None
        if change.target_id and held is None:
            return Put(key=change.key, error=Missing(Text("There is no %(sku)s.", {"sku": change.key})))
        self.on_change(register, change)
        if change.create and held is None:
            # What was made before under the same number does not keep it from being made again.
            record: Any = change.record
            self.ids += 1
            self._keep(Held(replace(record, source_id=str(self.ids))))
            return Put(key=change.key, target_id=str(self.ids))
        there = held.product.article_number if held is not None else change.key
        return replace(super()._made(register, replace(change, key=there)), key=change.key)
