"""Moving orders on in a shop: parcels, a message to the buyer, the new status, in this order and each only once.

The shop has no idempotency: the same note again is mailed again, while a field, or the status that an order has already, can be
sent again without harm (measured 2026-11-21). So what an order has is read first. The shop's own mails go out inside the call
that moves it. ASSUMED: that no plugin for tracking is there, so parcels go into a plain field of the order; a flow may name the
field of a plugin.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.base import Change, Choice, Put
from connectors.errors import InvalidRecord, Missing, RejectedError, Unsupported
from connectors.http import Limits, Transport
from connectors.progress import OrderStatus, Parcel
from connectors.woocommerce import wording
from connectors.woocommerce.checking import statuses_of
from connectors.woocommerce.client import API
from connectors.woocommerce.rows import listed
from connectors.woocommerce.wire import Wire, identity, rows_of, understood
from sharespine.lib.text import N_, Text

_FIELDS = "id,number,status,meta_data"
#: Mails are sent inside the call, through whatever mail server the shop has.
_MAILING = Limits(read=60, total=70)
#: Seconds for which what was read of an order is taken for true.
_FRESH = 5.0

_NOT_THERE = N_("Order %(number)s is not in WooCommerce any more, so its status could not be changed.")
_NO_STATUS = N_("The shop has no order status “%(status)s”. Choose another one on the flow.")
_ELSEWHERE = N_("Order %(number)s has the status %(status)s in WooCommerce, which the flow leaves as it is.")


class Statuses:
    """The statuses of the orders of one shop. Used by several threads at once."""

    def __init__(self, api: Transport, *, parcels_field: str) -> None:
        self._api = api
        self._parcels_field = parcels_field
        self._lock = threading.Lock()
        self._known: tuple[Choice, ...] = ()

    def put(self, changes: Sequence[Change]) -> list[Put]:
        """What became of each. Raises what concerns all of them, and what leaves the rest to another attempt."""
        ids = [change.key for change in changes if change.key.isascii() and change.key.isdigit()]
        found = self._orders(ids) if ids else {}
        read_at = time.monotonic()
        done = []
        for change in changes:
            if change.key in found and time.monotonic() - read_at > _FRESH:
                # Somebody may have cancelled it while the ones before it were moved.
                found |= {change.key: None, **self._orders([change.key])}
            done.append(self._put(change, found.get(change.key)))
        return done

    def _put(self, change: Change, order: Wire | None) -> Put:
        record = change.record
        if not isinstance(record, OrderStatus):
            raise Unsupported()
        try:
            if order is None:
                raise Missing(Text(_NOT_THERE, {"number": change.key}))
            if record.status not in self._statuses():
                raise InvalidRecord(Text(_NO_STATUS, {"status": record.status}))
            status = wording.one_line(order.get("status"))
            if status != record.status and status not in record.replaces:
                values = {"number": wording.one_line(order.get("number")), "status": status}
                return Put(key=change.key, target_id=change.key, written=False, notices=(Text(_ELSEWHERE, values),))
            written = self._carry_out(change.key, record, order, is_there=status == record.status)
        except RejectedError as error:
            return Put(key=change.key, target_id=change.key if order else "", written=False, error=error)
        return Put(key=change.key, target_id=change.key, written=written)

    @understood()
    def _carry_out(self, number: str, record: OrderStatus, order: Wire, *, is_there: bool) -> bool:
        """Whether anything had to be done. The status comes last: it tells that all before it is done."""
        written = False
        parcels = "\n".join(map(_line, record.parcels))
        if parcels and _field(order, self._parcels_field) != parcels:
            self._change(number, {"meta_data": [{"key": self._parcels_field, "value": parcels}]})
            written = True
        if record.message and not self._has_said(number, record.message):
            body = {"note": record.message, "customer_note": True}
            self._api.request("POST", f"{API}/orders/{number}/notes", json=body, limits=_MAILING)
            written = True
        if not is_there:
            self._change(number, {"status": record.status})
            written = True
        return written

    def _change(self, number: str, body: Mapping[str, Any]) -> None:
        self._api.request("PUT", f"{API}/orders/{number}", params={"_fields": "id"}, json=body, limits=_MAILING)

    def _has_said(self, number: str, message: str) -> bool:
        """Whether the buyer has this message already: the words themselves are the mark. Notes are not paged."""
        params = {"type": "customer"}
        notes = rows_of(self._api.request("GET", f"{API}/orders/{number}/notes", params=params).json())
        words = wording.one_line(message)
        return any(note.get("customer_note") is True and wording.one_line(note.get("note")) == words for note in notes)

    def _orders(self, ids: Sequence[str]) -> dict[str, Wire | None]:
        """As they are now. Those in the bin are not among them."""
        params = {"include": ",".join(ids), "status": "any", "per_page": "100", "_fields": _FIELDS}
        rows = rows_of(self._api.request("GET", f"{API}/orders", params=params).json())
        return {str(identity(row)): row for row in rows}

    def _statuses(self) -> frozenset[str]:
        """A single call refuses a status that the shop does not have; it is asked first, since a message cannot be unsent."""
        with self._lock:
            if not self._known:
                self._known = statuses_of(self._api)
            return frozenset(choice.value for choice in self._known)


def _field(order: Wire, key: str) -> str:
    values = (entry.get("value") for entry in listed(order, "meta_data") if entry.get("key") == key)
    return next((value for value in values if isinstance(value, str)), "")


def _line(parcel: Parcel) -> str:
    return " ".join(filter(None, (parcel.carrier, parcel.number, parcel.url)))
