"""The orders that the simulated shop holds, and what happens to them: placed, changed, refunded, thrown away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from connectors.woocommerce.simulator.cart import Cart, count, text
from connectors.woocommerce.simulator.refusals import Refusal, invalid, unknown_order

Wire = dict[str, Any]

_PERSON: Wire = {
    "first_name": "Åsa",
    "last_name": "Öberg",
    "company": "",
    "address_1": "Storgatan 1",
    "address_2": "",
    "city": "Malmö",
    "state": "",
    "postcode": "211 34",
    "country": "SE",
}
_PAID = ("processing", "completed")
_SYMBOLS = {"SEK": "kr", "EUR": "€", "NOK": "kr", "DKK": "kr", "ISK": "kr."}
_PLAIN = ("customer_note", "transaction_id", "payment_method", "payment_method_title", "currency")


class Orders:
    """By id. Orders and refunds take their ids from one sequence, and rows and meta data from another, as in WordPress."""

    def __init__(self, zone: ZoneInfo, now: Callable[[], datetime]) -> None:
        self.by_id: dict[int, Wire] = {}
        self.refunds: dict[int, list[Wire]] = {}
        self._zone = zone
        self._now = now
        self._last_post = 1000
        self._last_item = 0

    def place(self, cart: Cart, *, at: datetime, overrides: Mapping[str, Any]) -> Wire:
        """A new order. `overrides` are fields of the order on the wire; objects such as `billing` are merged."""
        number = self._next_post()
        order: Wire = {
            "id": number,
            "parent_id": 0,
            "status": "processing",
            "currency": "SEK",
            "version": "10.5.0",
            "customer_id": 0,
            "order_key": f"wc_order_{number}",
            "billing": {**_PERSON, "email": "asa@kund.example", "phone": "070-123 45 67"},
            "shipping": {**_PERSON, "phone": ""},
            "payment_method": "bacs",
            "payment_method_title": "Banköverföring",
            "transaction_id": "",
            "customer_ip_address": "127.0.0.1",
            "customer_user_agent": "",
            "created_via": "store-api",
            "customer_note": "",
            "cart_hash": "",
            "number": str(number),
            "meta_data": [],
            **count(cart, self.next_item),
            "refunds": [],
        }
        self._stamp(order, "created", at)
        self._stamp(order, "completed", None)
        self._stamp(order, "paid", None)
        _merge(order, overrides)
        if order["status"] in _PAID and order["payment_method"] != "cod" and "date_paid_gmt" not in overrides:
            self._stamp(order, "paid", at)
        if order["status"] == "completed":
            self._stamp(order, "completed", at)
        self._stamp(order, "modified", at)
        order["currency_symbol"] = _SYMBOLS.get(order["currency"], order["currency"])
        self.by_id[number] = order
        return order

    def touch(self, order: Wire, at: datetime | None = None) -> None:
        """Modified, now or at another time."""
        self._stamp(order, "modified", at or self._now())

    def change(self, order: Wire, changes: Mapping[str, Any]) -> None:
        """Set fields of the order as they are on the wire, with what follows from a new status. Always counts as modified."""
        _merge(order, changes)
        if order["status"] in _PAID and not order["date_paid_gmt"]:
            self._stamp(order, "paid", self._now())
        if order["status"] == "completed" and not order["date_completed_gmt"]:
            self._stamp(order, "completed", self._now())
        self.touch(order)

    def put(self, number: int, body: Any, statuses: list[str]) -> Wire:
        """PUT, POST and PATCH alike. Unknown and read-only fields are ignored (measured 2026-11-21). Raises `Refusal`."""
        order = self.by_id.get(number)
        if order is None:
            raise unknown_order(400)
        if not isinstance(body, dict):
            body = {}
        changes: Wire = {name: body[name] for name in _PLAIN if isinstance(body.get(name), str)}
        changes |= {name: body[name] for name in ("billing", "shipping") if isinstance(body.get(name), dict)}
        if "status" in body:
            if body["status"] not in statuses:
                message = f"status is not one of auto-draft, {', '.join(statuses[:-1])}, and {statuses[-1]}."
                raise invalid("status", message, "rest_not_in_enum")
            changes["status"] = body["status"]
        if body.get("set_paid") is True and order["status"] in ("pending", "on-hold"):
            changes["status"] = "processing"
        self._set_meta(order, body.get("meta_data"))
        self.change(order, changes)
        return order

    def remove(self, number: int, *, force: bool) -> Wire:
        """To the bin, or for good. Raises `Refusal`."""
        order = self.by_id.get(number)
        if order is None:
            raise unknown_order()
        before = deepcopy(order)
        if force:
            del self.by_id[number]
        elif order["status"] == "trash":
            raise Refusal(410, "woocommerce_rest_already_trashed", "The shop_order has already been deleted.")
        else:
            order["status"] = "trash"
            self.touch(order)
        return before

    def refund(self, number: int, body: Any) -> Wire:
        """POST of a refund. Money is not moved: no gateway here can give it back. Raises `Refusal`."""
        order = self.by_id.get(number)
        if order is None:
            raise Refusal(404, "woocommerce_rest_order_invalid_id", "Invalid order ID.")
        given = body.get("amount") if isinstance(body, dict) else None
        if not isinstance(given, str):
            raise invalid("amount", "amount is not of type string.", "rest_invalid_type")
        try:
            amount = Decimal(given)
        except InvalidOperation:
            amount = Decimal(0)
        left = Decimal(order["total"]) + sum((Decimal(row["total"]) for row in order["refunds"]), Decimal(0))
        code = "woocommerce_rest_cannot_create_order_refund"
        # Here, and only here, `data` is a bare number (measured 2026-11-21).
        if amount < 0:
            raise Refusal(500, "woocommerce_rest_invalid_order_refund", "Refund amount must be greater than zero.", 400)
        if amount > left:
            raise Refusal(500, code, "Invalid refund amount.", 500)
        if body.get("api_refund", True):
            raise Refusal(500, code, "The payment gateway for this order does not support automatic refunds.", 500)
        return self.give_back(order, amount, str(body.get("reason") or ""))

    def give_back(self, order: Wire, amount: Decimal, reason: str, *, at: datetime | None = None) -> Wire:
        """Part of the order's total, or all: then its status becomes refunded. The total is never lowered."""
        is_all = amount - sum((Decimal(row["total"]) for row in order["refunds"]), Decimal(0)) == Decimal(order["total"])
        refund: Wire = {
            "id": self._next_post(),
            "amount": text(amount),
            "reason": reason,
            "refunded_by": 1,
            "refunded_payment": False,
            "meta_data": [{"id": self.next_item(), "key": "_refund_type", "value": "full" if is_all else "partial"}],
            "line_items": [],
            "shipping_lines": [],
            "tax_lines": [],
            "fee_lines": [],
        }
        self._stamp(refund, "created", at or self._now())
        self.refunds.setdefault(order["id"], []).insert(0, refund)
        order["refunds"].insert(0, {"id": refund["id"], "reason": reason, "total": text(-amount)})
        if is_all:
            order["status"] = "refunded"
        self.touch(order, at)
        return refund

    def take_back(self, order: Wire, rows: Mapping[int, int], reason: str) -> Wire:
        """So many of each article row, by the row's id, at what the buyer paid for them: rows below zero on the refund."""
        lines = [self._returned(row, rows[row["id"]]) for row in order["line_items"] if row["id"] in rows]
        amount = -sum((Decimal(line["total"]) + Decimal(line["total_tax"]) for line in lines), Decimal(0))
        refund = self.give_back(order, amount, reason)
        refund["line_items"] = lines
        taxes = {tax["id"]: Decimal(0) for line in lines for tax in line["taxes"]}
        for line in lines:
            for tax in line["taxes"]:
                taxes[tax["id"]] += Decimal(tax["total"])
        refund["tax_lines"] = [
            {**row, "id": self.next_item(), "tax_total": text(taxes[row["rate_id"]]), "shipping_tax_total": "0.00"}
            for row in order["tax_lines"]
            if row["rate_id"] in taxes
        ]
        return refund

    def _returned(self, row: Wire, quantity: int) -> Wire:
        share = {name: text(-Decimal(row[name]) * quantity / row["quantity"]) for name in ("total", "total_tax")}
        return {
            **row,
            **share,
            "id": self.next_item(),
            "quantity": -quantity,
            "subtotal": share["total"],
            "subtotal_tax": share["total_tax"],
            "taxes": [{"id": tax["id"], "total": share["total_tax"], "subtotal": share["total_tax"]} for tax in row["taxes"]],
            "meta_data": [
                {
                    "id": self.next_item(),
                    "key": "_refunded_item_id",
                    "value": str(row["id"]),
                    "display_key": "_refunded_item_id",
                    "display_value": str(row["id"]),
                }
            ],
        }

    def next_item(self) -> int:
        self._last_item += 1
        return self._last_item

    def _next_post(self) -> int:
        self._last_post += 1
        return self._last_post

    def _set_meta(self, order: Wire, entries: Any) -> None:
        """The same key again updates the one entry, null deletes it (measured 2026-11-21)."""
        for entry in entries if isinstance(entries, list) else []:
            kept = [row for row in order["meta_data"] if row["key"] != entry["key"]]
            if entry.get("value") is not None:
                kept.append({"id": self.next_item(), "key": entry["key"], "value": entry["value"]})
            order["meta_data"] = kept

    def _stamp(self, wire: Wire, what: str, at: datetime | None) -> None:
        """Local time without offset, and UTC without Z."""
        form = "%Y-%m-%dT%H:%M:%S"
        wire[f"date_{what}"] = at.astimezone(self._zone).strftime(form) if at else None
        wire[f"date_{what}_gmt"] = at.astimezone(UTC).strftime(form) if at else None


def _merge(order: Wire, changes: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        if isinstance(value, Mapping) and isinstance(order.get(name), dict):
            order[name] = {**order[name], **value}
        else:
            order[name] = value
