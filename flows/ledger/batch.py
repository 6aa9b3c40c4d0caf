"""Changes of claimed transfers, gathered so that many cost a few statements instead of a few each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.utils import timezone

from flows.ledger import runs
from flows.ledger.inserting import insert
from flows.ledger.rows import Fenced, event
from flows.models import Event, Run, Transfer
from flows.outgoing.outbox import Outbox
from sharespine.lib.text import Text


class Batch:
    """What a run changes in one transaction: transfers under their fences, events, its own counters, and what others are told.

    A change shows on the object at once and in the database with `save`, which belongs in the caller's transaction.
    """

    def __init__(self, run: Run, outbox: Outbox) -> None:
        self.run = run
        self.outbox = outbox
        self.counts: Counter[str] = Counter()
        self._changed: dict[int, tuple[Transfer, set[str]]] = {}
        self._events: list[Event] = []

    def change(self, transfer: Transfer, **changes: Any) -> None:
        for name, value in changes.items():
            setattr(transfer, name, value)
        self._changed.setdefault(transfer.pk, (transfer, {"updated_at"}))[1].update(changes)

    def tell(self, transfer: Transfer, kind: str, text: Text, **data: Any) -> None:
        self._events.append(event(transfer, kind, text, run=self.run, **data))

    def save(self) -> None:
        """Raises `Fenced` when one of the transfers was taken over: then the caller's transaction must not be committed."""
        alike: defaultdict[tuple[str, ...], list[Transfer]] = defaultdict(list)
        for transfer, names in self._changed.values():
            transfer.updated_at = timezone.now()
            alike[tuple(sorted(names))].append(transfer)
        for columns, transfers in alike.items():
            _update(transfers, columns)
        insert(self._events)
        self.outbox.save()
        runs.count(self.run, self.counts)
        self._changed.clear()
        self._events.clear()
        self.counts.clear()


def _update(transfers: Sequence[Transfer], names: Sequence[str]) -> None:
    """Write the fields `names` of all `transfers`, each where its fence still holds."""
    # By hand, since the ORM's own bulk update builds one statement with a case for every value, and knows no fence.
    # Not the proxy: each value asks it.
    connection = connections[DEFAULT_DB_ALIAS]
    fields: list[Any] = [Transfer._meta.get_field(name) for name in names]
    quoted = connection.ops.quote_name
    assignments = ", ".join(f"{quoted(field.column)} = %s" for field in fields)
    statement = f"UPDATE {quoted(Transfer._meta.db_table)} SET {assignments} WHERE id = %s AND fence = %s"  # noqa: S608
    rows = [
        (
            *(field.get_db_prep_save(getattr(transfer, field.attname), connection) for field in fields),
            transfer.pk,
            transfer.fence,
        )
        for transfer in transfers
    ]
    with connection.cursor() as cursor:
        cursor.executemany(statement, rows)
        if cursor.rowcount != len(rows):
            raise Fenced
