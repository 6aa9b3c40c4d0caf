"""Records between a worker and the process of a plugin: as JSON, and checked when they come back."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from connectors.articles import ListPrices, Price, Product, StockLevel
from connectors.base import Change, Document, Draft, Put, Record
from connectors.capabilities import Choice, Register
from connectors.manifest import Option, OptionKind
from connectors.records import Order, from_json, to_json
from sharespine.lib.money import ZERO

RECORDS: tuple[type[Any], ...] = (Order, Product, StockLevel, Price, ListPrices)
_PLAIN: Mapping[str, type[Any]] = {kind.__name__: kind for kind in (*RECORDS, Draft, Document)}
#: Which register a record belongs to.
REGISTERS: Mapping[type[Any], Register] = {
    Order: Register.ORDERS,
    Product: Register.PRODUCTS,
    StockLevel: Register.STOCK,
    Price: Register.PRICES,
    ListPrices: Register.PRICE_LISTS,
}


def pack(value: Any) -> list[Any]:
    """A record, a draft, a document, a change or a put as JSON that tells which of them it is.

    Raises `TypeError` for anything else.
    """
    kind = type(value)
    if kind is Change:
        fields = None if value.fields is None else sorted(value.fields)
        record = pack(value.record) if type(value.record) in RECORDS else None
        told = {"key": value.key, "target_id": value.target_id, "create": value.create, "fields": fields, "record": record}
        return ["Change", told]
    if kind is Put:
        return ["Put", {"key": value.key, "target_id": value.target_id, "written": value.written}]
    if _PLAIN.get(kind.__name__) is not kind:
        raise TypeError(f"no record: {kind.__name__}")
    return [kind.__name__, to_json(value)]


def unpack(packed: Any) -> Any:
    """What `pack` packed. Raises `ValueError`, `KeyError` or `TypeError` on anything else."""
    name, data = packed
    if name == "Change":
        fields = None if data["fields"] is None else frozenset(data["fields"])
        return Change(**{**data, "fields": fields, "record": unpack(data["record"])})
    if name == "Put":
        return Put(**data)
    return from_json(_PLAIN[name], data)


# --- what a plugin may not change ---------------------------------------------------------------------------------------------

#: Of an order: what identifies it, what it comes to, and what its buyer is recognised by. Named as people know it.
_KEPT: Mapping[str, Callable[[Any], Any]] = {
    "id": lambda order: order.source_id,
    "number": lambda order: order.number,
    "currency": lambda order: order.currency,
    "total": lambda order: order.total,
    "VAT": lambda order: order.total_vat,
    "sum of the rows": lambda order: sum((line.net for line in order.lines), ZERO),
    "VAT of the rows": lambda order: sum((line.vat for line in order.lines), ZERO),
    "credited order": lambda order: order.credits,
    "buyer's number": lambda order: order.buyer.number,
    "buyer's organisation number": lambda order: order.buyer.organisation_number,
    "buyer's e-mail": lambda order: order.buyer.email,
}
_KEPT_OF_ARTICLES: Mapping[str, Callable[[Any], Any]] = {
    "id": lambda record: record.source_id,
    "article number": lambda record: record.article_number,
}


def mapped(before: Record, packed: Any) -> Any:
    """The record that a plugin made of `before`. Raises `ValueError` that says what of it may not be so."""
    try:
        after = unpack(packed)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no record: {error}") from None
    if type(after) is not type(before):
        raise ValueError(f"a {type(after).__name__} in place of a {type(before).__name__}")
    if not _fits(after, type(before)):
        raise ValueError(f"a {type(after).__name__} with values of the wrong type")
    kept = _KEPT if isinstance(before, Order) else _KEPT_OF_ARTICLES
    for what, of in kept.items():
        if of(before) != of(after):
            raise ValueError(f"the {what} is {of(after)} in place of {of(before)}")
    return after


def _fits(value: Any, hint: Any) -> bool:
    """Whether `value` is what a field with the type `hint` may hold: the connectors rely on it."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return any(_fits(value, each) for each in arguments)
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        hints = arguments[:1] * len(value) if arguments[-1] is ... else arguments
        return len(hints) == len(value) and all(map(_fits, value, hints))
    if is_dataclass(hint):
        kind: Any = hint
        return isinstance(value, kind) and all(_fits(getattr(value, name), each) for name, each in _hints(kind))
    if hint is Decimal:
        return isinstance(value, Decimal) and value.is_finite()
    return isinstance(value, hint)


@cache
def _hints(kind: Any) -> tuple[tuple[str, Any], ...]:
    return tuple(typing.get_type_hints(kind).items())


# --- what a plugin says of itself ---------------------------------------------------------------------------------------------


def option_from(data: Mapping[str, Any]) -> Option:
    """The option that `to_json` wrote. Raises `ValueError`, `KeyError` or `TypeError`."""
    choices = tuple(Choice(each["value"], each["label"]) for each in data["choices"])
    return Option(**{**data, "kind": OptionKind(data["kind"]), "choices": choices})
