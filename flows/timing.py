"""The schedule that holds for a flow: its own where the customer's package has scheduling, the standard interval otherwise."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from billing import gates
from billing.dates import today
from billing.models import Feature
from flows.models import Flow
from flows.schedule import LONGEST, STANDARD, Schedule


def own(flow: Flow) -> Schedule:
    """What the flow is set to, in the customer's time zone. Raises `ValueError` for what could not be followed."""
    quiet = (flow.quiet_from, flow.quiet_to) if flow.quiet_from is not None and flow.quiet_to is not None else None
    return Schedule(
        interval=min(max(timedelta(minutes=flow.interval_minutes), timedelta(minutes=1)), LONGEST),
        cron=flow.cron,
        quiet=quiet,
        zone=ZoneInfo(flow.connection.customer.time_zone),
    )


def standard(flow: Flow) -> Schedule:
    """What holds for every flow that has no schedule of its own."""
    return Schedule(zone=ZoneInfo(flow.connection.customer.time_zone))


def has_own(flow: Flow) -> bool:
    """Whether the flow is set to anything but the standard."""
    return bool(
        flow.cron
        or flow.quiet_from is not None
        or flow.quiet_to is not None
        or timedelta(minutes=flow.interval_minutes) != STANDARD
    )


def schedule_of(flow: Flow, *, at: datetime) -> Schedule:
    """What holds at `at`. The database is only asked where the flow has a schedule of its own."""
    if has_own(flow) and gates.has(flow.connection.customer_id, [Feature.SCHEDULING], today(at)):
        return own(flow)
    return standard(flow)


def put_off(flow: Flow, schedule: Schedule, *, at: datetime) -> bool:
    """Whether the flow has quiet hours at `at`. Then it is due when they are over."""
    if not schedule.is_quiet(at):
        return False
    Flow.objects.filter(pk=flow.pk).update(next_run_at=schedule.held(at), queued_at=None)
    return True


def is_before_slot(flow: Flow, schedule: Schedule, *, at: datetime) -> bool:
    """Whether the flow has times of its own, and the next of them has not come by `at`."""
    return bool(schedule.cron) and (flow.slot_at is None or flow.slot_at > at)


def begin_anew(flow: Flow) -> None:
    """The schedule of the flow was changed: what was planned by the old one no longer holds."""
    Flow.objects.filter(pk=flow.pk).update(slot_at=None, next_run_at=None, queued_at=None)
