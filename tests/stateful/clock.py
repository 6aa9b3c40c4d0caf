"""The clocks of a test: the true one, which the database tells, and those of the machines, which may be wrong."""

from __future__ import annotations

import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from unittest import mock

import time_machine
from django.db.models.functions import Now

from flows import dbclock

#: The machine that serves the back office and the webhooks. Workers run on others.
WEB = "web"


class Clock:
    """Time stands still until `advance`. Each machine's clock is off by its `skew`; what it measures (monotonic) never is.

    Between `start` and `stop` everything in this process tells this time: Python on behalf of the machine named last in
    `be_on`, and the database the true time, in the text or type that its own clock would give.
    """

    def __init__(self, begin: datetime) -> None:
        self.begin = self.true = begin.astimezone(UTC)
        self.skew: defaultdict[str, timedelta] = defaultdict(timedelta)
        self.machine = WEB
        self._patches: list[Any] = [
            mock.patch.object(time, "monotonic", self.measured),
            mock.patch.object(time, "sleep", lambda seconds: self.advance(timedelta(seconds=seconds))),
            mock.patch.object(dbclock, "now", partial(Told, self)),
        ]

    def start(self) -> None:
        self._travel = time_machine.travel(self.true, tick=False)
        self._traveller = self._travel.start()
        for patch in self._patches:
            patch.start()

    def stop(self) -> None:
        for patch in self._patches:
            patch.stop()
        self._travel.stop()

    def advance(self, by: timedelta) -> None:
        self.true += by
        self.be_on(self.machine)

    def measured(self) -> float:
        return (self.true - self.begin).total_seconds()

    def be_on(self, machine: str) -> None:
        """What Python tells from now on is the time on `machine`."""
        self.machine = machine
        self._traveller.move_to(self.true + self.skew[machine], tick=False)

    def set_wrong(self, machine: str, skew: timedelta) -> None:
        self.skew[machine] = skew
        self.be_on(self.machine)


class Told(Now):
    """The database's own clock, as if it were the true time of `clock`."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template=f"'{self.clock.true.isoformat()}'::timestamptz", **context)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = f"STRFTIME('%%%%Y-%%%%m-%%%%d %%%%H:%%%%M:%%%%f', '{self.clock.true:%Y-%m-%d %H:%M:%S.%f}')"
        return self.as_sql(compiler, connection, template=template, **context)
