"""A dry run of articles or order statuses: what would be written now, without writing or saving any of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from connectors.base import Change, Connector, Query, Register
from connectors.errors import ConnectorError
from connectors.progress import OrderStatus, Progress
from flows.article_reading import ArticleReading
from flows.deciding import Deciding, Left
from flows.following import FollowingReading, Telling, next_milestone
from flows.ledger.items import Told, key_of
from flows.models import Flow, Item, Run
from flows.plugins.failures import Filtered
from flows.rulebook import LABELS
from flows.shaping import Shaping
from sharespine.lib.text import N_, Text

CREATED, WRITTEN = N_("would be created"), N_("would be written")
SAME, SKIPPED, STOPPED = N_("is so already"), N_("would be skipped"), N_("would stop")
AT_ONCE = 100


def entries(
    flow: Flow, run: Run, source: Connector, target: Connector, shaping: Shaping, *, most: int
) -> Iterator[dict[str, Any]]:
    """What would become of the next articles, or of the orders that are followed. Raises `ConnectorError`."""
    if flow.register == Register.STATUS:
        yield from _statuses(flow, run, source, most)
        return
    deciding = Deciding(flow, run)
    told = list(islice(_told(flow, run, source), most))
    usable = [each for each in told if each.error is None]
    there: dict[str, Any] = {}
    for start in range(0, len(usable), AT_ONCE):
        keys = tuple(each.number for each in usable[start : start + AT_ONCE])
        for page in target.read(Query(register=Register(flow.register), keys=keys)):
            there |= {key_of(record.article_number): record for record in page.records}
    for each in told:
        yield entry(deciding, each, there.get(each.key), shaping)


def _told(flow: Flow, run: Run, source: Connector) -> Iterator[Told]:
    reading = ArticleReading(flow, run, lambda work, *arguments: work(*arguments))
    since = flow.read_from() if flow.reads.incremental else None
    for page in source.read(Query(register=Register(flow.register), modified_since=since)):
        yield from reading.told(page)


def entry(deciding: Deciding, told: Told, there: Any, shaping: Shaping) -> dict[str, Any]:
    """What would become of one article, when the target has `there`, or no such article."""
    entry: dict[str, Any] = {"number": told.number, "source_id": told.source_id, "name": told.name, "fields": [], "words": ""}
    if told.error is not None:
        return {**entry, "outcome": STOPPED, "text": told.error.text.to_json()}
    item = Item(flow=deciding.flow, source_id=told.source_id, key=told.key, number=told.number, payload=told.payload)
    if (left := deciding.left_out(item)) is not None:
        return {**entry, "outcome": SKIPPED, "text": left.text.to_json()}
    try:
        wanted = deciding.wanted(item, shaping.of(deciding.record_of(item)))
        decision = deciding.decided(item, wanted, there)
        if isinstance(decision, Change):
            shaping.before_write(decision.record, decision)
    except Filtered as left_out:
        return {**entry, "outcome": SKIPPED, "text": left_out.text.to_json()}
    except ConnectorError as error:
        return {**entry, "outcome": STOPPED, "text": error.text.to_json()}
    if isinstance(decision, Left):
        return {**entry, "outcome": SKIPPED, "text": decision.text.to_json()}
    entry = {**entry, "words": wanted.words, "text": Text("").to_json()}
    if isinstance(decision, Change):
        return {**entry, "outcome": CREATED if decision.create else WRITTEN, "fields": sorted(decision.fields or ())}
    return {**entry, "outcome": SAME}


def _statuses(flow: Flow, run: Run, source: Connector, most: int) -> Iterator[dict[str, Any]]:
    reading, telling = FollowingReading(flow, run, lambda work, *arguments: work(*arguments)), Telling(flow, run)
    followed = [*Item.objects.filter(flow=flow, due_at__isnull=False).order_by("due_at")[:most]]
    new = reading.sent_since()[: most - len(followed)]
    orders = [(item.key, item.source_id, item.number, item.payload.get("told", ())) for item in followed]
    orders += [(each.reference, each.source_id, each.number, ()) for each in new]
    keys = tuple(reference for reference, *_ in orders)
    told: dict[str, Progress] = {}
    for start in range(0, len(keys), AT_ONCE):
        for page in source.read(Query(register=Register.STATUS, keys=keys[start : start + AT_ONCE])):
            told |= {record.reference: record for record in page.records}
    for reference, source_id, number, before in orders:
        progress = told.get(reference)
        milestone = None if progress is None else next_milestone(telling.rules, progress, before)
        entry = {"number": number, "source_id": source_id, "name": "", "fields": [], "words": ""}
        if milestone is None or progress is None:
            yield {**entry, "outcome": SAME, "text": Text("").to_json()}
            continue
        status: OrderStatus = telling.status(source_id, number, progress, milestone)
        text = Text(N_("%(milestone)s: status “%(status)s”"), {"milestone": Text(LABELS[milestone]), "status": status.status})
        yield {**entry, "outcome": WRITTEN, "text": text.to_json()}
