"""One order in readable form: what the shop said of it, and what happened to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.records import Order, from_json
from flows.models import Event, Transfer
from sharespine.lib.money import ZERO

#: An order that was tried for days has a long history; nobody reads more than this in one go.
EVENTS = 300


@dataclass(frozen=True, slots=True)
class Vat:
    """The VAT of one rate. `net` is without it."""

    rate: Decimal | None
    net: Decimal
    vat: Decimal


def order_of(payload: Mapping[str, Any]) -> Order | None:
    """The record as it was read, or None where it could not be understood."""
    try:
        return from_json(Order, payload)
    except (ValueError, KeyError, TypeError):
        return None


def vats(order: Order) -> list[Vat]:
    """What the rows come to by their VAT rates, the highest first."""
    sums: dict[Decimal | None, tuple[Decimal, Decimal]] = {}
    for line in order.lines:
        net, vat = sums.get(line.vat_rate, (ZERO, ZERO))
        sums[line.vat_rate] = (net + line.net, vat + line.vat)
    return [Vat(rate, net, vat) for rate, (net, vat) in sorted(sums.items(), key=lambda item: item[0] or ZERO, reverse=True)]


def timeline(transfer: Transfer) -> tuple[list[Event], bool]:
    """The latest events, the oldest of them first; and whether there are earlier ones."""
    newest = list(transfer.events.order_by("-id")[: EVENTS + 1])
    return newest[:EVENTS][::-1], len(newest) > EVENTS


def differs(transfer: Transfer) -> bool:
    """Whether it comes to something else in the ERP than in the shop."""
    return transfer.target_total is not None and transfer.total is not None and transfer.target_total != transfer.total
