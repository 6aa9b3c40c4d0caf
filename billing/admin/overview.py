"""What the page of a customer tells of its contract: what it has, what it costs, what comes, and the orders of its months."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils import timezone

from billing import caps
from billing.dates import Span, today
from billing.models import Customer, Notice, ServiceAccount, Subscription
from billing.standing import history


def of(customer: Customer) -> dict[str, Any]:
    """The context of `billing/customer.html`, in a fixed number of questions."""
    at = timezone.now()
    day = today(at)
    all_of_them = list(
        customer.subscriptions.order_by("begins_on").prefetch_related("terms__package", "pauses", "grants", "add_ons")
    )
    shown = _shown(all_of_them, day)
    usage = caps.usage(customer.pk, at=at)
    return {
        "day": day,
        "subscription": shown,
        **(_contract(shown, day) if shown else {}),
        "earlier": [one for one in all_of_them if one is not shown],
        "usage": usage,
        "months": history(all_of_them, customer.pk, at=at),
        "told": list(Notice.objects.filter(customer=customer, month=usage.month)),
        "room_again": caps.room_again_at(at).date(),
        "account": ServiceAccount.objects.filter(customer=customer).first(),
    }


def _shown(subscriptions: list[Subscription], day: date) -> Subscription | None:
    """As `billing.admin.dialogs.shown` has it: the one that lasts, else the next, else the last."""
    lasting = [one for one in subscriptions if day in one.span]
    to_come = [one for one in subscriptions if one.begins_on > day]
    return next(iter(lasting[::-1] or to_come or subscriptions[::-1]), None)


def _contract(subscription: Subscription, day: date) -> dict[str, Any]:
    now = max(day, subscription.begins_on)
    terms = list(subscription.terms.all())
    begun = [term for term in terms if term.begins_on <= now]
    open_pauses = [pause for pause in subscription.pauses.all() if pause.until is None or pause.until >= day]
    return {
        "term": begun[-1] if begun else None,
        "coming": next((term for term in terms if term.begins_on > now), None),
        "pauses": open_pauses,
        "is_paused": any(day in pause.span for pause in open_pauses),
        "grants": sorted(subscription.grants.all(), key=lambda grant: (_is_over(grant.span, day), -grant.pk)),
        "add_ons": sorted(subscription.add_ons.all(), key=lambda add_on: (_is_over(add_on.span, day), add_on.pk)),
        "is_over": _is_over(subscription.span, day),
        "is_to_come": subscription.begins_on > day,
    }


def _is_over(span: Span, day: date) -> bool:
    return span.last is not None and span.last < day
