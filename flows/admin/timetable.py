"""When a flow runs by itself, in words and times for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.formats import date_format, time_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing import gates
from billing.dates import today
from billing.models import Feature
from flows import timing
from flows.models import Flow
from flows.schedule import STANDARD, Schedule
from sharespine.lib.said import said

#: How many of the next runs are shown.
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Timetable:
    """How often the flow runs, when it does next, in which time zone; and why not as it is set to, if so."""

    words: list[str]
    times: list[str]
    zone: str
    not_its_own: str = ""


def timetable(flow: Flow, at: datetime) -> Timetable:
    """What holds for `flow`, as if it ran at the aware moment `at`."""
    schedule, reason = timing.schedule_of(flow, at=at), ""
    if timing.has_own(flow) and schedule == timing.standard(flow) != timing.own(flow):
        missing = gates.rights(flow.connection.customer_id, today(at)).missing([Feature.SCHEDULING])
        reason = said(missing[0].reason) if missing else ""
    times = [date_format(each, "D Y-m-d H:i") for each in schedule.upcoming(at, SHOWN)]
    return Timetable(_words(schedule), times, str(schedule.zone), reason)


def often(flow: Flow) -> str:
    """How often the flow is set to run, in a few words for a list."""
    if flow.cron:
        return _("at own times: %(cron)s") % {"cron": flow.cron}
    return _every(timedelta(minutes=flow.interval_minutes))


def _every(interval: timedelta) -> str:
    minutes = interval // timedelta(minutes=1)
    return ngettext("every %(n)d minute", "every %(n)d minutes", minutes) % {"n": minutes}


def _words(schedule: Schedule) -> list[str]:
    if schedule.cron:
        said_of_slots = _("It reads at its own times: %(cron)s. What is due in between is written when it is due.")
        words = [said_of_slots % {"cron": schedule.cron}]
    elif schedule.interval == STANDARD:
        words = [_("It runs at the standard interval: %(every)s.") % {"every": _every(schedule.interval)}]
    else:
        words = [_("It runs %(every)s.") % {"every": _every(schedule.interval)}]
    if schedule.quiet:
        begin, end = (time_format(each, "H:i") for each in schedule.quiet)
        words.append(
            _("It is quiet from %(begin)s until %(end)s: then it runs only when somebody starts it.")
            % {"begin": begin, "end": end}
        )
    return words
