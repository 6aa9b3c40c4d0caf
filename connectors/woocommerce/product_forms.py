"""Products → what WooCommerce is sent of them. Exact, pure: what a product refers to is handed in.

Only what differs from what the shop has is sent, so that nobody is told of a change that is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.articles import Product, Variant
from connectors.errors import InvalidRecord
from connectors.woocommerce import wording
from connectors.woocommerce.finding import folded
from connectors.woocommerce.goods import options_of, vat_rate
from connectors.woocommerce.rows import listed, number_in, plain
from connectors.woocommerce.wire import Wire
from sharespine.lib.text import N_, Text

#: The column that WooCommerce looks article numbers up in holds so many characters (table wc_product_meta_lookup).
LONGEST_NUMBER = 100
_GRAIN = Decimal("0.000001")

_NO_NUMBER = N_("“%(name)s” has no article number, so it cannot be found again in WooCommerce. Give it one and press Retry.")
_LONG_NUMBER = N_("The article number %(article)s is longer than the %(most)s characters that WooCommerce holds.")
_NO_NAME = N_("Article %(article)s has no name. Give it one and press Retry.")
_NO_CLASS = N_(
    "Article %(article)s has %(rate)s %% VAT, but no tax class of the shop has that rate at home. Add one in WooCommerce under "
    "Settings, Tax, let the keys see it, and press Retry."
)
_TWINS = N_(
    "Two variants of article %(article)s have the same article number or the same options. Correct them and press Retry."
)
_NO_OPTIONS = N_(
    "Variant %(variant)s of article %(article)s has no options, so nobody could choose it. Correct it and press Retry."
)

Fields = frozenset[str] | None


def check(product: Product) -> None:
    """Raises `InvalidRecord` for what WooCommerce could not hold or find again."""
    number = product.article_number
    for one in (number, *(variant.article_number for variant in product.variants)):
        if not one.strip():
            raise InvalidRecord(Text(_NO_NUMBER, {"name": product.name}))
        if len(one) > LONGEST_NUMBER:
            raise InvalidRecord(Text(_LONG_NUMBER, {"article": one[:LONGEST_NUMBER], "most": str(LONGEST_NUMBER)}))
    if not product.name.strip():
        raise InvalidRecord(Text(_NO_NAME, {"article": number}))
    for variant in product.variants:
        if not variant.options:
            raise InvalidRecord(Text(_NO_OPTIONS, {"variant": variant.article_number, "article": number}))
    numbers = {folded(variant.article_number) for variant in product.variants} | {folded(number)}
    if product.variants and (
        len(numbers) != len(product.variants) + 1 or len({chosen(v.options) for v in product.variants}) != len(product.variants)
    ):
        raise InvalidRecord(Text(_TWINS, {"article": number}))


def product_body(
    product: Product,
    fields: Fields,
    current: Wire | None,
    *,
    rates: Mapping[str, Decimal],
    kilograms: Decimal,
    category: Callable[[str], int],
) -> dict[str, Any]:
    """What is to be sent of `product`: for a new one all of it, else what differs from `current`. Raises `InvalidRecord`.

    A `current` that is a variation holds only what a variation can.
    """
    is_variation = current is not None and current.get("type") == "variation"
    body: dict[str, Any] = {}
    if not is_variation:
        # A new product always needs a name.
        if writes(fields, "name") or current is None:
            body["name"] = product.name.strip()
        if writes(fields, "text"):
            body["description"] = product.text
        if writes(fields, "short_text"):
            body["short_description"] = product.short_text
        paths = [path for path in product.categories if path.strip(" >")]
        # Without any it would end up in the shop's default category: what the merchant chose is better.
        if paths and writes(fields, "categories"):
            body["categories"] = [{"id": number} for number in dict.fromkeys(map(category, paths))]
        if product.variants and writes(fields, "variants"):
            body |= {"type": "variable", "attributes": _attributes(product.variants, current)}
    body |= _own(product, fields, kilograms)
    if product.vat_rate is not None and writes(fields, "vat_rate"):
        body |= _taxation(product, product.vat_rate, current, rates)
    body |= _status(product.active, fields, current, hidden="private" if is_variation else "draft")
    if current is None:
        return {"type": "simple", **body, "sku": product.article_number.strip()}
    return {name: value for name, value in body.items() if not _same(name, value, current)}


def variation_body(
    variant: Variant, fields: Fields, current: Wire | None, *, parent: Wire, kilograms: Decimal
) -> dict[str, Any]:
    """What is to be sent of one variant of `parent`: for a new one all of it, else what differs from `current`."""
    ids = {wording.one_line(row["name"]).casefold(): row["id"] for row in listed(parent, "attributes")}
    body = {
        "sku": variant.article_number.strip(),
        "attributes": [{"id": ids.get(name.casefold(), 0), "name": name, "option": option} for name, option in variant.options],
        **_own(variant, fields, kilograms),
        **_status(variant.active, fields, current, hidden="private"),
    }
    if current is None:
        return body
    if chosen(options_of(current)) == chosen(variant.options):
        del body["attributes"]
    return {name: value for name, value in body.items() if not _same(name, value, current)}


def chosen(options: Sequence[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """Options as they are compared."""
    return frozenset((name.casefold(), option.casefold()) for name, option in options)


def writes(fields: Fields, name: str) -> bool:
    return fields is None or name in fields


def _own(article: Product | Variant, fields: Fields, kilograms: Decimal) -> dict[str, Any]:
    """What products and variations both hold. A weight that is not known takes none away."""
    body: dict[str, Any] = {}
    if writes(fields, "ean"):
        body["global_unique_id"] = article.ean
    if article.weight is not None and writes(fields, "weight"):
        body["weight"] = f"{plain((article.weight / kilograms).quantize(_GRAIN)):f}"
    return body


def _taxation(product: Product, rate: Decimal, current: Wire | None, rates: Mapping[str, Decimal]) -> dict[str, Any]:
    """The tax class with the rate of `product`. Where several have it, the one that it has, then the standard one."""
    if current is not None and vat_rate(current, rates) == rate:
        return {}
    classes = sorted(name for name, percent in rates.items() if percent == rate)
    if classes:
        return {"tax_class": classes[0], "tax_status": "taxable"}
    if rate == 0 and (current is None or current.get("type") != "variation"):
        # A variation is taxed as its product is.
        return {"tax_status": "none"}
    raise InvalidRecord(Text(_NO_CLASS, {"article": product.article_number, "rate": str(plain(rate))}))


def _status(active: bool, fields: Fields, current: Wire | None, *, hidden: str) -> dict[str, Any]:
    """Nobody is to see a new article whose being active is left to the merchant."""
    if current is None:
        return {"status": "publish" if active and writes(fields, "active") else hidden}
    if not writes(fields, "active") or active is (current.get("status") == "publish"):
        return {}
    return {"status": "publish" if active else hidden}


def _attributes(variants: Sequence[Variant], current: Wire | None) -> list[dict[str, Any]]:
    """What the product varies by, with all its values; what the merchant keeps beside it stays.

    The list that is sent replaces the one that is there.
    """
    rows = [_attribute(row) for row in listed(current, "attributes")] if current else []
    by_name = {row["name"].casefold(): row for row in rows}
    for variant in variants:
        for name, option in variant.options:
            row = by_name.get(name.casefold())
            if row is None:
                row = by_name[name.casefold()] = _attribute({"name": name})
                rows.append(row)
            row |= {"variation": True, "visible": True}
            if option.casefold() not in {known.casefold() for known in row["options"]}:
                row["options"] = [*row["options"], option]
    return rows


def _attribute(row: Wire) -> dict[str, Any]:
    return {
        "id": row.get("id") or 0,
        "name": wording.one_line(row["name"]),
        "visible": row.get("visible") is True,
        "variation": row.get("variation") is True,
        "options": [wording.one_line(option) for option in row.get("options") or ()],
    }


def _same(name: str, value: Any, current: Wire) -> bool:
    """Whether the shop has it so already. HTML comes back as the shop shows it, so it may be sent once too often."""
    if name == "categories":
        return {row["id"] for row in value} == {row["id"] for row in listed(current, "categories")}
    if name == "attributes":
        return bool(value == [_attribute(row) for row in listed(current, "attributes")])
    if name == "weight":
        return bool(current["weight"]) and number_in(current, "weight") == Decimal(value)
    if name in ("name", "sku", "global_unique_id"):
        return bool(wording.one_line(current[name]) == wording.one_line(value))
    if name in ("description", "short_description"):
        return bool(str(current[name]).strip() == value.strip())
    return bool(current.get(name) == value)
