"""How customers stand: what they have, what it costs, and how much of the month's orders is used. For pages and lists.

Every function asks a fixed number of questions, however many customers there are. Amounts are kronor without VAT.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Case, Exists, F, FloatField, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from billing.caps import Usage, forecast
from billing.dates import begins_at, days_in_month, end_of_month, month_of, today
from billing.models import Customer, Grant, OrderMonth, Pause, Subscription, Term

#: So many months are shown beside this one.
MONTHS = 12


@dataclass(frozen=True, slots=True)
class Standing:
    """One customer's subscription as it is at a moment."""

    subscription: Subscription
    package: str
    monthly_price: Decimal
    is_paused: bool
    usage: Usage


def live(at: datetime) -> QuerySet[Any]:
    """The subscriptions that last at `at`, each with `package`, `monthly_price`, `is_paused`, `cap` and `used` of the month."""
    day = today(at)
    term = Term.objects.filter(subscription=OuterRef("pk"), begins_on__lte=day).order_by("-begins_on", "-pk")
    touches = Q(begins_on__lte=day) & (Q(expires_on__isnull=True) | Q(expires_on__gte=day.replace(day=1)))
    extra = Grant.objects.filter(touches, subscription=OuterRef("pk")).order_by().values("subscription")
    month = OrderMonth.objects.filter(customer=OuterRef("customer"), month=month_of(at))
    pauses = Pause.objects.filter(Q(until__isnull=True) | Q(until__gte=day), subscription=OuterRef("pk"), begins_on__lte=day)
    sold: Any = Coalesce(Subquery(term.values("order_cap")[:1]), 0)
    more: Any = Coalesce(Subquery(extra.annotate(orders=Sum("extra_orders")).values("orders")), 0)
    return Subscription.objects.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=day), begins_on__lte=day).annotate(
        package=Subquery(term.values("package__name")[:1]),
        monthly_price=Subquery(term.values("monthly_price")[:1]),
        is_paused=Exists(pauses),
        cap=Case(When(Exists(pauses), then=Value(0)), default=sold + more, output_field=IntegerField()),
        used=Coalesce(Subquery(month.values("used")[:1]), 0),
    )


def of(customers: Iterable[Customer], *, at: datetime) -> dict[int, Standing]:
    """How each of `customers` stands that has a subscription, by their ids."""
    rows = live(at).filter(customer__in=list(customers)).order_by("begins_on", "pk")
    return {row.customer_id: standing(row, at) for row in rows}


def standing(row: Any, at: datetime) -> Standing:
    """What a row of `live` says."""
    usage = Usage(month_of(at), row.used, row.cap, forecast(row.used, at))
    return Standing(row, row.package or "", row.monthly_price or Decimal(0), row.is_paused, usage)


def nearing(at: datetime) -> QuerySet[Any]:
    """Those of `live` that are to be told about it: 80 % is used, or more is foreseen than there is room for."""
    month = month_of(at)
    # What `caps.forecast` makes of every order until now, nothing from less than five days.
    passed = (at - begins_at(month)) / timedelta(days=1)
    pace = days_in_month(month) / passed if passed >= 5 else 1.0
    foreseen = F("used") * Value(pace, FloatField()) - Value(0.5, FloatField())
    return live(at).filter(Q(cap__lte=F("used") * 5 / 4) | Q(cap__lt=foreseen), cap__gt=0)


def history(subscriptions: Iterable[Subscription], customer_id: int, *, at: datetime) -> list[Usage]:
    """The months before that of `at` in which something was sent, the latest first, each with the cap that it ended with.

    `subscriptions` are all of the customer's, with their terms and grants.
    """
    rows = OrderMonth.objects.filter(customer=customer_id, month__lt=month_of(at)).order_by("-month")[:MONTHS]
    return [Usage(row.month, row.used, _cap_at_end(subscriptions, row.month), row.used) for row in rows]


def _cap_at_end(subscriptions: Iterable[Subscription], month: date) -> int:
    last = end_of_month(month)
    for subscription in sorted(subscriptions, key=lambda s: s.begins_on, reverse=True):
        if subscription.begins_on > last or (subscription.ends_on is not None and subscription.ends_on < month):
            continue
        terms = [term for term in subscription.terms.all() if term.begins_on <= last]
        extra = sum(
            grant.extra_orders
            for grant in subscription.grants.all()
            if grant.begins_on <= last and (grant.expires_on is None or grant.expires_on >= month)
        )
        return (terms[-1].order_cap if terms else 0) + extra
    return 0
