"""An article as a body to send: a new one, or the one that is there with some of its fields changed. Pure: no call.

PUT replaces the whole article, and what it leaves out is cleared (verified August 2026). So all that e-conomic has told is
sent back, also what we know nothing of, without what can only be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.articles import Product
from connectors.economic.agreement import Row
from connectors.economic.articles import group_for, group_of
from connectors.economic.cutting import Cutter
from connectors.economic.plain_text import plain_text
from connectors.economic.settings import STANDARD, ArticleSettings, rate_of_group
from connectors.economic.vat import plain
from connectors.errors import InvalidRecord
from sharespine.lib.text import N_, Text

NUMBER_LENGTH = 25

#: What an article is told with and cannot be given (the vendor's schemas, August 2026).
_READ_ONLY = frozenset({"lastUpdated", "invoices", "pricing", "metaData", "self"})
_READ_ONLY_STOCK = frozenset(
    {
        "available",
        "grossWeight",
        "inStock",
        "inventoryLastUpdated",
        "netWeight",
        "orderedByCustomers",
        "orderedFromSuppliers",
        "self",
    }
)
#: References, and all of them that may be sent.
_REFERENCES = {
    "unit": ("unitNumber",),
    "productGroup": ("productGroupNumber",),
    "departmentalDistribution": ("departmentalDistributionNumber", "distributionType"),
}

Units = Mapping[int, str]


def new_body(
    number: str, product: Product, fields: frozenset[str] | None, units: Units, settings: ArticleSettings, cutter: Cutter
) -> dict[str, Any]:
    """The article to create. Name and product group are always there. Raises `InvalidRecord`."""
    if product.vat_rate is None:
        text = N_(
            "The shop does not tell which VAT article %(sku)s has, so it is created for %(rate)s %%. Move it to another "
            "product group in e-conomic if that is wrong."
        )
        cutter.notices.append(Text(text, {"sku": number, "rate": plain(STANDARD)}))
    rate = STANDARD if product.vat_rate is None else product.vat_rate
    body: dict[str, Any] = {
        "productNumber": number,
        "name": cutter.fit(product.name.strip() or number, 300, field="name"),
        "productGroup": {"productGroupNumber": group_for(rate, settings.product_groups)},
        "barred": False,
    }
    return {**body, **_texts(product, fields, cutter), **_unit(product, fields, units, settings, has_one=False)}


def changed_body(
    current: Row, product: Product, fields: frozenset[str] | None, units: Units, settings: ArticleSettings, cutter: Cutter
) -> dict[str, Any]:
    """The article to replace `current` with. The same as `kept_body` when nothing is to be changed. Raises `InvalidRecord`.

    What the shop says nothing of (no description, no EAN, an unknown unit) stays. The product group is left only for one of
    another rate: a group that the flow does not name may be the bookkeeper's own for the same rate.
    """
    body = kept_body(current)
    if _is_wanted("name", fields):
        body["name"] = cutter.fit(product.name.strip(), 300, field="name") or body.get("name", "")
    body |= _texts(product, fields, cutter)
    if _is_wanted("unit", fields):
        body |= _unit(product, fields, units, settings, has_one="unit" in body)
    rate, carried = product.vat_rate, rate_of_group(settings.product_groups, group_of(current))
    if _is_wanted("vat_rate", fields) and rate is not None and carried is not None and rate != carried:
        body["productGroup"] = {"productGroupNumber": group_for(rate, settings.product_groups)}
    return body


def kept_body(current: Row) -> dict[str, Any]:
    """All of an article that may be sent back."""
    body = {name: value for name, value in current.items() if name not in _READ_ONLY and value is not None}
    for name, keys in _REFERENCES.items():
        if isinstance(reference := body.get(name), Mapping):
            body[name] = {key: reference[key] for key in keys if reference.get(key) is not None}
    if isinstance(stock := body.pop("inventory", None), Mapping):
        writable = {name: value for name, value in stock.items() if name not in _READ_ONLY_STOCK and value is not None}
        body |= {"inventory": writable} if writable else {}
    # Left out, it would be false.
    body["barred"] = current.get("barred") is True
    return body


def checked_number(number: str) -> str:
    """`number` as an article can have it. Raises `InvalidRecord`."""
    number = number.strip()
    if not number:
        text = N_("The article has no article number. Give it one in the shop and press Retry.")
        raise InvalidRecord(Text(text))
    if len(number) > NUMBER_LENGTH:
        text = N_(
            "The article number %(sku)s is longer than the 25 characters that e-conomic takes. Shorten it in the shop and "
            "press Retry."
        )
        raise InvalidRecord(Text(text, {"sku": number}))
    return number


def _texts(product: Product, fields: frozenset[str] | None, cutter: Cutter) -> dict[str, Any]:
    """What the shop has to say of description, EAN and whether the article can be sold."""
    told: dict[str, Any] = {}
    if _is_wanted("text", fields) and (text := plain_text(product.text)):
        told["description"] = cutter.fit(text, 500, field="description")
    if _is_wanted("ean", fields) and (ean := product.ean.strip()):
        told["barCode"] = cutter.whole(ean, 50, field="barCode")
    if _is_wanted("active", fields):
        told["barred"] = not product.active
    return told


def _unit(product: Product, fields: frozenset[str] | None, units: Units, settings: ArticleSettings, *, has_one: bool) -> Row:
    """The unit by its name; the flow's own where e-conomic does not know that name and the article has none yet."""
    name = product.unit.strip().casefold()
    by_name = (number for number, unit in units.items() if unit.strip().casefold() == name)
    number = next(by_name, None) if name and _is_wanted("unit", fields) else None
    if number is None and not has_one:
        number = settings.unit
    return {} if number is None else {"unit": {"unitNumber": number}}


def _is_wanted(field: str, fields: frozenset[str] | None) -> bool:
    return fields is None or field in fields
