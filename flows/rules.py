"""Which orders are transferred. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from connectors.records import Order
from sharespine.lib.text import N_, Text


def skip_reason(order: Order, *, trigger_statuses: Collection[str], start_from: datetime | None) -> Text | None:
    """Why the rules of a flow leave `order` out, or None when they include it."""
    if order.status not in trigger_statuses:
        return Text(
            N_("The order has the status “%(status)s” in the shop, which does not trigger transfer."), {"status": order.status}
        )
    if start_from is not None and order.placed_at < start_from:
        return Text(
            N_("The order was placed %(placed)s, before the flow was set to begin."),
            {"placed": f"{order.placed_at:%Y-%m-%d %H:%M}Z"},
        )
    return None
