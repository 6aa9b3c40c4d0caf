"""Orders that wait for room: they go oldest first, before any that came after them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from billing import caps
from flows import dbclock
from flows.ledger.rows import State
from flows.models import Connection, Flow, Transfer

#: One that is let go is due a year ago: before whatever came meanwhile, and told from one that waits by that.
LET_GO = timedelta(days=-366)
LONG_AGO = timedelta(days=-183)


def let_go(customer_id: int, *, at: datetime) -> None:
    """Make due as many of a customer's waiting orders as there is room for at `at`, in all its flows; the others wait on."""
    held = _that_can_go(customer_id)
    if not held.exists():
        return
    promised = Q(due_at__lt=dbclock.ahead(LONG_AGO))
    room = caps.room(customer_id, at=at)
    free = room - held.filter(promised).count() if room else 0
    waiting = held.filter(~promised, lease_until__isnull=True)
    if free > 0:
        ids = list(waiting.order_by("pk").values_list("pk", flat=True)[:free])
        Transfer.objects.filter(pk__in=ids, state=State.HELD, lease_until__isnull=True).update(due_at=dbclock.ahead(LET_GO))
        flows = Transfer.objects.filter(pk__in=ids).values("flow")
        Flow.objects.filter(pk__in=flows, next_run_at__gt=dbclock.now()).update(next_run_at=None, queued_at=None)
    late = waiting.filter(due_at__lte=dbclock.now()).values_list("pk", flat=True)
    Transfer.objects.filter(pk__in=late, state=State.HELD, lease_until__isnull=True).update(due_at=caps.room_again_at(at))


def let_all_go(*, at: datetime) -> None:
    """Let go of what there is room for by now, whoever it belongs to: contracts change by day, too."""
    for customer in Transfer.objects.filter(state=State.HELD).order_by().values_list("customer", flat=True).distinct():
        let_go(customer, at=at)


def with_room(customer_id: int, transfers: Sequence[Transfer], *, at: datetime) -> set[str]:
    """The references of those of `transfers` that there is room for, which is theirs now.

    New ones get only what is left when each older order that waits has its place.
    """
    older = [transfer for transfer in transfers if transfer.state == State.HELD]
    newer = [transfer.reference for transfer in transfers if transfer.state != State.HELD]
    room = caps.reserve(customer_id, [transfer.reference for transfer in older], at=at) if older else set()
    if newer:
        before = _that_can_go(customer_id).exclude(pk__in=[transfer.pk for transfer in older]).count()
        room |= caps.reserve(customer_id, newer, at=at, leave=before)
    return room


def _that_can_go(customer_id: int) -> QuerySet[Transfer]:
    """The orders of a customer that wait for nothing but room: what else is in their way must not stop those after them."""
    return Transfer.objects.filter(
        Q(erp__open_until__isnull=True) | Q(erp__open_until__lte=dbclock.now()),
        customer=customer_id,
        state=State.HELD,
        flow__state=Flow.State.ACTIVE,
        flow__hindrance="",
        flow__connection__state=Connection.State.ACTIVE,
    )
