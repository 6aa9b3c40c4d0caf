"""When a flow runs next: planned at the end of each of its runs. `next_run_at` is all that workers look at."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet, Subquery

from flows import timing
from flows.models import Flow, InitialSync
from flows.schedule import STANDARD, Schedule

if TYPE_CHECKING:
    from flows.engine import Session

#: A flow that could do nothing about what is due (its buyers are under way elsewhere) asks again after this.
PAUSE = timedelta(seconds=2)


def plan(session: Session, first: QuerySet[Any], *, at_once: bool) -> None:
    """The flow runs again by its schedule; sooner when something is due, at once when there is more to do.

    `first` says when the first of what waits in the flow is due.
    """
    flow, target = session.flow, session.flow.target
    wanted_at, due = Flow.objects.filter(pk=flow.pk).values_list("wanted_at", Subquery(first)).get()
    now = session.run.now()
    schedule = timing.schedule_of(flow, at=now)
    following = _next_reading(session, schedule, now)
    slot_at = following if schedule.cron else None
    if due is not None:
        # What is due while the target is left alone waits until it is tried again.
        following = min(following, max(due if due > now else now + PAUSE, target.open_until or due))
    if at_once or wanted_at is not None:
        following = now
    Flow.objects.filter(pk=flow.pk).update(next_run_at=schedule.held(following), slot_at=slot_at, queued_at=None)


def plan_initial(session: Session, sync: InitialSync, first: QuerySet[Any], *, at_once: bool) -> None:
    """An initial sync goes on at once while it can; when it is over, the flow goes on as it is."""
    flow, now = session.flow, session.run.now()
    following: datetime | None = None
    if sync.is_under_way:
        (due,) = Flow.objects.filter(pk=flow.pk).values_list(Subquery(first), flat=True)
        following = now if at_once and session.problem is None else max(due or now, now + PAUSE)
        following = max(following, flow.source.open_until or now, flow.target.open_until or now)
    Flow.objects.filter(pk=flow.pk).update(next_run_at=following, queued_at=None)


def _next_reading(session: Session, schedule: Schedule, now: datetime) -> datetime:
    """When the source is to be read again. A time of its own that came during this run is made up for at once."""
    if not schedule.cron:
        return schedule.next_after(now)
    if session.reads and not session.read_all:
        return now
    if session.reads and not session.has_read:
        return now + STANDARD
    if not session.reads and session.flow.slot_at is not None:
        return session.flow.slot_at
    return schedule.next_after(session.run.started_at)
