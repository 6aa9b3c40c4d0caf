"""The conversions that there are: what each is called, what it takes, and how it is explained on the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

from flows.mapping import conversions
from flows.mapping.values import EXACT, Value, fitting, said
from sharespine.lib.text import N_


class Parameter(Enum):
    """What an argument has to be."""

    TEXT = N_("a text in double quotes")
    WHOLE = N_("a whole number")
    NUMBER = N_("a number")
    VALUE = N_("a text, a number or a field")
    ZONE = N_("a time zone in double quotes, for instance Europe/Helsinki")
    TABLE = N_("the name of a look-up table")
    UNMATCHED = N_("stop, empty or a text in double quotes")


@dataclass(frozen=True, slots=True)
class Conversion:
    """A conversion. `needs` are its arguments, and `more` those that may be left out, at the end.

    `example` and `help` stand on the page; `help` is marked for translation.
    """

    name: str
    convert: Callable[..., Value]
    help: str
    example: str
    needs: tuple[Parameter, ...] = ()
    more: tuple[Parameter, ...] = ()


_T, _W, _V = Parameter.TEXT, Parameter.WHOLE, Parameter.VALUE
_ALL = (
    Conversion(
        "trim",
        lambda value: " ".join(said(value).split()),
        N_("White space around it goes, within it one is left."),
        "order.note | trim",
    ),
    Conversion("upper", lambda value: said(value).upper(), N_("Capital letters."), "invoice.country | upper"),
    Conversion("lower", lambda value: said(value).lower(), N_("Small letters."), "buyer.email | lower"),
    Conversion(
        "title", lambda value: said(value).title(), N_("A capital at the beginning of each word."), "buyer.name | title"
    ),
    Conversion("cut", conversions.cut, N_("At most so many characters."), "order.note | cut 100", (_W,)),
    Conversion(
        "digits",
        lambda value: "".join(c for c in said(value) if c.isascii() and c.isdigit()),
        N_("Digits only."),
        "buyer.phone | digits",
    ),
    Conversion(
        "replace",
        conversions.replaced,
        N_("One text instead of another, everywhere."),
        'order.number | replace "#" ""',
        (_T, _T),
    ),
    Conversion(
        "before", conversions.before, N_("What stands before the first such text."), 'line.article_number | before "-"', (_T,)
    ),
    Conversion(
        "after", conversions.after, N_("What stands after the first such text."), 'line.article_number | after "-"', (_T,)
    ),
    Conversion(
        "default",
        conversions.default,
        N_("This instead, where the value is empty."),
        "buyer.company | default buyer.name",
        (_V,),
    ),
    Conversion(
        "required", conversions.required, N_("The record stops where the value is empty."), "extra.po_number | required"
    ),
    Conversion(
        "equals",
        conversions.equals,
        N_("Yes where it is the same, else no."),
        'order.payment_method | equals "klarna" | yes_no "Klarna" "Other"',
        (_V,),
    ),
    Conversion(
        "contains",
        conversions.contains,
        N_("Yes where the text is in it, else no."),
        'order.note | contains "gift" | yes_no "Gift" ""',
        (_T,),
    ),
    Conversion(
        "yes_no",
        conversions.yes_no,
        N_("The first text for yes, the second for no, 0 and nothing."),
        'buyer.is_company | yes_no "30" "10"',
        (_T, _T),
    ),
    Conversion("number", conversions.number, N_("A number, written with a comma or with a point."), "extra.weight | number"),
    Conversion(
        "round", conversions.rounded, N_("So many decimals, half up."), "price.regular | multiply 1.05 | round 0", (_W,)
    ),
    Conversion("add", conversions.reckoned(EXACT.add), N_("Plus this number."), "price.regular | add 10", (_V,)),
    Conversion(
        "subtract",
        conversions.reckoned(EXACT.subtract),
        N_("Minus this number."),
        "order.total | subtract order.total_vat",
        (_V,),
    ),
    Conversion(
        "multiply",
        conversions.reckoned(EXACT.multiply),
        N_("Times this number, exactly."),
        "product.weight | multiply 1000",
        (_V,),
    ),
    Conversion("comma", conversions.comma, N_("The number with a decimal comma."), "order.total | comma"),
    Conversion(
        "date",
        conversions.dated,
        N_("The day or time in the form that is given (YYYY, YY, MM, DD, HH, MI), in Stockholm or in the named time zone."),
        'order.placed_at | date "YYYY-MM-DD"',
        (_T,),
        (Parameter.ZONE,),
    ),
    Conversion("days", conversions.later, N_("So many days later."), 'order.placed_at | days 14 | date "YYYY-MM-DD"', (_W,)),
    Conversion(
        "table",
        conversions.table,
        N_("What the look-up table has for it. Where it has nothing: stop, empty, or the text that is given."),
        'order.payment_method | table "Payment terms" stop',
        (Parameter.TABLE,),
        (Parameter.UNMATCHED,),
    ),
)

CONVERSIONS: Mapping[str, Conversion] = {conversion.name: conversion for conversion in _ALL}


def converted(conversion: Conversion, value: Value, arguments: tuple[Any, ...]) -> Value:
    """What `conversion` makes of `value`. Raises `MappingError`."""
    result = conversion.convert(value, *arguments)
    return fitting(result) if isinstance(result, str) else result


#: Whole numbers as arguments are below this.
LARGEST_WHOLE = Decimal(1_000_000)
