"""Canonical records of order status: what became of an order in the ERP, and what the order in the shop is to become."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Milestone(StrEnum):
    """What can happen to an order in an ERP."""

    PARTLY_DELIVERED = "partly_delivered"
    DELIVERED = "delivered"
    INVOICED = "invoiced"
    PAID = "paid"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A parcel on its way. `url` is where it can be followed, or empty."""

    carrier: str
    number: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What became of an order in the ERP. `source_id` is its number there, `reference` is ours, which the document carries.

    `milestones` are all that it has passed. `delivered` are pairs of article number and quantity, where the system tells.
    """

    source_id: str
    reference: str
    milestones: tuple[Milestone, ...]
    parcels: tuple[Parcel, ...] = ()
    delivered: tuple[tuple[str, Decimal], ...] = ()
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStatus:
    """What an order in the shop is to be brought to. `source_id` is its id in the shop.

    It is moved on only from one of the statuses `replaces`; in any other the order is left alone. `message` is sent to the
    buyer by the shop, once; empty for none.
    """

    source_id: str
    status: str
    replaces: tuple[str, ...] = ()
    message: str = ""
    parcels: tuple[Parcel, ...] = ()
    delivered: tuple[tuple[str, Decimal], ...] = ()
