"""Notes on the orders of the simulated shop and the e-mails that it sends, which go out inside the call that causes them.

Which change sends which mail is as measured on 2026-11-21; the words of the mails are shortened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

Wire = dict[str, Any]

_FORM = "%Y-%m-%dT%H:%M:%S"
_RECEIVED = "Your order has been received"
_NEW = ("", "pending", "failed", "checkout-draft")


@dataclass
class Letters:
    """By the id of the order. Notes are as on the wire; mails to the buyer are subject and text."""

    zone: ZoneInfo
    now: Callable[[], datetime]
    notes: dict[int, list[Wire]] = field(default_factory=dict)
    mails: dict[int, list[str]] = field(default_factory=dict)
    _last_note: int = 0

    def moved(self, order: Mapping[str, Any], before: str) -> None:
        """The order has come from the status `before`, "" when it is new, to the one that it has."""
        after, number = order["status"], order["id"]
        if before:
            self.note(number, f"Order status changed from {before} to {after}.")
        if subject := _subject(before, after):
            self._mail(number, f"{subject}: {order['number']}")

    def note(self, number: int, text: str, *, to_customer: bool = False, author: str = "WooCommerce") -> Wire:
        """A note to the customer is mailed at once (measured 2026-11-21)."""
        self._last_note += 1
        note: Wire = {
            "id": self._last_note,
            "author": author,
            "date_created": self.now().astimezone(self.zone).strftime(_FORM),
            "date_created_gmt": self.now().astimezone(UTC).strftime(_FORM),
            "note": text,
            "customer_note": to_customer,
        }
        self.notes.setdefault(number, []).append(note)
        if to_customer:
            self._mail(number, f"Note added to your order: {text}")
        return note

    def _mail(self, number: int, text: str) -> None:
        self.mails.setdefault(number, []).append(text)


def _subject(before: str, after: str) -> str:
    """What the buyer is told of a change, "" where nothing."""
    if before == after:
        return ""
    if (after == "processing" and before in (*_NEW, "on-hold")) or (after == "on-hold" and before in _NEW):
        return _RECEIVED
    return {
        "completed": "Your order is now complete",
        "failed": "Your order was unsuccessful",
        "refunded": "Your order has been refunded",
    }.get(after, "")
