"""When a flow runs by itself: at an interval or at its own times, except within its quiet hours. Pure: no Django, no I/O.

Times of the day are those on the wall in the customer's time zone, also in the two nights a year in which clocks change:

- An interval is time that has passed, whatever the clocks show.
- A slot that a clock shows twice is used the first time; one that no clock shows is used as soon as the clocks have moved on.
- Slots of every hour ("at half past") come in every hour that passes, so also in both of those that look the same.

How `cronsim` treats those nights was read in its source, version 2.8 (2026-11-22): it does all of this for slots at fixed
times, but lets those that begin with a star fall out ("*/10 2 * * *") or come twice. So it is given plain times, without a
zone, for all slots but those of every hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

#: How often a flow runs whose customer has not chosen otherwise, or may not.
STANDARD = timedelta(minutes=5)
#: The longest interval that can be chosen.
LONGEST = timedelta(days=7)
STOCKHOLM = ZoneInfo("Europe/Stockholm")
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Schedule:
    """An interval, or `cron`: five fields as in crontab. `quiet` is from when to when, past midnight if need be.

    What falls in quiet hours is done once, when they are over. Raises `ValueError` for what could not be followed.
    """

    interval: timedelta = STANDARD
    cron: str = ""
    quiet: tuple[time, time] | None = None
    zone: ZoneInfo = STOCKHOLM

    def __post_init__(self) -> None:
        if not _MINUTE <= self.interval <= LONGEST:
            raise ValueError(f"an interval is from a minute to a week, not {self.interval}")
        if self.quiet and self.quiet[0] == self.quiet[1]:
            raise ValueError("quiet hours that end when they begin")
        if self.cron:
            demand_cron(self.cron)

    def next_after(self, moment: datetime) -> datetime:
        """The first moment after the aware `moment` at which the flow runs by itself, in UTC."""
        return self.held(self._slot_after(moment) if self.cron else moment + self.interval)

    def upcoming(self, moment: datetime, number: int) -> list[datetime]:
        """The next so many moments, each reckoned from the one before it, in the time zone of the schedule."""
        found: list[datetime] = []
        for _ in range(number):
            moment = self.next_after(moment)
            found.append(moment.astimezone(self.zone))
        return found

    def held(self, moment: datetime) -> datetime:
        """The aware `moment`, or the end of the quiet hours that it falls in, in UTC."""
        moment = moment.astimezone(UTC)
        while (end := self._quiet_until(moment)) is not None:
            moment = end
        return moment

    def is_quiet(self, moment: datetime) -> bool:
        return self._quiet_until(moment) is not None

    def _quiet_until(self, moment: datetime) -> datetime | None:
        if self.quiet is None:
            return None
        begin, end = self.quiet
        today = moment.astimezone(self.zone).date()
        for day in (today - _DAY, today):
            last = day if begin < end else day + _DAY
            # From the first time that a clock shows the beginning to the last time that it shows the end.
            until = self._instant(last, end, fold=1)
            if self._instant(day, begin) <= moment < until:
                return until
        return None

    def _slot_after(self, moment: datetime) -> datetime:
        local = moment.astimezone(self.zone)
        if self._every_hour:
            fields = self.cron.split()
            fields[1] = "*"
            return next(CronSim(" ".join(fields), local)).astimezone(UTC)
        for slot in CronSim(self.cron, local.replace(tzinfo=None)):
            found = self._instant(slot.date(), slot.time())
            if found > moment:
                return found
        raise ValueError(f"no time ever comes at which {self.cron} runs")

    @cached_property
    def _every_hour(self) -> bool:
        return len(CronSim(self.cron, datetime(2000, 1, 1)).hours) == 24  # noqa: DTZ001 - only its fields are looked at

    def _instant(self, day: date, at: time, *, fold: int = 0) -> datetime:
        """When a clock shows `at` on `day`, the first or the second time; or has moved on past it. In UTC."""
        shown = datetime.combine(day, at, self.zone).replace(fold=fold)
        while (found := shown.astimezone(UTC)).astimezone(self.zone).replace(tzinfo=None) != shown.replace(tzinfo=None):
            shown = shown.replace(second=0, microsecond=0) + _MINUTE
        return found


@lru_cache(maxsize=1024)
def demand_cron(cron: str) -> None:
    """Raises `ValueError` where `cron` is not five fields as in crontab, or names a time that never comes."""
    try:
        fields = len(cron.split())
        if fields != 5:
            raise ValueError(f"{fields} fields instead of five: {cron}")
        if next(CronSim(cron, datetime(2000, 1, 1)), None) is None:  # noqa: DTZ001 - any time will do
            raise ValueError(f"no time ever comes at which {cron} runs")
    except CronSimError as error:
        raise ValueError(f"{error}: {cron}") from error
