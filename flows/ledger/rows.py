"""What every part of the ledger does with rows: lock, change under the fence, make events."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.utils import timezone

from connectors.errors import ConnectorError, WhoActs
from connectors.records import Order, from_json, to_json
from flows.models import Event, Run, Transfer
from sharespine.lib.text import Text

State, Kind = Transfer.State, Event.Kind
#: What letting go of a claim sets.
FREE: dict[str, Any] = {"owner": "", "lease_until": None, "busy_party": None, "busy_email": None}


class Fenced(Exception):
    """Somebody else has taken over what this worker held. It must let go at once and change nothing."""


def locked(transfers: Any, *, skip_locked: bool = False) -> Any:
    """The same rows, locked until the transaction ends."""
    # SQLite has one writer at a time (IMMEDIATE), so it needs and has no row locks.
    return transfers.select_for_update(skip_locked=skip_locked) if connection.features.has_select_for_update else transfers


def event(transfer: Transfer, kind: str, text: Text, *, run: Run | None = None, actor: str = "", **data: Any) -> Event:
    """An event that is not saved yet."""
    return Event(transfer=transfer, run=run, at=timezone.now(), kind=kind, text=text, actor=actor, data=to_json(data))


def record_from(payload: dict[str, Any]) -> Order:
    return from_json(Order, payload)


def stopped_by(error: ConnectorError) -> dict[str, Any]:
    """What a transfer that `error` stopped looks like."""
    return stopped(error.text, error.code, error.who_acts)


def stopped(text: Text, code: str, acts: WhoActs) -> dict[str, Any]:
    return {
        "state": State.STOPPED,
        "acts": acts,
        "error_code": code,
        "message": text,
        "cause": text.message[:300],
        "due_at": None,
    }
