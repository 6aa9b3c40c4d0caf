"""What a run does about each article: nothing, leave it, or write it. One per run; asks nobody but the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from django.db.models import Min

from connectors.articles import Price, Product, StockLevel
from connectors.base import Change, Register
from connectors.fields import FIELDS
from connectors.progress import OrderStatus
from connectors.records import content_hash, from_json, to_json
from flows import desired, rulebook, unaccounted
from flows.ledger import items
from flows.mapper import Mapper
from flows.models import Flow, Item, Run, StockProfile
from sharespine.lib.text import N_, Text

Article = Product | Price | StockLevel
RECORDS: Mapping[Register, type[Any]] = {
    Register.PRODUCTS: Product,
    Register.PRICES: Price,
    Register.STOCK: StockLevel,
}
NOT_THERE = N_("Article %(sku)s is not in the target. It goes as soon as it is there.")
LEFT_OUT = N_("By the rules of the flow, article %(sku)s is left out.")
LEFT_BY_RULE = N_("By the rules of the flow, article %(sku)s is not touched: it is there already.")
NOT_CREATED = N_("By the rules of the flow, articles are not created, and %(sku)s is not there.")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an article is to be, by the rules. `hash` tells whether that was written already; `words` say it to people."""

    record: Article | OrderStatus | None
    hash: str
    words: str
    fields: frozenset[str] | None = None
    notice: Text | None = None
    #: It may be otherwise after this time, whatever the source says.
    again: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """The article is left alone, and why."""

    text: Text
    code: str = ""


class Deciding:
    """The rules of one flow, put to its articles. Raises `RejectedError` for an article that they cannot be put to."""

    def __init__(self, flow: Flow, run: Run) -> None:
        self.flow, self.run = flow, run
        #: Whether the run has seen all that changed in the source until it began. If not, an item is as old as it was seen.
        self.read_to_end = True
        self.register = Register(flow.register)
        self.rules = rulebook.told(self.register, flow.rules)
        self.writes = flow.writes
        # What the source does not tell, a rule of the field mapping may.
        lacks = {*(set(flow.reads.lacks) - Mapper(flow).fills), *self.writes.lacks}
        if self.writes.variant_dimensions == 0:
            lacks.add("variants")
        self.can = frozenset(each.key for each in FIELDS[self.register] if each.key not in lacks)

    def look_again(self) -> None:
        """Orders came in since the last items were decided on."""
        self.__dict__.pop("_unaccounted", None)

    @property
    def always_looks(self) -> bool:
        """Whether what is there has to be seen before each article is written: it depends on it what is."""
        return self.register is Register.PRODUCTS

    def record_of(self, item: Item) -> Article:
        """What the source told last."""
        record: Article = from_json(RECORDS[self.register], item.payload)
        return record

    def left_out(self, item: Item) -> Left | None:
        """Why the rules leave the article out, whatever it is."""
        if not any(fnmatchcase(item.key, pattern) for pattern in self._out):
            return None
        return Left(Text(LEFT_OUT, {"sku": item.number}))

    def absent(self, item: Item) -> Left | None:
        """What becomes of an article that the target turned out not to have. None: that is an error like any other."""
        if self.always_looks:
            return None
        return Left(Text(NOT_THERE, {"sku": item.number}), items.ABSENT)

    def wanted(self, item: Item, record: Article | None = None) -> Wanted:
        """`record` is what the source told last; it is given where that was changed on the way."""
        record = record or self.record_of(item)
        if isinstance(record, StockLevel):
            since = self.run.started_at if self.read_to_end else item.seen_at
            sold, unsure = self._unaccounted.of(item.key, since)
            backorders = str(self.rules["backorders"]) if "backorders" in self.can else "leave"
            level = desired.stock(record, self._offer, unaccounted=sold, backorders=backorders)
            again = unaccounted.EDGE if unsure else None
            return Wanted(level, _hash(level), _plain(level.quantity), again=again)
        if isinstance(record, Price):
            price, fields, notice = desired.price(record, self.rules)
            words = f"{price.regular} {price.currency}" + (f" ({price.sale})" if price.sale is not None else "")
            return Wanted(price, _hash(price, sorted(fields & self.can)), words, fields & self.can, notice)
        return Wanted(record, _hash(record, self.rules), record.name)

    def decided(self, item: Item, wanted: Wanted, there: Article | None) -> Change | Left | None:
        """What is to be written, None when it is so already. `there` is what the target has, None if it has no such article."""
        record, values = wanted.record, {"sku": item.number}
        if isinstance(record, Product):
            assert there is None or isinstance(there, Product)  # noqa: S101 - read from the same register
            fields = desired.product_fields(record, there, self.rules, can=self.can)
            if fields is None:
                return Left(Text(LEFT_BY_RULE if there is not None else NOT_CREATED, values))
            if there is None:
                return Change(key=item.number, record=desired.new_product(record, self.rules), fields=self.can, create=True)
            return Change(key=item.number, record=record, target_id=there.source_id, fields=fields) if fields else None
        if there is None:
            # The target may have the article without a price, or without counting it: it says so when it is written.
            return self.blind(item, wanted)
        if isinstance(record, StockLevel):
            assert isinstance(there, StockLevel)  # noqa: S101
            same = not desired.stock_differs(record, there)
            return None if same else Change(key=item.number, record=record, target_id=there.source_id)
        assert isinstance(record, Price)  # noqa: S101
        assert isinstance(there, Price)  # noqa: S101
        differing = desired.price_differs(record, there, wanted.fields or ())
        # The campaign is one thing: its dates go with its price.
        fields = frozenset({*differing, *({"sale", "sale_dates"} & self.can if differing & {"sale", "sale_dates"} else ())})
        return Change(key=item.number, record=record, target_id=there.source_id, fields=fields) if differing else None

    def blind(self, item: Item, wanted: Wanted) -> Change:
        """What is to be written of an article that was not looked at, or of which there was nothing to be seen."""
        assert wanted.record is not None  # noqa: S101 - only an order may have nothing to be told
        return Change(key=item.number, record=wanted.record, target_id=item.target_id, fields=wanted.fields)

    @cached_property
    def _out(self) -> tuple[str, ...]:
        lines = str(self.rules.get("leave_out") or "").splitlines()
        # Only the star means anything: article numbers may have brackets in them.
        return tuple(items.key_of(line).replace("[", "[[]") for line in lines if line.strip())

    @cached_property
    def _offer(self) -> desired.Offer:
        profile: StockProfile | None = self.flow.stock_profile
        if profile is None:
            return desired.Offer()
        whole = profile.rounding == StockProfile.Rounding.DOWN
        return desired.Offer(tuple(profile.warehouses), profile.reserve, profile.most, whole)

    @cached_property
    def _oldest(self) -> datetime:
        """When the item was seen that was not seen for the longest time. Aware, UTC."""
        oldest: datetime | None = Item.objects.filter(flow=self.flow).aggregate(Min("seen_at"))["seen_at__min"]
        return min(oldest or self.run.started_at, self.run.started_at)

    @cached_property
    def _unaccounted(self) -> unaccounted.Unaccounted:
        orders = self.flow.connection.erp.connector_class.capabilities.writes.get(Register.ORDERS)
        return unaccounted.sold(
            self.flow.connection.erp_id,
            read_since=self.run.started_at if self.read_to_end else self._oldest,
            hold_days=int(self.rules["hold_days"] or 0),
            reserving=orders.reserving_kinds if orders else (),
            booked=self.read_to_end,
        )


def _hash(record: Article, *more: Any) -> str:
    return content_hash({"record": {**to_json(record), "modified_at": None}, "more": list(more)})


def _plain(quantity: Decimal) -> str:
    """Without zeros after the point."""
    return f"{quantity.normalize():f}" if quantity else "0"
