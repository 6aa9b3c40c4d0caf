"""What a document adds up to: net amounts per row, VAT by VAT zone and product group.

Recorded: 3 x 153.44 - 10 % gives 414.29; 460.29 with 25 % gives VAT 115.07; 9.98 with 25 % gives 2.50. That fits VAT on the
whole document, rounded half up to two decimals, but excludes none of the other ways, so all of them can be chosen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

#: document: on the sum; rate: per VAT rate; line: per row; half-even: on the sum, to the even cent (ASSUMED, all of them).
MODES = ("document", "rate", "line", "half-even")

_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Totals:
    """In the document's currency; `lines` are the rows' nets in their order, `vat_lines` (net, rate) likewise."""

    net: Decimal
    vat: Decimal
    lines: tuple[tuple[Decimal, Decimal], ...]

    @property
    def gross(self) -> Decimal:
        return self.net + self.vat


def rounded(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)


def line_net(quantity: Decimal, price: Decimal, discount: Decimal) -> Decimal:
    return rounded(quantity * price * (100 - discount) / 100)


def add_up(lines: Iterable[tuple[Decimal, Decimal]], mode: str) -> Totals:
    """The totals of `lines`, each (net, VAT rate in percent), rounded as `mode` says."""
    lines = tuple(lines)
    net = sum((amount for amount, _ in lines), Decimal("0.00"))
    exact = sum((amount * rate / 100 for amount, rate in lines), Decimal("0.00"))
    if mode == "half-even":
        vat = exact.quantize(_CENT, ROUND_HALF_EVEN)
    elif mode == "line":
        vat = sum((rounded(amount * rate / 100) for amount, rate in lines), Decimal("0.00"))
    elif mode == "rate":
        rates = {rate for _, rate in lines}
        per_rate = [sum((amount for amount, of in lines if of == rate), Decimal(0)) * rate / 100 for rate in rates]
        vat = sum(map(rounded, per_rate), Decimal("0.00"))
    else:
        vat = rounded(exact)
    return Totals(net, vat, lines)
