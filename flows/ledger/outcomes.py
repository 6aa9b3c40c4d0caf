"""Outcomes: what became of a claimed transfer, each with its event. They are saved with their `Batch`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from billing import caps
from connectors.base import Document, Draft
from connectors.errors import WhoActs
from flows.ledger.batch import Batch
from flows.ledger.rows import FREE, Kind, State, event, stopped
from flows.models import Run, Transfer
from sharespine.lib.text import N_, Amount, Text, TextValue

CALM: dict[str, Any] = {"message": Text(""), "cause": "", "error_code": ""}
SENDING = Text(N_("The order is being sent."))


def intend(batch: Batch, transfer: Transfer, draft: Draft) -> None:
    """What is about to be sent, to be saved before anything is. From here on the outcome is in doubt until it is settled."""
    batch.change(transfer, state=State.SENDING, in_doubt=True, sent_hash=transfer.document_hash, **CALM)
    for notice in draft.notices:
        batch.tell(transfer, Kind.NOTICE, notice)
    batch.tell(transfer, Kind.SENDING, SENDING, steps=draft.steps, total=draft.total, key=transfer.key)


def sent(batch: Batch, transfer: Transfer, document: Document, *, found: bool = False) -> None:
    """The order is in the ERP as `document`: by this attempt, or `found` there."""
    # What was intended last is what was sent. What was sent by an earlier flow is taken for what the shop has now.
    sent_hash = transfer.sent_hash or transfer.document_hash
    batch.change(
        transfer,
        state=State.SENT,
        acts=WhoActs.NOBODY,
        in_doubt=False,
        looked_up=transfer.looked_up or found,
        target_kind=document.kind,
        target_id=document.target_id,
        target_total=document.total,
        sent_hash=sent_hash,
        sent_at=timezone.now(),
        due_at=None,
        **CALM,
        **FREE,
    )
    values: dict[str, TextValue] = {"number": document.target_id, "total": Amount(document.total, document.currency)}
    if found:
        text = Text(N_("The order was already in the ERP as number %(number)s, %(total)s. Nothing more was sent."), values)
    else:
        text = Text(N_("The order is in the ERP as number %(number)s, %(total)s."), values)
    for notice in document.notices:
        batch.tell(transfer, Kind.NOTICE, notice)
    batch.tell(transfer, Kind.FOUND if found else Kind.SENT, text, document=document)
    batch.outbox.transferred(transfer, document, found=found)
    batch.counts["sent"] += 1
    if sent_hash != transfer.document_hash:
        changed = Text(N_("The order was changed in the shop while it was being sent. Compare it with the ERP by hand."))
        batch.change(transfer, attention=True)
        batch.tell(transfer, Kind.ATTENTION, changed)


def flag(transfer: Transfer, text: Text, run: Run | None) -> None:
    """Make visible that an order was changed after it was sent. Nothing is sent again."""
    Transfer.objects.filter(pk=transfer.pk).update(attention=True)
    event(transfer, Kind.ATTENTION, text, run=run).save()


def absent(batch: Batch, transfer: Transfer) -> None:
    """The look-up found nothing: no earlier attempt had an effect, and the order may be sent."""
    batch.change(transfer, in_doubt=False, looked_up=True, state=State.WAITING, sent_hash="", message=Text(""), cause="")
    batch.tell(transfer, Kind.NOT_FOUND, Text(N_("The order is not in the ERP.")))


def skip(batch: Batch, transfer: Transfer, reason: Text) -> None:
    """The look-up found nothing, and by now the rules leave the order out: the shop changed it meanwhile."""
    absent(batch, transfer)
    batch.change(transfer, state=State.SKIPPED, error_code="", message=reason, cause=reason.message[:300], due_at=None, **FREE)
    batch.tell(transfer, Kind.SKIPPED, reason)
    batch.counts["skipped"] += 1


def leave_out(batch: Batch, transfer: Transfer, reason: Text, *, code: str) -> None:
    """The order, of which nothing is in the ERP, is not to go: until it changes in the shop, or somebody presses Retry."""
    batch.change(
        transfer,
        state=State.SKIPPED,
        acts=WhoActs.NOBODY,
        error_code=code,
        message=reason,
        cause=reason.message[:300],
        due_at=None,
        **FREE,
    )
    batch.tell(transfer, Kind.SKIPPED, reason)
    batch.counts["skipped"] += 1


def need_somebody(batch: Batch, transfer: Transfer, text: Text, *, code: str, **data: Any) -> None:
    """The order is in the ERP, and something that belongs to it went wrong after that: somebody has to look at it."""
    batch.change(transfer, attention=True, error_code=code, message=text, cause=text.message[:300])
    batch.tell(transfer, Kind.NOTICE, text, **data)


def stop(
    batch: Batch, transfer: Transfer, text: Text, *, code: str, acts: WhoActs, no_effect: bool = True, **data: Any
) -> None:
    """The order stops until somebody acts. `no_effect` says that nothing of this attempt is in the ERP."""
    if no_effect and transfer.in_doubt:
        batch.change(transfer, in_doubt=False, serial=transfer.serial + 1)
    batch.change(transfer, **stopped(text, code, acts), **FREE)
    batch.tell(transfer, Kind.STOPPED, text, **data)
    batch.outbox.stopped(transfer, text, code=code, acts=acts)
    batch.counts["stopped"] += 1


def postpone(batch: Batch, transfer: Transfer, text: Text, *, wait: timedelta, code: str, in_doubt: bool, **data: Any) -> None:
    """Try again after `wait`. `in_doubt` when an attempt may have had an effect: then it is looked up first."""
    batch.change(
        transfer,
        state=State.UNCERTAIN if in_doubt else State.RETRYING,
        acts=WhoActs.NOBODY,
        in_doubt=in_doubt,
        error_code=code,
        message=text,
        cause=text.message[:300],
        due_at=batch.run.now() + wait,
        **FREE,
    )
    batch.tell(transfer, Kind.UNCERTAIN if in_doubt else Kind.RETRYING, text, **data)
    batch.counts["uncertain" if in_doubt else "retried"] += 1


def hold(batch: Batch, transfer: Transfer) -> None:
    """The customer has no room for more orders this month: the order waits until somebody makes room, or the month turns."""
    text = Text(
        N_(
            "The orders of the month are used up. The order waits and goes by itself: when the month turns, or as soon as the "
            "package is raised or extra orders are granted."
        )
    )
    if transfer.state != State.HELD:
        batch.tell(transfer, Kind.HELD, text)
    due_at = caps.room_again_at(batch.run.now())
    batch.change(transfer, state=State.HELD, message=text, cause=text.message[:300], due_at=due_at, **FREE)
    batch.counts["held"] += 1


def leave(batch: Batch, transfer: Transfer) -> None:
    """Give a claimed transfer back as if it had never been claimed. Nothing of this attempt was sent."""
    if transfer.state == State.SENDING:
        batch.change(transfer, state=State.WAITING, in_doubt=False)
    batch.change(transfer, attempts=max(transfer.attempts - 1, 0), **FREE)
