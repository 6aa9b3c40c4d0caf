"""One product of the simulated shop as it is on the wire, and what the shop makes of prices and stock that it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

Wire = dict[str, Any]


def price(value: object) -> str:
    """A comma is understood; what is no number erases the price without a word (measured 2026-11-21)."""
    text = str(value).strip().replace(",", ".")
    try:
        return text if Decimal(text).is_finite() else ""
    except InvalidOperation:
        return ""


def set_stock(wire: Wire, body: Mapping[str, Any]) -> None:
    if isinstance(body.get("manage_stock"), bool):
        wire["manage_stock"] = body["manage_stock"]
    if body.get("backorders") in ("no", "notify", "yes"):
        wire["backorders"] = body["backorders"]
    if wire["manage_stock"] is not True:
        # The quantity is ignored without a word (measured 2026-11-21).
        wire["stock_quantity"] = None
        wire["stock_status"] = body.get("stock_status", wire["stock_status"])
        return
    if "stock_quantity" in body:
        try:
            wire["stock_quantity"] = int(body["stock_quantity"] or 0)
        except (TypeError, ValueError):
            wire["stock_quantity"] = 0
    wire["stock_quantity"] = wire["stock_quantity"] or 0
    tell_stock(wire)


def tell_stock(wire: Wire) -> None:
    if wire["stock_quantity"] > 0:
        wire["stock_status"] = "instock"
    else:
        wire["stock_status"] = "outofstock" if wire["backorders"] == "no" else "onbackorder"


def _common() -> Wire:
    return {
        "name": "Product",
        "status": "publish",
        "description": "",
        "sku": "",
        "price": "",
        "regular_price": "",
        "sale_price": "",
        "date_on_sale_from": None,
        "date_on_sale_from_gmt": None,
        "date_on_sale_to": None,
        "date_on_sale_to_gmt": None,
        "tax_status": "taxable",
        "tax_class": "",
        "manage_stock": False,
        "stock_quantity": None,
        "stock_status": "instock",
        "backorders": "no",
        "weight": "",
        "attributes": [],
        "meta_data": [],
        "global_unique_id": "",
        "parent_id": 0,
    }


def a_product() -> Wire:
    return {
        **_common(),
        "type": "simple",
        "short_description": "",
        "categories": [{"id": 15, "name": "Uncategorized", "slug": "uncategorized"}],
        "variations": [],
    }


def a_variation(parent: Wire) -> Wire:
    return {**_common(), "name": "", "type": "variation", "parent_id": parent["id"]}
