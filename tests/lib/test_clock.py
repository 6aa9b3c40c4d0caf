from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sharespine.lib.clock import STOCKHOLM, from_utc_text, utcnow


def test_now_is_aware_and_in_utc() -> None:
    assert utcnow().utcoffset() == timedelta(0)


@pytest.mark.parametrize("text", ["2026-10-25T00:30:00", "2026-10-25T00:30:00Z", "2026-10-25T02:30:00+02:00"])
def test_a_time_with_and_without_offset_is_the_same_moment(text: str) -> None:
    moment = from_utc_text(text)
    assert moment == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert moment.tzinfo is UTC


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00:00", "0001-01-01T00:00:00", "9999-12-31T23:59:59-05:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        from_utc_text(text)


def test_the_two_half_past_two_of_the_night_the_clock_goes_back_are_an_hour_apart_in_utc() -> None:
    first = datetime(2026, 10, 25, 2, 30, tzinfo=STOCKHOLM)
    assert first.replace(fold=1).astimezone(UTC) - first.astimezone(UTC) == timedelta(hours=1)
