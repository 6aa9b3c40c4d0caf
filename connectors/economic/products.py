"""An article of e-conomic as canonical records. Pure: no call, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.articles import Product, StockLevel
from connectors.economic.agreement import Row
from connectors.economic.articles import group_of
from connectors.economic.settings import rate_of_group
from connectors.errors import ContractChanged
from sharespine.lib.clock import from_utc_text
from sharespine.lib.money import decimal
from sharespine.lib.text import N_, Text

_STRANGE = N_("e-conomic tells %(field)s of article %(sku)s in a way that we do not know. Our staff look into it.")


def product_from(row: Row, units: Mapping[int, str], groups: Mapping[Decimal, int]) -> Product:
    """Raises `ContractChanged`. `groups` are the flow's product groups by VAT rate."""
    number = number_of(row)
    unit = _object(row, "unit").get("unitNumber")
    return Product(
        source_id=number,
        article_number=number,
        name=_text(row, "name"),
        text=_text(row, "description"),
        ean=_text(row, "barCode"),
        unit=units.get(unit, "") if isinstance(unit, int) else "",
        vat_rate=vat_rate_of(row, groups),
        active=not is_barred(row),
        modified_at=changed_at(row),
    )


def stock_from(row: Row) -> StockLevel | None:
    """None for an article of which no stock is kept. Raises `ContractChanged`.

    The block `inventory` is there only with the Inventory module; `available` is what is in stock without what customers
    have ordered (the vendor's schema, August 2026). ASSUMED: lists have it, as they have it in the schema.
    """
    inventory = _object(row, "inventory")
    if "available" not in inventory or _object(row, "productGroup").get("inventoryEnabled") is False:
        return None
    number = number_of(row)
    quantity = amount(row, inventory["available"], "inventory.available")
    return StockLevel(source_id=number, article_number=number, quantity=quantity, modified_at=changed_at(row))


def number_of(row: Row) -> str:
    number = row.get("productNumber")
    if not isinstance(number, str) or not number:
        raise strange(row, "productNumber")
    return number


def vat_rate_of(row: Row, groups: Mapping[Decimal, int]) -> Decimal | None:
    """VAT in percent at home; None when the flow does not say what the article's group carries."""
    return rate_of_group(groups, group_of(row))


def is_barred(row: Row) -> bool:
    return row.get("barred") is True


def changed_at(row: Row) -> datetime | None:
    """When the article was last changed, in whole minutes, UTC; None when e-conomic does not say."""
    value = row.get("lastUpdated")
    if value is None:
        return None
    try:
        return from_utc_text(str(value))
    except (ValueError, OverflowError):
        raise strange(row, "lastUpdated") from None


def amount(row: Row, value: Any, field: str) -> Decimal:
    """`value` as an exact number. Raises `ContractChanged` that names `field`."""
    try:
        return decimal(value)
    except ValueError:
        raise strange(row, field) from None


def strange(row: Row, field: str) -> ContractChanged:
    return ContractChanged(Text(_STRANGE, {"field": field, "sku": str(row.get("productNumber", ""))}))


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise strange(row, name)
    return value.strip()


def _object(row: Row, name: str) -> Row:
    value = row.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise strange(row, name)
    return value
