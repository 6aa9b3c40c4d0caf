"""Room for orders: how many of a customer's orders may be transferred in a month, and which of them count.

The engine asks here before it sends anything, and gives back what it did not use. An order counts in the month (of Stockholm)
in which it was given room, once, however often it is tried. Whoever asks first has the last place: the row of the month is
locked until the caller's transaction ends, so any number of workers count exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from billing.dates import begins_at, days_in_month, end_of_month, month_of, next_month, today
from billing.models import Grant, OrderMonth, OrderUse, Subscription, Term
from billing.models.usage import Notice


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of a month's orders is used. `forecast` is how many there will be at its end if it goes on like this."""

    month: date
    used: int
    cap: int
    forecast: int

    @property
    def room(self) -> int:
        return max(0, self.cap - self.used)

    @property
    def percent(self) -> int:
        """How much is used, rounded down: 100 means that nothing is left."""
        return self.used * 100 // self.cap if self.cap else 100

    @property
    def level(self) -> Notice.Kind | None:
        """What the merchant is to be told, if anything: the worst of it."""
        if self.room == 0:
            return Notice.Kind.FULL
        if self.used * 5 >= self.cap * 4:
            return Notice.Kind.NEAR
        return Notice.Kind.FORECAST if self.forecast > self.cap else None


def reserve(customer_id: int, keys: Sequence[str], *, at: datetime, leave: int = 0) -> set[str]:
    """Which of the orders `keys`, in this order, there is room for at the moment `at`; from now on they count.

    An order that counts already, in whatever month, costs nothing. So many places as `leave` says are left for others.
    """
    with transaction.atomic():
        month = _locked(customer_id, month_of(at))
        known = set(OrderUse.objects.filter(customer_id=customer_id, key__in=keys).values_list("key", flat=True))
        wanted = [key for key in dict.fromkeys(keys) if key not in known]
        if not wanted:
            return known
        given = wanted[: max(0, cap(customer_id, today(at)) - month.used - leave)]
        if given:
            uses = OrderUse.objects.filter(customer_id=customer_id, key__in=given, month=month.month)
            # As the month turns, somebody may give an order room in the other month, whose lock is another: it counts there.
            # In the order of their keys, so that the two never wait for each other.
            OrderUse.objects.bulk_create(
                (OrderUse(customer_id=customer_id, key=key, month=month.month) for key in sorted(given)), ignore_conflicts=True
            )
            OrderMonth.objects.filter(pk=month.pk).update(used=F("used") + uses.count())
        return known | set(given)


def release(customer_id: int, keys: Sequence[str]) -> None:
    """Give back the room of orders that certainly were not sent. Those that have none are passed over."""
    with transaction.atomic():
        held = OrderUse.objects.filter(customer_id=customer_id, key__in=keys)
        for month in sorted(set(held.values_list("month", flat=True)), reverse=True):
            _locked(customer_id, month)
            given_back, _ = held.filter(month=month).delete()
            OrderMonth.objects.filter(customer_id=customer_id, month=month).update(used=F("used") - given_back)


def cap(customer_id: int, day: date) -> int:
    """How many orders the customer may have transferred in the month of `day`, as things stand on `day`.

    None at all without a subscription, and while it is paused.
    """
    open_on = Q(ends_on__isnull=True) | Q(ends_on__gte=day)
    paused = Q(pauses__begins_on__lte=day) & (Q(pauses__until__isnull=True) | Q(pauses__until__gte=day))
    term = Term.objects.filter(subscription=OuterRef("pk"), begins_on__lte=day).order_by("-begins_on", "-pk")
    # A grant counts in full in every month that it touches.
    touches = Q(begins_on__lte=end_of_month(day)) & (Q(expires_on__isnull=True) | Q(expires_on__gte=day.replace(day=1)))
    extra = (
        Grant.objects.filter(touches, subscription=OuterRef("pk"), begins_on__lte=day)
        .order_by()
        .values("subscription")
        .annotate(orders=Sum("extra_orders"))
        .values("orders")
    )
    found = (
        Subscription.objects.filter(open_on, customer=customer_id, begins_on__lte=day)
        .exclude(pk__in=Subscription.objects.filter(paused, customer=customer_id).values("pk"))
        .values_list(Subquery(term.values("order_cap")[:1]), Coalesce(Subquery(extra), 0))
        .first()
    )
    return (found[0] or 0) + found[1] if found else 0


def room(customer_id: int, *, at: datetime) -> int:
    """How many more orders the customer may have transferred in the month of `at`."""
    return usage(customer_id, at=at).room


def usage(customer_id: int, *, at: datetime) -> Usage:
    month = month_of(at)
    used = OrderMonth.objects.filter(customer_id=customer_id, month=month).values_list("used", flat=True).first() or 0
    return Usage(month, used, cap(customer_id, today(at)), forecast(used, at))


def forecast(used: int, at: datetime) -> int:
    """How many orders the month of `at` will have if it goes on as until now. Nothing is foretold from less than five days."""
    month = month_of(at)
    passed = (at - begins_at(month)) / timedelta(days=1)
    return used if passed < 5 else max(used, round(used * days_in_month(month) / passed))


def room_again_at(at: datetime) -> datetime:
    """When there is room again if nothing else happens: as the next month begins in Stockholm."""
    return begins_at(next_month(month_of(at)))


def _locked(customer_id: int, month: date) -> OrderMonth:
    row = OrderMonth.objects.select_for_update().filter(customer_id=customer_id, month=month).first()
    if row is None:
        OrderMonth.objects.bulk_create([OrderMonth(customer_id=customer_id, month=month)], ignore_conflicts=True)
        row = OrderMonth.objects.select_for_update().get(customer_id=customer_id, month=month)
    return row
