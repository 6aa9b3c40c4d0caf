"""Amounts as `Decimal`, rounded in one way. Plain Python; no float ever enters.

Amounts are in the currency's main unit (kronor, euro) with two decimals, unless a name says otherwise.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

CENT = Decimal("0.01")
ZERO = Decimal("0.00")


def decimal(value: object, /) -> Decimal:
    """`value` (str, int or Decimal) as a finite `Decimal`; an empty string is 0.

    Raises `ValueError` for anything else, floats included: a float has already lost the öre.
    """
    if isinstance(value, Decimal):
        number = value
    elif isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"not an exact number: {value!r}")
    else:
        text = str(value).strip()
        try:
            number = Decimal(text) if text else ZERO
        except InvalidOperation:
            raise ValueError(f"not a number: {value!r}") from None
    if not number.is_finite():
        raise ValueError(f"not a finite number: {value!r}")
    return number


def cents(amount: Decimal, /) -> Decimal:
    """`amount` rounded half up (away from zero) to two decimals, the way invoices are rounded in the Nordics."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def is_cents(amount: Decimal, /) -> bool:
    """Whether `amount` has no more than two decimals."""
    return amount == cents(amount)
