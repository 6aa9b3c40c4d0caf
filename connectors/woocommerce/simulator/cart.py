"""How WooCommerce counts: a cart → the rows and sums of an order on the wire.

VAT is rounded per row to two decimals, half down where prices include it and half up where they do not, so that net and
VAT of a row always add up to its price. Discounts are taken off the rows. (Recorded orders, 2026-11-21, agree to the öre.)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

from connectors.woocommerce.simulator.catalogue import RATES, Article, Rate

_CENT = Decimal("0.01")
_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Item:
    """`quantity` pieces of an article. `price` is what one costs as entered in the shop, if not the article's own."""

    article: Article
    quantity: int = 1
    price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Fee:
    """`net` is without VAT. A fee of no tax class is not taxable."""

    name: str
    net: Decimal
    tax_class: str | None = ""


@dataclass(frozen=True, slots=True)
class Coupon:
    """`kind` is percent or fixed_cart; `amount` is percent, or money as prices are entered in the shop."""

    code: str
    kind: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class GiftCard:
    """As the Gift Cards extension lists it. ASSUMED, not measured: the key, and that it lowers the order's total."""

    code: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """What someone buys. `freight` is without VAT, None when nothing is shipped.

    `taxed` is False for a buyer abroad. `whole_kronor` rounds the total without saying so in any row, as plugins do.
    """

    items: tuple[Item, ...]
    freight: Decimal | None = Decimal("39.20")
    freight_title: str = "PostNord Ombud"
    fees: tuple[Fee, ...] = ()
    coupon: Coupon | None = None
    gift_cards: tuple[GiftCard, ...] = ()
    taxed: bool = True
    prices_include_tax: bool = True
    whole_kronor: bool = False


@dataclass
class _Sums:
    """VAT by rate: on goods and fees, and on freight."""

    goods: dict[Rate, Decimal] = field(default_factory=dict)
    freight: dict[Rate, Decimal] = field(default_factory=dict)

    def rates(self) -> list[Rate]:
        return list(dict.fromkeys([*self.goods, *self.freight]))


def count(cart: Cart, next_id: Callable[[], int]) -> dict[str, Any]:
    """The part of an order that follows from its cart: rows, taxes and sums, all amounts as text."""
    sums = _Sums()
    discounts = _discounts(cart)
    items = [_item(cart, item, off, sums, next_id) for item, off in zip(cart.items, discounts, strict=True)]
    freight = [_freight(cart, sums, next_id)] if cart.freight is not None else []
    fees = [_fee(cart, fee, sums, next_id) for fee in cart.fees]
    tax_lines = [
        {
            "id": next_id(),
            "rate_code": rate.code,
            "rate_id": rate.id,
            "label": rate.label,
            "compound": False,
            "tax_total": text(sums.goods.get(rate, Decimal(0))),
            "shipping_tax_total": text(sums.freight.get(rate, Decimal(0))),
            "rate_percent": int(rate.percent),
            "meta_data": [],
        }
        for rate in sums.rates()
    ]
    off, off_tax = (_sum(items, f"sub{key}") - _sum(items, key) for key in ("total", "total_tax"))
    cart_tax, freight_tax = _sum([*items, *fees], "total_tax"), _sum(freight, "total_tax")
    total = _sum([*items, *freight, *fees], "total") + cart_tax + freight_tax - sum(card.amount for card in cart.gift_cards)
    if cart.whole_kronor:
        total = total.quantize(Decimal(1), ROUND_HALF_UP)
    order: dict[str, Any] = {
        "prices_include_tax": cart.prices_include_tax,
        "discount_total": text(off),
        "discount_tax": text(off_tax),
        "shipping_total": text(_sum(freight, "total")),
        "shipping_tax": text(freight_tax),
        "cart_tax": text(cart_tax),
        "total": text(total),
        "total_tax": text(cart_tax + freight_tax),
        "line_items": items,
        "tax_lines": tax_lines,
        "shipping_lines": freight,
        "fee_lines": fees,
        "coupon_lines": _coupon(cart, off, off_tax, next_id),
    }
    if cart.gift_cards:
        order["gift_cards"] = [{"id": next_id(), "code": card.code, "amount": text(card.amount)} for card in cart.gift_cards]
    return order


def text(amount: Decimal) -> str:
    """`amount` as the API writes it: two decimals, never minus zero."""
    return str(amount.quantize(_CENT, ROUND_HALF_UP) + Decimal("0.00"))


def _price(cart: Cart, item: Item) -> Decimal:
    """What the row costs before discount, as prices are entered: with VAT or without."""
    price = item.article.price if item.price is None else item.price
    if item.price is None and not cart.prices_include_tax:
        price = (price * _HUNDRED / (_HUNDRED + item.article.rate.percent)).quantize(_CENT, ROUND_HALF_UP)
    return price * item.quantity


def _split(cart: Cart, price: Decimal, rate: Rate) -> tuple[Decimal, Decimal]:
    """Net and VAT of a row that costs `price`."""
    if not cart.prices_include_tax:
        vat = (price * rate.percent / _HUNDRED).quantize(_CENT, ROUND_HALF_UP) if cart.taxed else Decimal(0)
        return price, vat
    net = price * _HUNDRED / (_HUNDRED + rate.percent)
    # Abroad the shop takes its own VAT off and adds none (measured: 499.00 becomes 399.20).
    vat = (price - net).quantize(_CENT, ROUND_HALF_DOWN) if cart.taxed else Decimal(0)
    return net.quantize(_CENT, ROUND_HALF_UP), vat


def _discounts(cart: Cart) -> list[Decimal]:
    """What the coupon takes off each row, in the terms prices are entered in. A fixed sum is spread over the pieces."""
    prices = [_price(cart, item) for item in cart.items]
    if cart.coupon is None:
        return [Decimal(0)] * len(prices)
    if cart.coupon.kind == "percent":
        return [(price * cart.coupon.amount / _HUNDRED).quantize(_CENT, ROUND_HALF_UP) for price in prices]
    left = min(cart.coupon.amount, sum(prices, Decimal(0)))
    pieces = sum(item.quantity for item in cart.items)
    found = []
    for item, price in zip(cart.items, prices, strict=True):
        share = (left * item.quantity / pieces).quantize(_CENT, ROUND_HALF_UP) if pieces else Decimal(0)
        found.append(min(share, price))
        left, pieces = left - found[-1], pieces - item.quantity
    return found


def _taxes(cart: Cart, rate: Rate | None, total: Decimal, subtotal: Decimal | None) -> list[dict[str, Any]]:
    if rate is None or not cart.taxed:
        return []
    return [{"id": rate.id, "total": text(total), "subtotal": "" if subtotal is None else text(subtotal)}]


def _item(cart: Cart, item: Item, off: Decimal, sums: _Sums, next_id: Callable[[], int]) -> dict[str, Any]:
    article, price = item.article, _price(cart, item)
    subtotal, subtotal_tax = _split(cart, price, article.rate)
    total, total_tax = _split(cart, price - off, article.rate)
    if cart.taxed:
        sums.goods[article.rate] = sums.goods.get(article.rate, Decimal(0)) + total_tax
    gone = article.deleted
    return {
        "id": next_id(),
        "name": article.name,
        "product_id": 0 if gone else article.product_id,
        "variation_id": 0 if gone else article.variation_id,
        "quantity": item.quantity,
        "tax_class": article.tax_class,
        "subtotal": text(subtotal),
        "subtotal_tax": text(subtotal_tax),
        "total": text(total),
        "total_tax": text(total_tax),
        "taxes": _taxes(cart, article.rate, total_tax, subtotal_tax),
        "meta_data": [
            {"id": next_id(), "key": key, "value": value, "display_key": label, "display_value": shown}
            for key, value, label, shown in (
                *article.attributes,
                ("_reduced_stock", str(item.quantity), "_reduced_stock", str(item.quantity)),
            )
        ],
        "sku": None if gone else article.sku,
        "global_unique_id": None if gone else "",
        # Unrounded, a float on the wire.
        "price": (total / item.quantity).normalize() if item.quantity else 0,
        "image": {"id": 0 if gone or article.variation_id else "", "src": ""},
        "parent_name": article.parent_name or None,
    }


def _freight_rate(cart: Cart) -> Rate:
    """Freight follows the goods: the standard rate if any row has it, else the highest there is."""
    return max((item.article.rate for item in cart.items), key=lambda rate: rate.percent, default=RATES[""])


def _freight(cart: Cart, sums: _Sums, next_id: Callable[[], int]) -> dict[str, Any]:
    net, rate = cart.freight or Decimal(0), _freight_rate(cart)
    vat = (net * rate.percent / _HUNDRED).quantize(_CENT, ROUND_HALF_UP) if cart.taxed else Decimal(0)
    if cart.taxed:
        sums.freight[rate] = vat
    names = ", ".join(f"{item.article.name} &times; {item.quantity}" for item in cart.items)
    return {
        "id": next_id(),
        "method_title": cart.freight_title,
        "method_id": "flat_rate" if net else "free_shipping",
        "instance_id": "1",
        "total": text(net),
        "total_tax": text(vat),
        "taxes": _taxes(cart, rate, vat, None),
        "tax_status": "taxable",
        "meta_data": [{"id": next_id(), "key": "Items", "value": names, "display_key": "Items", "display_value": names}],
    }


def _fee(cart: Cart, fee: Fee, sums: _Sums, next_id: Callable[[], int]) -> dict[str, Any]:
    rate = RATES[fee.tax_class] if fee.tax_class is not None and cart.taxed else None
    vat = (fee.net * rate.percent / _HUNDRED).quantize(_CENT, ROUND_HALF_UP) if rate else Decimal(0)
    if rate:
        sums.goods[rate] = sums.goods.get(rate, Decimal(0)) + vat
    return {
        "id": next_id(),
        "name": fee.name,
        "tax_class": fee.tax_class or "",
        "tax_status": "none" if fee.tax_class is None else "taxable",
        "amount": "",
        "total": text(fee.net),
        "total_tax": text(vat),
        "taxes": _taxes(cart, rate, vat, None),
        "meta_data": [],
    }


def _coupon(cart: Cart, off: Decimal, off_tax: Decimal, next_id: Callable[[], int]) -> list[dict[str, Any]]:
    if cart.coupon is None:
        return []
    return [
        {
            "id": next_id(),
            "code": cart.coupon.code.lower(),
            "discount": text(off),
            "discount_tax": text(off_tax),
            "meta_data": [],
            "discount_type": cart.coupon.kind,
            "nominal_amount": cart.coupon.amount,
            "free_shipping": False,
        }
    ]


def _sum(rows: list[dict[str, Any]], key: str) -> Decimal:
    return sum((Decimal(row[key]) for row in rows), Decimal(0))
