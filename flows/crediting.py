"""Credit notes: what takes back, of an order that is in the ERP, what was given back in the shop. Pure: no Django, no I/O."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from connectors.errors import InvalidRecord
from connectors.records import LineKind, Order, OrderLine, Refund
from sharespine.lib.money import ZERO, cents
from sharespine.lib.text import N_, Amount, Text


def credit_of(order: Order, refund: Refund) -> Order:
    """The order that takes back `refund`: its rows and its total are below zero, with VAT to the öre.

    Raises `InvalidRecord` when that cannot be told: an amount was given back without rows, and the order has several VAT rates.
    """
    lines = refund.lines or (_on_the_whole(order, refund),)
    total, vat = sum((line.gross for line in lines), ZERO), sum((line.vat for line in lines), ZERO)
    if total != -refund.gross:
        text = N_(
            "The rows of the refund come to %(rows)s, and %(amount)s was given back. Make the credit note in the ERP by hand."
        )
        raise InvalidRecord(
            Text(text, {"rows": Amount(-total, order.currency), "amount": Amount(refund.gross, order.currency)})
        )
    return _taking_back(order, f"r{refund.source_id}", tuple(lines), total, vat, note=refund.reason)


def credit_of_all(order: Order) -> Order:
    """The order that takes back all of `order`, which was cancelled after it was sent. Raises `InvalidRecord`."""
    if order.refunded:
        raise InvalidRecord(
            Text(N_("Part of the order was refunded before it was cancelled. Make the credit note for the rest by hand."))
        )
    lines = tuple(
        replace(
            line,
            quantity=-line.quantity,
            net=-line.net,
            vat=-line.vat,
            net_before_discount=-line.net_before_discount,
        )
        for line in order.lines
    )
    return _taking_back(order, "c", lines, -order.total, -order.total_vat, note="")


def _taking_back(order: Order, mark: str, lines: tuple[OrderLine, ...], total: Decimal, vat: Decimal, *, note: str) -> Order:
    return replace(
        order,
        source_id=f"{order.source_id}-{mark}",
        lines=lines,
        total=total,
        total_vat=vat,
        refunds=(),
        coupons=(),
        note=note,
        cancelled=False,
        credits=order.source_id,
    )


def _on_the_whole(order: Order, refund: Refund) -> OrderLine:
    """An amount without rows: one row, if all that the order charges has one VAT rate."""
    rates = {line.vat_rate for line in order.lines if line.gross}
    rate = next(iter(rates)) if len(rates) == 1 else None
    if rate is None:
        text = N_(
            "%(amount)s was given back without saying for which rows, and the order has several VAT rates. Make the credit "
            "note in the ERP by hand."
        )
        raise InvalidRecord(Text(text, {"amount": Amount(refund.gross, order.currency)}))
    net = cents(refund.gross / (1 + rate / 100))
    return OrderLine(
        source_id=refund.source_id,
        kind=LineKind.DISCOUNT,
        name=refund.reason or "Refund",
        net=-net,
        vat=-(refund.gross - net),
        vat_rate=rate,
        net_before_discount=-net,
    )
