"""What the source has becomes rows of the ledger, in the same transaction that moves the cursor."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from billing import caps
from connectors.base import Page, Unreadable
from connectors.errors import Missing, WhoActs
from connectors.records import Order, Party, content_hash, document_hash, to_json
from flows.channels import WHOLE, Share
from flows.ledger import credit_notes, items, outcomes, runs, statuses
from flows.ledger.inserting import insert
from flows.ledger.rows import Kind, State, event, locked, stopped, stopped_by
from flows.ledger.slimming import refunded
from flows.models import Event, Flow, Run, Transfer
from flows.outgoing.outbox import Outbox
from flows.rules import skip_reason
from sharespine.lib.checkpoints import reach
from sharespine.lib.text import N_, Amount, Text

#: The code of a transfer that a person decided not to make: a change in the shop does not bring it back.
BY_HAND = "SkippedByHand"


def capture(run: Run, flow: Flow, page: Page, share: Share = WHOLE) -> Counter[str]:
    """Save `page` as transfers of `flow` and move its cursor, or neither. Returns what was counted.

    `share` says which of the shop's orders are for this flow. One that another flow has already stays there.

    Raises `flows.ledger.rows.Fenced` when the run was taken over: then nothing of the page is saved.
    """
    counts: Counter[str] = Counter(seen=len(page.records) + len(page.unreadable))
    outbox = Outbox(flow.connection.customer_id, run.now)
    with transaction.atomic():
        runs.renew(run)
        records: dict[str, Order] = {record.source_id: record for record in page.records}
        known = _known(flow, [*records, *(u.source_id for u in page.unreadable)])
        unreadables = page.unreadable
        if share is not WHOLE:
            taken = _taken(flow, [*records, *(u.source_id for u in unreadables)], known)
            records = {i: order for i, order in records.items() if i in known or (share.has(order) and i not in taken)}
            unreadables = tuple(u for u in unreadables if u.source_id not in taken)
        new: list[tuple[Transfer, Event]] = []
        moved: list[Order] = []
        for source_id, record in records.items():
            if (transfer := known.get(source_id)) is None:
                new.append(_new(flow, record, run, share))
                moved.append(record)
            else:
                seen = _seen_again(transfer, flow, record, run, share)
                counts[seen] += 1
                # Also when only its status is new: some shops take what is ordered off their stock when it is paid.
                moved += [record] if seen == "changed" else []
        for unreadable in unreadables:
            if (transfer := known.get(unreadable.source_id)) is None:
                new.append(_new_unreadable(flow, unreadable, run))
            else:
                counts[_unreadable_again(transfer, unreadable, run, outbox)] += 1
        _add(flow, new)
        counts["new"] += len(new)
        counts["skipped"] += sum(transfer.state == State.SKIPPED for transfer, _ in new)
        stopped_at_once = [transfer for transfer, _ in new if transfer.state == State.STOPPED]
        counts["stopped"] += len(stopped_at_once)
        for transfer in stopped_at_once:
            outbox.stopped(transfer, transfer.message, code=transfer.error_code, acts=WhoActs(transfer.acts))
        outbox.save()
        if page.reached and (flow.cursor is None or page.reached > flow.cursor):
            flow.cursor = page.reached
            Flow.objects.filter(pk=flow.pk).update(cursor=page.reached)
        runs.count(run, counts)
        if moved:
            items.moved_in_the_target(flow.connection.erp_id, moved)
        reach("captured")
    return counts


def to_read_again(flow: Flow) -> list[str]:
    """The source ids of transfers that begin anew, as after a person pressed Retry: what we hold of them may be out of date.

    (So do those that a run gave back untouched; reading them once more does no harm.)
    """
    begun = Transfer.objects.filter(
        flow=flow, kind=Transfer.Kind.ORDER, state=State.WAITING, attempts=0, fence__gt=0, lease_until__isnull=True
    )
    return list(begun.order_by("pk").values_list("source_id", flat=True))


def missed(flow: Flow, since: datetime, until: datetime | None, seen: Collection[str]) -> list[str]:
    """The source ids of sent orders that a whole read of all changes from `since` to `until` should have shown, and did not."""
    changed = Transfer.objects.filter(flow=flow, kind=Transfer.Kind.ORDER, state=State.SENT, modified_at__gte=since)
    if until is not None:
        changed = changed.filter(modified_at__lt=until)
    expected = changed.exclude(payload__cancelled=True)
    return [source_id for source_id in expected.values_list("source_id", flat=True) if source_id not in seen]


def gone(run: Run, flow: Flow, source_ids: Collection[str]) -> None:
    """The source no longer has these. Those that never could be read stop, since there is nothing to send.

    Those that were sent need attention, once. Those that are about to be sent are sent: an answer that left an order out by
    mistake must not lose it.
    """
    text = Text(N_("The shop no longer has the order, and we do not have it whole. Enter it in the ERP by hand, or skip it."))
    outbox = Outbox(flow.connection.customer_id, run.now)
    with transaction.atomic():
        unread = Transfer.objects.filter(flow=flow, source_id__in=source_ids, state=State.WAITING, due_at__isnull=True)
        for transfer in locked(unread):
            Transfer.objects.filter(pk=transfer.pk).update(
                **stopped(text, Missing.__name__, WhoActs.MERCHANT), updated_at=timezone.now()
            )
            event(transfer, Kind.STOPPED, text, run=run).save()
            outbox.stopped(transfer, text, code=Missing.__name__, acts=WhoActs.MERCHANT)
        outbox.save()
        deleted = Text(N_("The order was deleted in the shop after it was transferred. Cancel it in the ERP by hand."))
        for transfer in locked(Transfer.objects.filter(flow=flow, source_id__in=source_ids, state=State.SENT)):
            # Should it come back, it counts as changed.
            payload = {**transfer.payload, "cancelled": True}
            Transfer.objects.filter(pk=transfer.pk).update(payload=payload, content_hash="")
            outcomes.flag(transfer, deleted, run)


def _add(flow: Flow, new: list[tuple[Transfer, Event]]) -> None:
    """Save new transfers, each with its first event."""
    insert([transfer for transfer, _ in new])
    added = Transfer.objects.filter(flow=flow, source_id__in=[transfer.source_id for transfer, _ in new])
    ids = dict(added.values_list("source_id", "pk"))
    for transfer, first in new:
        first.transfer_id = transfer.pk = ids[transfer.source_id]
    insert([first for _, first in new])


def _known(flow: Flow, source_ids: list[str]) -> dict[str, Transfer]:
    transfers = Transfer.objects.filter(flow=flow, source_id__in=source_ids)
    return {transfer.source_id: transfer for transfer in locked(transfers)}


def _taken(flow: Flow, source_ids: list[str], known: dict[str, Transfer]) -> set[str]:
    """Those of the orders that another flow of the shop has already, whatever channel they are of by now."""
    unknown = [source_id for source_id in source_ids if source_id not in known]
    others = Transfer.objects.filter(flow__shop=flow.shop_id, erp=flow.connection.erp_id, source_id__in=unknown)
    return set(others.values_list("source_id", flat=True))


def _facts(flow: Flow, record: Order) -> dict[str, Any]:
    """What the ledger keeps of a record, to be found and shown by."""
    buyer = record.buyer
    email = _email(buyer)
    payload = to_json(record)
    return {
        "number": record.number[:100],
        "buyer": (buyer.company or buyer.name)[:200],
        "party_key": _key(flow, _who(buyer, flow)),
        "email_key": _key(flow, email) if email else "",
        "currency": record.currency[:3],
        "total": record.total,
        "placed_at": record.placed_at,
        "modified_at": record.modified_at,
        "payload": payload,
        "content_hash": content_hash(payload),
        "document_hash": document_hash(payload),
        "slimmed_at": None,
    }


def _key(flow: Flow, who: str) -> str:
    return f"{flow.connection.erp_id}:{hashlib.sha256(who.encode()).hexdigest()[:32]}"


def _email(buyer: Party) -> str:
    return buyer.email.strip().casefold()


def _who(buyer: Party, flow: Flow) -> str:
    """What the buyer is recognised by. The same in every shop of the ERP where that can be: there the buyer has one card."""
    digits = "".join(character for character in buyer.organisation_number if character.isdigit())
    if digits:
        # Some write the century or the country before it.
        return digits[-10:]
    if email := _email(buyer):
        return email
    return f"{flow.shop_id}|{buyer.number or f'{buyer.name}|{buyer.address.postcode}'}"


def _blank(flow: Flow, source_id: str, run: Run) -> Transfer:
    return Transfer(
        flow=flow,
        customer_id=flow.connection.customer_id,
        erp_id=flow.connection.erp_id,
        run=run,
        source_id=source_id,
        reference=f"{flow.shop.code}-{source_id}",
        party_key=f"{flow.connection.erp_id}:{flow.shop_id}:{source_id}",
        created_at=timezone.now(),
    )


def _verdict(flow: Flow, record: Order, share: Share) -> Text | None:
    left_out = share.leaves_out(record)
    return left_out or skip_reason(record, trigger_statuses=flow.trigger_statuses, start_from=flow.start_from)


def _new(flow: Flow, record: Order, run: Run, share: Share) -> tuple[Transfer, Event]:
    transfer = _blank(flow, record.source_id, run)
    for name, value in _facts(flow, record).items():
        setattr(transfer, name, value)
    reason = _verdict(flow, record, share)
    if reason is None:
        transfer.state, transfer.due_at = State.WAITING, run.now()
        text = Text(
            N_("Order %(number)s, %(total)s, was fetched from the shop."),
            {"number": record.number, "total": Amount(record.total, record.currency)},
        )
        return transfer, event(transfer, Kind.CAPTURED, text, run=run)
    transfer.state, transfer.message, transfer.cause = State.SKIPPED, reason, reason.message[:300]
    return transfer, event(transfer, Kind.SKIPPED, reason, run=run)


def _seen_again(transfer: Transfer, flow: Flow, record: Order, run: Run, share: Share) -> str:
    """Bring a known transfer up to date. Returns the counter that it belongs to."""
    facts = _facts(flow, record)
    if facts["content_hash"] == transfer.content_hash:
        return "unchanged"
    before = transfer.document_hash
    changes: dict[str, Any] = {**facts, "updated_at": timezone.now()}
    # Nothing of the claim or the state of a transfer that is under way is touched: whoever carries it out compares the hashes.
    if transfer.lease_until is None and not transfer.in_doubt:
        changes |= _reconsidered(transfer, flow, record, run, share)
    Transfer.objects.filter(pk=transfer.pk).update(**changes)
    if transfer.state == State.SENT:
        _changed_after(transfer, flow, record, before=before, after=facts["document_hash"], run=run)
    elif before != facts["document_hash"]:
        text = Text(
            N_("The order was changed in the shop: %(total)s, status “%(status)s”."),
            {"total": Amount(record.total, record.currency), "status": record.status},
        )
        event(transfer, Kind.CHANGED, text, run=run).save()
    return "changed"


def _reconsidered(transfer: Transfer, flow: Flow, record: Order, run: Run, share: Share) -> dict[str, Any]:
    """What a change in the shop means for an order that was not sent: the rules are asked anew, a stop is tried again."""
    if transfer.state not in (State.WAITING, State.RETRYING, State.HELD, State.STOPPED, State.SKIPPED):
        return {}
    if transfer.error_code == BY_HAND:
        return {}
    reason = _verdict(flow, record, share)
    calm = {"acts": WhoActs.NOBODY, "error_code": ""}
    if reason is not None:
        if transfer.message != reason:
            event(transfer, Kind.SKIPPED, reason, run=run).save()
        # A worker that vanished with it may have left it with room.
        caps.release(transfer.customer_id, [transfer.reference])
        return {**calm, "state": State.SKIPPED, "message": reason, "cause": reason.message[:300], "due_at": None}
    if transfer.state in (State.SKIPPED, State.STOPPED) or transfer.due_at is None:
        text = Text(N_("The order now has the status “%(status)s” and is to be transferred."), {"status": record.status})
        event(transfer, Kind.CAPTURED, text, run=run).save()
        return {**calm, "state": State.WAITING, "message": Text(""), "cause": "", "due_at": run.now()}
    return {}


def _changed_after(transfer: Transfer, flow: Flow, record: Order, *, before: str, after: str, run: Run) -> None:
    """An order that is in the ERP was changed in the shop: have it credited if that is the rule, else say so."""
    was: dict[str, Any] = transfer.payload
    if record.cancelled and not was.get("cancelled"):
        if statuses.cancelled_by_us(transfer) or credit_notes.take_back(transfer, flow, record, run):
            return
        text = Text(
            N_("The order was cancelled in the shop (“%(status)s”) after it was transferred. Cancel it in the ERP by hand."),
            {"status": record.status},
        )
    elif after in (before, transfer.sent_hash):
        # It only moved on to its next status, was said before, or is again as it was sent.
        return
    elif record.refunded and record.refunded != refunded(was):
        if credit_notes.take_back(transfer, flow, record, run):
            return
        text = Text(
            N_("%(amount)s was refunded in the shop after the order was transferred. Make a credit note in the ERP by hand."),
            {"amount": Amount(record.refunded, record.currency)},
        )
    else:
        text = Text(
            N_("The order was changed in the shop after the transfer: %(then)s then, %(now)s now. Correct the ERP by hand."),
            {"then": Amount(transfer.total, transfer.currency), "now": Amount(record.total, record.currency)},
        )
    outcomes.flag(transfer, text, run)


def _new_unreadable(flow: Flow, unreadable: Unreadable, run: Run) -> tuple[Transfer, Event]:
    transfer = _blank(flow, unreadable.source_id, run)
    transfer.number = unreadable.number[:100]
    for name, value in stopped_by(unreadable.error).items():
        setattr(transfer, name, value)
    return transfer, event(transfer, Kind.STOPPED, unreadable.error.text, run=run, evidence=str(unreadable.error.evidence))


def _unreadable_again(transfer: Transfer, unreadable: Unreadable, run: Run, outbox: Outbox) -> str:
    error = unreadable.error
    if transfer.message == error.text:
        return "unchanged"
    if transfer.state == State.SENT:
        outcomes.flag(transfer, error.text, run)
    elif transfer.lease_until is None and not transfer.in_doubt:
        Transfer.objects.filter(pk=transfer.pk).update(**stopped_by(error), updated_at=timezone.now())
        event(transfer, Kind.STOPPED, error.text, run=run).save()
        outbox.stopped(transfer, error.text, code=error.code, acts=error.who_acts)
    return "changed"
