"""What a system can do, as data: the planner, the forms, the matrix, the contract suite and the docs all read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from connectors.targets import TargetField


class Register(StrEnum):
    """What is moved. Swedish: dataregister."""

    ORDERS = "orders"
    STATUS = "status"
    PRODUCTS = "products"
    PRICES = "prices"
    PRICE_LISTS = "price_lists"
    STOCK = "stock"


#: The registers whose records are articles, under their article numbers.
OF_ARTICLES = (Register.PRODUCTS, Register.PRICES, Register.PRICE_LISTS, Register.STOCK)


class Direction(StrEnum):
    """Which way a register goes between a shop and an ERP."""

    TO_ERP = "to_erp"
    TO_SHOP = "to_shop"


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose: `value` is what is stored, `label` what people read (a proper name: not translated)."""

    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """How a register can be read. `overlap` is how far back each read must reach so that nothing is lost at the edge.

    `by_key_only` tells that only records that are asked for by key can be read: there is no list of what changed. `lacks`
    says of the fields in `connectors.fields` that cannot be read why not, in words marked for translation. `extra_fields` tells
    that records can carry fields of the system's own (`Order.extras`): those that the flow's read option `extra_fields` names,
    one a line.
    """

    incremental: bool = True
    page_size: int = 100
    overlap: timedelta = timedelta(minutes=2)
    by_key_only: bool = False
    lacks: Mapping[str, str] = field(default_factory=dict)
    extra_fields: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Writes:
    """How a register can be written, and, of documents, how an unknown outcome can be settled.

    (a) `idempotency_window` > 0: the same key within that time has one effect. (b) `finds_by_reference`: `find` answers,
    once `index_delay` has passed since the write. Neither: an unknown outcome stops for a person. `completes` tells that a
    write has steps after the document was made, and that `complete` takes them up. `credits` tells that an order with negative
    rows becomes a credit note. `reserving_kinds` are the document kinds whose rows the system itself takes off what is
    available in stock, from the moment at which they are there.

    Other registers are written by `put`, which may be repeated: up to `batch_size` changes at a time. `variant_dimensions` is
    how many dimensions the variants of a product may have: 0 where each variant is an article of its own, None for any number.
    `lacks` is as that of `Reads`. `target_fields` are those of a document that a field mapping may fill, see
    `connectors.mappable`.
    """

    idempotency_window: timedelta = timedelta(0)
    finds_by_reference: bool = False
    completes: bool = False
    index_delay: timedelta = timedelta(0)
    document_kinds: tuple[Choice, ...] = ()
    credits: bool = False
    reserving_kinds: tuple[str, ...] = ()
    batch_size: int = 1
    variant_dimensions: int | None = None
    lacks: Mapping[str, str] = field(default_factory=dict)
    target_fields: tuple[TargetField, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What the system can do.

    Each register is in `reads` or in `cannot_read`, with the reason in words marked for translation; the same for writing.
    `max_in_flight` is how many calls may be under way at once on one endpoint, by default. `reconciles` tells that payments
    which a gateway has settled can be reconciled in the system.
    """

    reads: Mapping[Register, Reads] = field(default_factory=dict)
    writes: Mapping[Register, Writes] = field(default_factory=dict)
    cannot_read: Mapping[Register, str] = field(default_factory=dict)
    cannot_write: Mapping[Register, str] = field(default_factory=dict)
    max_in_flight: int = 4
    webhooks: bool = False
    reconciles: bool = False
