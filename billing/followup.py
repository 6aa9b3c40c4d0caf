"""Who should be called: work lists of customers whose contract, cap or hours need somebody soon.

Each list is one or two questions to the database, and whoever shows one cuts it at `SHOWN`. What hangs on flows is added where
those are known.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.functions import NullIf

from billing import standing
from billing.dates import DAY, add_months, today
from billing.models import Grant, Pause, ServiceAccount, Subscription
from sharespine.lib.counting import CountOf

#: So many of each list are shown.
SHOWN = 50
#: A contract that ends is worth a call this long before.
ENDING = timedelta(days=60)
#: The binding time of a contract, or a grant: this long before.
SOON = timedelta(days=30)


def nearing(at: datetime) -> list[standing.Standing]:
    """Whose orders of the month are used to 80 %, or will not suffice: the fullest first."""
    fullest = (F("used") * 100 / NullIf(F("cap"), 0)).desc()
    # A few more: what the database foresees may differ by a rounding.
    rows = standing.nearing(at).select_related("customer").order_by(fullest, "pk")[: SHOWN * 2]
    found = [standing.standing(row, at) for row in rows]
    told = [one for one in found if one.usage.level is not None]
    return sorted(told, key=lambda one: (-one.usage.percent, -one.usage.forecast))[:SHOWN]


def ending(day: date) -> QuerySet[Subscription]:
    """Subscriptions whose last day comes within `ENDING`."""
    found = Subscription.objects.filter(ends_on__range=(day, day + ENDING))
    return found.select_related("customer").order_by("ends_on", "pk")


def paused(day: date) -> QuerySet[Pause]:
    """Pauses that last, or begin within `SOON`."""
    lasting = Pause.objects.filter(Q(until__isnull=True) | Q(until__gte=day), begins_on__lte=day + SOON)
    of_live = lasting.filter(Q(subscription__ends_on__isnull=True) | Q(subscription__ends_on__gte=day))
    return of_live.select_related("subscription__customer").order_by("begins_on", "pk")


def released(day: date) -> list[Subscription]:
    """Subscriptions without notice whose binding time ends within `SOON`: the customer may soon leave with a month's notice."""
    lengths = Subscription.objects.order_by().values_list("binding_months", flat=True).distinct()
    within = Q(pk__in=[])
    for months in lengths:
        # A little wider than asked: months differ in length, and the exact day is worked out below.
        first = add_months(day, -months) - 4 * DAY
        within |= Q(binding_months=months, begins_on__range=(first, first + SOON + 8 * DAY))
    found = Subscription.objects.filter(within, ends_on__isnull=True, binding_months__gt=0).select_related("customer")
    soon = [s for s in found.order_by("begins_on", "pk")[: SHOWN * 4] if day <= s.bound_until <= day + SOON]
    return sorted(soon, key=lambda s: s.bound_until)[:SHOWN]


def expiring(day: date) -> QuerySet[Grant]:
    """Grants whose last day comes within `SOON`."""
    lasting = Q(subscription__ends_on__isnull=True) | Q(subscription__ends_on__gte=day)
    found = Grant.objects.filter(lasting, expires_on__range=(day, day + SOON))
    return found.select_related("subscription__customer").order_by("expires_on", "pk")


def without_hours(day: date) -> QuerySet[ServiceAccount]:
    """Service accounts of customers with a subscription on which nothing is left: the deepest debt first."""
    lasting = Subscription.objects.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=day), begins_on__lte=day)
    found = ServiceAccount.objects.filter(customer__in=lasting.values("customer"), balance__lte=0)
    return found.select_related("customer").order_by("balance", "customer__name")


def counts(at: datetime) -> dict[str, int]:
    """How many there are of those that the start page shows, in one question. None of them counts past what a list shows."""
    day = today(at)
    columns: dict[str, Any] = {
        "nearing": CountOf(standing.nearing(at), SHOWN),
        "ending": CountOf(ending(day), SHOWN),
        "expiring": CountOf(expiring(day), SHOWN),
        "without_hours": CountOf(without_hours(day), SHOWN),
    }
    return dict(Subscription.objects.order_by("pk").values(**columns).first() or dict.fromkeys(columns, 0))
