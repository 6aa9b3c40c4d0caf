"""The products that the simulated shop holds: simple ones, variable ones, and their variations, as they are on the wire.

ASSUMED: what a new product looks like beyond the recorded fields, that attributes of a product are its own (id 0), that a
category's name is kept as it was sent, and that the sale of a variation moves the time of its product as a change does.
The rest is as measured on 2026-11-21.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.woocommerce.simulator.catalogue import RATES
from connectors.woocommerce.simulator.product import a_product, a_variation, price, set_stock, tell_stock
from connectors.woocommerce.simulator.refusals import Refusal, invalid

Wire = dict[str, Any]

STATUSES = ("draft", "pending", "private", "publish", "future")
_FORM = "%Y-%m-%dT%H:%M:%S"
_TEXTS = ("name", "description", "short_description", "weight", "tax_status")
_SORTS = {
    "date": "date_created_gmt",
    "id": "id",
    "include": "id",
    "title": "name",
    "slug": "name",
    "modified": "date_modified_gmt",
}


class Goods:
    """By id; products and variations take their ids from one sequence. A SKU is held once, whatever its case."""

    def __init__(self, zone: ZoneInfo, now: Callable[[], datetime]) -> None:
        self.by_id: dict[int, Wire] = {}
        self.categories: dict[int, Wire] = {15: {"id": 15, "name": "Uncategorized", "slug": "uncategorized", "parent": 0}}
        self._zone = zone
        self._now = now
        # Above the ids of the catalogue, which orders refer to whether it is on the shelf or not.
        self._last_post = 200
        self._by_sku: dict[str, int] = {}
        self._by_ean: dict[str, int] = {}
        self._sorted: dict[str, tuple[list[Wire], list[Any]]] = {}

    def products(self) -> list[Wire]:
        return [wire for wire in self.by_id.values() if wire["type"] != "variation"]

    def variations(self, parent: Wire) -> list[Wire]:
        """Newest first, as the shop lists them."""
        return [self.by_id[number] for number in reversed(parent["variations"])]

    def with_sku(self, sku: str) -> Wire | None:
        number = self._by_sku.get(sku.lower())
        return None if number is None else self.by_id[number]

    def sorted(self, by: str) -> tuple[list[Wire], list[Any]]:
        """Products, lowest first, with what they are sorted by. Kept until something changes: there may be thousands."""
        key = _SORTS[by]
        if key not in self._sorted:
            rows = sorted(self.products(), key=lambda wire: (wire[key], wire["id"]))
            self._sorted[key] = rows, [wire[key] for wire in rows]
        return self._sorted[key]

    def modified_after(self, moment: datetime) -> list[Wire]:
        """Products that were modified later than `moment`, strictly, in whole seconds; lowest first."""
        rows, keys = self.sorted("modified")
        return rows[bisect_right(keys, moment.astimezone(UTC).strftime(_FORM)) :]

    def create(
        self, body: Mapping[str, Any], *, parent: Wire | None = None, number: int = 0, at: datetime | None = None
    ) -> Wire:
        """A new product, or with `parent` a variation of it. Raises `Refusal`."""
        wire = a_variation(parent) if parent else a_product()
        wire["id"] = number or self._last_post + 1
        self._set(wire, body)
        self._last_post = max(self._last_post, wire["id"])
        self.by_id[wire["id"]] = wire
        if parent is not None:
            parent["variations"].append(wire["id"])
        self._stamp(wire, "created", at or self._now())
        self.touch(wire, at)
        return wire

    def update(self, wire: Wire, body: Mapping[str, Any]) -> Wire:
        """Raises `Refusal`, and then nothing has changed."""
        self._set(wire, body)
        self.touch(wire)
        return wire

    def touch(self, wire: Wire, at: datetime | None = None) -> None:
        """Modified, now or at another time; a variation takes its product with it."""
        self._stamp(wire, "modified", at or self._now())
        if wire["type"] == "variation":
            self._stamp(self.by_id[wire["parent_id"]], "modified", at or self._now())
        self._sorted.clear()

    def remove(self, wire: Wire) -> None:
        """For good, with its variations."""
        for number in list(wire.get("variations", ())):
            self.remove(self.by_id[number])
        if wire["type"] == "variation":
            self.by_id[wire["parent_id"]]["variations"].remove(wire["id"])
        self._forget_keys(wire)
        del self.by_id[wire["id"]]
        self._sorted.clear()

    def sell(self, number: int, quantity: Decimal) -> tuple[Decimal, Decimal] | None:
        """Take `quantity` off what there is, at once: before and after. None for what the shop keeps no stock of."""
        wire = self.by_id.get(number)
        if wire is not None and wire["type"] == "variation" and wire["manage_stock"] is not True:
            wire = self.by_id[wire["parent_id"]]
        if wire is None or wire["manage_stock"] is not True:
            return None
        before = Decimal(wire["stock_quantity"])
        wire["stock_quantity"] = int(before - quantity)
        tell_stock(wire)
        self.touch(wire)
        return before, before - quantity

    def shown(self, wire: Wire) -> Wire:
        """As it goes out: a variation whose stock its product keeps shows that (measured 2026-11-21)."""
        if wire["type"] != "variation" or wire["manage_stock"] is True:
            return wire
        parent = self.by_id[wire["parent_id"]]
        if parent["manage_stock"] is not True:
            return wire
        stock = {name: parent[name] for name in ("stock_quantity", "stock_status", "backorders")}
        return {**wire, "manage_stock": "parent", **stock}

    def path(self, category: int) -> str:
        """The names from the top down to `category`, with " > " between."""
        wire = self.categories[category]
        above = self.path(wire["parent"]) + " > " if wire["parent"] else ""
        return f"{above}{wire['name']}"

    def new_category(self, body: Mapping[str, Any]) -> Wire:
        """ASSUMED: the words of the refusal of a name that its parent already holds. Raises `Refusal`."""
        name, parent = str(body.get("name") or "").strip(), int(body.get("parent") or 0)
        if not name:
            raise invalid("name", "name is a required property.", "rest_missing_callback_param")
        for wire in self.categories.values():
            if wire["parent"] == parent and wire["name"].lower() == name.lower():
                message = "A term with the name provided already exists with this parent."
                raise Refusal(400, "term_exists", message, {"status": 400, "resource_id": wire["id"]})
        number = max(self.categories) + 1
        self.categories[number] = {"id": number, "name": name, "slug": name.lower(), "parent": parent}
        return self.categories[number]

    def _set(self, wire: Wire, body: Mapping[str, Any]) -> None:
        self._check_keys(wire, body)
        self._forget_keys(wire)
        for name in ("sku", "global_unique_id"):
            if name in body:
                wire[name] = str(body[name] or "").strip()
        for name in _TEXTS:
            if isinstance(body.get(name), str):
                wire[name] = body[name]
        if wire["type"] != "variation" and body.get("type") in ("simple", "variable", "grouped", "external"):
            wire["type"] = body["type"]
        if "status" in body:
            wire["status"] = body["status"] if body["status"] in STATUSES else "draft"
        if "tax_class" in body:
            # An unknown class becomes the standard one without a word (measured 2026-11-21).
            wire["tax_class"] = body["tax_class"] if body["tax_class"] in RATES else ""
        self._set_prices(wire, body)
        set_stock(wire, body)
        if isinstance(body.get("categories"), list):
            ids = [row.get("id") for row in body["categories"]] or [15]
            known = [self.categories[number] for number in ids if number in self.categories]
            wire["categories"] = [{"id": row["id"], "name": row["name"], "slug": row["slug"]} for row in known]
        if isinstance(body.get("attributes"), list):
            self._set_attributes(wire, body["attributes"])
        self._keep_keys(wire)

    def _set_prices(self, wire: Wire, body: Mapping[str, Any]) -> None:
        for name in ("regular_price", "sale_price"):
            if body.get(name) is not None:
                wire[name] = price(body[name])
        for end in ("from", "to"):
            name = f"date_on_sale_{end}"
            # null counts as not given; "" takes the date away.
            if body.get(name) is not None:
                moment = datetime.fromisoformat(body[name]).replace(tzinfo=self._zone) if body[name] else None
                wire[name] = moment.strftime(_FORM) if moment else None
                wire[f"{name}_gmt"] = moment.astimezone(UTC).strftime(_FORM) if moment else None
        wire["price"] = wire["sale_price"] or wire["regular_price"]

    def _set_attributes(self, wire: Wire, given: list[Any]) -> None:
        rows = [row for row in given if isinstance(row, dict)]
        if wire["type"] != "variation":
            wire["attributes"] = [
                {
                    "id": row.get("id") or 0,
                    "name": row.get("name") or "",
                    "position": place,
                    "visible": bool(row.get("visible")),
                    "variation": bool(row.get("variation")),
                    "options": list(row.get("options") or []),
                }
                for place, row in enumerate(rows)
            ]
            return
        # What its product does not vary by is passed over without a word.
        names = {row["name"].lower(): row for row in self.by_id[wire["parent_id"]]["attributes"] if row["variation"]}
        wire["attributes"] = [
            {"id": names[name]["id"], "name": names[name]["name"], "option": str(row.get("option") or "")}
            for row in rows
            if (name := str(row.get("name") or "").lower()) in names
        ]
        wire["name"] = ", ".join(row["option"] for row in wire["attributes"])

    def _check_keys(self, wire: Wire, body: Mapping[str, Any]) -> None:
        taken = self._by_sku.get(str(body.get("sku") or "").strip().lower(), wire["id"])
        if taken != wire["id"]:
            data = {"status": 400, "resource_id": taken, "unique_sku": f"{body['sku']}-1"}
            raise Refusal(400, "product_invalid_sku", "Invalid or duplicated SKU.", data)
        taken = self._by_ean.get(str(body.get("global_unique_id") or "").strip(), wire["id"])
        if taken != wire["id"]:
            message = "Invalid or duplicated GTIN, UPC, EAN or ISBN."
            raise Refusal(400, "product_invalid_global_unique_id", message, {"status": 400, "resource_id": taken})

    def _forget_keys(self, wire: Wire) -> None:
        self._by_sku.pop(wire["sku"].lower(), None)
        self._by_ean.pop(wire["global_unique_id"], None)

    def _keep_keys(self, wire: Wire) -> None:
        if wire["sku"]:
            self._by_sku[wire["sku"].lower()] = wire["id"]
        if wire["global_unique_id"]:
            self._by_ean[wire["global_unique_id"]] = wire["id"]

    def _stamp(self, wire: Wire, what: str, at: datetime) -> None:
        wire[f"date_{what}"] = at.astimezone(self._zone).strftime(_FORM)
        wire[f"date_{what}_gmt"] = at.astimezone(UTC).strftime(_FORM)


def matching(goods: Goods, words: Iterable[str]) -> list[Wire]:
    """What has one of these SKUs: variations, too, as nowhere else in the list of products."""
    found = {wire["id"]: wire for word in words if word and (wire := goods.with_sku(word)) is not None}
    return list(found.values())
