"""Days, months and spans, against plain counting."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import dates
from billing.dates import DAY, Span
from sharespine.lib.clock import STOCKHOLM

days = st.dates(date(2023, 1, 1), date(2033, 12, 31))
#: Few enough days for spans to meet, and a leap day and a turn of a year among them.
FIRST, END = date(2023, 12, 20), date(2024, 3, 10)
near = st.dates(FIRST, END)
lasts = st.none() | near


@st.composite
def spans(draw: st.DrawFn) -> Span:
    first = draw(near)
    last = draw(lasts)
    return Span(first, last) if last is None or last >= first else Span(last, first)


def counted(span: Span | None) -> set[date]:
    """Its days, as far as the calendar of these tests goes."""
    every = (FIRST + n * DAY for n in range((END - FIRST).days + 1))
    return {day for day in every if span and day in span}


# --- months -------------------------------------------------------------------------------------------------------------------


@given(days)
def test_a_month_begins_on_its_first_day_and_the_next_follows_its_last(day: date) -> None:
    month = dates.month_span(day)
    assert month.first.day == 1
    assert day in month
    assert dates.next_month(day) == dates.end_of_month(day) + DAY == date(day.year + day.month // 12, day.month % 12 + 1, 1)
    assert month.days == dates.days_in_month(day)


@given(days, days)
def test_the_months_between_two_days_follow_one_another_without_a_gap(first: date, last: date) -> None:
    found = list(dates.months(first, last))
    if last < first.replace(day=1):
        assert found == []
        return
    assert (found[0], found[-1]) == (first.replace(day=1), last.replace(day=1))
    assert found[1:] == [dates.next_month(month) for month in found[:-1]]


@given(days, st.integers(0, 40))
def test_months_later_is_the_same_day_or_the_last_of_a_shorter_month(day: date, number: int) -> None:
    later = dates.add_months(day, number)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == number
    assert later.day == min(day.day, dates.days_in_month(later))


# --- the end of a contract ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begins_on", "notice_on", "ends_on"),
    [
        (date(2026, 1, 15), date(2026, 1, 20), date(2026, 4, 14)),  # within the binding time: it ends with that
        (date(2026, 1, 15), date(2026, 3, 14), date(2026, 4, 14)),  # both end on the same day
        (date(2026, 1, 15), date(2026, 3, 15), date(2026, 4, 15)),  # the notice is longer
        (date(2025, 6, 1), date(2026, 1, 31), date(2026, 2, 28)),  # no 31 February
        (date(2023, 6, 1), date(2024, 1, 31), date(2024, 2, 29)),  # nor in a leap year, but a 29th
        (date(2025, 6, 1), date(2025, 12, 31), date(2026, 1, 31)),  # over the turn of the year
        (
            date(2025, 11, 30),
            date(2025, 12, 1),
            date(2026, 2, 27),
        ),  # three months from 30 November: the last is not 30 February
    ],
)
def test_a_contract_ends_when_binding_time_and_notice_are_over(begins_on: date, notice_on: date, ends_on: date) -> None:
    assert dates.last_day(begins_on, 3, notice_on, 1) == ends_on


@given(days, st.integers(0, 36), days, st.integers(0, 6))
def test_a_contract_never_ends_before_binding_time_or_notice_nor_later_than_both(
    begins_on: date, binding: int, notice_on: date, notice: int
) -> None:
    ends_on = dates.last_day(begins_on, binding, notice_on, notice)
    limits = dates.bound_until(begins_on, binding), dates.add_months(notice_on, notice)
    assert all(ends_on >= limit for limit in limits)
    assert ends_on in limits


@given(days, st.integers(0, 36), days, days, st.integers(0, 6))
def test_who_gives_notice_later_does_not_get_away_earlier(
    begins_on: date, binding: int, one: date, other: date, notice: int
) -> None:
    earlier, later = sorted([one, other])
    assert dates.last_day(begins_on, binding, earlier, notice) <= dates.last_day(begins_on, binding, later, notice)


# --- days in Stockholm --------------------------------------------------------------------------------------------------------


@given(days)
def test_a_day_begins_at_midnight_in_stockholm_also_when_clocks_change(day: date) -> None:
    begins = dates.begins_at(day)
    assert dates.today(begins.astimezone(UTC)) == day
    assert dates.today(begins.astimezone(UTC) - timedelta(microseconds=1)) == day - DAY
    assert begins.astimezone(STOCKHOLM).hour == 0


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)])
def test_the_days_of_summer_time_are_shorter_and_longer(day: date, hours: int) -> None:
    begins, ends = (dates.begins_at(at).astimezone(UTC) for at in (day, day + DAY))
    assert ends - begins == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("at", "month"),
    [
        (datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC), date(2026, 12, 1)),
        (datetime(2026, 12, 31, 23, 0, tzinfo=UTC), date(2027, 1, 1)),
        (datetime(2026, 7, 31, 21, 59, 59, tzinfo=UTC), date(2026, 7, 1)),
        (datetime(2026, 7, 31, 22, 0, tzinfo=UTC), date(2026, 8, 1)),
    ],
)
def test_a_month_turns_at_midnight_in_stockholm_in_summer_and_in_winter(at: datetime, month: date) -> None:
    assert dates.month_of(at) == month


# --- spans --------------------------------------------------------------------------------------------------------------------


@given(spans(), spans())
def test_what_is_in_both_spans_is_within(one: Span, other: Span) -> None:
    assert counted(one.within(other)) == counted(one) & counted(other)
    assert one.within(other) == other.within(one)


@given(spans(), st.lists(spans(), max_size=5))
def test_what_is_left_of_a_span_is_what_is_in_no_other(span: Span, others: list[Span]) -> None:
    left = span.without(others)
    assert set().union(*map(counted, left)) == counted(span).difference(*map(counted, others))
    # In order and apart, so that no day is charged twice.
    assert all(one.last is not None and one.last < next_.first for one, next_ in pairwise(left))
    assert [part.last for part in left].count(None) == (span.last is None and all(other.last for other in others))


@given(spans())
def test_a_span_has_as_many_days_as_one_counts(span: Span) -> None:
    if span.last is None:
        with pytest.raises(ValueError, match="without an end"):
            _ = span.days
    else:
        assert span.days == len(counted(span))
