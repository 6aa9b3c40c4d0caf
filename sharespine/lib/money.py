"""Amounts as `Decimal`, rounded in one way. Plain Python; no float ever enters.

Amounts are in the currency's main unit (kronor, euro) with two decimals, unless a name says otherwise.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

CENT = Decimal("0.01")
#: Powers of ten that no amount and no quantity reaches: beyond the first it cannot be kept, beyond the other it is no number
#: that anybody entered.
_TOO_LARGE, _TOO_SMALL = 12, -100
ZERO = Decimal("0.00")


def decimal(value: object, /) -> Decimal:
    """`value` (str, int or Decimal) as a finite `Decimal` below 10¹²; an empty string is 0.

    Raises `ValueError` for anything else, floats included: a float has already lost the öre.
    """
    if isinstance(value, Decimal):
        number = value
    elif isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"not an exact number: {_shown(value)}")
    else:
        text = str(value).strip()
        try:
            number = Decimal(text) if text else ZERO
        except InvalidOperation:
            raise ValueError(f"not a number: {_shown(value)}") from None
    if not number.is_finite():
        raise ValueError(f"not a finite number: {value!r}")
    if number and not _TOO_SMALL <= number.adjusted() < _TOO_LARGE:
        raise ValueError(f"a number beyond all measure: {_shown(value)}")
    return number


def _shown(value: object) -> str:
    # Whole numbers of more than 4,300 digits cannot be made into text.
    return "a whole number" if isinstance(value, int) and value.bit_length() > 1000 else repr(value)[:60]


def cents(amount: Decimal, /) -> Decimal:
    """`amount` rounded half up (away from zero) to two decimals, the way invoices are rounded in the Nordics."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def is_cents(amount: Decimal, /) -> bool:
    """Whether `amount` has no more than two decimals."""
    return amount == cents(amount)
