"""Whose turn it is: the work is shared fairly between customers, whoever has how much of it."""

from __future__ import annotations

from django.db.models import Count, Exists, F, IntegerField, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from flows import dbclock
from flows.models import Connection, Flow, InitialSync, Run


def due() -> QuerySet[Flow]:
    """The flows that have something to do and that no worker has taken on; paused ones too, while they have an initial sync."""
    initial = InitialSync.objects.filter(flow=OuterRef("pk"))
    running = Exists(initial.filter(state=InitialSync.State.RUNNING))
    stopping = Exists(initial.filter(state=InitialSync.State.STOPPING))
    return Flow.objects.filter(
        Q(next_run_at__isnull=True) | Q(next_run_at__lte=dbclock.now()),
        (Q(state=Flow.State.ACTIVE) | running) & Q(connection__state=Connection.State.ACTIVE) | stopping,
        ~Exists(_live().filter(flow=OuterRef("pk"))),
    )


def next_flow() -> int | None:
    """The flow whose turn it is: of the customer that has fewest runs now and was served longest ago. None when none is due."""
    of_customer = Flow.objects.filter(connection__customer=OuterRef("connection__customer")).order_by()
    served = of_customer.values("connection__customer").annotate(last=Max("served_at")).values("last")
    busy = (
        _live()
        .filter(flow__connection__customer=OuterRef("connection__customer"))
        .order_by()
        .values("flow__connection__customer")
        .annotate(number=Count("pk"))
        .values("number")
    )
    waiting = due().annotate(busy=Coalesce(Subquery(busy, output_field=IntegerField()), 0), customer_served=Subquery(served))
    order = ("busy", F("customer_served").asc(nulls_first=True), F("served_at").asc(nulls_first=True), "pk")
    return waiting.order_by(*order).values_list("pk", flat=True).first()


def others_wait(flow: Flow) -> bool:
    """Whether another flow has something to do and no worker."""
    return due().exclude(pk=flow.pk).exists()


def _live() -> QuerySet[Run]:
    return Run.objects.filter(state=Run.State.RUNNING, lease_until__gt=dbclock.now())
