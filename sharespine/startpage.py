"""The start page: is everything all right, and if not, what needs whom?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Subquery
from django.utils import timezone

from billing import followup
from flows import causes
from flows.models import Connection, Endpoint, Item, Run, Transfer
from sharespine.lib.counting import CEILING, CountOf

#: Waiting longer than this for its turn is worth a look: runs start every few minutes.
TOO_LONG = timedelta(minutes=30)
HOURS = 24
#: So many endpoints and connections in trouble are named.
SHOWN = 20
#: Among how many of the newest orders in trouble causes are looked for; the page of causes looks further.
AMONG = 2000
#: What will be sent by itself.
WAITING = ("waiting", "retrying", "held", "sending")


@dataclass(frozen=True, slots=True)
class Hour:
    """How many orders were sent in one hour. `share` is its height in the chart, in percent of the highest."""

    began: datetime
    sent: int
    share: int


def of_today() -> dict[str, Any]:
    """What the start page shows, in a fixed number of queries, none of which looks at more than so many rows."""
    now = timezone.now()
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    first = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    counts = _counts(first)
    endpoints = list(
        Endpoint.objects.filter(health__in=[Endpoint.Health.DOWN, Endpoint.Health.DENIED]).select_related("customer")[:SHOWN]
    )
    paused = list(Connection.objects.filter(state=Connection.State.PAUSED).select_related("customer")[:SHOWN])
    oldest = min((counts[at] for at in ("waiting_since", "retrying_since") if counts.get(at)), default=None)
    hours = _hours(first, counts)
    stopped, uncertain, attention = (counts.get(name, 0) for name in ("stopped", "uncertain", "flagged"))
    troubled = stopped + uncertain + attention
    stopped_items = Item.objects.filter(state=Item.State.STOPPED).order_by()[:CEILING].count()
    stuck = oldest is not None and now - oldest > TOO_LONG
    runs = Run.objects.select_related("flow__shop", "flow__connection__erp", "flow__connection__customer").defer("report")
    return {
        "sent_today": sum(hour.sent for hour in hours if hour.began >= midnight),
        "stopped": stopped,
        "uncertain": uncertain,
        "attention": attention,
        "stopped_items": stopped_items,
        "held": counts.get("held", 0),
        "waiting": sum(counts.get(state, 0) for state in WAITING),
        "groups": causes.groups(limit=8, among=AMONG) if troubled else [],
        "endpoints": endpoints,
        "paused": paused,
        "live_runs": list(runs.filter(state=Run.State.RUNNING)[:10]),
        "failed_runs": list(
            runs.filter(state__in=[Run.State.FAILED, Run.State.LOST], started_at__gte=now - timedelta(hours=HOURS)).order_by(
                "-started_at", "-id"
            )[:5]
        ),
        "oldest_waiting": oldest,
        "stuck": stuck,
        "hours": hours,
        "all_is_well": not (troubled or stopped_items or endpoints or paused or stuck),
        "nothing_yet": not (counts or endpoints or stopped_items),
    }


def of_contracts() -> dict[str, int]:
    """How many customers there are whom somebody should call, in one question."""
    return followup.counts(timezone.now())


def _counts(first: datetime) -> dict[str, Any]:
    """Everything that is counted, in one query: by state, and what was sent in each hour from `first`. Empty: no order yet."""
    transfers = Transfer.objects.order_by("pk")
    columns: dict[str, Any] = {state: CountOf(transfers.filter(state=state)) for state in (*Transfer.TROUBLE, *WAITING)}
    columns["flagged"] = CountOf(transfers.filter(attention=True))
    for hour in range(HOURS):
        began = first + timedelta(hours=hour)
        columns[f"hour_{hour}"] = CountOf(transfers.filter(sent_at__gte=began, sent_at__lt=began + timedelta(hours=1)))
    for state in ("waiting", "retrying"):
        columns[f"{state}_since"] = Subquery(transfers.filter(state=state).values("created_at")[:1])
    return dict(transfers.values(**columns).first() or {})


def _hours(first: datetime, counts: dict[str, Any]) -> list[Hour]:
    sent = [counts.get(f"hour_{hour}", 0) for hour in range(HOURS)]
    highest = max(sent)
    return [
        Hour(timezone.localtime(first + timedelta(hours=hour)), n, round(100 * n / highest) if highest else 0)
        for hour, n in enumerate(sent)
    ]
