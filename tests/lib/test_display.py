"""How the back office writes amounts, quantities and times."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import translation

from flows.models import Connection, Delivery, Endpoint, Flow, Run, Transfer
from sharespine.lib.display import TONES, ago, amount, hours, number, stamp

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _swedish() -> Iterator[None]:
    with translation.override("sv"):
        yield


@pytest.mark.parametrize(
    ("value", "currency", "written"),
    [
        (Decimal("1234.5"), "SEK", "1\xa0234,50\xa0kr"),
        (Decimal("-0.01"), "EUR", "-0,01\xa0EUR"),
        ("99.00", "SEK", "99,00\xa0kr"),
        (None, "SEK", "–"),
    ],
)
def test_amounts_are_written_as_swedish_businesses_do(value: Decimal | str | None, currency: str, written: str) -> None:
    assert amount(value, currency) == written


@pytest.mark.parametrize(("value", "written"), [("2.000", "2"), ("0.50", "0,5"), ("25", "25"), ("1000", "1\xa0000")])
def test_quantities_have_no_needless_zeros(value: str, written: str) -> None:
    assert number(Decimal(value)) == written


def test_times_of_today_are_times_and_others_are_days_on_the_clock_of_stockholm() -> None:
    with time_machine.travel(NOW, tick=False):
        assert stamp(NOW) == "13:00"
        assert stamp(datetime(2026, 11, 20, 23, 30, tzinfo=UTC)) == "00:30"
        assert stamp(datetime(2026, 11, 20, 22, 30, tzinfo=UTC)) == "2026-11-20"
        assert stamp(None) == "–"


def test_every_state_has_a_colour() -> None:
    states = [Transfer.State, Run.State, Flow.State, Connection.State, Endpoint.Health, Delivery.State]
    assert [value for choices in states for value in choices.values if value not in TONES] == []


def test_how_long_ago_is_told_in_the_largest_unit() -> None:
    with time_machine.travel(NOW, tick=False), translation.override("en"):
        told = [
            ago(NOW - delta) for delta in (timedelta(seconds=5), timedelta(minutes=1), timedelta(hours=5), timedelta(days=3))
        ]
    assert told == ["just now", "1 minute ago", "5 hours ago", "3 days ago"]


@pytest.mark.parametrize(
    ("minutes", "written"),
    [
        (0, "0\xa0min"),
        (45, "45\xa0min"),
        (60, "1\xa0h"),
        (135, "2\xa0h\xa015\xa0min"),
        (-30, "-30\xa0min"),
        (-61, "-1\xa0h\xa01\xa0min"),
        (72_000, "1\xa0200\xa0h"),
    ],
)
def test_minutes_are_written_as_hours_and_minutes(minutes: int, written: str) -> None:
    assert hours(minutes) == written
