"""What the conversions make of a value. All of them are exact, or raise `MappingError`.

Numbers are rounded half up, away from zero. Times are shown on the clock of Stockholm, or of the zone that is named.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, DecimalException
from functools import cache
from typing import TypeVar
from zoneinfo import ZoneInfo, available_timezones

from flows.mapping.errors import MappingError
from flows.mapping.tables import Table
from flows.mapping.values import LONGEST, Value, checked, is_empty, number_of, said
from sharespine.lib.clock import STOCKHOLM
from sharespine.lib.text import N_, Text

Moment = TypeVar("Moment", datetime, date)


#: The argument of `table` that says that nothing is to come of what is not in it; and that the record is to stop.
EMPTY, STOP = "empty", "stop"


# --- text ---------------------------------------------------------------------------------------------------------------------


def cut(value: Value, length: int) -> Value:
    return said(value)[: max(length, 0)]


def replaced(value: Value, before: str, after: str) -> Value:
    text = said(value)
    if not before:
        raise MappingError(Text(N_("Nothing cannot be replaced.")))
    if text.count(before) * len(after) > LONGEST:
        # Told before it is made: a text of thousands in place of each letter would fill the memory.
        raise MappingError(Text(N_("The text is longer than %(n)s characters."), {"n": str(LONGEST)}))
    return text.replace(before, after)


def before(value: Value, mark: str) -> Value:
    return said(value).partition(mark)[0] if mark else value


def after(value: Value, mark: str) -> Value:
    return said(value).partition(mark)[2] if mark else value


def default(value: Value, other: Value) -> Value:
    return other if is_empty(value) else value


def required(value: Value) -> Value:
    if is_empty(value):
        raise MappingError(Text(N_("The value is empty.")))
    return value


# --- yes and no ---------------------------------------------------------------------------------------------------------------


def equals(value: Value, other: Value) -> Value:
    if isinstance(value, Decimal) or isinstance(other, Decimal):
        # 25, 25.00 and "25,0" are the same number.
        try:
            return number_of(value) == number_of(other)
        except MappingError:
            return False
    return said(value).strip().casefold() == said(other).strip().casefold()


def contains(value: Value, part: str) -> Value:
    return part.casefold() in said(value).casefold()


_NO = frozenset({"", "0", "no", "false", "nej", "off"})


def yes_no(value: Value, yes: str, no: str) -> Value:
    if isinstance(value, Decimal):
        return yes if value else no
    return no if said(value).strip().casefold() in _NO else yes


# --- numbers ------------------------------------------------------------------------------------------------------------------


def reckoned(sign: Callable[[Decimal, Decimal], Decimal]) -> Callable[[Value, Value], Value]:
    def reckon(value: Value, other: Value) -> Value:
        if is_empty(value):
            return None
        try:
            return checked(sign(number_of(value), number_of(other)))
        except DecimalException:
            raise MappingError(Text(N_("The number has more digits than are reckoned with."))) from None

    return reckon


def number(value: Value) -> Value:
    return None if is_empty(value) else number_of(value)


def rounded(value: Value, decimals: int) -> Value:
    if is_empty(value):
        return None
    if not 0 <= decimals <= 10:
        raise MappingError(Text(N_("A number is rounded to 0 to 10 decimals.")))
    return checked(number_of(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))


def comma(value: Value) -> Value:
    return said(value) if is_empty(value) else said(number_of(value)).replace(".", ",")


# --- times --------------------------------------------------------------------------------------------------------------------

#: Days that can be added or taken away.
MOST_DAYS = 36_500
_PART = re.compile("YYYY|YY|MM|DD|HH|MI")
_PARTS = {"YYYY": "%Y", "YY": "%y", "MM": "%m", "DD": "%d", "HH": "%H", "MI": "%M"}


def time_of(value: Value) -> datetime | date:
    if isinstance(value, datetime | date):
        return _meant(value)
    text = said(value).strip()
    try:
        if len(text) == 10:
            return _meant(date.fromisoformat(text))
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise MappingError(Text(N_("“%(value)s” is no time."), {"value": text[:80]})) from None
    if moment.tzinfo is None:
        raise MappingError(Text(N_("“%(value)s” does not say in which time zone it is."), {"value": text[:80]}))
    return _meant(moment).astimezone(UTC)


def _meant(moment: Moment) -> Moment:
    """`moment`, unless no clock of a business ever showed it."""
    if not 1900 <= moment.year < 2200:
        raise MappingError(Text(N_("“%(value)s” is no time that can be meant."), {"value": str(moment)[:80]}))
    return moment


def dated(value: Value, form: str, zone: str = "") -> Value:
    if is_empty(value):
        return None
    moment = time_of(value)
    if isinstance(moment, datetime):
        moment = moment.astimezone(ZoneInfo(zone) if zone else STOCKHOLM)
    # Part by part: the text between them may hold anything, a percent sign too.
    return _PART.sub(lambda match: moment.strftime(_PARTS[match[0]]), form)


def later(value: Value, days: int) -> Value:
    if is_empty(value):
        return None
    moment = time_of(value)
    if abs(days) > MOST_DAYS:
        raise MappingError(Text(N_("At most %(n)s days can be added."), {"n": str(MOST_DAYS)}))
    if isinstance(moment, datetime):
        # Days of the wall clock: the hour stays when summer time begins or ends.
        return _meant((moment.astimezone(STOCKHOLM) + timedelta(days=days)).astimezone(UTC))
    return _meant(moment + timedelta(days=days))


# --- tables -------------------------------------------------------------------------------------------------------------------


def table(value: Value, table: Table, unmatched: str = STOP, other: str = "") -> Value:
    found = table.find(said(value))
    if found is not None:
        return found
    if unmatched == STOP:
        text = N_("“%(value)s” is not in the look-up table “%(table)s”.")
        raise MappingError(Text(text, {"value": said(value)[:80], "table": table.name}))
    return None if unmatched == EMPTY else other


def is_zone(name: str) -> bool:
    return name in _zones()


@cache
def _zones() -> set[str]:
    # A walk through hundreds of files: once is enough.
    return available_timezones()
