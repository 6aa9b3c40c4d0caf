"""How the installation feels, told from the database alone: figures, and what is too much of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, Min, OuterRef, Q, Subquery
from django.utils import timezone
from django_q.models import OrmQ

from flows import dbclock, workers
from flows.models import Connection, Endpoint, Flow, Run, Transfer

#: Work that has been due for longer, in seconds, is work that nobody takes.
LONGEST_WAIT = 600


@dataclass(frozen=True, slots=True)
class Condition:
    """How many workers live, how long the oldest due work and the oldest task of the queue waited, endpoints in trouble."""

    workers: int
    oldest_due_seconds: int
    queue_seconds: int
    endpoints_down: int

    @property
    def wrong(self) -> list[str]:
        """The names of the figures that somebody must do something about.

        An endpoint that is down is the matter of its customer, not of the installation.
        """
        wrong = [name for name in ("oldest_due_seconds", "queue_seconds") if getattr(self, name) > LONGEST_WAIT]
        return wrong if self.workers else ["workers", *wrong]


def look() -> Condition:
    """The condition now, in four queries that do not grow with the orders. Raises `django.db.Error`."""
    waiting = OrmQ.objects.filter(lock__lt=timezone.now()).aggregate(oldest=Min("lock"))["oldest"]
    return Condition(
        workers=workers.live().count(),
        oldest_due_seconds=_since(_oldest_due()),
        queue_seconds=_since(waiting),
        endpoints_down=Endpoint.objects.filter(health__in=[Endpoint.Health.DOWN, Endpoint.Health.DENIED]).count(),
    )


def _oldest_due() -> datetime | None:
    """Since when a flow, or an order of one, waits for a worker. A flow that is being worked on waits for nobody."""
    orders = Transfer.objects.filter(flow=OuterRef("pk"), due_at__isnull=False, lease_until__isnull=True).order_by("due_at")
    live = Run.objects.filter(flow=OuterRef("pk"), state=Run.State.RUNNING, lease_until__gt=dbclock.now())
    flows = Flow.objects.filter(
        ~Exists(live),
        state=Flow.State.ACTIVE,
        connection__state=Connection.State.ACTIVE,
        # An ERP that does not answer is left alone for a while: its orders wait for it, not for a worker.
        connection__erp__open_until__isnull=True,
    )
    flows = flows.annotate(first=Subquery(orders.values("due_at")[:1]))
    # Within its quiet hours, what is due in a flow waits until they are over.
    awake = Q(quiet_from__isnull=True) | Q(next_run_at__isnull=True) | Q(next_run_at__lte=dbclock.now())
    due = flows.aggregate(flow=Min("next_run_at"), order=Min("first", filter=awake))
    return min((moment for moment in due.values() if moment), default=None)


def _since(moment: datetime | None) -> int:
    return max(0, int((timezone.now() - moment).total_seconds())) if moment else 0
