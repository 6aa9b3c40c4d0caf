"""One transfer in readable form: what the order says, and what happened to it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from connectors.errors import WhoActs
from flows.models import Transfer
from flows.plugins.failures import PluginFailed
from flows.readable import differs, order_of, timeline, vats


def readable(transfer: Transfer) -> dict[str, Any]:
    """What the page of a transfer shows."""
    order = order_of(transfer.payload)
    events, events_cut = timeline(transfer)
    return {
        "transfer": transfer,
        "what_to_do": _what_to_do(transfer),
        "events": events,
        "events_cut": events_cut,
        "order": order,
        "kept_days": settings.KEEP_DETAILS_DAYS,
        "vats": vats(order) if order else [],
        "differs": differs(transfer),
        "previewable": order is not None and transfer.state not in (Transfer.State.SENT, Transfer.State.SENDING),
    }


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
