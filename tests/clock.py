"""A clock in the hands of the test: this machine's and the database's, standing still until it is moved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db.models import DateTimeField, Value
from django.utils import timezone

from flows import dbclock

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@dataclass
class Clock:
    """The time of day, standing still until it is moved."""

    traveller: time_machine.Traveller

    def now(self) -> datetime:
        return timezone.now()

    def move(self, span: timedelta) -> None:
        self.traveller.shift(span)

    def move_to(self, moment: datetime) -> None:
        self.traveller.move_to(moment, tick=False)


@contextmanager
def standing_still(monkeypatch: pytest.MonkeyPatch, start: datetime = START) -> Iterator[Clock]:
    """Both clocks show `start` until they are moved."""

    def at(wait: timedelta = timedelta(0)) -> Any:
        return Value(timezone.now() + wait, output_field=DateTimeField())

    monkeypatch.setattr(dbclock, "now", at)
    monkeypatch.setattr(dbclock, "ahead", at)
    monkeypatch.setattr(dbclock, "reckoned", lambda *_: timezone.now())
    monkeypatch.setattr(dbclock, "lease", lambda: at(timedelta(seconds=settings.LEASE_SECONDS)))
    with time_machine.travel(start, tick=False) as traveller:
        yield Clock(traveller)
