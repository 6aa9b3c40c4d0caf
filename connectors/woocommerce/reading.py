"""Reading orders out of WooCommerce, a page at a time; how none is lost at an edge is told in `paging`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from connectors.base import Page, Unreadable
from connectors.errors import ContractChanged, RejectedError
from connectors.http import Transport
from connectors.records import Order
from connectors.woocommerce import wording
from connectors.woocommerce.client import API
from connectors.woocommerce.mapping import FIELDS, Rules, order_from
from connectors.woocommerce.paging import PAGE_SIZE, Kind, Listed, Part, not_ahead
from connectors.woocommerce.taxes import home_rates
from connectors.woocommerce.wire import Wire, identity, rows_of, source_id
from sharespine.lib.text import N_

# A checkout that someone has begun, not an order; "any" contains them (measured 2026-11-21).
_DRAFTS = frozenset({"checkout-draft", "auto-draft"})
_REFUND_FIELDS = "id,amount,reason,line_items,shipping_lines,fee_lines,tax_lines"

_ORDERS = Kind(
    path="/orders",
    params={"status": "any", "dp": "2", "_fields": FIELDS},
    strange=N_("WooCommerce answers a question for orders with something else (%(reason)s). Our staff look into it."),
    monster=N_(
        "Order %(number)s is larger than what we read of a shop (a note, or what a plugin keeps on the order). Make it smaller "
        "there, or enter the order in the ERP by hand and skip it here."
    ),
    restless=N_("The orders in WooCommerce changed faster than they could be read. We try again by ourselves."),
)


class Orders:
    """The orders of one shop."""

    def __init__(self, api: Transport, rules: Rules, *, home_country: str) -> None:
        self._api = api
        self._listed = Listed(api, _ORDERS)
        self._rules = rules
        self._home_country = home_country

    def by_id(self, source_ids: Sequence[str]) -> Iterator[Page]:
        """The orders with these ids, as far as the shop has them. Those in the bin are not among them."""
        return map(self._page, self._listed.by_id(source_ids))

    def since(self, moment: datetime | None) -> Iterator[Page]:
        """All orders modified at or after `moment` (all there are if None), oldest change first."""
        return map(self._page, self._listed.since(moment))

    def _page(self, part: Part) -> Page:
        """Without drafts, oldest change first."""
        records: list[Order] = []
        unreadable = [Unreadable(number, number, error) for number, error in part.monsters]
        if not self._rules.home_rates and any(wire.get("total_tax") == "0.00" for wire in part.wires):
            # Asked for once, and only by a shop that sells without VAT.
            self._rules = replace(self._rules, home_rates=home_rates(self._api, self._home_country))
        for wire in part.wires:
            if str(wire.get("status")) in _DRAFTS:
                continue
            try:
                records.append(order_from(wire, self._rules, self._refunds(wire)))
            except (RejectedError, ContractChanged) as error:
                unreadable.append(Unreadable(source_id(wire), wording.one_line(wire.get("number")), error))
        return Page(
            records=tuple(sorted(records, key=lambda order: (order.modified_at, int(order.source_id)))),
            unreadable=tuple(unreadable),
            reached=not_ahead(part.reached),
        )

    def _refunds(self, wire: Wire) -> list[Wire]:
        """What is told of the refunds of an order with their rows: one more call for each order that has any.

        The order itself tells only their sums.
        """
        if not wire.get("refunds"):
            return []
        params = {"per_page": str(PAGE_SIZE), "dp": "2", "_fields": _REFUND_FIELDS}
        return rows_of(self._api.request("GET", f"{API}/orders/{identity(wire)}/refunds", params=params).json())
