"""What the queue runs. The only module that imports django_q.

A task is a wake-up and carries a row id; the rows are the truth. A task that is lost, late or doubled does no harm: `tick`
wakes every flow that is due, and a second run of a flow finds the first one alive and goes away.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django_q.tasks import async_task

from flows import dbclock, engine
from flows.models import Connection, Flow, Run


def wake(flow_id: int, *, kind: str = Run.Kind.POLL, actor: str = "") -> None:
    """Have a worker run the flow soon. Part of the caller's transaction."""
    async_task("flows.tasks.run_flow", flow_id, kind, actor, task_name=f"flow {flow_id} {kind}")


def run_flow(flow_id: int, kind: str = Run.Kind.POLL, actor: str = "") -> None:
    """Carry out one run of a flow."""
    engine.run(flow_id, kind=kind, actor=actor)


def tick() -> int:
    """Wake the flows that are due and not woken yet. Any number of workers may do this at once. Returns how many."""
    forgotten = timezone.now() - timedelta(seconds=settings.LEASE_SECONDS)
    not_woken = Q(queued_at__isnull=True) | Q(queued_at__lt=forgotten)
    due = Flow.objects.filter(
        not_woken,
        Q(next_run_at__isnull=True) | Q(next_run_at__lte=dbclock.now()),
        state=Flow.State.ACTIVE,
        connection__state=Connection.State.ACTIVE,
    )
    woken = 0
    for pk in due.values_list("pk", flat=True):
        # The same condition again: whoever is first changes the row. (Not equality with what was read: SQLite keeps times as
        # text, and its own clock writes fewer digits than we do.)
        if Flow.objects.filter(not_woken, pk=pk).update(queued_at=dbclock.now()):
            wake(pk)
            woken += 1
    return woken
