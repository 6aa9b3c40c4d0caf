"""What WooCommerce tells of its products → canonical articles. Exact, pure: no call, no clock.

Prices are text as they were entered, with VAT or without as the shop is set; "" is none. `manage_stock` of a variation is True,
False or the word "parent", and then its quantity is that of its product (measured 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from connectors.articles import Price, Product, StockLevel, Variant
from connectors.errors import ContractChanged
from connectors.woocommerce import wording
from connectors.woocommerce.rows import listed, number_in, plain
from connectors.woocommerce.settings import Settings
from connectors.woocommerce.wire import Wire, modified_at, source_id
from sharespine.lib.text import N_, Text

_ALWAYS = "id,type,status,sku,parent_id,variations,date_modified_gmt"
STOCK_FIELDS = f"{_ALWAYS},manage_stock,stock_quantity"
PRICE_FIELDS = f"{_ALWAYS},tax_class,tax_status,regular_price,sale_price,date_on_sale_from,date_on_sale_to"
PRODUCT_FIELDS = (
    f"{_ALWAYS},name,description,short_description,global_unique_id,weight,tax_class,tax_status,categories,attributes"
)

_STRANGE = N_("Article %(article)s in WooCommerce cannot be understood (%(reason)s). Our staff look into it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a product refers to: VAT in percent at home by tax class, and paths of categories by id."""

    settings: Settings
    rates: Mapping[str, Decimal] = field(default_factory=dict)
    categories: Mapping[int, str] = field(default_factory=dict)


def article_number(wire: Wire) -> str:
    return wording.one_line(wire.get("sku"))


def place(wire: Wire) -> str:
    """The id of an article here: "12" of a product, "12/34" of variation 34 of product 12. Raises `ContractChanged`."""
    try:
        number = source_id(wire)
        return f"{wire['parent_id']}/{number}" if wire.get("type") == "variation" else number
    except (KeyError, ValueError) as error:
        raise not_understood(wire, str(error)) from None


def is_sold(wire: Wire) -> bool:
    """Whether it is an article itself. What only holds others has neither price nor stock of its own."""
    return wire.get("type") not in ("variable", "grouped")


def product_from(wire: Wire, variations: Sequence[Wire], around: Surroundings) -> Product:
    """The product with its variants, those only that have options. Raises `ContractChanged`."""
    try:
        return Product(
            source_id=place(wire),
            article_number=article_number(wire),
            name=wording.one_line(wire["name"]),
            text=_html(wire["description"]),
            short_text=_html(wire["short_description"]),
            ean=wording.one_line(wire["global_unique_id"]),
            weight=_weight(wire, around.settings.kilograms),
            vat_rate=vat_rate(wire, around.rates),
            categories=tuple(
                around.categories.get(row["id"]) or wording.one_line(row["name"]) for row in listed(wire, "categories")
            ),
            active=wire["status"] == "publish",
            variants=tuple(variant for row in variations if (variant := _variant(row, around.settings.kilograms)).options),
            modified_at=modified_at(wire),
        )
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise not_understood(wire, str(error)) from None


def stock_from(wire: Wire) -> StockLevel | None:
    """What can be sold of an article; None where the shop keeps no stock of it. Raises `ContractChanged`."""
    try:
        if not is_sold(wire) or wire["manage_stock"] is False or wire["stock_quantity"] is None or not article_number(wire):
            return None
        return StockLevel(
            source_id=place(wire),
            article_number=article_number(wire),
            quantity=plain(number_in(wire, "stock_quantity")),
            modified_at=modified_at(wire),
        )
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise not_understood(wire, str(error)) from None


def price_from(wire: Wire, around: Surroundings) -> Price | None:
    """What an article costs; None where it has no price. Raises `ContractChanged`."""
    try:
        if not is_sold(wire) or not wire["regular_price"] or not article_number(wire):
            return None
        on_sale = bool(wire["sale_price"])
        return Price(
            source_id=place(wire),
            article_number=article_number(wire),
            currency=around.settings.currency,
            includes_vat=around.settings.prices_include_vat,
            vat_rate=vat_rate(wire, around.rates),
            regular=plain(number_in(wire, "regular_price")),
            sale=plain(number_in(wire, "sale_price")) if on_sale else None,
            sale_from=_day(wire["date_on_sale_from"]) if on_sale else None,
            sale_to=_day(wire["date_on_sale_to"]) if on_sale else None,
            modified_at=modified_at(wire),
        )
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise not_understood(wire, str(error)) from None


def vat_rate(wire: Wire, rates: Mapping[str, Decimal]) -> Decimal | None:
    """In percent; 0 for what is not taxable, None where the shop does not say."""
    if wire.get("tax_status", "taxable") != "taxable":
        return Decimal(0)
    return rates.get(str(wire["tax_class"]))


def options_of(variation: Wire) -> tuple[tuple[str, str], ...]:
    """Pairs of dimension and value, in their order. One that is left open ("any colour") is not among them."""
    rows = listed(variation, "attributes")
    pairs = ((wording.one_line(row["name"]), wording.one_line(row["option"])) for row in rows)
    return tuple(pair for pair in pairs if all(pair))


def not_understood(wire: Wire, reason: str) -> ContractChanged:
    number = article_number(wire) or wording.one_line(wire.get("id"))
    return ContractChanged(Text(_STRANGE, {"article": number, "reason": reason[:200]}))


def _variant(wire: Wire, kilograms: Decimal) -> Variant:
    return Variant(
        source_id=f"{wire['parent_id']}/{source_id(wire)}",
        article_number=article_number(wire),
        options=options_of(wire),
        ean=wording.one_line(wire["global_unique_id"]),
        weight=_weight(wire, kilograms),
        active=wire["status"] == "publish",
    )


def _weight(wire: Wire, kilograms: Decimal) -> Decimal | None:
    return plain(number_in(wire, "weight") * kilograms) if wire["weight"] else None


def _html(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"a text is {value!r}"[:100])
    return value.strip()


def _day(value: object) -> date | None:
    """The day of a time in the zone of the shop."""
    return date.fromisoformat(value[:10]) if isinstance(value, str) and value else None
