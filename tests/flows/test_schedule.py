"""Schedules, above all in the two nights a year in which clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.schedule import STANDARD, Schedule

STOCKHOLM = ZoneInfo("Europe/Stockholm")
MINUTE = timedelta(minutes=1)
#: Zones that change their clocks in different ways: at other times, by half an hour, at midnight, or not at all.
ZONES = [
    "Europe/Stockholm",
    "Europe/Helsinki",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Havana",
    "Asia/Tokyo",
    "UTC",
]
#: Both nights of 2026, in Sweden and in America.
NIGHTS = [date(2026, 3, 29), date(2026, 10, 25), date(2026, 3, 8), date(2026, 11, 1)]
SPRING, AUTUMN = NIGHTS[:2]


def at(day: date, hour: int, minute: int = 0, zone: ZoneInfo = STOCKHOLM, fold: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone, fold=fold).astimezone(UTC)


def slots(schedule: Schedule, begin: datetime, end: datetime) -> list[datetime]:
    """All of them after `begin` and until `end`."""
    found: list[datetime] = []
    moment = begin
    while (moment := schedule.next_after(moment)) <= end:
        found.append(moment)
    return found


# --- intervals ----------------------------------------------------------------------------------------------------------------


@given(st.integers(1, 600), st.sampled_from(ZONES), st.sampled_from(NIGHTS), st.integers(0, 86_400))
def test_an_interval_is_time_that_has_passed_in_every_night(minutes: int, zone: str, night: date, second: int) -> None:
    schedule = Schedule(interval=timedelta(minutes=minutes), zone=ZoneInfo(zone))
    moment = datetime(night.year, night.month, night.day, tzinfo=UTC) + timedelta(seconds=second)
    assert schedule.next_after(moment) - moment == timedelta(minutes=minutes)


def test_without_being_told_otherwise_it_runs_every_five_minutes() -> None:
    moment = at(SPRING, 1, 58)
    assert Schedule().next_after(moment) == moment + STANDARD == at(SPRING, 3, 3)


# --- own times ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("night", NIGHTS)
@pytest.mark.parametrize("zone", ["Europe/Stockholm", "America/New_York", "Australia/Lord_Howe"])
def test_every_minute_of_a_night_in_which_clocks_change_is_a_slot_that_comes_once(night: date, zone: str) -> None:
    where = ZoneInfo(zone)
    begin = datetime.combine(night, time(), where) - MINUTE
    end = datetime.combine(night, time(23, 59), where)
    for minute in range(6 * 60):
        schedule = Schedule(cron=f"{minute % 60} {minute // 60} * * *", zone=where)
        (slot,) = slots(schedule, begin, end)
        shown, wanted = slot.astimezone(where), datetime.combine(night, time(minute // 60, minute % 60))
        if shown.replace(tzinfo=None) != wanted:
            # No clock showed it: the slot comes as soon as the clocks have moved on.
            before = (slot - MINUTE).astimezone(where).replace(tzinfo=None)
            assert before < wanted < shown.replace(tzinfo=None)
            assert shown.utcoffset() != (slot - MINUTE).astimezone(where).utcoffset()
        assert shown.fold == 0


@pytest.mark.parametrize("night", [SPRING, AUTUMN])
def test_a_slot_of_every_minute_comes_in_every_minute_that_passes(night: date) -> None:
    begin, end = at(night, 0), at(night, 6)
    found = slots(Schedule(cron="* * * * *"), begin, end)
    passed = (end - begin) // MINUTE
    assert found == [begin + MINUTE * number for number in range(1, passed + 1)]
    assert passed == (5 if night == SPRING else 7) * 60


@pytest.mark.parametrize("cron", ["30 * * * *", "30 0-23 * * *", "30 */1 * * *"])
def test_a_slot_of_every_hour_comes_in_both_hours_that_look_the_same(cron: str) -> None:
    found = slots(Schedule(cron=cron), at(AUTUMN, 1, 45), at(AUTUMN, 3, 45))
    assert found == [at(AUTUMN, 2, 30), at(AUTUMN, 2, 30, fold=1), at(AUTUMN, 3, 30)]


def test_slots_of_an_hour_that_does_not_exist_come_once_together() -> None:
    found = slots(Schedule(cron="*/10 2 * * *"), at(SPRING, 0), at(SPRING, 23))
    assert found == [at(SPRING, 3)]


def test_slots_of_an_hour_that_comes_twice_come_the_first_time() -> None:
    found = slots(Schedule(cron="*/20 2 * * *"), at(AUTUMN, 0), at(AUTUMN, 23))
    assert found == [at(AUTUMN, 2), at(AUTUMN, 2, 20), at(AUTUMN, 2, 40)]


CRONS = st.one_of(
    st.builds("{} {} * * *".format, st.integers(0, 59), st.integers(0, 23)),
    st.builds("*/{} {}-{} * * *".format, st.integers(1, 30), st.integers(0, 3), st.integers(3, 23)),
    st.builds("{} * * * *".format, st.integers(0, 59)),
    st.builds("{} */{} * * 0-6".format, st.integers(0, 59), st.integers(2, 6)),
)


@given(CRONS, st.sampled_from(ZONES), st.sampled_from(NIGHTS), st.integers(0, 3 * 86_400))
def test_the_next_slot_is_the_same_from_wherever_one_asks_before_it(cron: str, zone: str, night: date, second: int) -> None:
    schedule = Schedule(cron=cron, zone=ZoneInfo(zone))
    moment = datetime(night.year, night.month, night.day, tzinfo=UTC) - timedelta(days=1) + timedelta(seconds=second)
    found = schedule.next_after(moment)
    assert found > moment
    assert found - moment <= timedelta(hours=25)
    assert schedule.next_after(found - timedelta(seconds=1)) == found
    assert schedule.next_after(moment + (found - moment) / 2) == found


@pytest.mark.parametrize("cron", ["* * * *", "* * * * * *", "60 * * * *", "0 24 * * *", "0 0 31 2 *", "every day", "@daily"])
def test_what_names_no_times_is_refused(cron: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Schedule(cron=cron)


def test_an_interval_of_no_time_or_of_months_is_refused() -> None:
    for interval in (timedelta(0), timedelta(days=8)):
        with pytest.raises(ValueError, match="an interval"):
            Schedule(interval=interval)


# --- quiet hours --------------------------------------------------------------------------------------------------------------


def test_quiet_hours_may_cross_midnight() -> None:
    schedule = Schedule(quiet=(time(22), time(6)))
    day = date(2026, 6, 1)
    assert schedule.next_after(at(day, 21, 54)) == at(day, 21, 59)
    assert schedule.next_after(at(day, 21, 58)) == at(day + timedelta(days=1), 6)
    assert schedule.next_after(at(day, 3)) == at(day, 6)
    assert schedule.next_after(at(day, 6)) == at(day, 6, 5)


def test_a_slot_within_quiet_hours_comes_when_they_are_over_and_only_once() -> None:
    schedule = Schedule(cron="0 1-5 * * *", quiet=(time(0, 30), time(4, 30)))
    day = date(2026, 6, 1)
    assert slots(schedule, at(day, 0), at(day, 23)) == [at(day, 4, 30), at(day, 5)]


def test_quiet_hours_that_end_when_they_begin_are_refused() -> None:
    with pytest.raises(ValueError, match="quiet"):
        Schedule(quiet=(time(6), time(6)))


def test_quiet_hours_last_until_the_clock_shows_their_end_for_the_last_time() -> None:
    schedule = Schedule(quiet=(time(1), time(2, 30)))
    assert schedule.held(at(AUTUMN, 2, 45)) == at(AUTUMN, 2, 30, fold=1)
    assert schedule.held(at(AUTUMN, 2, 30, fold=1)) == at(AUTUMN, 2, 30, fold=1)
    # No clock shows half past two in spring: they are over when it has moved on.
    assert schedule.held(at(SPRING, 1, 30)) == at(SPRING, 3)


@given(st.times(), st.times(), st.sampled_from(ZONES), st.sampled_from(NIGHTS), st.integers(0, 2 * 86_400))
def test_nothing_runs_while_a_clock_shows_quiet_hours(begin: time, end: time, zone: str, night: date, second: int) -> None:
    begin, end = begin.replace(second=0, microsecond=0), end.replace(second=0, microsecond=0)
    if begin == end:
        return
    where = ZoneInfo(zone)
    schedule = Schedule(quiet=(begin, end), zone=where)
    moment = datetime(night.year, night.month, night.day, tzinfo=UTC) + timedelta(seconds=second)
    found = schedule.held(moment)
    shown = found.astimezone(where).time()
    assert not (begin <= shown < end if begin < end else shown >= begin or shown < end)
    assert schedule.held(found) == found >= moment
    clock = moment.astimezone(where).time()
    if found != moment and where.key == "Asia/Tokyo":
        assert begin <= clock < end if begin < end else clock >= begin or clock < end
