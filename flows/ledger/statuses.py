"""Orders whose status is followed: what their documents have passed, and what the shop was told of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from connectors.base import Register
from connectors.progress import Milestone, Progress
from connectors.records import from_json, to_json
from flows import dbclock
from flows.ledger import items, runs
from flows.ledger.inserting import insert
from flows.ledger.rows import Kind, event
from flows.models import Event, Flow, Item, Run, Transfer
from flows.rulebook import IN_ORDER, LABELS
from sharespine.lib.text import N_, Text, TextValue

State = Item.State
#: So many orders are taken on at a time.
CHUNK = 500
#: An item in one of these has something to tell the shop.
TO_TELL = (State.WAITING, State.RETRYING)

#: A document is asked for only so long after it was written: before, the ERP may not find it yet.
FRESH = timedelta(minutes=1)
#: A document that the ERP does not have is asked for again after this, before its order is taken for cancelled.
AGAIN = timedelta(minutes=15)

MOVED = N_("%(milestone)s in the ERP: the order in the shop now has the status “%(status)s”.")
ALREADY = N_("%(milestone)s in the ERP. The order in the shop was left as it is.")


def follow(run: Run, flow: Flow, sent: QuerySet[Transfer]) -> None:
    """Begin to follow the orders `sent`, and remember how far they were taken on. Raises `Fenced`."""
    while orders := list(sent.values_list("source_id", "reference", "number", "buyer", "sent_at")[:CHUNK]):
        latest = max(sent_at for *_, sent_at in orders if sent_at is not None)
        with transaction.atomic():
            runs.hold_run(run)
            insert([_followed(flow, run, *rest) for *rest, _ in orders])
            Flow.objects.filter(pk=flow.pk).update(cursor=latest)
            flow.cursor = latest
    if flow.cursor is None:
        # From now on: what was sent before the flow ran for the first time is nobody's news.
        flow.cursor = run.started_at
        Flow.objects.filter(pk=flow.pk).update(cursor=run.started_at)


def _followed(flow: Flow, run: Run, source_id: str, reference: str, number: str, buyer: str) -> Item:
    return Item(
        flow=flow,
        run=run,
        source_id=source_id,
        key=reference,
        number=number,
        name=buyer,
        target_id=source_id,
        state=State.DONE,
        due_at=run.now() + flow.connection.erp.connector_class.capabilities.writes[Register.ORDERS].index_delay + FRESH,
        seen_at=run.now(),
        created_at=timezone.now(),
        payload={"progress": None, "told": []},
    )


def to_look_at(flow: Flow, limit: int) -> list[Item]:
    """The followed orders that are due for a look and have nothing to tell, the longest waiting first."""
    due = Item.objects.filter(flow=flow, due_at__lte=dbclock.now(), state=State.DONE)
    return list(due.order_by("due_at", "pk")[:limit])


def looked_at(
    run: Run,
    flow: Flow,
    batch: Sequence[Item],
    told: Mapping[str, Progress],
    *,
    next_look: Callable[[Item, Progress | None], timedelta | None],
    is_news: Callable[[Item, Progress], bool],
) -> None:
    """Note what the documents of `batch` have passed. What the shop is to be told waits for that. Raises `Fenced`."""
    news: list[Item] = []
    for item in batch:
        progress = told.get(item.key)
        if progress is not None and not _is_sure(item, progress):
            item.payload = {**item.payload, "missed": True}
            item.due_at, item.seen_at = run.now() + AGAIN, run.now()
            continue
        item.payload = {**item.payload, "missed": progress is not None and Milestone.CANCELLED in progress.milestones}
        if progress is not None:
            item.payload["progress"] = to_json(progress)
        if progress is not None and is_news(item, progress):
            item.state, item.due_at = State.WAITING, run.now()
            news.append(item)
        else:
            pause = next_look(item, progress)
            item.due_at = None if pause is None else run.now() + pause
        item.seen_at = run.now()
    with transaction.atomic():
        runs.hold_run(run)
        items.write(batch, ("payload", "state", "due_at", "seen_at", "updated_at"))
        known = {item.source_id: from_json(Progress, item.payload["progress"]) for item in batch if item.payload["progress"]}
        _note_milestones(flow, known)
        runs.count(run, Counter(seen=len(batch), changed=len(news), unchanged=len(batch) - len(news)))


def _is_sure(item: Item, progress: Progress) -> bool:
    """Whether a document may be taken for cancelled. Some systems show that only by no longer having it: twice, it counts."""
    return Milestone.CANCELLED not in progress.milestones or bool(item.payload.get("missed"))


def _note_milestones(flow: Flow, passed: Mapping[str, Progress]) -> None:
    """The furthest of each, on its transfer."""
    for milestone in IN_ORDER:
        ids = [source_id for source_id, progress in passed.items() if furthest(progress.milestones) is milestone]
        if ids:
            moved = orders_of(flow, ids).exclude(milestone=milestone)
            lines = [line for rows in moved.values_list("payload__lines", flat=True) for line in rows or ()]
            moved.update(milestone=milestone)
            # From some of them on the ERP counts an order that was held back until then.
            items.counted_otherwise(flow.connection.erp_id, [str(line.get("article_number") or "") for line in lines])


def furthest(milestones: Collection[Milestone]) -> Milestone | None:
    return max(milestones, key=IN_ORDER.index, default=None)


def orders_of(flow: Flow, source_ids: Collection[str]) -> QuerySet[Transfer]:
    """The transfers of these orders of the shop of `flow`."""
    return Transfer.objects.filter(
        flow__connection=flow.connection_id, flow__shop=flow.shop_id, kind=Transfer.Kind.ORDER, source_id__in=source_ids
    )


def say(run: Run, flow: Flow, told: Sequence[tuple[Item, Milestone, str, bool, Sequence[Text]]]) -> None:
    """Write into the timelines what the shop was told: milestone, status, whether it was moved, and what else was said."""
    transfers = {each.source_id: each for each in orders_of(flow, [item.source_id for item, *_ in told])}
    events: list[Event] = []
    for item, milestone, status, wrote, notices in told:
        transfer = transfers.get(item.source_id)
        if transfer is None:
            continue
        values: dict[str, TextValue] = {"milestone": Text(LABELS[milestone]), "status": status}
        events.append(event(transfer, Kind.STATUS, Text(MOVED if wrote and status else ALREADY, values), run=run))
        events += [event(transfer, Kind.STATUS, notice, run=run) for notice in notices]
    insert(events)


def cancelled_by_us(transfer: Transfer) -> bool:
    """Whether the document of the order was cancelled in the ERP, and so is the order in the shop: no news to the ERP."""
    followed = Item.objects.filter(
        flow__connection=transfer.flow.connection_id,
        flow__shop=transfer.flow.shop_id,
        flow__register=Register.STATUS,
        source_id=transfer.source_id,
    )
    # Who told the shop so may have died before it was noted. What the ERP cancelled itself is no news to it either way.
    told = [(payload.get("progress") or {}).get("milestones", ()) for payload in followed.values_list("payload", flat=True)]
    return any(Milestone.CANCELLED in milestones for milestones in told)
