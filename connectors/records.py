"""Canonical records: what a thing is, whichever system it came from. Frozen, exact, aware.

All amounts are `Decimal` in the order's currency (main unit, two decimals). `net` is without VAT, `gross` with VAT.
All times are aware and in UTC. All ids and numbers are text.
"""

from __future__ import annotations

import hashlib
import json
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache, partial
from typing import Any, TypeVar, cast

from sharespine.lib.clock import from_utc_text
from sharespine.lib.money import ZERO, decimal

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where something goes. `country` is ISO 3166-1 alpha-2 in upper case, or empty when the system does not say."""

    name: str = ""
    company: str = ""
    street: str = ""
    street2: str = ""
    postcode: str = ""
    city: str = ""
    state: str = ""
    country: str = ""
    phone: str = ""
    email: str = ""

    @property
    def is_empty(self) -> bool:
        return not any((self.street, self.street2, self.postcode, self.city))


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """The buyer. `number` is the shop's own customer id and is empty for a guest; `company` is empty for a private person."""

    number: str = ""
    name: str = ""
    company: str = ""
    organisation_number: str = ""
    vat_number: str = ""
    email: str = ""
    phone: str = ""
    address: Address = Address()

    @property
    def is_company(self) -> bool:
        return bool(self.company or self.organisation_number)


class LineKind(StrEnum):
    """What a row of an order is for. Everything but `ARTICLE` goes to an article of its own in the ERP."""

    ARTICLE = "article"
    FREIGHT = "freight"
    FEE = "fee"
    DISCOUNT = "discount"
    GIFT_CARD = "gift_card"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """One row. `net` and `vat` are for the whole row, after discount; `net_before_discount` is before it.

    `vat_rate` is in percent (25, 12, 6, 0) and None when the shop does not say, which it may only do on a row of 0.00.
    `article_number` is empty when the shop no longer knows the article. `home_vat_rate` is, for an article that was sold
    without VAT, the rate that it has in the shop's own country, where the shop tells.
    """

    source_id: str
    kind: LineKind
    name: str
    quantity: Decimal = Decimal(1)
    net: Decimal
    vat: Decimal
    vat_rate: Decimal | None
    net_before_discount: Decimal
    article_number: str = ""
    details: str = ""
    home_vat_rate: Decimal | None = None
    #: What a field mapping fills the row of the document with: target field and value. Empty as the shop tells it.
    mapped: tuple[tuple[str, str], ...] = ()

    @property
    def gross(self) -> Decimal:
        return self.net + self.vat

    @property
    def discount(self) -> Decimal:
        """What was taken off this row, without VAT; 0 or more for an ordinary discount."""
        return self.net_before_discount - self.net


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """Money given back after the order was placed. `gross` is positive, with VAT.

    `lines` are the rows that it is for, with amounts and quantities below zero; none where only an amount was given back.
    """

    source_id: str
    gross: Decimal
    reason: str = ""
    lines: tuple[OrderLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order with its customer, as the shop has it now.

    `total` is with VAT and `total_vat` is the VAT in it; refunds do not lower either. `coupons` are codes, for information:
    their effect is already in the lines. `cancelled` is the shop's word that nothing will be delivered: cancelled, failed,
    fully refunded or thrown away, whatever the shop calls it.
    """

    source_id: str
    number: str
    status: str
    currency: str
    placed_at: datetime
    modified_at: datetime
    paid_at: datetime | None = None
    buyer: Party
    delivery: Address = Address()
    lines: tuple[OrderLine, ...]
    total: Decimal
    total_vat: Decimal
    prices_include_vat: bool = True
    payment_method: str = ""
    payment_title: str = ""
    transaction_id: str = ""
    delivery_method: str = ""
    coupons: tuple[str, ...] = ()
    refunds: tuple[Refund, ...] = ()
    note: str = ""
    channel: str = ""
    cancelled: bool = False
    #: The `source_id` of the order that this one takes back: then its rows and its total are below zero.
    credits: str = ""
    #: Fields that the shop's own system adds, by name; only those that somebody asked for are read.
    extras: tuple[tuple[str, str], ...] = ()
    #: What a field mapping fills the document with: target field and value. Empty as the shop tells it.
    mapped: tuple[tuple[str, str], ...] = ()

    @property
    def lines_total(self) -> Decimal:
        """Sum of the rows with VAT. Differs from `total` where the shop rounds the sum or takes payment by other means."""
        return sum((line.gross for line in self.lines), ZERO)

    @property
    def refunded(self) -> Decimal:
        return sum((refund.gross for refund in self.refunds), ZERO)


def to_json(record: object) -> Any:
    """`record` as plain JSON types: `Decimal` and times become text, so nothing is lost in the database."""
    kind: Any = type(record)
    return _writer(kind)(record)


#: Written as they are.
_PLAIN = frozenset({str, int, bool, type(None)})


@cache
def _writer(kind: Any) -> Callable[[Any], Any]:
    """How a value of the type `kind` is written. Asked once per type: an order has hundreds of values."""
    if is_dataclass(kind):
        names = tuple(field.name for field in fields(kind))
        return lambda record: {name: _written(getattr(record, name)) for name in names}
    if issubclass(kind, Decimal):
        return str
    if issubclass(kind, date):
        return lambda moment: moment.isoformat()
    if issubclass(kind, tuple | list):
        return lambda items: [_written(item) for item in items]
    if issubclass(kind, Mapping):
        return lambda values: {str(key): _written(value) for key, value in values.items()}
    return lambda value: value


def _written(value: Any) -> Any:
    kind: Any = type(value)
    return value if kind in _PLAIN else _writer(kind)(value)


def from_json(cls: type[R], data: Mapping[str, Any]) -> R:
    """The record that `to_json` wrote. Raises `ValueError` or `KeyError` on data that is not such a record.

    A field that was added since the data was written takes its default, so old rows stay readable.
    """
    readers = _readers(cast("Any", cls))
    try:
        return cls(**{name: read(data[name]) for name, read in readers if name in data})
    except TypeError as error:
        raise ValueError(f"not a {cls.__name__}: {error}") from None


#: Came later than the first orders were saved, and says nothing that the rest does not.
_NOT_TOLD = ("credits", "mapped")
#: What may change on an order without changing the document that was made of it. Extra fields are here, so that an order that
#: was sent before somebody asked for one does not count as changed.
_PROGRESS = ("status", "paid_at", "transaction_id", "payment_title", "note", "extras")


def content_hash(data: Mapping[str, Any]) -> str:
    """A hash of what a record says, without when it was last modified: two reads of an unchanged record agree.

    `data` is the record as `to_json` wrote it.
    """
    return _hash(data, without=("modified_at",))


def document_hash(data: Mapping[str, Any]) -> str:
    """A hash of what the document in the ERP is made of: unchanged when an order only moves on to its next status.

    `data` is the order as `to_json` wrote it.
    """
    return _hash(data, without=("modified_at", *_PROGRESS))


def _hash(data: Mapping[str, Any], *, without: tuple[str, ...]) -> str:
    told = {key: value for key, value in data.items() if key not in (*without, *_NOT_TOLD)}
    if not told.get("extras", True):
        # As orders were before there were any.
        del told["extras"]
    if any("mapped" in line for line in told.get("lines") or ()):
        told["lines"] = [{key: value for key, value in line.items() if key != "mapped"} for line in told["lines"]]
    if refunds := told.get("refunds"):
        told["refunds"] = [{key: value for key, value in refund.items() if key != "lines"} for refund in refunds]
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@cache
def _readers(cls: Any) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    return tuple((name, _reader(hint)) for name, hint in typing.get_type_hints(cls).items())


@cache
def _reader(hint: Any) -> Callable[[Any], Any]:
    """How a value with the type `hint` is read."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        some = _reader(next(a for a in arguments if a is not type(None)))
        return lambda value: None if value is None else some(value)
    if origin is tuple and arguments[-1] is not ...:
        each = [_reader(argument) for argument in arguments]
        return lambda values: tuple([read(value) for read, value in zip(each, values, strict=True)])
    if origin is tuple:
        one = _reader(arguments[0])
        return lambda values: tuple([one(value) for value in values])
    if is_dataclass(hint):
        return partial(_record, hint)
    if hint is Decimal:
        return decimal
    if hint is datetime:
        return from_utc_text
    if hint is date:
        return date.fromisoformat
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint
    return lambda value: value


def _record(cls: Any, value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise ValueError(f"not a {cls}: {value!r}")
    return from_json(cls, value)
