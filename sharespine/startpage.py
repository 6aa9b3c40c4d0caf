"""The start page: is everything all right, and if not, what needs whom?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q
from django.db.models.functions import TruncHour
from django.utils import timezone

from flows import causes
from flows.models import Connection, Endpoint, Run, Transfer

#: Waiting longer than this for its turn is worth a look: runs start every few minutes.
TOO_LONG = timedelta(minutes=30)
HOURS = 24


@dataclass(frozen=True, slots=True)
class Hour:
    """How many orders were sent in one hour. `share` is its height in the chart, in percent of the highest."""

    began: datetime
    sent: int
    share: int


def of_today() -> dict[str, Any]:
    """What the start page shows, in a fixed number of queries."""
    now = timezone.now()
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    by_state = dict(Transfer.objects.order_by().values_list("state").annotate(n=Count("pk")))
    attention = Transfer.objects.filter(attention=True).count()
    endpoints = list(
        Endpoint.objects.filter(health__in=[Endpoint.Health.DOWN, Endpoint.Health.DENIED]).select_related("customer")[:20]
    )
    paused = list(Connection.objects.filter(state=Connection.State.PAUSED).select_related("customer")[:20])
    oldest = Transfer.objects.filter(state__in=[Transfer.State.WAITING, Transfer.State.RETRYING]).aggregate(
        at=Min("created_at")
    )["at"]
    hours = _hours(now)
    troubled = by_state.get("stopped", 0) + by_state.get("uncertain", 0) + attention
    stuck = oldest is not None and now - oldest > TOO_LONG
    return {
        "sent_today": sum(hour.sent for hour in hours if hour.began >= midnight),
        "stopped": by_state.get("stopped", 0),
        "uncertain": by_state.get("uncertain", 0),
        "attention": attention,
        "waiting": sum(by_state.get(state, 0) for state in ("waiting", "retrying", "held", "sending")),
        "groups": causes.groups(limit=8) if troubled else [],
        "endpoints": endpoints,
        "paused": paused,
        "live_runs": list(
            Run.objects.filter(state=Run.State.RUNNING).select_related(
                "flow__shop", "flow__connection__erp", "flow__connection__customer"
            )[:10]
        ),
        "failed_runs": list(
            Run.objects.filter(state__in=[Run.State.FAILED, Run.State.LOST], started_at__gte=now - timedelta(hours=HOURS))
            .select_related("flow__shop", "flow__connection__erp", "flow__connection__customer")
            .order_by("-id")[:5]
        ),
        "oldest_waiting": oldest,
        "stuck": stuck,
        "hours": hours,
        "all_is_well": not (troubled or endpoints or paused or stuck),
        "nothing_yet": not by_state and not endpoints,
    }


def _hours(now: datetime) -> list[Hour]:
    first = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    counts = dict(
        Transfer.objects.filter(Q(sent_at__gte=first))
        .order_by()
        .annotate(hour=TruncHour("sent_at"))
        .values_list("hour")
        .annotate(n=Count("pk"))
    )
    highest = max(counts.values(), default=0)
    return [
        Hour(began, counts.get(began, 0), round(100 * counts.get(began, 0) / highest) if highest else 0)
        for began in (timezone.localtime(first + timedelta(hours=i)) for i in range(HOURS))
    ]
