"""Exact amounts for an API that takes only net unit prices of two decimals, times quantities of two decimals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal

from sharespine.lib.money import CENT, ZERO, cents, is_cents

ONE = Decimal(1)
_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Piece:
    """One line: `quantity` at `price` each, without VAT. On a credit note `quantity` is below zero.

    `whole` is False when the real quantity had to be given up.
    """

    quantity: Decimal
    price: Decimal
    whole: bool = True

    @property
    def net(self) -> Decimal:
        return self.quantity * self.price


def pieces(quantity: Decimal, net: Decimal) -> tuple[Piece, ...]:
    """Lines that come to exactly `net` for `quantity` of something, two at the most.

    Three for 100.00 become 2 at 33.33 and 1 at 33.34; what is taken back, both below zero, becomes quantities below zero.
    Where no two prices can do it (broken quantities, quantities of more than two decimals), one line of quantity 1 holds the
    whole amount and is marked as not `whole`.
    """
    if quantity < 0 and net < 0:
        return tuple(replace(piece, quantity=-piece.quantity) for piece in pieces(-quantity, -net))
    if quantity <= 0 or net < 0 or not is_cents(quantity):
        return (Piece(ONE, net, whole=quantity == ONE),)
    price = (net / quantity).quantize(CENT, ROUND_FLOOR)
    left = net - price * quantity
    if not left:
        return (Piece(quantity, price),)
    dearer = left / CENT
    if quantity != quantity.to_integral_value() or dearer != dearer.to_integral_value():
        return (Piece(ONE, net, whole=False),)
    return (Piece(quantity - dearer, price), Piece(dearer, price + CENT))


def vat_on(nets: Iterable[tuple[Decimal, Decimal]]) -> Decimal:
    """The VAT that e-conomic puts on a document with rows of (net, VAT rate in percent).

    ASSUMED: on the sum of the document, half up to two decimals. That fits what has been recorded and is not documented, so
    what is written is compared with the answer.
    """
    return cents(sum((net * rate / _HUNDRED for net, rate in nets), ZERO))
