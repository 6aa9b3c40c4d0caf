"""How many orders were transferred on each of the last days, as numbers and as the bars of a picture.

Days are those of the customer, as everywhere in the portal: in Stockholm, unless it is somewhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count
from django.db.models.functions import TruncDate
from django.utils import timezone

from billing.models import Customer
from flows import finding
from flows.models import Transfer
from sharespine.portal.filtering import between

DAYS = 30
#: What the picture is measured in: so much for each day, so much of that for its bar, and so high is the highest.
STEP, BAR, HIGHEST = 10, 7, 100
#: The lowest bar: one order is seen beside a thousand.
LOWEST = 2


@dataclass(frozen=True, slots=True)
class Day:
    """The orders of a day, and where its bar is."""

    day: date
    orders: int
    x: int
    height: int

    @property
    def y(self) -> int:
        return HIGHEST - self.height


@dataclass(frozen=True, slots=True)
class Chart:
    """Some days, the last of them today, and how large their picture and its bars are."""

    days: Sequence[Day]
    width: int = DAYS * STEP
    height: int = HIGHEST
    bar: int = BAR

    @property
    def orders(self) -> int:
        return sum(day.orders for day in self.days)

    @property
    def most(self) -> Day:
        """The day with the most orders, the latest of several."""
        return max(reversed(self.days), key=lambda day: day.orders)

    @property
    def newest_first(self) -> Sequence[Day]:
        return self.days[::-1]


def chart(customer: Customer, now: datetime) -> Chart:
    """The last days of a customer, with one question to the database."""
    today = timezone.localtime(now).date()
    days = [today - timedelta(days=n) for n in reversed(range(DAYS))]
    found = dict(_sent(customer, days[0], today))
    orders = [found.get(day, 0) for day in days]
    highest = max(orders) or 1
    margin = (STEP - BAR) // 2
    return Chart(
        [
            Day(day, n, x=STEP * place + margin, height=max(LOWEST, round(HIGHEST * n / highest)) if n else 0)
            for place, (day, n) in enumerate(zip(days, orders, strict=True))
        ]
    )


def _sent(customer: Customer, first: date, last: date) -> Sequence[tuple[date, int]]:
    """The days between, both included, on which anything was transferred, with how many orders that were."""
    # Picked out among what everybody had sent then, along the index by day: large customers have had many more before.
    sent = finding.within(Transfer.objects.filter(between("sent_at", first, last)), "customer", [customer.pk])
    return list(sent.order_by().annotate(day=TruncDate("sent_at")).values_list("day").annotate(orders=Count("pk")))
