"""Is everything all right? What waits for the merchant, what is used of the month's orders, and how the connections are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone

from billing import caps, gates, hours
from billing.dates import today
from billing.models import Customer
from flows import merchants
from flows.models import Connection, Endpoint, Flow, Item, Transfer
from flows.models.transfers import NEEDS_SOMEBODY
from sharespine.lib.counting import CountOf
from sharespine.lib.text import Text
from sharespine.portal import per_day
from sharespine.portal.access import SEE, Access, page, show

#: So many causes, orders and connections are named.
SHOWN = 8
#: How far the orders of a customer are counted, where no small index holds them.
MANY = 10_000


@dataclass(frozen=True, slots=True)
class Cause:
    """Orders that wait for the merchant for the same reason. `since` is when the first of them began to.

    `example`, `number` and `message` are those of the latest.
    """

    cause: str
    orders: int
    since: datetime
    example: int
    number: str
    message: Text

    @property
    def words(self) -> str:
        """What happened, and what to do about it."""
        return merchants.told(self.message, self.cause, orders=self.orders, number=self.number)


def home(request: HttpRequest) -> HttpResponseBase:
    """The customer whose user this is; a choice where there are several, and a word where there is none."""
    if not request.user.is_authenticated:
        return redirect("account_login")
    own = Customer.objects.filter(memberships__user=request.user.pk).order_by("name")
    found = list(own[:2])
    if len(found) == 1 and "choose" not in request.GET:
        return redirect("portal:overview", found[0].pk)
    if not found and request.user.is_staff and request.user.has_perm(SEE):
        return redirect("admin:index")
    return render(request, "portal/home.html", {"customers": list(own)})


@page()
def overview(request: HttpRequest, access: Access) -> HttpResponseBase:
    return show(request, access, "portal/overview.html", {"area": "overview", **_overview(access.customer)})


def _overview(customer: Customer) -> dict[str, Any]:
    now = timezone.now()
    day = today(now)
    counts = _counts(customer.pk)
    chart = per_day.chart(customer, now)
    causes = _causes(customer.pk)
    connections = list(Connection.objects.filter(customer=customer).select_related("erp").order_by("name"))
    paused = [one for one in connections if one.state == Connection.State.PAUSED]
    endpoints = list(
        Endpoint.objects.filter(customer=customer, health__in=[Endpoint.Health.DOWN, Endpoint.Health.DENIED]).order_by("name")
    )
    flows = Flow.objects.filter(connection__customer=customer, state=Flow.State.ACTIVE)
    hindered = [one for one in flows.select_related("shop", "connection__erp") if one.hindrance.message]
    subscription = gates.live(customer.pk, day)
    usage = caps.usage(customer.pk, at=now)
    trouble = bool(causes or counts["stopped_items"] or paused or endpoints or hindered)
    return {
        **counts,
        "chart": chart,
        "sent_today": chart.days[-1].orders,
        "causes": causes,
        "paused": paused,
        "endpoints": endpoints,
        "hindered": hindered[:SHOWN],
        "connections": connections,
        "subscription": subscription,
        "term": subscription.term_on(day) if subscription else None,
        "is_paused": bool(subscription and subscription.is_paused_on(day)),
        "usage": usage,
        "room_again": caps.room_again_at(now),
        "hours_left": hours.balance(customer),
        "latest": list(Transfer.objects.filter(customer=customer).defer("payload").order_by("-id")[:SHOWN]),
        "many": MANY,
        "all_is_well": not trouble,
        "nothing_yet": not connections,
    }


def _counts(customer: int) -> dict[str, Any]:
    """Everything that is counted, in one question."""
    transfers = Transfer.objects.filter(customer=customer)
    troubled = transfers.filter(NEEDS_SOMEBODY)
    with_us = troubled.filter(state__in=Transfer.TROUBLE).exclude(merchants.MINE)
    columns: dict[str, Any] = {
        "waiting": CountOf(transfers.filter(state__in=["waiting", "sending", "retrying"]), MANY),
        "held": CountOf(transfers.filter(state=Transfer.State.HELD, due_at__isnull=False), MANY),
        "with_us": CountOf(with_us),
        "stopped_items": CountOf(Item.objects.filter(flow__connection__customer=customer, state=Item.State.STOPPED)),
    }
    return dict(Customer.objects.filter(pk=customer).values(**columns).get())


def _causes(customer: int) -> list[Cause]:
    """What waits for the merchant, by its cause: the most orders first."""
    rows = list(
        merchants.mine(customer)
        .order_by()
        .values("cause")
        .annotate(orders=Count("pk"), since=Min("updated_at"), example=Max("pk"))
        .order_by("-orders", "cause")[:SHOWN]
    )
    examples = Transfer.objects.only("number", "source_id", "message").in_bulk([row["example"] for row in rows])
    return [
        Cause(
            cause=row["cause"],
            orders=row["orders"],
            since=row["since"],
            example=row["example"],
            number=str(examples[row["example"]]),
            message=examples[row["example"]].message,
        )
        for row in rows
        if row["example"] in examples
    ]
