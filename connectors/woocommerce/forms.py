"""Stock and prices → what WooCommerce is sent of them. Exact, pure.

A batch checks nothing: "abc" becomes a stock of 0, a price that is no number erases the price, an unknown word is replaced
(measured 2026-11-21). So nothing leaves here that is not right. Prices are text with a point.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from connectors.articles import Price, StockLevel
from connectors.base import Change, Register
from connectors.errors import InvalidRecord, RejectedError, Unsupported
from connectors.woocommerce.settings import Settings
from connectors.woocommerce.wire import Wire
from sharespine.lib.money import cents
from sharespine.lib.text import N_, Amount, Text

#: Beyond this a stock is no stock: the largest number that WordPress keeps whole everywhere (32 bits, general knowledge).
_MOST = Decimal(2_147_483_647)
_HUNDRED = Decimal(100)

_FLOORED = N_("Article %(article)s has %(quantity)s in stock; WooCommerce counts whole pieces, so it was given %(given)s.")
_TOO_MANY = N_(
    "Article %(article)s has a stock of %(quantity)s, which is more than WooCommerce can hold. Correct it in the ERP."
)
_BACKORDERS = N_("“%(word)s” is no way to take orders beyond the stock. Correct the flow.")
_CURRENCY = N_(
    "Article %(article)s has a price in %(currency)s, but the shop sells in %(own)s. Choose a price in %(own)s on the flow, or "
    "correct the currency there."
)
_BELOW_ZERO = N_("Article %(article)s has a price below zero (%(amount)s). Correct it in the ERP and press Retry.")
_NO_RATE = N_(
    "The price of article %(article)s cannot be counted with or without VAT, since its VAT rate is not known. "
    "Give it one in the ERP and press Retry."
)
_NO_GAIN = N_(
    "The campaign price of article %(article)s (%(sale)s) is not below its regular price (%(regular)s), so it has none in the "
    "shop."
)
_DATES = N_("The campaign of article %(article)s ends before it begins. Correct it in the ERP and press Retry.")
_KEEPS_NO_STOCK = N_(
    "WooCommerce keeps no stock of article %(article)s. Either its stock management is switched off (Settings, Products, "
    "Inventory), or the article only holds others; then correct its article number there."
)
_HAS_NO_PRICE = N_(
    "Article %(article)s is a product with variants in WooCommerce and has no price of its own. Its variants have; give those "
    "the article numbers of the ERP."
)


@dataclass(frozen=True, slots=True)
class Form:
    """How changes of one register are filled in for one shop."""

    register: Register
    settings: Settings

    def body(self, change: Change) -> tuple[dict[str, Any], tuple[Text, ...]]:
        """What is sent of `change`, and notices of what was rounded or left out on the way. Raises `RejectedError`."""
        record = change.record
        if isinstance(record, StockLevel) and self.register is Register.STOCK:
            return _stock(record, change.fields)
        if isinstance(record, Price) and self.register is Register.PRICES:
            return self._price(record, change.fields)
        raise Unsupported()

    def refusal(self, change: Change, answer: Wire) -> RejectedError | None:
        """What is wrong when the shop took the change but could not hold it, seen in its `answer`."""
        if self.register is Register.STOCK:
            text = "" if answer.get("manage_stock") is True else _KEEPS_NO_STOCK
        else:
            text = _HAS_NO_PRICE if answer.get("type") in ("variable", "grouped") else ""
        return InvalidRecord(Text(text, {"article": change.key})) if text else None

    def _price(self, price: Price, fields: frozenset[str] | None) -> tuple[dict[str, Any], tuple[Text, ...]]:
        own = self.settings.currency
        if price.currency.upper() != own:
            values = {"article": price.article_number, "currency": price.currency, "own": own}
            raise InvalidRecord(Text(_CURRENCY, values))
        regular = self._amount(price, price.regular)
        sale = None if price.sale is None else self._amount(price, price.sale)
        notices: tuple[Text, ...] = ()
        if sale is not None and sale >= regular:
            amounts = {"sale": Amount(sale, own), "regular": Amount(regular, own)}
            notices, sale = (Text(_NO_GAIN, {"article": price.article_number, **amounts}),), None
        if price.sale_from and price.sale_to and price.sale_to < price.sale_from:
            raise InvalidRecord(Text(_DATES, {"article": price.article_number}))
        body: dict[str, Any] = {}
        if _writes(fields, "regular"):
            body["regular_price"] = str(regular)
        if _writes(fields, "sale"):
            body["sale_price"] = "" if sale is None else str(sale)
        if _writes(fields, "sale_dates"):
            # In the zone of the shop; "" takes a date away, while null counts as not given (source, read 2026-11-22).
            body["date_on_sale_from"] = _time(None if sale is None else price.sale_from, "T00:00:00")
            body["date_on_sale_to"] = _time(None if sale is None else price.sale_to, "T23:59:59")
        return body, notices if _writes(fields, "sale") else ()

    def _amount(self, price: Price, amount: Decimal) -> Decimal:
        """`amount` as prices are entered in the shop, in its currency, with two decimals."""
        if amount < 0:
            raise InvalidRecord(Text(_BELOW_ZERO, {"article": price.article_number, "amount": Amount(amount, price.currency)}))
        if price.includes_vat is self.settings.prices_include_vat:
            return cents(amount)
        if price.vat_rate is None:
            raise InvalidRecord(Text(_NO_RATE, {"article": price.article_number}))
        factor = (_HUNDRED + price.vat_rate) / _HUNDRED
        return cents(amount * factor if self.settings.prices_include_vat else amount / factor)


def _stock(level: StockLevel, fields: frozenset[str] | None) -> tuple[dict[str, Any], tuple[Text, ...]]:
    body: dict[str, Any] = {}
    notices: tuple[Text, ...] = ()
    if _writes(fields, "quantity"):
        if abs(level.quantity) > _MOST:
            raise InvalidRecord(Text(_TOO_MANY, {"article": level.article_number, "quantity": str(level.quantity)}))
        # Never more than there is: 3.7 m can be sold three times.
        whole = int(level.quantity.to_integral_value(ROUND_FLOOR))
        if whole != level.quantity:
            values = {"article": level.article_number, "quantity": str(level.quantity), "given": str(whole)}
            notices = (Text(_FLOORED, values),)
        # Without it the quantity is ignored with 200, also on a variation whose product keeps the stock (measured 2026-11-21).
        body |= {"manage_stock": True, "stock_quantity": whole}
    if level.backorders and _writes(fields, "backorders"):
        if level.backorders not in ("no", "notify", "yes"):
            raise InvalidRecord(Text(_BACKORDERS, {"word": level.backorders}))
        body |= {"manage_stock": True, "backorders": level.backorders}
    return body, notices


def _writes(fields: frozenset[str] | None, name: str) -> bool:
    return fields is None or name in fields


def _time(day: date | None, time: str) -> str:
    return f"{day.isoformat()}{time}" if day else ""
