"""Canonical records of articles: products, prices and stock. Frozen, exact, aware; the article number is the key on both sides.

Article numbers are compared without regard to case, as the systems do. `source_id` is the id that the article has in the
system it was read from. Times are aware and in UTC; `modified_at` is None where the system does not say.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One variant of a product. `options` are pairs of dimension and value, for instance ("Färg", "Röd"), in their order."""

    source_id: str = ""
    article_number: str
    options: tuple[tuple[str, str], ...]
    ean: str = ""
    weight: Decimal | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What an article is. One with `variants` is not sold itself, and need not have a number.

    `text` and `short_text` are HTML where the system has HTML. `weight` is in kg. `vat_rate` is in percent, at home, and None
    where the system does not say. `categories` are paths with " > " between the names. `active` tells whether it can be bought.
    """

    source_id: str
    article_number: str
    name: str
    text: str = ""
    short_text: str = ""
    ean: str = ""
    weight: Decimal | None = None
    unit: str = ""
    vat_rate: Decimal | None = None
    categories: tuple[str, ...] = ()
    active: bool = True
    variants: tuple[Variant, ...] = ()
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StockLevel:
    """How many of an article there are to sell. `warehouses` are pairs of warehouse and quantity, where the system has several.

    `quantity` is what is available: in stock, without what the system itself has promised to others. `backorders` is "no",
    "notify" or "yes" where it is to be set, else empty.
    """

    source_id: str
    article_number: str
    quantity: Decimal
    warehouses: tuple[tuple[str, Decimal], ...] = ()
    restock_on: date | None = None
    backorders: str = ""
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What an article costs, in `currency`. `includes_vat` holds for both amounts; `vat_rate` is in percent.

    `sale` is the campaign price; it holds from the beginning of `sale_from` to the end of `sale_to`, in the time zone of the
    shop, each open when None.
    """

    source_id: str
    article_number: str
    currency: str
    includes_vat: bool
    vat_rate: Decimal | None
    regular: Decimal
    sale: Decimal | None = None
    sale_from: date | None = None
    sale_to: date | None = None
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPrice:
    """What an article costs on one price list: an `amount` in `currency`, or `percent` off the regular price."""

    list_id: str
    list_name: str
    currency: str
    amount: Decimal | None = None
    percent: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPrices:
    """What an article costs on all price lists that it is on. `includes_vat` holds for all amounts."""

    source_id: str
    article_number: str
    includes_vat: bool
    vat_rate: Decimal | None
    prices: tuple[ListPrice, ...]
    modified_at: datetime | None = None
