"""What an expression works with: text, exact numbers, aware times, yes and no, or nothing. And how each becomes text."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow, Underflow
from typing import Any

from flows.mapping.errors import MappingError
from sharespine.lib.money import decimal
from sharespine.lib.text import N_, Text

Value = str | Decimal | datetime | date | bool | None

#: No text in between is longer: a description of an article has room, and nothing can be made to grow without end.
LONGEST = 20_000
#: Digits of a number. Amounts have fifteen.
DIGITS = 40
#: Reckons exactly or not at all.
EXACT = Context(prec=120, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow, Underflow])


def value_of(found: Any) -> Value:
    """What a field of a record holds, as a value. A list becomes text, with commas between."""
    if isinstance(found, tuple | list):
        return fitting(", ".join(str(each) for each in found))
    if isinstance(found, str):
        # A StrEnum, too: what it is called.
        return fitting(str(found))
    if isinstance(found, Decimal):
        return checked(found)
    if found is None or isinstance(found, bool | datetime | date):
        return found
    return fitting(str(found))


def is_empty(value: Value) -> bool:
    """Nothing, or text of nothing but white space. 0 and no are something."""
    return value is None or (isinstance(value, str) and not value.strip())


def said(value: Value) -> str:
    """`value` as text: numbers exactly and with a point, times in UTC as ISO has them, yes as "1" and no as ""."""
    match value:
        case None:
            return ""
        case bool():
            return "1" if value else ""
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
    return value


def number_of(value: Value) -> Decimal:
    """`value` as an exact number: "1 234,50" as well as "1234.50". Raises `MappingError`."""
    if isinstance(value, Decimal):
        return checked(value)
    text = said(value)
    plain = "".join(text.split()).replace("\N{MINUS SIGN}", "-")
    if plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    elif "," in plain:
        # Both: what comes last parts the decimals, as in 1.234,50 and in 1,234.50.
        thousands, point = (".", ",") if plain.rfind(",") > plain.rfind(".") else (",", ".")
        plain = plain.replace(thousands, "").replace(point, ".")
    digits = plain.removeprefix("-").removeprefix("+")
    if not plain or not digits.isascii() or not digits.replace(".", "", 1).isdigit() or len(digits) > DIGITS:
        raise MappingError(Text(N_("“%(value)s” is no number."), {"value": text[:80]}))
    return checked(Decimal(plain))


def checked(number: Decimal) -> Decimal:
    """`number`, if it is one that anybody could mean. Raises `MappingError`."""
    try:
        number = decimal(number)
    except ValueError:
        raise MappingError(Text(N_("The number is beyond all measure."))) from None
    if len(number.as_tuple().digits) > DIGITS or abs(int(number.as_tuple().exponent)) > DIGITS:
        raise MappingError(Text(N_("The number has more digits than are reckoned with.")))
    return number


def fitting(text: str) -> str:
    """`text`, unless it is too long. Raises `MappingError`."""
    if len(text) > LONGEST:
        raise MappingError(Text(N_("The text is longer than %(n)s characters."), {"n": str(LONGEST)}))
    return text
