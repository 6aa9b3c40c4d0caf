"""What the simulated shop answers below /products and /variations, as measured on 2026-11-21.

ASSUMED: that /variations takes `include`, as all lists do; the answer to a batch for a product that is gone; that the list of
categories is sorted by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.sandbox import Request, Response
from connectors.woocommerce.simulator.catalogue import RATES
from connectors.woocommerce.simulator.goods import STATUSES, Goods, Wire, matching
from connectors.woocommerce.simulator.listing import Listing, ids_in, one_of, paged
from connectors.woocommerce.simulator.refusals import Refusal, invalid, no_route

_MOST = 100
_FORM = "%Y-%m-%dT%H:%M:%S"
_SORTS = ("date", "id", "include", "title", "slug", "modified")
_STRING_FIELDS = ("regular_price", "sale_price", "name", "sku", "description", "short_description", "weight", "tax_class")
_ELSEWHERE = "To manipulate product variations you should use the /products/&lt;product_id&gt;/variations/&lt;id&gt; endpoint."


@dataclass
class GoodsRoutes:
    """Answers for `goods`. `happened` hears of each product that was made or changed.

    `violations` holds whatever a careful client would never have sent. `has_variations_route` is False in a shop before 10.3.
    """

    goods: Goods
    listing: Listing
    happened: Callable[[str, Wire], None]
    has_variations_route: bool = True
    violations: list[str] = field(default_factory=list)

    def answer(self, request: Request, route: str, body: Mapping[str, Any], *, address: str) -> Response:
        """Raises `Refusal`."""
        method = "PUT" if request.method in ("POST", "PATCH") and re.search(r"/\d+$", route) else request.method
        parts = route.strip("/").split("/")
        match (method, *parts):
            case ("GET", "products"):
                return self._page(request, lambda: self._chosen(request), address)
            case ("POST", "products"):
                return Response(201, self._made(self._checked(body), None))
            case (_, "products", "categories"):
                return self._categories(request, body, address)
            case ("POST" | "PUT" | "PATCH", "products", "batch"):
                return self._batch(body, None)
            case ("GET", "variations") if self.has_variations_route:
                return self._page(request, lambda: self._all_variations(request), address)
            case (_, "products", number) if number.isdigit():
                return self._product(method, int(number), body)
            case (_, "products", number, "variations", *rest) if number.isdigit():
                return self._variations(request, method, int(number), rest, body, address)
        raise no_route()

    def _page(self, request: Request, chosen: Callable[[], list[Wire]], address: str) -> Response:
        page = paged(request, chosen, most=self.listing.most_per_page, address=address)
        page.body = [self.goods.shown(wire) for wire in page.body]
        return page

    def _chosen(self, request: Request) -> list[Wire]:
        by = one_of(
            request, "orderby", "date", [name for name in _SORTS if self.listing.sorts_by_modified or name != "modified"]
        )
        status = one_of(request, "status", "any", ("any", *STATUSES, "trash"))
        after, before = self.listing.time_in(request, "modified_after"), self.listing.time_in(request, "modified_before")
        if request.param("sku"):
            words = request.param("sku").split(",")
            # The whole of it counts as a SKU too, else one with a comma could not be asked for.
            rows = matching(self.goods, [*words, *([request.param("sku")] if len(words) > 1 else [])])
        elif wanted := ids_in(request, "include"):
            rows = [wire for number in sorted(wanted) if (wire := self.goods.by_id.get(number)) and wire["type"] != "variation"]
        elif after is not None and by == "modified" and self.listing.filters_by_modified:
            rows = self.goods.modified_after(after)
        else:
            rows = self.goods.sorted(by)[0]
        if self.listing.filters_by_modified and (after or before):
            first, last = (f"{after:{_FORM}}" if after else ""), (f"{before:{_FORM}}" if before else "9999")
            rows = [wire for wire in rows if first < wire["date_modified_gmt"] < last]
        if status != "any":
            rows = [wire for wire in rows if wire["status"] == status]
        if one_of(request, "order", "desc", ("asc", "desc")) == "desc":
            rows = rows[::-1]
        return rows

    def _all_variations(self, request: Request) -> list[Wire]:
        wanted = ids_in(request, "include")
        numbers = wanted or self.goods.by_id
        rows = [wire for number in sorted(numbers) if (wire := self.goods.by_id.get(number)) and wire["type"] == "variation"]
        return rows[::-1]

    def _product(self, method: str, number: int, body: Mapping[str, Any]) -> Response:
        wire = self.goods.by_id.get(number)
        if wire is None:
            raise _unknown_product(404 if method == "GET" else 400)
        if method == "PUT":
            if wire["type"] == "variation":
                raise Refusal(404, "woocommerce_rest_invalid_product_id", _ELSEWHERE)
            return Response(200, self._changed(wire, self._checked(body)))
        if method != "GET":
            raise no_route()
        return Response(200, self.goods.shown(wire))

    def _variations(
        self, request: Request, method: str, number: int, rest: list[str], body: Mapping[str, Any], address: str
    ) -> Response:
        parent = self.goods.by_id.get(number)
        if parent is None or parent["type"] == "variation":
            raise _unknown_product(404)
        match (method, *rest):
            case ("GET",):
                return self._page(request, lambda: self.goods.variations(parent), address)
            case ("POST",):
                return Response(201, self._made(self._checked(body), parent))
            case ("POST" | "PUT" | "PATCH", "batch"):
                return self._batch(body, parent)
            case (_, one) if one.isdigit():
                wire = self._variation(parent, one)
                return Response(200, self._changed(wire, self._checked(body)) if method == "PUT" else self.goods.shown(wire))
        raise no_route()

    def _variation(self, parent: Wire, number: object) -> Wire:
        wire = self.goods.by_id.get(int(str(number))) if str(number).isdigit() else None
        if wire is None or wire["parent_id"] != parent["id"]:
            raise Refusal(404, "woocommerce_rest_product_variation_invalid_id", "Invalid ID.")
        return wire

    def _batch(self, body: Mapping[str, Any], parent: Wire | None) -> Response:
        """Always 200, each item for itself, and nothing is checked as it is elsewhere (measured 2026-11-21)."""
        given = {name: rows for name in ("create", "update", "delete") if isinstance(rows := body.get(name), list)}
        if sum(map(len, given.values())) > _MOST:
            self.violations.append("a batch of more than 100")
            message = "Unable to accept more than 100 items for this request."
            raise Refusal(413, "woocommerce_rest_request_entity_too_large", message)
        if not given:
            return Response(200, [])
        return Response(200, {name: [self._batched(name, item, parent) for item in rows] for name, rows in given.items()})

    def _batched(self, what: str, item: Any, parent: Wire | None) -> Wire:
        number = item if what == "delete" else item.get("id")
        try:
            if what == "create":
                self._watch(item)
                return self._made(item, parent)
            wire = self._variation(parent, number) if parent else self.goods.by_id.get(number or 0)
            if wire is None:
                raise _unknown_product(404 if what == "delete" else 400)
            if parent is None and wire["type"] == "variation":
                self.violations.append("a variation in a batch of products")
                raise Refusal(404, "woocommerce_rest_invalid_product_id", _ELSEWHERE)
            if what == "delete":
                self.violations.append(f"product {number} deleted")
                self.goods.remove(wire)
                return wire
            self._watch(item)
            return self._changed(wire, item)
        except Refusal as refusal:
            error = {"code": refusal.code, "message": refusal.message, "data": refusal.data}
            return {"id": 0 if what == "create" else number, "error": error}

    def _made(self, body: Mapping[str, Any], parent: Wire | None) -> Wire:
        wire = self.goods.create(body, parent=parent)
        self.happened("created", wire)
        return self.goods.shown(wire)

    def _changed(self, wire: Wire, body: Mapping[str, Any]) -> Wire:
        self.goods.update(wire, body)
        self.happened("updated", wire)
        return self.goods.shown(wire)

    def _categories(self, request: Request, body: Mapping[str, Any], address: str) -> Response:
        if request.method == "POST":
            return Response(201, self.goods.new_category(body))
        rows = sorted(self.goods.categories.values(), key=lambda row: row["name"].lower())
        return paged(request, lambda: rows, most=self.listing.most_per_page, address=address)

    def _checked(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a single call is refused for. Raises `Refusal`."""
        for name in _STRING_FIELDS:
            if name in body and not isinstance(body[name], str):
                self.violations.append(f"{name} is {body[name]!r}")
                raise invalid(name, f"{name} is not of type string.", "rest_invalid_type")
        quantity = body.get("stock_quantity")
        if quantity is not None and not re.fullmatch(r"-?\d+", str(quantity)):
            self.violations.append(f"stock_quantity is {quantity!r}")
            raise invalid("stock_quantity", "stock_quantity is not of type integer.", "rest_invalid_type")
        self._watch(body)
        return body

    def _watch(self, item: Mapping[str, Any]) -> None:
        for name in ("regular_price", "sale_price"):
            if name in item and not _is_price(item[name]):
                self.violations.append(f"{name} is {item[name]!r}")
        quantity = item.get("stock_quantity", 0)
        if isinstance(quantity, bool) or not isinstance(quantity, int):
            self.violations.append(f"stock_quantity is {quantity!r}")
        for name, allowed in (
            ("status", STATUSES),
            ("tax_class", (*RATES, "standard")),
            ("backorders", ("no", "notify", "yes")),
        ):
            if name in item and item[name] not in allowed:
                self.violations.append(f"{name} is {item[name]!r}")


def _is_price(value: object) -> bool:
    """Text, with a point, or empty where there is to be none."""
    if not isinstance(value, str):
        return False
    try:
        return value == "" or Decimal(value) >= 0
    except InvalidOperation:
        return False


def _unknown_product(status: int) -> Refusal:
    return Refusal(status, "woocommerce_rest_product_invalid_id", "Invalid ID.")
