"""One transfer in readable form: what the order says, and what happened to it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from connectors.errors import WhoActs
from connectors.records import Order, from_json
from flows.models import Transfer
from flows.plugins.failures import PluginFailed
from sharespine.lib.money import ZERO

#: An order that was tried for days has a long history; nobody reads more than this in one go.
EVENTS = 300


@dataclass(frozen=True, slots=True)
class Vat:
    """The VAT of one rate. `net` is without it."""

    rate: Decimal | None
    net: Decimal
    vat: Decimal


def readable(transfer: Transfer) -> dict[str, Any]:
    """What the page of a transfer shows."""
    order = _order(transfer.payload)
    newest = list(transfer.events.order_by("-id")[: EVENTS + 1])
    return {
        "transfer": transfer,
        "what_to_do": _what_to_do(transfer),
        "events": newest[:EVENTS][::-1],
        "events_cut": len(newest) > EVENTS,
        "order": order,
        "kept_days": settings.KEEP_DETAILS_DAYS,
        "vats": _vats(order) if order else [],
        "differs": transfer.target_total is not None and transfer.total is not None and transfer.target_total != transfer.total,
        "previewable": order is not None and transfer.state not in (Transfer.State.SENT, Transfer.State.SENDING),
    }


def _order(payload: dict[str, Any]) -> Order | None:
    """The record as it was read, or None where it could not be understood."""
    try:
        return from_json(Order, payload)
    except (ValueError, KeyError, TypeError):
        return None


def _vats(order: Order) -> list[Vat]:
    sums: dict[Decimal | None, tuple[Decimal, Decimal]] = {}
    for line in order.lines:
        net, vat = sums.get(line.vat_rate, (ZERO, ZERO))
        sums[line.vat_rate] = (net + line.net, vat + line.vat)
    return [Vat(rate, net, vat) for rate, (net, vat) in sorted(sums.items(), key=lambda item: item[0] or ZERO, reverse=True)]


def _what_to_do(transfer: Transfer) -> str:
    """Who does what next, in one sentence; empty when nobody has to."""
    if transfer.attention and transfer.error_code == PluginFailed.__name__:
        return _("See by hand to what the plugin should have done, then mark the order as handled.")
    if transfer.attention:
        return _("The order changed in the shop after it was sent. Correct the document in the ERP, then mark it as handled.")
    match transfer.state:
        case Transfer.State.UNCERTAIN:
            return _("The ERP never answered. We look the order up there before anything is sent again.")
        case Transfer.State.RETRYING:
            return _("Nothing. We try again by ourselves.")
        case Transfer.State.HELD:
            return _("Nothing is lost: it goes by itself when there is room again.")
        case Transfer.State.STOPPED:
            return {
                WhoActs.MERCHANT: _("The merchant puts it right in the shop or the ERP. Then press Retry."),
                WhoActs.STAFF: _("Support looks into it. Then press Retry."),
                WhoActs.US: _("Development looks into it. Then press Retry."),
            }.get(WhoActs(transfer.acts), _("Press Retry when the cause is gone."))
    return ""
