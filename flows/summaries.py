"""The daily summary: at seven in the morning where the customer is, to each user that wants it, if there is something to say.

It tells of the orders since seven the day before, and of what waits for the merchant now. Each user gets one a day: the day is
saved once the e-mail has left, or once there was nothing to say. A worker that was down at seven sends it later the same day.
By one worker at a time (`flows.chores`).
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Max, Q

from billing import caps
from billing.models import Customer, Membership
from flows import links, mails, merchants
from flows.models import Connection, Endpoint, Transfer
from sharespine.lib.counting import CountOf
from sharespine.lib.text import Text

SEVEN = time_of_day(7)
DAY = timedelta(days=1)
#: So many causes are named.
CAUSES = 20
WAITING = (Transfer.State.WAITING, Transfer.State.SENDING, Transfer.State.RETRYING, Transfer.State.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class Span:
    """From seven in the morning to seven the day after, on the walls of one time zone. `day` is the one on which it is told."""

    day: date
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Group:
    """Orders that wait for the merchant for the same reason."""

    orders: int
    cause: str
    message: Text
    number: str
    page: str

    @property
    def words(self) -> str:
        return merchants.told(self.message, self.cause, orders=self.orders, number=self.number)


def last_span(at: datetime, zone: ZoneInfo) -> Span:
    """The span that ended last before the moment `at`. On the days on which clocks change it lasts 23 or 25 hours."""
    local = at.astimezone(zone)
    day = local.date() if local.time() >= SEVEN else local.date() - DAY
    return Span(day, datetime.combine(day - DAY, SEVEN, zone), datetime.combine(day, SEVEN, zone))


def send(*, at: datetime, ends: float) -> bool:
    """Send the summaries that are due, until the monotonic clock shows `ends`. Returns whether all were tried.

    Raises `flows.mails.Undeliverable`.
    """
    of_zones = {zone: last_span(at, ZoneInfo(zone)) for zone in _zones()}
    due: dict[str, list[Membership]] = defaultdict(list)
    for membership in _due(of_zones, at):
        due[membership.customer.time_zone].append(membership)
    for zone, memberships in due.items():
        sent = _sent_within(of_zones[zone], memberships)
        by_customer: dict[int, list[Membership]] = defaultdict(list)
        for membership in memberships:
            by_customer[membership.customer_id].append(membership)
        for customer_id, theirs in by_customer.items():
            if time.monotonic() > ends:
                return False
            _tell(theirs, of_zones[zone], sent.get(customer_id, 0), at)
    return True


def _zones() -> Sequence[str]:
    return list(Customer.objects.filter(memberships__daily_summary=True).values_list("time_zone", flat=True).distinct())


def _due(of_zones: Mapping[str, Span], at: datetime) -> Sequence[Membership]:
    """Who has not been told of the span that ended last where it is, and could have been: not who came after it."""
    due = Q(pk__in=[])
    for zone, span in of_zones.items():
        if span.day == at.astimezone(ZoneInfo(zone)).date():
            not_told = Q(summary_sent_on__isnull=True) | Q(summary_sent_on__lt=span.day)
            due |= Q(customer__time_zone=zone, since__lt=span.until) & not_told
    wanting = Membership.objects.filter(due, daily_summary=True, user__is_active=True).exclude(user__email="")
    return list(wanting.select_related("customer", "user").order_by("customer_id", "pk"))


def _sent_within(span: Span, memberships: Sequence[Membership]) -> Mapping[int, int]:
    """How many orders of each customer were transferred within the span: one question for all of them."""
    sent = Transfer.objects.filter(sent_at__gte=span.since, sent_at__lt=span.until, kind=Transfer.Kind.ORDER)
    if len(memberships) == 1:
        sent = sent.filter(customer=memberships[0].customer_id)
    return dict(sent.order_by().values_list("customer").annotate(number=Count("pk")))


def _tell(memberships: Sequence[Membership], span: Span, sent: int, at: datetime) -> None:
    """Tell the users of one customer, who are told the same."""
    customer = memberships[0].customer
    context = _context(customer, span, sent, at)
    for membership in memberships:
        if context is None or mails.send("summary", customer, [membership.user.email], context):
            Membership.objects.filter(pk=membership.pk).update(summary_sent_on=span.day)


def _context(customer: Customer, span: Span, sent: int, at: datetime) -> dict[str, Any] | None:
    """What there is to say; None if nothing."""
    groups = _groups(customer)
    connections = list(Connection.objects.filter(customer=customer, state=Connection.State.PAUSED).order_by("name"))
    endpoints = list(
        Endpoint.objects.filter(customer=customer, health__in=[Endpoint.Health.DOWN, Endpoint.Health.DENIED])
        .defer("secrets")
        .order_by("name")
    )
    transfers = Transfer.objects.filter(customer=customer)
    counts = (
        Customer.objects.filter(pk=customer.pk)
        .values(
            waiting=CountOf(transfers.filter(state__in=WAITING, due_at__isnull=False)),
            held=CountOf(transfers.filter(state=Transfer.State.HELD)),
        )
        .get()
    )
    if not (sent or groups or connections or endpoints or counts["held"]):
        return None
    return {
        **counts,
        "span": span,
        "sent": sent,
        "groups": groups[:CAUSES],
        "mine": sum(group.orders for group in groups),
        "connections": connections,
        "endpoints": endpoints,
        "usage": caps.usage(customer.pk, at=at),
        "pages": {
            "mine": links.orders(customer.pk, view="mine"),
            "overview": links.overview(customer.pk),
            "connections": links.connections(customer.pk),
            "package": links.package(customer.pk),
        },
    }


def _groups(customer: Customer) -> list[Group]:
    """What waits for the merchant, by its cause: the most orders first."""
    rows = list(
        merchants.mine(customer.pk)
        .order_by()
        .values("cause")
        .annotate(orders=Count("pk"), example=Max("pk"))
        .order_by("-orders", "cause")
    )
    examples = Transfer.objects.only("number", "source_id", "message").in_bulk([row["example"] for row in rows[:CAUSES]])
    return [
        Group(
            orders=row["orders"],
            cause=row["cause"],
            message=example.message if example else Text(""),
            number=str(example or ""),
            page=_page(customer.pk, row),
        )
        for row in rows
        for example in [examples.get(row["example"])]
    ]


def _page(customer: int, row: Mapping[str, Any]) -> str:
    """Where the orders of a cause are seen."""
    if row["orders"] == 1:
        return links.order(customer, row["example"])
    return links.orders(customer, view="mine", cause=row["cause"]) if row["cause"] else links.orders(customer, view="changed")
