"""A simulated WooCommerce shop, faithful to what was measured of a real one (10.5.0, on 2026-11-21).

It is on plain http, where only an OAuth signature signs in, unless `is_tls` says that a proxy in front of it speaks TLS.
Left out: customers, coupons and batches of orders, which give 404 here. ASSUMED: that `modified_before` is strict, and all
about the Gift Cards extension.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.sandbox import Request, Response
from connectors.woocommerce.simulator import hooks
from connectors.woocommerce.simulator.catalogue import RATES, Rate
from connectors.woocommerce.simulator.counter import Counter
from connectors.woocommerce.simulator.orders import Wire
from connectors.woocommerce.simulator.refusals import Refusal, invalid, no_route, unknown_order
from sharespine.lib.clock import utcnow

_API = "/wp-json/wc/v3"
_TOPICS = tuple(f"{what}.{event}" for what in ("order", "product") for event in ("created", "updated", "deleted", "restored"))
_PRICES_SETTING = "/settings/tax/woocommerce_prices_include_tax"
_READ_ONLY_ROUTES = (
    "/taxes",
    "/orders/statuses",
    "/reports/orders/totals",
    "/system_status",
    "/data/currencies/current",
    _PRICES_SETTING,
)


class Simulator(Counter):
    """One shop, in SEK with prices that include VAT, in Europe/Stockholm. Empty until `seed_orders`, unless a seed is given."""

    key = "woocommerce"

    def __init__(self, *, seed: int = 0, journal: Path | None = None, clock: Callable[[], datetime] = utcnow) -> None:
        super().__init__(seed=seed, journal=journal, clock=clock)
        self.has_status_route = True

    def run_cron(self) -> int:
        """Send the webhooks that are due, as when someone visits the shop. Returns how many were taken."""
        with self.lock:
            due, self._due = self._due, []
            deliveries = [delivery for entry in due if (delivery := self._delivery(*entry)) is not None]
        return sum(hooks.send(delivery) for delivery in deliveries if delivery.hook.status == "active")

    def replay(self) -> None:
        super().replay()
        # What was due when the calls were made went out then.
        self._due.clear()

    # What the shop answers.

    def handle(self, request: Request) -> Response:
        try:
            return self._route(request)
        except Refusal as refusal:
            return refusal.response()

    def _route(self, request: Request) -> Response:
        path = request.path.rstrip("/")
        if path == "/wp-json" and request.method == "GET":
            return Response(200, _trimmed(request, self._index()))
        if path.startswith("/wp-json/wp/"):
            raise Refusal(401, "rest_not_logged_in", "You are not currently logged in.")
        if not path.startswith(_API):
            if path.startswith("/wp-json"):
                raise no_route()
            return Response(404, "<!DOCTYPE html><html><head><title>Sidan hittades inte</title></head><body></body></html>")
        self.access.admit(request, address=self._address(request), is_tls=self.is_tls, now=self.now())
        return self._api(request, request.method, path.removeprefix(_API))

    def _api(self, request: Request, method: str, route: str) -> Response:
        if route in _READ_ONLY_ROUTES and method == "GET":
            return Response(200, _trimmed(request, self._told(route)))
        if route == "/orders" and method == "GET":
            page = self.listing.answer(
                request, list(self.orders.by_id.values()), statuses=list(self.statuses), address=self._address(request)
            )
            page.body = [_trimmed(request, self._shown(order)) for order in page.body]
            return page
        if match := re.fullmatch(r"/orders/(\d+)(/refunds|/notes)?", route):
            answer = {"/refunds": self._refunds, "/notes": self._notes}.get(match[2], self._order)
            return answer(request, method, int(match[1]))
        if re.match(r"/(products|variations)\b", route):
            answered = self.goods_routes.answer(request, route, _body(request), address=self._address(request))
            if method == "GET":
                rows = answered.body
                answered.body = [_trimmed(request, row) for row in rows] if isinstance(rows, list) else _trimmed(request, rows)
            return answered
        if route == "/webhooks" or re.fullmatch(r"/webhooks/\d+", route):
            return self._webhooks(request, method, route)
        raise no_route()

    def _order(self, request: Request, method: str, number: int) -> Response:
        if method == "GET":
            if number not in self.orders.by_id:
                raise unknown_order()
            order = self.orders.by_id[number]
        elif method in ("PUT", "POST", "PATCH"):
            before = self.orders.by_id[number]["status"] if number in self.orders.by_id else ""
            order = self.orders.put(number, _body(request), list(self.statuses))
            self._follow(order, before)
            self._happened("updated", order)
        elif method == "DELETE":
            order = self.orders.remove(number, force=request.param("force") == "true")
            self._happened("deleted", order)
        else:
            raise no_route()
        return Response(200, _trimmed(request, self._shown(order)))

    def _refunds(self, request: Request, method: str, number: int) -> Response:
        if method == "GET" and number in self.orders.by_id:
            return Response(200, [_trimmed(request, refund) for refund in self.orders.refunds.get(number, [])])
        if method == "POST":
            before = self.orders.by_id[number]["status"] if number in self.orders.by_id else ""
            refund = self.orders.refund(number, _body(request))
            self._follow(self.orders.by_id[number], before)
            self._happened("updated", self.orders.by_id[number])
            return Response(201, refund)
        raise no_route()

    def _notes(self, request: Request, method: str, number: int) -> Response:
        """Not paged, and without a memory: the same note again is mailed again (measured 2026-11-21)."""
        if number not in self.orders.by_id:
            raise Refusal(404, "woocommerce_rest_order_invalid_id", "Invalid order ID.")
        if method == "GET":
            kind = request.param("type", "any")
            notes = self.letters.notes.get(number, [])
            return Response(200, [note for note in notes if kind == "any" or note["customer_note"] is (kind == "customer")])
        if method != "POST":
            raise no_route()
        body = _body(request)
        if "note" not in body:
            message = "Missing parameter(s): note"
            raise Refusal(400, "rest_missing_callback_param", message, {"status": 400, "params": ["note"]})
        to_customer = body.get("customer_note") is True
        return Response(201, self.letters.note(number, str(body["note"]), to_customer=to_customer))

    def _webhooks(self, request: Request, method: str, route: str) -> Response:
        number = int(route.removeprefix("/webhooks").strip("/") or 0)
        if not number and method == "GET":
            return Response(200, [_trimmed(request, hook.wire()) for hook in self.hooks.values()])
        if not number and method == "POST":
            return self._new_webhook(_body(request))
        hook = self.hooks.get(number)
        if method == "DELETE" and request.param("force") != "true":
            raise Refusal(501, "woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.")
        if hook is None:
            raise Refusal(404, "woocommerce_rest_shop_webhook_invalid_id", "Invalid ID.")
        if method == "DELETE":
            del self.hooks[number]
        elif method in ("PUT", "POST", "PATCH"):
            hook.status = str(_body(request).get("status", hook.status))
        elif method != "GET":
            raise no_route()
        return Response(200, _trimmed(request, hook.wire()))

    def _new_webhook(self, body: Wire) -> Response:
        topic = str(body.get("topic", ""))
        if topic not in _TOPICS:
            raise Refusal(400, "woocommerce_rest_shop_webhook_invalid_topic", "Webhook topic must be valid.")
        if not isinstance(body.get("delivery_url"), str):
            raise invalid("delivery_url", "delivery_url is not of type string.", "rest_invalid_type")
        number = max(self.hooks, default=0) + 1
        name, secret = str(body.get("name") or topic), str(body.get("secret") or "")
        self.hooks[number] = hooks.Hook(number, name, topic, body["delivery_url"], secret)
        self._due.append((number, "ping", 0))
        return Response(201, self.hooks[number].wire())

    def _told(self, route: str) -> Any:
        if route == "/system_status":
            return {
                "environment": {"version": "10.5.0", "wp_version": "6.9.7", "wp_cron": True},
                "settings": {"currency": "SEK", "number_of_decimals": 2},
            }
        if route == "/data/currencies/current":
            return {"code": "SEK", "name": "Swedish krona", "symbol": "&#107;&#114;"}
        if route == _PRICES_SETTING:
            return {"id": "woocommerce_prices_include_tax", "value": "yes" if self.prices_include_tax else "no"}
        if route == "/taxes":
            return [_tax(order, tax_class, rate) for order, (tax_class, rate) in enumerate(RATES.items())]
        if route == "/orders/statuses":
            if not self.has_status_route:
                raise no_route()
            return [{"slug": slug, "name": name} for slug, name in self.statuses.items()]
        counts = [order["status"] for order in self.orders.by_id.values()]
        return [{"slug": slug, "name": name, "total": counts.count(slug)} for slug, name in self.statuses.items()]

    def _index(self) -> Wire:
        offset = self.now().astimezone(self.zone).utcoffset() or timedelta(0)
        return {
            "name": self.name,
            "gmt_offset": int(offset.total_seconds() // 3600),
            "timezone_string": str(self.zone),
            "namespaces": ["wc/v3", "wc/v2", "wp/v2"],
        }

    def _shown(self, order: Mapping[str, Any]) -> Wire:
        """The order as it goes out: the address of its payment page depends on who asks."""
        pay = f"{self.address}/checkout/order-pay/{order['id']}/?pay_for_order=true&key={order['order_key']}"
        return {
            **order,
            "payment_url": pay,
            "is_editable": order["status"] in ("pending", "on-hold"),
            "needs_payment": order["status"] in ("pending", "failed"),
            "needs_processing": True,
        }

    def _address(self, request: Request) -> str:
        return f"{'https' if self.is_tls else 'http'}://{request.headers.get('Host', '')}"

    def _delivery(self, hook_id: int, what: str, number: int) -> hooks.Delivery | None:
        """Built when it is sent, not when it happened; of what was deleted only its id is told (measured 2026-11-21)."""
        hook = self.hooks.get(hook_id)
        if hook is None:
            return None
        if what == "ping":
            return hooks.ping(hook)
        if what.startswith("product."):
            product = self.goods.by_id.get(number)
            told = {"id": number} if product is None else self.goods.shown(product)
            return hooks.event(hook, told, source=self.address)
        order = self.orders.by_id.get(number)
        is_gone = order is None or what == "order.deleted"
        return hooks.event(hook, {"id": number} if order is None or is_gone else self._shown(order), source=self.address)


def _tax(order: int, tax_class: str, rate: Rate) -> Wire:
    percent = f"{rate.percent:.4f}"
    return {
        "id": rate.id,
        "country": "SE",
        "rate": percent,
        "name": rate.label,
        "order": order,
        "class": tax_class or "standard",
    }


def _trimmed(request: Request, wire: Any) -> Any:
    fields = request.param("_fields")
    if not fields or not isinstance(wire, dict):
        return wire
    names = {name.strip().partition(".")[0] for name in fields.split(",")}
    return {name: value for name, value in wire.items() if name in names}


def _body(request: Request) -> Wire:
    """JSON that is not sent as JSON is ignored without a word (measured 2026-11-21)."""
    if "json" not in request.headers.get("Content-Type", "") or not request.body:
        return {}
    try:
        body = request.json()
    except ValueError:
        raise Refusal(400, "rest_invalid_json", "Invalid JSON body passed.") from None
    return body if isinstance(body, dict) else {}
