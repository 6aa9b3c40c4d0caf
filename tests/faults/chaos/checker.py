"""The verdict on a storm, read from the shops and the ERPs.

The ledger is asked only why something is not in an ERP, and whether what it says agrees with them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from flows.models import Event, Run, Transfer
from sharespine.lib.said import said
from sharespine.proof import prove
from tests.faults.chaos.world import DOMAIN, TRIGGERS, Lane, World

Kind, State = Event.Kind, Transfer.State


@dataclass
class Verdict:
    """`lost`, `doubled`, `differing` and `uncalled` are references; `cards` are buyers and articles that an ERP has twice.

    `stopped` are orders that stopped and should not have, with the reason. `untrue` is what the ledger says and the ERP does
    not. `open` is what the ledger still holds when all is over.
    """

    orders: int = 0
    documents: int = 0
    stopped_as_expected: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    uncalled: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    cards: list[str] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    FINDINGS = ("lost", "doubled", "differing", "uncalled", "stopped", "cards", "untrue", "open")

    @property
    def holds(self) -> bool:
        return not any(getattr(self, name) for name in self.FINDINGS)


def verdict(world: World) -> Verdict:
    found = Verdict()
    for lane in world.lanes:
        _judge_lane(lane, found)
    for number, erp in enumerate(world.erps, start=1):
        found.cards += [f"ERP {number}: {card}" for card in doubled_cards(erp)]
    held = Transfer.objects.filter(lease_until__isnull=False) | Transfer.objects.filter(busy_party__isnull=False)
    held |= Transfer.objects.filter(state=State.SENDING) | Transfer.objects.filter(busy_email__isnull=False)
    found.open += [f"{transfer.reference} is {transfer.state}, held by “{transfer.owner}”" for transfer in held]
    found.open += [f"run {run.pk} of {run.owner} still runs" for run in Run.objects.filter(state=Run.State.RUNNING)]
    return found


def _judge_lane(lane: Lane, found: Verdict) -> None:
    transfers = {t.source_id: t for t in Transfer.objects.filter(flow=lane.flow).prefetch_related("events")}
    stops = {key: said(t.message) or "no reason" for key, t in transfers.items() if t.state == State.STOPPED}
    documents = [d for d in lane.erp.documents() if d.reference.startswith(f"{lane.code}-")]
    proof = prove(lane.shop.seen_orders(), documents, prefix=lane.code, trigger_statuses=TRIGGERS, stops=stops)
    found.orders += proof.included
    found.documents += len(documents)
    for name, ids in (
        ("lost", proof.missing),
        ("doubled", proof.double),
        ("differing", proof.differing),
        ("uncalled", proof.uncalled_for),
    ):
        getattr(found, name).extend(f"{lane.code}-{source_id}" for source_id in ids)
    for source_id, reason in stops.items():
        if lane.shop.expectations.get(source_id, "arrives").startswith("stops"):
            found.stopped_as_expected += 1
        else:
            found.stopped.append(f"{lane.code}-{source_id}: {reason}")
    there = defaultdict(list)
    for document in documents:
        there[document.reference].append(document)
    for transfer in transfers.values():
        found.untrue += contradictions(transfer, list(transfer.events.all()), there[transfer.reference])


def contradictions(transfer: Transfer, events: list[Event], documents: list[Any]) -> list[str]:
    """Where the ledger's row, its timeline and the ERP do not say the same of one order."""
    name, wrong = transfer.reference, []
    arrivals = [event for event in events if event.kind in (Kind.SENT, Kind.FOUND)]
    if (transfer.state == State.SENT) != bool(documents):
        wrong.append(f"{name} is {transfer.state}, and the ERP has {len(documents)} of it")
    if len(arrivals) != (transfer.state == State.SENT):
        wrong.append(f"{name} is {transfer.state} and arrived {len(arrivals)} times by its timeline")
    if transfer.state == State.SENT and arrivals:
        if all(document.target_id != transfer.target_id for document in documents):
            wrong.append(f"{name} is number {transfer.target_id} here, and the ERP has no such document of it")
        if any(document.total != transfer.target_total for document in documents):
            wrong.append(f"{name} has the total {transfer.target_total} here and another in the ERP")
        late = [event.kind for event in events[events.index(arrivals[-1]) + 1 :] if event.kind not in AFTERWARDS]
        if late:
            wrong.append(f"{name} had arrived and then {', '.join(late)}")
    return wrong


#: What may be said of an order after it has arrived, and the notices that are told with its arrival.
AFTERWARDS = (Kind.ATTENTION, Kind.CHANGED, Kind.NOTICE)


def doubled_cards(erp: Any) -> list[str]:
    """Buyers of the storm, and articles, that the ERP has more than one card of."""
    emails = Counter(str(card.get("email", "")).casefold() for card in erp.agreement.customers.values())
    articles = Counter(str(card["productNumber"]).casefold() for card in erp.agreement.products.values())
    twice = [email for email, times in emails.items() if times > 1 and email.endswith(DOMAIN)]
    return twice + [number for number, times in articles.items() if times > 1]
