"""What of webhooks and e-mails nobody needs any more, for `flows.pruning`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from flows.models import Alert, HookMessage, Webhook

#: A run that knew a webhook before it was removed may still write to it; none lasts that long.
REMOVED_FOR = timedelta(days=1)


def forgettable(now: datetime, *, delivered: datetime, history: datetime) -> Iterator[QuerySet[Any]]:
    """Messages that were delivered before one moment or written before the other, and what belongs to removed webhooks."""
    messages = HookMessage.objects.order_by("created_at")
    yield messages.filter(state=HookMessage.State.DELIVERED, created_at__lt=delivered)
    yield messages.filter(created_at__lt=history)
    removed = Webhook.objects.filter(removed_at__lt=now - REMOVED_FOR)
    yield HookMessage.objects.filter(webhook__in=removed)
    yield removed.filter(messages__isnull=True)


def told() -> QuerySet[Alert]:
    """That somebody was told of orders which have come to rest since: only of one that is stopped it must be known."""
    return Alert.objects.filter(transfer__slimmed_at__isnull=False)


def forget_told(ids: Collection[int]) -> int:
    """Remove those of the alerts `ids` that are still `told`. Returns how many."""
    return Alert.objects.filter(pk__in=list(told().filter(pk__in=ids).values_list("pk", flat=True))).delete()[0]
