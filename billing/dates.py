"""Days and months of a contract. Plain Python: days are days in Sweden, a month begins at midnight in Stockholm."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from dateutil.relativedelta import relativedelta

from sharespine.lib.clock import STOCKHOLM

DAY = timedelta(days=1)


def today(at: datetime) -> date:
    """The day in Stockholm at the aware moment `at`."""
    return at.astimezone(STOCKHOLM).date()


def month_of(at: datetime) -> date:
    """The first day of the month in Stockholm at the aware moment `at`."""
    return today(at).replace(day=1)


def next_month(month: date) -> date:
    """The first day of the month after the one that `month` is in."""
    return month.replace(day=1) + relativedelta(months=1)


def end_of_month(day: date) -> date:
    """The last day of the month that `day` is in."""
    return next_month(day) - DAY


def begins_at(day: date) -> datetime:
    """The aware moment at which `day` begins in Stockholm, also where clocks change."""
    return datetime.combine(day, time.min, STOCKHOLM)


def days_in_month(month: date) -> int:
    return calendar.monthrange(month.year, month.month)[1]


def months(first: date, last: date) -> Iterator[date]:
    """The first days of all months from that of `first` to that of `last`."""
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = next_month(month)


def add_months(day: date, number: int) -> date:
    """The same day `number` months later; the last day of the month where there is none: 31 January + 1 = 28 February."""
    return day + relativedelta(months=number)


def bound_until(begins_on: date, binding_months: int) -> date:
    """The last day of the binding time of a contract that begins on `begins_on`."""
    return add_months(begins_on, binding_months) - DAY


def last_day(begins_on: date, binding_months: int, notice_on: date, notice_months: int) -> date:
    """The last day of a contract whose notice is given on `notice_on`: when both the binding time and the notice are over."""
    return max(bound_until(begins_on, binding_months), add_months(notice_on, notice_months))


@dataclass(frozen=True, slots=True)
class Span:
    """The days from `first` to `last`, both of them within. `last` is None while no end is known."""

    first: date
    last: date | None = None

    def __contains__(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)

    def within(self, other: Span) -> Span | None:
        """The days that are in both, or None."""
        ends = [last for last in (self.last, other.last) if last is not None]
        first, last = max(self.first, other.first), min(ends, default=None)
        return None if last is not None and last < first else Span(first, last)

    def without(self, others: list[Span]) -> list[Span]:
        """What is left of the days when those of `others` are taken away."""
        left = [self]
        for other in others:
            kept: list[Span] = []
            for span in left:
                cut = span.within(other)
                if cut is None:
                    kept.append(span)
                    continue
                if span.first < cut.first:
                    kept.append(Span(span.first, cut.first - DAY))
                if cut.last is not None and (span.last is None or cut.last < span.last):
                    kept.append(Span(cut.last + DAY, span.last))
            left = kept
        return left

    @property
    def days(self) -> int:
        """How many days there are. Raises `ValueError` for a span without an end."""
        if self.last is None:
            raise ValueError("a span without an end has no number of days")
        return (self.last - self.first).days + 1


def month_span(month: date) -> Span:
    return Span(month.replace(day=1), end_of_month(month))
