"""Articles of the simulated shop as somebody looks at them, and as somebody enters them by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.sandbox import SeenArticle
from connectors.woocommerce.simulator.catalogue import RATES, Article
from connectors.woocommerce.simulator.goods import Goods, Wire

_TEXTS = {"name": "name", "text": "description", "ean": "global_unique_id"}


def seen(goods: Goods, wire: Wire) -> SeenArticle:
    """The article that `wire` is, in the words of all simulators."""
    stock = goods.shown(wire)
    number, parent = str(wire["id"]), str(wire["parent_id"] or "")
    return SeenArticle(
        target_id=f"{parent}/{number}" if parent else number,
        article_number=wire["sku"],
        name=wire["name"],
        regular=_decimal(wire["regular_price"]),
        sale=_decimal(wire["sale_price"]),
        sale_from=_day(wire["date_on_sale_from"]),
        sale_to=_day(wire["date_on_sale_to"]),
        quantity=Decimal(stock["stock_quantity"]) if stock["manage_stock"] is not False else None,
        text=wire["description"],
        ean=wire["global_unique_id"],
        weight=_decimal(wire["weight"]),
        vat_rate=RATES[wire["tax_class"]].percent if wire["tax_status"] == "taxable" else Decimal(0),
        categories=tuple(goods.path(row["id"]) for row in wire.get("categories", ()) if row["id"] != 15),
        active=wire["status"] == "publish",
        part_of=parent,
        options=tuple((row["name"], row["option"]) for row in wire["attributes"]) if parent else (),
    )


def entered(goods: Goods, fields: Mapping[str, Any]) -> Wire:
    """Fields of `SeenArticle` as the shop stores them."""
    body: Wire = {wire: fields[name] for name, wire in _TEXTS.items() if name in fields}
    for name, wire in (("regular", "regular_price"), ("sale", "sale_price"), ("weight", "weight")):
        if name in fields:
            body[wire] = "" if fields[name] is None else str(fields[name])
    for name in ("sale_from", "sale_to"):
        if name in fields:
            time = "T00:00:00" if name == "sale_from" else "T23:59:59"
            body[f"date_on_{name}"] = f"{fields[name]}{time}" if fields[name] else ""
    if "quantity" in fields:
        body |= {"manage_stock": fields["quantity"] is not None, "stock_quantity": int(fields["quantity"] or 0)}
    if "vat_rate" in fields:
        body["tax_class"] = next(name for name, rate in RATES.items() if rate.percent == fields["vat_rate"])
    if "active" in fields:
        body["status"] = "publish" if fields["active"] else "draft"
    if "categories" in fields:
        body["categories"] = [{"id": _category(goods, path)} for path in fields["categories"]]
    if "options" in fields:
        body["attributes"] = [{"name": name, "option": option} for name, option in fields["options"]]
    return body


def widened(parent: Wire, options: tuple[tuple[str, str], ...]) -> Wire:
    """What makes `parent` a product that varies by `options` too."""
    attributes = [dict(row) for row in parent["attributes"]]
    for name, option in options:
        row = next((row for row in attributes if row["name"] == name), None)
        if row is None:
            row = {"name": name, "variation": True, "visible": True, "options": []}
            attributes.append(row)
        if option not in row["options"]:
            row["options"] = [*row["options"], option]
    return {"type": "variable", "attributes": attributes}


def stocked(goods: Goods, articles: list[Article], quantity: int) -> None:
    """Put the shop's catalogue on the shelf, under the ids that its orders have, `quantity` of each."""
    for article in articles:
        body = {
            "sku": article.sku,
            "name": article.name,
            "regular_price": str(article.price),
            "tax_class": article.tax_class,
            "manage_stock": True,
            "stock_quantity": quantity,
        }
        if article.deleted:
            continue
        if not article.variation_id:
            goods.create(body, number=article.product_id)
            continue
        parent = goods.by_id.get(article.product_id)
        if parent is None:
            parent = goods.create({"name": article.parent_name, "type": "variable"}, number=article.product_id)
        options = tuple((label, shown) for _, _, label, shown in article.attributes)
        goods.update(parent, widened(parent, options))
        attributes = [{"name": name, "option": option} for name, option in options]
        goods.create({**body, "attributes": attributes}, parent=parent, number=article.variation_id)


def sold(wire: Wire) -> Article:
    """`wire` as a row of an order has it."""
    parent = wire["parent_id"]
    return Article(
        product_id=parent or wire["id"],
        variation_id=wire["id"] if parent else 0,
        sku=wire["sku"],
        name=wire["name"],
        price=Decimal(wire["price"] or 0),
        tax_class=wire["tax_class"],
    )


def _category(goods: Goods, path: str) -> int:
    parent = 0
    for name in path.split(" > "):
        found = [row["id"] for row in goods.categories.values() if (row["parent"], row["name"]) == (parent, name)]
        parent = found[0] if found else goods.new_category({"name": name, "parent": parent})["id"]
    return parent


def _decimal(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text[:10]) if text else None
