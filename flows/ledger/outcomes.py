"""Outcomes: what became of a claimed transfer, each with its event."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from connectors.base import Document, Draft
from connectors.errors import WhoActs
from flows.ledger.rows import FREE, Kind, State, change, event, stopped
from flows.models import Event, Run, Transfer
from sharespine.lib.text import N_, Text


def intend(transfer: Transfer, draft: Draft, run: Run) -> None:
    """Commit what is about to be sent, before anything is. From here on the outcome is in doubt until it is settled."""
    change(transfer, {"state": State.SENDING, "in_doubt": True, "message": Text(""), "cause": "", "error_code": ""})
    notices = [event(transfer, Kind.NOTICE, notice, run=run) for notice in draft.notices]
    sending = event(
        transfer,
        Kind.SENDING,
        Text(N_("The order is being sent.")),
        run=run,
        steps=draft.steps,
        total=draft.total,
        key=transfer.key,
    )
    Event.objects.bulk_create([*notices, sending])


def sent(transfer: Transfer, document: Document, run: Run, *, found: bool = False) -> None:
    """The order is in the ERP as `document`: by this attempt, or `found` there."""
    change(
        transfer,
        {
            "state": State.SENT,
            "acts": WhoActs.NOBODY,
            "in_doubt": False,
            "looked_up": transfer.looked_up or found,
            "message": Text(""),
            "cause": "",
            "error_code": "",
            "target_kind": document.kind,
            "target_id": document.target_id,
            "target_total": document.total,
            "sent_hash": transfer.document_hash,
            "sent_at": timezone.now(),
            "due_at": None,
            **FREE,
        },
    )
    values = {"number": document.target_id, "total": f"{document.total} {document.currency}"}
    if found:
        text = Text(N_("The order was already in the ERP as number %(number)s, %(total)s. Nothing more was sent."), values)
    else:
        text = Text(N_("The order is in the ERP as number %(number)s, %(total)s."), values)
    events = [event(transfer, Kind.NOTICE, notice, run=run) for notice in document.notices]
    Event.objects.bulk_create([*events, event(transfer, Kind.FOUND if found else Kind.SENT, text, run=run, document=document)])
    # The shop may have changed the order while it was under way.
    current = Transfer.objects.values_list("document_hash", flat=True).get(pk=transfer.pk)
    if current != transfer.sent_hash:
        flag(
            transfer,
            Text(N_("The order was changed in the shop while it was being sent. Compare it with the ERP by hand.")),
            run,
        )


def flag(transfer: Transfer, text: Text, run: Run | None) -> None:
    """Make visible that an order was changed after it was sent. Nothing is sent again."""
    Transfer.objects.filter(pk=transfer.pk).update(attention=True)
    event(transfer, Kind.ATTENTION, text, run=run).save()


def absent(transfer: Transfer, run: Run) -> None:
    """The look-up found nothing: no earlier attempt had an effect, and the order may be sent."""
    change(transfer, {"in_doubt": False, "looked_up": True, "state": State.WAITING, "message": Text(""), "cause": ""})
    event(transfer, Kind.NOT_FOUND, Text(N_("The order is not in the ERP yet, so it can be sent.")), run=run).save()


def stop(transfer: Transfer, text: Text, *, code: str, acts: WhoActs, run: Run, no_effect: bool = True, **data: Any) -> None:
    """The order stops until somebody acts. `no_effect` says that nothing of this attempt is in the ERP."""
    changes = stopped(text, code, acts)
    if no_effect and transfer.in_doubt:
        changes |= {"in_doubt": False, "serial": transfer.serial + 1}
    change(transfer, changes | FREE)
    event(transfer, Kind.STOPPED, text, run=run, **data).save()


def postpone(transfer: Transfer, text: Text, *, wait: timedelta, code: str, run: Run, in_doubt: bool, **data: Any) -> None:
    """Try again after `wait`. `in_doubt` when an attempt may have had an effect: then it is looked up first."""
    state = State.UNCERTAIN if in_doubt else State.RETRYING
    change(
        transfer,
        {
            "state": state,
            "acts": WhoActs.NOBODY,
            "in_doubt": in_doubt,
            "error_code": code,
            "message": text,
            "cause": text.message[:300],
            "due_at": timezone.now() + wait,
            **FREE,
        },
    )
    event(transfer, Kind.UNCERTAIN if in_doubt else Kind.RETRYING, text, run=run, **data).save()


def hold(transfer: Transfer, run: Run) -> None:
    """The customer has no room for more orders this month: the order waits, and asks again by itself."""
    text = Text(N_("The orders of the month are used up. The order waits and goes by itself when there is room."))
    first = transfer.state != State.HELD
    change(
        transfer,
        {"state": State.HELD, "message": text, "cause": text.message, "due_at": timezone.now() + timedelta(minutes=15), **FREE},
    )
    if first:
        event(transfer, Kind.HELD, text, run=run).save()


def leave(transfer: Transfer) -> None:
    """Give a claimed transfer back as if it had never been claimed. Nothing of this attempt was sent."""
    changes: dict[str, Any] = {**FREE, "attempts": max(transfer.attempts - 1, 0)}
    if transfer.state == State.SENDING:
        changes |= {"state": State.WAITING, "in_doubt": False}
    change(transfer, changes)
