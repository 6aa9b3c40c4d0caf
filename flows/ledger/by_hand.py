"""What people do to transfers by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from billing import caps
from flows import dbclock
from flows.ledger.inserting import insert
from flows.ledger.rows import FREE, Kind, State, event, locked
from flows.models import Transfer
from sharespine.lib.text import Text


def change_by_hand(ids: Sequence[int], changes: dict[str, Any], text: Text, *, states: Iterable[str], actor: str) -> int:
    """Change the transfers `ids` that are in one of `states` and that no worker holds; one event each. Returns how many."""
    with transaction.atomic():
        free = Q(lease_until__isnull=True) | Q(lease_until__lt=dbclock.now())
        rows = list(locked(Transfer.objects.filter(free, pk__in=ids, state__in=list(states))))
        if changes.get("state") == State.SKIPPED:
            # A worker that vanished with one of them may have left it with room.
            for customer in {row.customer_id for row in rows}:
                caps.release(customer, [row.reference for row in rows if row.customer_id == customer])
        Transfer.objects.filter(pk__in=[row.pk for row in rows]).update(
            **changes, fence=F("fence") + 1, updated_at=timezone.now()
        )
        insert([event(row, Kind.STAFF, text, actor=actor) for row in rows])
    return len(rows)


def forget_look_ups() -> int:
    """Have all that is not sent looked up again, whoever held it: what we know is older than the ERP. Returns how many."""
    return Transfer.objects.exclude(state=Transfer.State.SENT).update(looked_up=False, fence=F("fence") + 1, **FREE)
