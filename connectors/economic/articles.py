"""The articles that rows need: checked where they exist, to be created where they may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.economic.agreement import Row as Product
from connectors.economic.cutting import Cutter
from connectors.economic.rows import Row
from connectors.economic.settings import STANDARD, Settings, rate_of_group
from connectors.economic.vat import plain
from connectors.errors import ContractChanged, InvalidRecord, Missing
from sharespine.lib.money import ZERO
from sharespine.lib.text import N_, Text

NOT_THERE = N_("Article %(sku)s does not exist in e-conomic, and the flow may not create any. Add it there and press Retry.")


def check_products(rows: Sequence[Row], products: Mapping[str, Product], settings: Settings) -> None:
    """Raises `InvalidRecord` for a barred article and for one whose product group carries another VAT rate than its row."""
    for row in rows:
        product = products.get(row.article)
        if product is None:
            continue
        if product.get("barred"):
            text = N_("Article %(sku)s is barred in e-conomic. Unbar it there and press Retry.")
            raise InvalidRecord(Text(text, {"sku": row.article}))
        group = group_of(product)
        carried = rate_of_group(settings.product_groups, group)
        # A group that the flow does not name may carry any rate: then the total in the answer tells.
        if row.net and None not in (row.group_rate, carried) and carried != row.group_rate:
            text = N_(
                "Article %(sku)s is in product group %(group)s of e-conomic with %(there)s %% VAT, and has %(here)s %% on the "
                "order. Correct the VAT in the shop or the group in e-conomic, then press Retry."
            )
            values = {"sku": row.article, "group": str(group), "there": plain(carried or ZERO), "here": plain(row.charged)}
            raise InvalidRecord(Text(text, values))


def product_bodies(
    rows: Sequence[Row], products: Mapping[str, Product], settings: Settings, cutter: Cutter, *, in_base_currency: bool
) -> list[dict[str, Any]]:
    """The articles to create for `rows`, each once. Raises `Missing` when the flow may not create any, and `InvalidRecord` for
    one that the order has with several VAT rates: an article has one.
    """
    new: dict[str, list[Row]] = {}
    for row in rows:
        if row.article not in products:
            new.setdefault(row.article.casefold(), []).append(row)
    return [product_body(_telling(each), settings, cutter, in_base_currency=in_base_currency) for each in new.values()]


def _telling(rows: Sequence[Row]) -> Row:
    """Of the rows of one article the one that tells most of it: a row of 0.00 may tell neither its VAT nor its price."""
    charged: dict[Decimal, Row] = {}
    for row in rows:
        if row.net and row.group_rate is not None:
            charged.setdefault(row.group_rate, row)
    if len(charged) > 1:
        here, there, *_ = charged
        text = N_(
            "Article %(sku)s has %(here)s %% VAT in one row of the order and %(there)s %% in another, and e-conomic has one "
            "rate for an article. Correct the order in the shop, then press Retry."
        )
        raise InvalidRecord(Text(text, {"sku": rows[0].article, "here": plain(here), "there": plain(there)}))
    by_what_is_told = [*charged.values(), *(row for row in rows if row.group_rate is not None)]
    return next(iter([*by_what_is_told, *(row for row in rows if row.home_rate is not None), *rows]))


def product_body(row: Row, settings: Settings, cutter: Cutter, *, in_base_currency: bool) -> dict[str, Any]:
    """The article for `row`, in the product group of its VAT rate."""
    if not settings.create_products:
        raise Missing(Text(NOT_THERE, {"sku": row.article}))
    told = row.home_rate if row.group_rate is None else row.group_rate
    rate = STANDARD if told is None else told
    if told is None and row.is_article:
        text = N_(
            "The order does not tell which VAT article %(sku)s has at home, so it is created for %(rate)s %%. Move it to "
            "another product group in e-conomic if that is wrong."
        )
        cutter.notices.append(Text(text, {"sku": row.article, "rate": plain(rate)}))
    body: dict[str, Any] = {
        "productNumber": row.article,
        "name": cutter.fit(row.name, 300, field="name"),
        "productGroup": {"productGroupNumber": group_for(rate, settings.product_groups)},
    }
    if settings.unit is not None and row.is_article:
        body["unit"] = {"unitNumber": settings.unit}
    if row.is_article and in_base_currency and row.value:
        # In the base currency, without VAT.
        body["salesPrice"] = row.value
    return body


def group_for(rate: Decimal, groups: Mapping[Decimal, int]) -> int:
    """The product group for `rate`, VAT in percent. Raises `InvalidRecord` when the flow has none."""
    group = groups.get(rate)
    if group is None:
        text = N_("The flow has no product group for %(rate)s %% VAT. Choose one and press Retry.")
        raise InvalidRecord(Text(text, {"rate": plain(rate)}))
    return group


def group_of(product: Product) -> int:
    """The number of the group that an article is in. Raises `ContractChanged`."""
    group = product.get("productGroup")
    number = group.get("productGroupNumber") if isinstance(group, Mapping) else None
    if not isinstance(number, int):
        text = N_("e-conomic does not say which product group article %(sku)s is in. Our staff look into it.")
        raise ContractChanged(Text(text, {"sku": str(product.get("productNumber", ""))}))
    return number
