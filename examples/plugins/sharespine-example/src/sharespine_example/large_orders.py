"""Leaves test orders out, puts a note on large ones, and holds back those that are too large to go unseen."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import ClassVar

from connectors.base import Change, Draft, Option, OptionKind, Record, Register
from connectors.plugins import Plugin
from connectors.records import Order


class LargeOrders(Plugin):
    """All amounts are with VAT, in the currency of the order."""

    name: ClassVar[str] = "large-orders"
    label: ClassVar[str] = "Large orders and test orders"
    api: ClassVar[int] = 1
    registers: ClassVar[tuple[Register, ...]] = (Register.ORDERS,)
    options: ClassVar[tuple[Option, ...]] = (
        Option(
            key="above",
            label="Put a note on orders above",
            kind=OptionKind.DECIMAL,
            help="With VAT, in the currency of the order.",
            default="10000",
        ),
        Option(key="note", label="The note", default="Large order: call before it is delivered."),
        Option(
            key="most",
            label="Hold back orders above",
            kind=OptionKind.DECIMAL,
            help="With VAT. They stop until somebody has looked at them. Empty: none.",
        ),
        Option(
            key="tester",
            label="E-mail of whoever makes test orders",
            help="Orders from this address are left out.",
        ),
    )

    def filter(self, record: Record) -> str | None:
        tester = str(self.settings["tester"] or "").casefold()
        if tester and isinstance(record, Order) and record.buyer.email.casefold() == tester:
            return "it is a test order."
        return None

    def map(self, record: Record) -> Record:
        if not isinstance(record, Order) or record.total <= Decimal(self.settings["above"]):
            return record
        note = "\n".join(part for part in (record.note, self.settings["note"]) if part)
        return replace(record, note=note)

    def before_write(self, draft: Draft | Change) -> str | None:
        most = self.settings["most"]
        if most and isinstance(draft, Draft) and draft.total > Decimal(most):
            return f"it comes to more than {most} {draft.currency}."
        return None
