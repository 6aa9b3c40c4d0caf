"""The rows of a WooCommerce order → canonical order lines: articles, freight, fees, discounts and gift cards.

Amounts are in the order's currency; those of a row are without VAT.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from connectors.errors import InvalidRecord
from connectors.records import LineKind, OrderLine
from connectors.woocommerce import wording
from sharespine.lib.money import ZERO, cents, decimal, is_cents
from sharespine.lib.text import N_, Amount, Text

_HUNDRED = Decimal(100)
_Rates = Mapping[int, tuple[Decimal, bool]]


def number_in(wire: Mapping[str, Any], key: str) -> Decimal:
    """The number under `key`. Raises `ValueError`, which names the field."""
    try:
        return decimal(wire[key])
    except ValueError as error:
        raise ValueError(f"the field '{key}' is {error}") from None


def listed(wire: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """The objects under `key`. Raises `ValueError`, which names the field."""
    rows = wire[key]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"the field '{key}' is not a list of objects")
    return rows


def amount(wire: Mapping[str, Any], key: str) -> Decimal:
    """The amount under `key`, with two decimals. Raises `ValueError` when it has more, or is no amount."""
    value = number_in(wire, key)
    if not is_cents(value):
        raise ValueError(f"{key} has more than two decimals: {value}")
    return cents(value)


def order_lines(
    wire: Mapping[str, Any], number: str, gift_card_fee_names: frozenset[str], home_rates: Mapping[str, Decimal]
) -> tuple[OrderLine, ...]:
    """All rows of the order, in its own order: articles, freight, fees, gift cards.

    Raises `InvalidRecord` for a row with VAT whose rate the shop does not tell; `ValueError`, `KeyError` or `TypeError` for
    what is no order.
    """
    rates = _rates(wire)
    lines = [
        *(_article(row, rates, number, home_rates) for row in listed(wire, "line_items")),
        *(_row(row, rates, number, LineKind.FREIGHT, "method_title") for row in listed(wire, "shipping_lines")),
        *(
            _fee(row, rates, number, gift_card_fee_names, is_discount=amount(row, "total") < 0)
            for row in listed(wire, "fee_lines")
        ),
    ]
    return (*lines, *_gift_cards(wire, sum((line.gross for line in lines), ZERO)))


def refund_lines(
    wire: Mapping[str, Any], number: str, gift_card_fee_names: frozenset[str], home_rates: Mapping[str, Decimal]
) -> tuple[OrderLine, ...]:
    """The rows of a refund of order `number`, with amounts and quantities below zero; none where only an amount was given back.

    They are as those of the order (recorded 2026-11-21 for articles; ASSUMED for freight and fees). Raises as `order_lines`.
    """
    rates = _rates(wire)
    lines = [
        *(_article(row, rates, number, home_rates) for row in listed(wire, "line_items")),
        *(_row(row, rates, number, LineKind.FREIGHT, "method_title") for row in listed(wire, "shipping_lines")),
        # What is taken back of a discount is above zero.
        *(
            _fee(row, rates, number, gift_card_fee_names, is_discount=amount(row, "total") > 0)
            for row in listed(wire, "fee_lines")
        ),
    ]
    # An amount may be given back of a row without any piece of it.
    return tuple(line if line.quantity < 0 else replace(line, quantity=Decimal(-1)) for line in lines)


def _article(row: Mapping[str, Any], rates: _Rates, number: str, home_rates: Mapping[str, Decimal]) -> OrderLine:
    net = amount(row, "total")
    vat = amount(row, "total_tax")
    return OrderLine(
        source_id=str(row["id"]),
        kind=LineKind.ARTICLE,
        name=wording.one_line(row["name"]),
        quantity=plain(number_in(row, "quantity")),
        net=net,
        vat=vat,
        vat_rate=_rate(row, rates, net=net, vat=vat, number=number),
        net_before_discount=amount(row, "subtotal"),
        # Read live from the product: null once that is deleted, "" when it never had one (measured 2026-11-21).
        article_number=wording.one_line(row["sku"]),
        details=", ".join(_details(row)),
        home_vat_rate=None if vat else home_rates.get(row["tax_class"]),
    )


def _row(row: Mapping[str, Any], rates: _Rates, number: str, kind: LineKind, name_key: str) -> OrderLine:
    net, vat = amount(row, "total"), amount(row, "total_tax")
    return OrderLine(
        source_id=str(row["id"]),
        kind=kind,
        name=wording.one_line(row[name_key]),
        net=net,
        vat=vat,
        vat_rate=_rate(row, rates, net=net, vat=vat, number=number),
        net_before_discount=net,
    )


def _fee(
    row: Mapping[str, Any], rates: _Rates, number: str, gift_card_fee_names: frozenset[str], *, is_discount: bool
) -> OrderLine:
    """Core has neither gift cards nor free discounts: plugins put both in as fees below zero."""
    kind = LineKind.FEE
    if is_discount:
        is_gift_card = wording.one_line(row["name"]).casefold() in gift_card_fee_names
        kind = LineKind.GIFT_CARD if is_gift_card else LineKind.DISCOUNT
    return _row(row, rates, number, kind, "name")


def _gift_cards(wire: Mapping[str, Any], lines_total: Decimal) -> Iterator[OrderLine]:
    """The cards that the Gift Cards extension lists as `gift_cards: [{id, code, amount}]`.

    ASSUMED, not measured: that key, and that the order's total is lower by the amounts. Where the total is not lower, the
    cards are a way of paying and no rows.
    """
    cards = wire.get("gift_cards") or []
    difference = lines_total - amount(wire, "total")
    paid = sum((amount(card, "amount") for card in cards), ZERO)
    if abs(difference - paid) >= abs(difference):
        return
    for place, card in enumerate(cards):
        net = -amount(card, "amount")
        yield OrderLine(
            source_id=f"gift-card-{card.get('id') or place}",
            kind=LineKind.GIFT_CARD,
            # Whoever knows the whole code can spend what is left on the card.
            name=f"Gift card …{wording.one_line(card.get('code'))[-4:]}",
            net=net,
            vat=ZERO,
            vat_rate=Decimal(0),
            net_before_discount=net,
        )


def _rates(wire: Mapping[str, Any]) -> _Rates:
    """Percent and whether compound, by the rate's id. The percent is the one at the time of the order."""
    return {
        row["rate_id"]: (plain(number_in(row, "rate_percent")), row["compound"] is True)
        for row in listed(wire, "tax_lines")
        if row.get("rate_percent") is not None
    }


def _rate(row: Mapping[str, Any], rates: _Rates, *, net: Decimal, vat: Decimal, number: str) -> Decimal | None:
    """The row's VAT rate in percent: plain rates add up, a compound one is charged on top of what came before it.

    A row without VAT has no taxes at all (an order to another country, a fee that is not taxable). A row of 0.00 that has
    none is one that the shop says nothing about.
    """
    # After a recalculation a row also lists the order's other rates, with "".
    said = [(tax["id"], amount(tax, "total")) for tax in listed(row, "taxes") if tax["total"] not in ("", None)]
    charged = [rate for rate, tax in said if tax] or [rate for rate, _ in said]
    if not charged and not vat:
        return Decimal(0) if net else None
    unknown = not charged or any(rate not in rates for rate in charged)
    if not net and not vat and (unknown or len(charged) > 1):
        return None
    if unknown:
        raise InvalidRecord(
            Text(
                N_(
                    "WooCommerce does not say at which rate row “%(row)s” of order %(number)s has its VAT of %(vat)s. "
                    "Press Recalculate on the order in WooCommerce; it is then fetched again by itself."
                ),
                {"row": wording.one_line(row.get("name") or row.get("method_title")), "number": number, "vat": Amount(vat)},
            )
        )
    percent = sum((rates[rate][0] for rate in charged if not rates[rate][1]), Decimal(0))
    for rate in charged:
        if rates[rate][1]:
            percent = (_HUNDRED + percent) * (_HUNDRED + rates[rate][0]) / _HUNDRED - _HUNDRED
    return plain(percent)


def _details(row: Mapping[str, Any]) -> Iterator[str]:
    """What the buyer chose or wrote ("Färg: Röd"). Keys that begin with _ are the shop's own bookkeeping."""
    for entry in listed(row, "meta_data"):
        key = wording.one_line(entry["key"])
        value = wording.one_line(entry.get("display_value", entry["value"]))
        if key and not key.startswith("_") and value:
            yield f"{wording.one_line(entry.get('display_key', key))}: {value}"


def plain(number: Decimal) -> Decimal:
    """`number` written in one way only (25, not 25.0000), so that equal records have equal hashes."""
    number = number.normalize()
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number
