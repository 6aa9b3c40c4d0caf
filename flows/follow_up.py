"""What of the work lists hangs on flows: orders that wait for room, and shops that nobody pays for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Min, Q

from billing.models import AddOn, AddOnKind, Customer
from flows.models import Connection, Transfer

#: Among so many waiting orders it is looked whose they are.
AMONG = 20_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """Orders of a customer that wait for room, and since when the oldest does."""

    customer: Customer
    orders: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Unpaid:
    """A customer with more shops than it pays for: `extra` beyond the first of each connection, `paid` add-ons."""

    customer: Customer
    extra: int
    paid: int


def held(shown: int) -> list[Waiting]:
    """Who has orders that wait for room: most of them first, of the oldest `AMONG`."""
    oldest = Transfer.objects.filter(state=Transfer.State.HELD).order_by("pk").values("pk")[:AMONG]
    of_each = Transfer.objects.filter(pk__in=oldest).order_by().values("customer")
    rows: list[Any] = list(of_each.annotate(n=Count("pk"), first=Min("created_at")).order_by("-n")[:shown])
    customers = Customer.objects.in_bulk([row["customer"] for row in rows])
    return [Waiting(customers[row["customer"]], row["n"], row["first"]) for row in rows]


def unpaid_shops(day: date, shown: int) -> list[Unpaid]:
    """Whose connections have more shops than are paid for on `day`: the first of each is included."""
    shops = Connection.objects.annotate(shops=Count("flows__shop", distinct=True)).filter(shops__gt=1)
    extra: dict[int, int] = {}
    for customer, n in shops.order_by().values_list("customer", "shops"):
        extra[customer] = extra.get(customer, 0) + n - 1
    lasting = Q(ends_on__isnull=True) | Q(ends_on__gte=day)
    add_ons = AddOn.objects.filter(lasting, kind=AddOnKind.SHOP, begins_on__lte=day, subscription__customer__in=list(extra))
    paid = dict(add_ons.order_by().values_list("subscription__customer").annotate(n=Count("pk")))
    missing = {pk: n for pk, n in extra.items() if n > paid.get(pk, 0)}
    customers = Customer.objects.filter(pk__in=list(missing)).order_by("name")[:shown]
    return [Unpaid(customer, extra[customer.pk], paid.get(customer.pk, 0)) for customer in customers]
