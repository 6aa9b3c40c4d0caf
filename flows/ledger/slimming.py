"""Slimming: what is no longer needed of orders that are at rest is removed, never the rows that keep an order from going twice.

A slimmed transfer keeps its hashes, its number, total and place in the ERP; of its record only what a later change in the shop
is compared with. Its buyer is forgotten. When the shop shows the order again with a change, capture fills the record in again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import Model, QuerySet
from django.utils import timezone

from flows.ledger.rows import Kind, State, locked
from flows.models import Event, Run, Transfer

#: Events that stay when the rest of a timeline is removed: what people decided, and what they had to look at.
KEPT = (Kind.STAFF, Kind.ATTENTION)


def slimmable(before: datetime) -> QuerySet[Transfer]:
    """Orders that came to rest and did not change since `before`. Whatever waits for anybody or anything is not among them."""
    return Transfer.objects.filter(
        slimmed_at__isnull=True,
        due_at__isnull=True,
        lease_until__isnull=True,
        updated_at__lt=before,
        state__in=[State.SENT, State.SKIPPED],
        attention=False,
        in_doubt=False,
    )


def slim(before: datetime, limit: int) -> int:
    """Slim up to `limit` transfers that came to rest before `before`, the oldest first, with their events. Returns how many."""
    chosen = list(slimmable(before).order_by("updated_at").values_list("pk", flat=True)[:limit])
    if not chosen:
        return 0
    with transaction.atomic():
        rows = locked(slimmable(before).filter(pk__in=chosen), skip_locked=True).values_list("pk", "state", "payload")
        alike: dict[tuple[bool, str, str], list[int]] = defaultdict(list)
        for pk, state, payload in rows:
            alike[(bool(payload.get("cancelled")), str(refunded(payload)), state)].append(pk)
        for (cancelled, amount, state), pks in alike.items():
            changes: dict[str, Any] = {"payload": {"cancelled": cancelled, "refunded": amount}}
            if state == State.SKIPPED:
                # Should somebody want it after all, it is read again, and must then count as new.
                changes["content_hash"] = ""
            Transfer.objects.filter(pk__in=pks).update(
                **changes, slimmed_at=timezone.now(), run=None, buyer="", party_key="", email_key=""
            )
        done = [pk for pks in alike.values() for pk in pks]
        detailed = list(Event.objects.filter(transfer__in=done).exclude(data={}).values_list("pk", flat=True))
        Event.objects.filter(pk__in=detailed).update(data={})
        _close_up(Transfer, done)
        _close_up(Event, detailed)
    return len(done)


def _close_up(model: type[Model], ids: Sequence[int]) -> None:
    """Have SQLite use the room that these rows left when they shrank: it only does when they are written anew.

    (Of a month of orders, 1.2 GB of 2.3 GB stood empty.) References to them are checked when the transaction ends.
    """
    if connection.vendor != "sqlite" or not ids:
        return
    table = connection.ops.quote_name(model._meta.db_table)
    chosen = f"{table} WHERE id IN ({', '.join(str(int(pk)) for pk in ids)})"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE shrunk AS SELECT * FROM {chosen}")  # noqa: S608 - keys only
        cursor.execute(f"DELETE FROM {chosen}")  # noqa: S608
        cursor.execute(f"INSERT INTO {table} SELECT * FROM shrunk ORDER BY id")  # noqa: S608
        cursor.execute("DROP TABLE shrunk")


def refunded(payload: dict[str, Any]) -> Decimal:
    """What was given back of an order, with VAT: of the whole record, or of what slimming left of it."""
    if "refunded" in payload:
        return Decimal(payload["refunded"])
    return sum((Decimal(refund["gross"]) for refund in payload.get("refunds", ())), Decimal(0))


def forgettable() -> QuerySet[Event]:
    """Events of slimmed transfers, but what people did and what they had to look at."""
    return Event.objects.filter(transfer__slimmed_at__isnull=False).exclude(kind__in=KEPT)


def forget_events(ids: Collection[int]) -> int:
    """Remove those of the events `ids` that are `forgettable`. Returns how many."""
    return Event.objects.filter(pk__in=list(forgettable().filter(pk__in=ids).values_list("pk", flat=True))).delete()[0]


def forget_runs(ids: Collection[int]) -> int:
    """Remove runs that have ended. What they did keeps its place in the timelines. Returns how many."""
    with transaction.atomic():
        ended = list(Run.objects.filter(pk__in=ids).exclude(state=Run.State.RUNNING).values_list("pk", flat=True))
        return Run.objects.filter(pk__in=ended).delete()[1].get("flows.Run", 0)
