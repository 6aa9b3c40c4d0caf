"""What must hold after every step, seen from what is in the shops and ERPs; and what must hold in the end."""

from __future__ import annotations

from collections import Counter

from django.db.models import Count

from connectors.base import Document, Register
from connectors.records import document_hash, to_json
from flows import dbclock
from flows.models import Connection, Endpoint, Event, Flow, Run, Transfer
from tests.stateful.house import ERPS, FLOWS, TRIGGERS, House
from tests.stateful.remote import DEADLINE
from tests.stateful.shop.connector import OVERLAP
from tests.stateful.workers import TooMuch, Worker, in_transaction

State = Transfer.State
#: No worker needs more calls than this for the few orders that there are.
ENOUGH = 300


class Checker:
    """Watches a house. What is found wrong while a worker is at work is kept, since the engine takes exceptions for bugs."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.wrong: list[str] = []
        #: Orders that staff had tried again: for them, the rules are overruled.
        self.forced: set[str] = set()
        #: What the ERPs had when an older state of the database was put back.
        self.forgotten: set[str] = set()
        self.calls = 0
        self.caller: Worker | None = None
        house.workers.on_place = self.on_place
        for name, erp in house.erps.items():
            erp.on_call = lambda kind, about, name=name: self.on_erp_call(name, kind, about)  # type: ignore[misc]
        for shop in house.shops.values():
            shop.on_call = lambda kind, about: self.on_any_call()

    # --- while a worker is at work ----------------------------------------------------------------------------------------

    def on_place(self, place: str) -> None:
        if place == "claimed":
            for run in self._runs_of_this_worker():
                connection = run.flow.connection
                if not run.flow.is_live:
                    self.wrong.append(f"{run.flow} claimed orders while it was paused")
                if Endpoint.objects.filter(pk=connection.erp_id, open_until__gt=dbclock.now()).exists():
                    self.wrong.append(f"{run.flow} claimed orders while its ERP was to be left alone")

    def on_any_call(self) -> None:
        worker = self.house.workers.running
        self.calls = self.calls + 1 if worker is self.caller else 0
        self.caller = worker
        if self.calls > ENOUGH:
            raise TooMuch(f"{worker} has called {self.calls} times without a break")
        if self.house.workers.running is not None and in_transaction():
            self.wrong.append("somebody was called while a transaction was open")

    def on_erp_call(self, erp: str, kind: str, about: str) -> None:
        self.on_any_call()
        if kind != "write":
            return
        transfer = Transfer.objects.get(reference=about)
        if transfer.customer.name != ERPS[erp] or transfer.erp.name != erp:
            self.wrong.append(f"{about} of {transfer.customer} was sent to {erp}")
        mine = {f"{run.owner}#{run.pk}" for run in self._runs_of_this_worker()}
        if transfer.owner not in mine or not transfer.in_doubt:
            self.wrong.append(f"{about} was sent by a worker that does not hold it, or before that was saved")
        elif transfer.lease_until is None or transfer.lease_until < self.house.clock.true + DEADLINE:
            self.wrong.append(f"{about} was sent on a claim that may run out meanwhile")
        if transfer.payload["status"] not in TRIGGERS and about not in self.forced:
            self.wrong.append(f"{about} was sent though its status is {transfer.payload['status']}")

    def _runs_of_this_worker(self) -> list[Run]:
        live = Run.objects.filter(owner=str(self.house.workers.running), state=Run.State.RUNNING)
        return list(live.select_related("flow__connection"))

    # --- after every step -------------------------------------------------------------------------------------------------

    def check(self) -> None:
        assert not self.wrong, "; ".join(self.wrong)
        self._nothing_twice()
        self._ledger_and_erp_agree()
        self._cursor_passes_nothing()
        self._no_surprises()

    def _nothing_twice(self) -> None:
        for name, erp in self.house.erps.items():
            often = Counter(document.reference for _, document in erp.documents)
            twice = [reference for reference, number in often.items() if number > 1]
            assert not twice, f"{name} has {twice} more than once"
            for own in ("email", "organisation_number"):
                cards = Counter(getattr(card, own) for card in erp.cards if getattr(card, own))
                assert not cards or max(cards.values()) == 1, f"{name} has two cards of one buyer: {cards}"
        live = Counter(Run.objects.filter(state=Run.State.RUNNING).values_list("flow", flat=True))
        assert not live or max(live.values()) == 1, "a flow has two live runs"
        told = Event.objects.filter(kind__in=[Event.Kind.SENT, Event.Kind.FOUND]).values("transfer")
        twice_told = told.annotate(times=Count("pk")).filter(times__gt=1)
        assert not twice_told, "an order was reported as sent twice"

    def _ledger_and_erp_agree(self) -> None:
        there = {name: {d.reference: d for _, d in erp.documents} for name, erp in self.house.erps.items()}
        rows = Transfer.objects.select_related("flow__connection", "flow__shop", "erp")
        seen: set[str] = set()
        for transfer in rows:
            self._one_agrees(transfer, there[transfer.erp.name].get(transfer.reference))
            seen.add(transfer.reference)
        lost = {reference for documents in there.values() for reference in documents} - seen - self.forgotten
        assert not lost, f"nothing in the ledger knows of {lost}"

    def _one_agrees(self, transfer: Transfer, document: Document | None) -> None:
        about = f"{transfer.reference} ({transfer.state})"
        assert transfer.erp.name == FLOWS[transfer.flow.shop.name], f"{about} belongs to another flow"
        assert transfer.customer_id == transfer.flow.connection.customer_id, f"{about} belongs to another customer"
        if transfer.state == State.SENT:
            assert document is not None, f"{about} is not in the ERP"
            assert (document.target_id, document.total) == (transfer.target_id, transfer.target_total), f"{about} differs"
        elif document is not None and transfer.reference not in self.forgotten:
            looked_up_first = transfer.in_doubt or transfer.error_code == "Differs"
            assert looked_up_first, f"{about} is in the ERP, and would be sent again without a look"

    def _cursor_passes_nothing(self) -> None:
        for flow in Flow.objects.select_related("shop").filter(register=Register.ORDERS, cursor__isnull=False):
            shop = self.house.shops[flow.shop.name]
            assert flow.cursor is not None
            saved = set(Transfer.objects.filter(flow=flow).values_list("source_id", flat=True))
            passed = [o.source_id for o in shop.orders.values() if o.modified_at < flow.cursor - OVERLAP]
            missed = [source_id for source_id in passed if source_id not in saved]
            assert not missed, f"the cursor of {flow} has passed {missed}"

    def _no_surprises(self) -> None:
        """Nothing failed but what was made to."""
        for run in Run.objects.filter(state=Run.State.FAILED, evidence__contains="Traceback"):
            assert "ZeroDivisionError" in run.evidence, run.evidence
        for event in Event.objects.filter(data__has_key="evidence", kind__in=[Event.Kind.STOPPED, Event.Kind.UNCERTAIN]):
            evidence = event.data["evidence"]
            assert "Traceback" not in evidence or "ZeroDivisionError" in evidence, evidence

    # --- in the end -------------------------------------------------------------------------------------------------------

    def nothing_is_under_way(self) -> None:
        """Every order is where it can stay: sent, left out with the reason, or stopped with a word on who acts."""
        assert not Run.objects.filter(state=Run.State.RUNNING).exists(), "a run was never taken over"
        for transfer in Transfer.objects.all():
            about = f"{transfer.reference} ({transfer.state})"
            assert transfer.state in (State.SENT, State.SKIPPED, State.STOPPED), f"{about} is still under way"
            assert not transfer.owner, f"{about} is still held"
            held = (transfer.lease_until, transfer.busy_party, transfer.busy_email)
            assert held == (None, None, None), f"{about} is still held"
            if transfer.state != State.SENT:
                assert transfer.message.message, f"{about} does not say why"
            if transfer.state == State.STOPPED:
                assert transfer.acts != Transfer.Acts.NOBODY, f"{about} does not say who acts"
        assert not self.house.unseen(), "an order of a shop is not in the ledger"

    def all_is_sent(self) -> None:
        """Once staff have had everything tried again, what the rules include is in the ERP, or differs there."""
        for name, shop in self.house.shops.items():
            flow = self.house.flow(name)
            for source_id, order in shop.orders.items():
                transfer = Transfer.objects.get(flow=flow, source_id=source_id)
                about = f"{transfer.reference} ({transfer.state}, {transfer.message})"
                if transfer.state == State.SENT:
                    changed = transfer.sent_hash != document_hash(to_json(order))
                    told = transfer.events.filter(kind=Event.Kind.ATTENTION).exists()
                    assert told or not changed, f"{about} was changed after it was sent, and nobody was told"
                elif transfer.error_code in ("Differs", "SkippedByHand"):
                    pass
                elif order.status in TRIGGERS:
                    raise AssertionError(f"{about} should have been sent")
        for connection in Connection.objects.all():
            assert connection.state == Connection.State.ACTIVE, str(connection.pause_reason)
