"""What an article is to be brought to in the target, by the rules of its flow. Pure: no Django, no I/O.

Quantities are pieces; prices are in kronor, or in the currency that they name.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from connectors.articles import Price, Product, StockLevel
from connectors.errors import InvalidRecord
from flows import rulebook
from sharespine.lib.money import ZERO, cents, decimal
from sharespine.lib.text import N_, Text

_HUNDRED = Decimal(100)
#: Fields of a product that say nothing where they hold one of these: they never overwrite anything.
_EMPTY: tuple[object, ...] = ("", None, ())


@dataclass(frozen=True, slots=True)
class Offer:
    """How much of what an ERP has a shop may offer: a stock profile, without the database."""

    warehouses: Collection[str] = ()
    reserve: Decimal = ZERO
    most: Decimal | None = None
    whole: bool = True


# --- stock --------------------------------------------------------------------------------------------------------------------


def stock(level: StockLevel, offer: Offer, *, unaccounted: Decimal = ZERO, backorders: str = "leave") -> StockLevel:
    """What the shop is told: what counts in the ERP, less the reserve and what was sold and the ERP does not know of.

    Never below zero.
    """
    counts = level.quantity
    if offer.warehouses and level.warehouses:
        wanted = {name.casefold() for name in offer.warehouses}
        counts = sum((quantity for name, quantity in level.warehouses if name.casefold() in wanted), ZERO)
    left = counts - offer.reserve - unaccounted
    if offer.whole:
        left = left.to_integral_value(ROUND_FLOOR)
    if offer.most is not None:
        left = min(left, offer.most)
    return replace(
        level,
        quantity=max(left, ZERO),
        warehouses=(),
        backorders="" if backorders == "leave" else backorders,
        modified_at=None,
    )


def stock_differs(wanted: StockLevel, there: StockLevel) -> bool:
    return wanted.quantity != there.quantity or bool(wanted.backorders and wanted.backorders != there.backorders)


# --- prices -------------------------------------------------------------------------------------------------------------------


def price(given: Price, rules: Mapping[str, Any]) -> tuple[Price, frozenset[str], Text | None]:
    """The price with its VAT rate, the fields that are to be written, and what has to be said about it.

    With VAT or without, it stays as the source has it: the target knows how it has its own prices. Raises `InvalidRecord` when
    an amount is below zero.
    """
    rate = given.vat_rate if given.vat_rate is not None else _rate(rules.get("vat_rate"))
    if given.regular < 0 or (given.sale is not None and given.sale < 0):
        raise InvalidRecord(
            Text(N_("Article %(sku)s has a price below zero. Correct it in the ERP."), {"sku": given.article_number})
        )
    told, notice = replace(given, vat_rate=rate, modified_at=None), None
    if given.sale is not None and given.sale >= given.regular:
        text = N_("The campaign price %(sale)s is not below the regular price %(regular)s, so there is no campaign.")
        notice = Text(text, {"sale": str(given.sale), "regular": str(given.regular)})
        told = replace(told, sale=None)
    if told.sale is None:
        told = replace(told, sale_from=None, sale_to=None)
    fields = frozenset({"regular", "sale", "sale_dates"} if rules.get("sale", True) else {"regular"})
    return told, fields, notice


def _rate(given: object) -> Decimal | None:
    return None if given in (None, "") else decimal(str(given).replace(",", "."))


def turned(amount: Decimal, given: Price, *, includes_vat: bool) -> Decimal:
    """An `amount` of `given` with VAT or without, as wanted. Raises `InvalidRecord` when its VAT rate is needed and missing."""
    if given.includes_vat == includes_vat:
        return cents(amount)
    if given.vat_rate is None:
        text = N_(
            "The VAT of article %(sku)s is not known, so its price cannot be reckoned. Put the article in a product group of "
            "the ERP that has a VAT rate in the settings of the flow."
        )
        raise InvalidRecord(Text(text, {"sku": given.article_number}))
    factor = 1 + given.vat_rate / _HUNDRED
    return cents(amount * factor if includes_vat else amount / factor)


def price_differs(wanted: Price, there: Price, fields: Collection[str]) -> frozenset[str]:
    """Which of `fields` are otherwise in the target."""
    regular = turned(wanted.regular, wanted, includes_vat=there.includes_vat)
    sale = None if wanted.sale is None else turned(wanted.sale, wanted, includes_vat=there.includes_vat)
    found = set()
    if "regular" in fields and regular != there.regular:
        found.add("regular")
    if "sale" in fields and sale != there.sale:
        found.add("sale")
    dates = (wanted.sale_from, wanted.sale_to)
    if "sale_dates" in fields and wanted.sale is not None and dates != (there.sale_from, there.sale_to):
        found.add("sale_dates")
    return frozenset(found)


# --- products -----------------------------------------------------------------------------------------------------------------


def product_fields(
    wanted: Product, there: Product | None, rules: Mapping[str, Any], *, can: Collection[str]
) -> frozenset[str] | None:
    """The fields of `can` that are to be written, None when the article is not to be touched by the rules.

    An empty field says nothing, so it never overwrites what is there.
    """
    mode = rules.get("mode")
    if (there is None and mode == rulebook.UPDATE) or (there is not None and mode == rulebook.CREATE):
        return None
    return frozenset(field for field in can if _goes(field, wanted, there, str(rules.get(f"field_{field}") or "")))


def _goes(field: str, wanted: Product, there: Product | None, policy: str) -> bool:
    value = getattr(wanted, field)
    if policy == rulebook.NEVER or value in _EMPTY:
        return False
    if there is None:
        return True
    if policy == rulebook.WHEN_NEW:
        return False
    if policy == rulebook.WHEN_EMPTY:
        return getattr(there, field) in _EMPTY
    if field == "variants":
        return {v.article_number.casefold(): v.options for v in wanted.variants} != {
            v.article_number.casefold(): v.options for v in there.variants
        }
    return bool(value != getattr(there, field))


def new_product(wanted: Product, rules: Mapping[str, Any]) -> Product:
    """The product as it begins in the target."""
    return replace(wanted, active=False) if rules.get("new_inactive") in (True, "true", "True") else wanted
