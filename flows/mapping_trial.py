"""A changed field mapping tried on past orders: which documents would come out otherwise, and which would stop.

Reads only. Every order is prepared twice by the same connector, once with the saved rules and once with the changed ones. An
article is compared as it would be told to the target.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from connectors.articles import Price, Product
from connectors.base import Connector, Draft, Register
from connectors.errors import ConnectorError, RejectedError
from connectors.records import Order, from_json, to_json
from flows import bugs, mapping_rules
from flows.deciding import RECORDS
from flows.ledger import runs
from flows.ledger.rows import Fenced, record_from
from flows.models import Flow, Item, MappingDraft, Run, Transfer
from flows.rehearsal import BUG
from flows.shaping import Shaping
from sharespine.lib.text import N_, Text

#: How many past orders a mapping is tried on, and how many are looked up and prepared together.
MOST, TOGETHER = 500, 50
#: Differences that are kept of a trial: the rest is counted.
SHOWN, FIELDS_SHOWN, LONGEST = 500, 25, 200

SAME, CHANGED, STOPS, GOES, STOPPED = "same", "changed", "stops", "goes", "stopped"
#: What each means, for people.
OUTCOMES: Mapping[str, str] = {
    STOPS: N_("would stop now"),
    CHANGED: N_("comes out otherwise"),
    GOES: N_("would go now"),
    STOPPED: N_("stops before and after"),
    SAME: N_("the same"),
}
#: What came of a record: every value of it by its place, or why it would stop.
Made = dict[str, str] | RejectedError


def carry_out(flow: Flow, run: Run) -> None:
    """Fill the report of `run` with what the draft of the flow's mapping would change, and end the run.

    Raises `flows.ledger.rows.Fenced` when the run was taken over. Errors of the remote system and bugs end up on the run.
    """
    draft = MappingDraft.objects.filter(flow=flow).first()
    report = Report(mapping_rules.fingerprint(flow, draft.rules) if draft else "")
    MappingDraft.objects.filter(flow=flow).update(trial=run)
    run.report = report.to_json()
    try:
        if draft is not None:
            changed = mapping_rules.pairs(draft.rules)
            with (
                Shaping(flow) as before,
                Shaping(flow, changed) as after,
                flow.target.connect(flow.target_options) as target,
            ):
                for batch in _batches(past(flow)):
                    report.put(batch, target, before, after)
                    run.report, run.seen = report.to_json(), report.tried
                    Run.objects.filter(pk=run.pk).update(seen=run.seen)
                    runs.beat(run)
    except ConnectorError as error:
        runs.finish(run, state=Run.State.FAILED, error=error)
    except Fenced:
        raise
    except Exception as error:  # noqa: BLE001 - a bug of ours, which is told
        evidence = bugs.told(error, f"trial {run.pk} of flow {flow.pk}", flow.target)
        runs.finish(run, state=Run.State.FAILED, error=BUG, evidence=evidence)
    else:
        MappingDraft.objects.filter(flow=flow).update(tried=report.hash)
        report.whole = True
        run.report = report.to_json()
        runs.finish(run)


def past(flow: Flow) -> list[Past]:
    """The last orders of the flow that still have their details, or its last articles, newest first."""
    if flow.register == Register.ORDERS:
        there = Transfer.objects.filter(flow=flow, kind=Transfer.Kind.ORDER, slimmed_at__isnull=True, total__isnull=False)
        rows = there.order_by("-pk").values_list("reference", "payload")[:MOST]
        return [Past(record_from(payload), reference) for reference, payload in rows]
    kind = RECORDS[Register(flow.register)]
    items = Item.objects.filter(flow=flow).exclude(payload={}).order_by("-pk").values_list("payload", flat=True)[:MOST]
    return [Past(from_json(kind, payload)) for payload in items]


@dataclass(frozen=True, slots=True)
class Past:
    """A record that was moved before; of an order, with the reference that it has."""

    record: Order | Product | Price
    reference: str = ""


def _batches(records: Sequence[Past]) -> Iterator[Sequence[Past]]:
    for start in range(0, len(records), TOGETHER):
        yield records[start : start + TOGETHER]


class Report:
    """What a trial found so far. `seconds` are those of preparing with the saved and with the changed mapping."""

    def __init__(self, fingerprint: str) -> None:
        self.hash = fingerprint
        self.whole = False
        self.tried = 0
        self.counts: Counter[str] = Counter()
        self.seconds = {"before": 0.0, "after": 0.0}
        self.entries: list[dict[str, Any]] = []

    def put(self, batch: Sequence[Past], target: Connector, before: Shaping, after: Shaping) -> None:
        """Try the mapping on these. Raises `ConnectorError` when the target cannot be asked: then nothing is known."""
        if orders := [past.record for past in batch if isinstance(past.record, Order)]:
            with suppress(ConnectorError):
                # What is wrong with one of them, or with the target, is met again.
                target.look_ahead(orders)
        for past in batch:
            (was, was_seconds), (now, now_seconds) = _made(target, before, past), _made(target, after, past)
            if not isinstance(was, RejectedError) and not isinstance(now, RejectedError):
                # What stops is soon done: it says nothing of what a mapping costs.
                self.seconds["before"] += was_seconds
                self.seconds["after"] += now_seconds
            outcome, fields = compared(was, now)
            self.tried += 1
            self.counts[outcome] += 1
            if outcome != SAME and len(self.entries) < SHOWN:
                reason = now if isinstance(now, RejectedError) else was if isinstance(was, RejectedError) else None
                self.entries.append(_entry(past.record, outcome, fields, reason.text if reason else Text("")))

    def to_json(self) -> dict[str, Any]:
        return {
            "hash": self.hash,
            "whole": self.whole,
            "tried": self.tried,
            "counts": dict(self.counts),
            "seconds": {which: round(seconds, 4) for which, seconds in self.seconds.items()},
            "entries": self.entries,
        }


def _made(target: Connector, shaping: Shaping, past: Past) -> tuple[Made, float]:
    """What comes of a record, and how many seconds that took."""
    began = time.perf_counter()
    try:
        record = shaping.of(past.record)
        made: Any = target.prepare(record, reference=past.reference) if isinstance(record, Order) else record
    except RejectedError as error:
        return error, time.perf_counter() - began
    seconds = time.perf_counter() - began
    return values_of(made), seconds


def _entry(record: Order | Product | Price, outcome: str, fields: list[list[str]], reason: Text) -> dict[str, Any]:
    is_order = isinstance(record, Order)
    return {
        "number": record.number if isinstance(record, Order) else record.article_number,
        "source_id": record.source_id,
        "total": str(record.total) if isinstance(record, Order) else "",
        "currency": record.currency if isinstance(record, Order | Price) else "",
        "is_order": is_order,
        "outcome": outcome,
        "text": reason.to_json(),
        "fields": fields[:FIELDS_SHOWN],
        "more": max(len(fields) - FIELDS_SHOWN, 0),
    }


def compared(was: Made, now: Made) -> tuple[str, list[list[str]]]:
    """What becomes of a document, and its fields that differ: where, before, after."""
    if isinstance(now, RejectedError):
        return (STOPPED if isinstance(was, RejectedError) else STOPS), []
    if isinstance(was, RejectedError):
        return GOES, []
    fields = [
        [place, was.get(place, "")[:LONGEST], now.get(place, "")[:LONGEST]]
        for place in dict.fromkeys((*was, *now))
        if was.get(place, "") != now.get(place, "")
    ]
    return (CHANGED if fields else SAME), fields


def values_of(made: Draft | Product | Price) -> dict[str, str]:
    """Every value of what would be sent, by its place. The last step is the document; the others are named by their path."""
    found: dict[str, str] = {}
    if not isinstance(made, Draft):
        _gather("", to_json(made), found)
        return found
    for step in made.steps[:-1]:
        _gather(step.path.strip("/"), to_json(step.body), found)
    for step in made.steps[-1:]:
        _gather("", to_json(step.body), found)
    for number, notice in enumerate(made.notices, start=1):
        found[f"notice {number}"] = str(notice)
    return found


def _gather(place: str, value: Any, found: dict[str, str]) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _gather(f"{place}.{key}" if place else str(key), inner, found)
    elif isinstance(value, list):
        for number, inner in enumerate(value, start=1):
            _gather(f"{place} {number}", inner, found)
    else:
        found[place] = "" if value is None else str(value)
