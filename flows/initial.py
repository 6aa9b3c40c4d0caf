"""Initial product syncs: started, stopped, resumed and ended by people, carried on by whichever worker is free.

The time that workers spend on one is drawn from the service account once, when it ends. That of a dry run is not.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from billing import gates, hours
from billing.dates import today
from billing.hours import About
from billing.models import WorkCategory
from billing.refusals import Refused
from connectors.base import Register
from flows import dbclock, readiness, tasks
from flows.ledger.rows import locked
from flows.models import Flow, InitialSync, Item, Run
from sharespine.lib.text import N_, Text

State = InitialSync.State


def under_way(flow: Flow) -> InitialSync | None:
    """The initial sync of `flow` that a worker has to carry on, or to end."""
    if flow.register != Register.PRODUCTS:
        return None
    return InitialSync.objects.filter(flow=flow, state__in=[State.RUNNING, State.STOPPING]).first()


# --- verbs --------------------------------------------------------------------------------------------------------------------


def start(flow: Flow, *, dry_run: bool, actor: str, reason: str = "") -> InitialSync:
    """Begin an initial sync of a flow of products, which may be paused.

    Refused without a running subscription, while the flow could do nothing sensible, while another one is unfinished, and
    while fewer hours are left than it takes at the least and no `reason` says why there may be a debt.
    """
    _demand(flow)
    if not dry_run:
        _demand_hours(flow, reason)
    try:
        with transaction.atomic():
            sync = InitialSync.objects.create(
                flow=flow, dry_run=dry_run, reason=reason.strip(), started_by=actor, started_at=dbclock.now()
            )
            _wake(flow.pk)
    except IntegrityError:
        raise Refused(
            N_("“%(flow)s” has an initial sync that is not finished. Resume it, or end it, before another one is started."),
            flow=str(flow),
        ) from None
    sync.refresh_from_db()
    return sync


def stop(sync: InitialSync) -> None:
    """Have it stop after what is under way. What was done stays, and it can be resumed."""
    with transaction.atomic():
        if not InitialSync.objects.filter(pk=sync.pk, state=State.RUNNING).update(state=State.STOPPING):
            raise Refused(N_("The initial sync is not running."))
        _wake(sync.flow_id)


def resume(sync: InitialSync) -> None:
    """Have it go on where it was. The same conditions hold as for starting it, but for the hours."""
    _demand(sync.flow)
    with transaction.atomic():
        resumable = InitialSync.objects.filter(pk=sync.pk, state__in=InitialSync.RESUMABLE)
        if not resumable.update(state=State.RUNNING, error=Text("")):
            raise Refused(N_("The initial sync is not stopped."))
        _wake(sync.flow_id)


def end(sync: InitialSync) -> None:
    """Leave it at what was done. Its time is drawn, and another one can be started."""
    with transaction.atomic():
        found = locked(InitialSync.objects.filter(pk=sync.pk)).get()
        if found.state not in InitialSync.RESUMABLE:
            raise Refused(N_("The initial sync is not stopped."))
        _finish(found)


def _demand(flow: Flow) -> None:
    if flow.register != Register.PRODUCTS:
        raise Refused(N_("Only a flow of products has an initial sync."))
    day = today(timezone.now())
    stopped = gates.rights(flow.connection.customer_id, day).stopped
    if stopped is not None:
        raise Refused(stopped.message, **stopped.values)
    readiness.demand(flow, day)


def _demand_hours(flow: Flow, reason: str) -> None:
    left = hours.balance(flow.connection.customer)
    free = WorkCategory.objects.filter(key=hours.INITIAL_SYNC, is_free=True).exists()
    if not free and left < settings.INITIAL_SYNC_MINUTES and not reason.strip():
        raise Refused(
            N_(
                "Only %(left)s minutes are left on the service account. Say why it may go below nought, or sell an hour pack "
                "first."
            ),
            left=str(max(0, left)),
        )


def _wake(flow_id: int) -> None:
    Flow.objects.filter(pk=flow_id).update(next_run_at=None, queued_at=dbclock.now())
    tasks.wake()


# --- by the worker ------------------------------------------------------------------------------------------------------------


def carried_on(sync: InitialSync, *, bug: Text | None) -> InitialSync:
    """A run of it has ended, with a `bug` of ours or none: see whether that was the last one. Returns it as it is then."""
    with transaction.atomic():
        found: InitialSync = locked(InitialSync.objects.filter(pk=sync.pk)).get()
        if found.is_under_way:
            if bug is not None:
                found.state, found.error = State.FAILED, bug
                found.save(update_fields=["state", "error"])
            elif found.read_at is not None and not _anything_left(found):
                _finish(found)
            elif found.state == State.STOPPING:
                found.state = State.STOPPED
                found.save(update_fields=["state"])
            InitialSync.objects.filter(pk=found.pk).update(seconds=_worked(found))
    return found


def _anything_left(sync: InitialSync) -> bool:
    return not sync.dry_run and Item.objects.filter(flow=sync.flow_id, due_at__isnull=False).exists()


def _finish(sync: InitialSync) -> None:
    """End it and draw its time, as part of the caller's transaction, which has locked it."""
    sync.state, sync.seconds, sync.ended_at = State.DONE, _worked(sync), timezone.now()
    if not sync.dry_run:
        connection = sync.flow.connection
        sync.entry = hours.initial_sync(
            connection.customer,
            charged(sync.seconds),
            day=today(sync.ended_at),
            by=sync.started_by,
            about=About(connection.pk, None, connection.name),
            key=f"initial-sync-{sync.pk}",
            reason=sync.reason,
        )
    sync.save(update_fields=["state", "seconds", "ended_at", "entry"])


def charged(seconds: int) -> int:
    """The minutes that are drawn for so many seconds of work: every unit that was begun, and one at the least."""
    unit: int = settings.INITIAL_SYNC_MINUTES
    return max(1, -(-seconds // (unit * 60))) * unit


def _worked(sync: InitialSync) -> int:
    """The seconds that workers have spent on it; of a worker that vanished, until it was last heard of."""
    runs = Run.objects.filter(flow=sync.flow_id, kind=Run.Kind.INITIAL, started_at__gte=sync.started_at)
    lease = timedelta(seconds=settings.LEASE_SECONDS)
    worked = timedelta(0)
    for state, began, ended, lease_until in runs.values_list("state", "started_at", "ended_at", "lease_until"):
        heard_of = lease_until - lease
        until = heard_of if ended is None or state == Run.State.LOST else ended
        worked += max(until - began, timedelta(0))
    return round(worked.total_seconds())
