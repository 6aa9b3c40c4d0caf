"""What may happen to documents in the ERP and to their orders in two shops, in any order."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from connectors.base import Register
from connectors.errors import RateLimited, ServerFailed, TimedOut
from connectors.progress import Milestone
from flows.models import Flow, Item, Transfer
from tests.stateful.checks import Checker
from tests.stateful.house import MACHINES, Placed, opened
from tests.stateful.machine import STARTS, WHILES
from tests.stateful.market import ERP, SHOPS, Market
from tests.stateful.workers import ARTICLE_PLACES, PLACES, TALLY, Plan

RULES = {
    "delivered_status": "completed",
    "delivered_message": "Order {number} är på väg.",
    "invoiced_message": "Fakturan för {number} kommer.",
    "paid_status": "archived",
    "cancelled_status": "cancelled",
}
#: Statuses that an order gets one after the other, never the other way round.
FORWARD = ("processing", "completed", "archived", "cancelled")
#: What the ERP may tell, in its order, and what of it the shop is told something of.
TOLD = (Milestone.DELIVERED, Milestone.INVOICED, Milestone.PAID, Milestone.CANCELLED)
MILESTONES = (Milestone.PARTLY_DELIVERED, *TOLD)
MISHAPS: dict[str, tuple[str, Callable[[], BaseException]]] = {
    "write lost": ("put lost", lambda: TimedOut(outcome_unknown=True)),
    "answer lost": ("put answer lost", lambda: TimedOut(outcome_unknown=True)),
    "busy": ("put", lambda: RateLimited(retry_after=30)),
    "status broken": ("status", lambda: ServerFailed()),
    "orders broken": ("read", lambda: ServerFailed()),
}
machines = st.sampled_from(MACHINES)
places = st.sampled_from((*PLACES, *ARTICLE_PLACES[2:], "before_write", "after_write", *ARTICLE_PLACES[2:]))
plans = st.none() | st.builds(Plan, places, st.sampled_from([1, 1, 2]), st.booleans())


class AnyFateOfOrders(RuleBasedStateMachine):
    """Documents pass milestones while workers crash, answers are lost, and people move orders by hand."""

    orders: Bundle[Placed] = Bundle("orders")

    def __init__(self) -> None:
        super().__init__()
        self.begun = False
        #: Orders that people in the shop took in hand, and the status that they gave them.
        self.by_hand: dict[Placed, str] = {}
        self.undo = ExitStack()
        self.undo.enter_context(transaction.atomic())
        self.undo.callback(transaction.set_rollback, True)

    @initialize(start=st.sampled_from(STARTS))
    def begin(self, start: datetime) -> None:
        self.market: Market = self.undo.enter_context(opened(start, Market))
        self.market.only(Register.STATUS)
        Flow.objects.filter(pk__in=self.market.others.values()).update(rules=RULES)
        self.checker = Checker(self.market)
        self.market.rest(rounds=1)
        for name in SHOPS:
            for number in ("A-1", "A-2", "A-3"):
                self.market.shops[name].shelf.add(number, quantity=100)
        self.begun = True

    def teardown(self) -> None:
        with self.undo:
            TALLY["examples"] += 1
            if self.begun and sys.exc_info()[0] is None:
                self.end_well()

    def end_well(self) -> None:
        market = self.market
        for worker in market.workers.frozen:
            market.workers.wake(worker)
        market.mend_everything()
        market.settle()
        for _ in range(3):
            market.clock.advance(timedelta(hours=13))
            market.rest(rounds=2)
        self.all_holds()
        for transfer in Transfer.objects.filter(state=Transfer.State.SENT).select_related("flow__shop"):
            self._was_told(transfer)
        TALLY["documents"] += len(market.erp.documents)
        TALLY["mails"] += sum(len(market.shops[name].mails) for name in SHOPS)
        TALLY.update(f"item {state}" for state in Item.objects.values_list("state", flat=True))

    def _was_told(self, transfer: Transfer) -> None:
        """The furthest that a document has come is what its order says, unless people have taken it in hand."""
        placed = Placed(transfer.flow.shop.name, transfer.source_id)
        progress = self.market.erp.progress.get(transfer.reference)
        passed = [each for each in TOLD if progress is not None and each in progress.milestones]
        if not passed or placed in self.by_hand:
            return
        shop, furthest = self.market.shops[placed.shop], passed[-1]
        item = Item.objects.get(flow=self.market.others[placed.shop, Register.STATUS], source_id=placed.source_id)
        assert furthest in item.payload["told"], f"{transfer.reference} has passed {furthest}, and its buyer does not know"
        if status := RULES.get(f"{furthest}_status"):
            assert shop.orders[placed.source_id].status == status, f"{transfer.reference} is not {status}"
        if furthest is Milestone.CANCELLED:
            assert not transfer.attention, f"{transfer.reference} was cancelled in the ERP, and comes back to it as news"

    @invariant()
    def all_holds(self) -> None:
        TALLY["steps"] += 1
        if not self.begun:
            return
        self.checker.check()
        for name in SHOPS:
            shop = self.market.shops[name]
            twice = [mail for mail, times in Counter(shop.mails).items() if times > 1]
            assert not twice, f"{name} has mailed {twice} more than once"
            statuses = defaultdict(list)
            for source_id, text in shop.mails:
                assert source_id in shop.orders, f"{name} has mailed about {source_id}, which it does not have"
                if text in FORWARD:
                    statuses[source_id].append(FORWARD.index(text))
                else:
                    assert f" {source_id} " in text, f"{name} has mailed the buyer of {source_id}: {text}"
            back = [source_id for source_id, order in statuses.items() if order != sorted(order)]
            assert not back, f"{name} has moved {back} backwards"
        for placed, status in self.by_hand.items():
            now = self.market.shops[placed.shop].orders[placed.source_id].status
            assert now in (status, "cancelled"), f"{placed} was set to {status} by hand, and is {now}"
        assert len(self.market.erp.writes) - self.market.erp.repeated == len(self.market.erp.documents)

    # --- what happens -----------------------------------------------------------------------------------------------------

    @rule(machine=machines, plan=plans)
    def work(self, machine: str, plan: Plan | None) -> None:
        self.market.tick(machine)
        self.market.work(machine, plan)

    @rule(number=st.integers(0, 3), kill=st.booleans())
    def wake_or_kill(self, number: int, kill: bool) -> None:
        frozen = self.market.workers.frozen
        if frozen:
            worker = frozen[number % len(frozen)]
            (self.market.workers.kill if kill else self.market.workers.wake)(worker)

    @rule(target=orders, shop=st.sampled_from(SHOPS), machine=machines, plan=plans)
    def sell(self, shop: str, machine: str, plan: Plan | None) -> Any:
        order = self.market.sell(shop, {"A-1": 1})
        if order is None:
            return multiple()
        assert self.market.webhook(order) == 200
        self.work(machine, plan)
        return order

    @rule(order=orders, milestones=st.lists(st.sampled_from(MILESTONES), min_size=1, max_size=3), machine=machines, plan=plans)
    def book(self, order: Placed, milestones: list[Milestone], machine: str, plan: Plan | None) -> None:
        """The bookkeeper does something to the document, if it is there; what is paid or cancelled has come to its end."""
        reference = f"{order.shop.upper()}-{order.source_id}"
        for milestone in milestones:
            before = self.market.erp.progress.get(reference)
            over = before is not None and {Milestone.PAID, Milestone.CANCELLED} & set(before.milestones)
            if self.market.erp.of_reference(reference) and not over:
                self.market.pass_(reference, milestone)
        self.market.clock.advance(timedelta(hours=1))
        self.work(machine, plan)

    @rule(order=orders)
    def take_in_hand(self, order: Placed) -> None:
        """Somebody in the shop sets the order to a status of which no rule knows."""
        shop = self.market.shops[order.shop]
        now = shop.orders[order.source_id]
        if now.status == "processing":
            shop.put(replace(now, status="on-hold"))
            self.by_hand[order] = "on-hold"

    @rule(by=st.sampled_from(WHILES))
    def pass_time(self, by: timedelta) -> None:
        self.market.clock.advance(by)

    @rule(name=st.sampled_from([*SHOPS, ERP]), what=st.sampled_from(sorted(MISHAPS)), times=st.sampled_from([1, 1, 2]))
    def trouble(self, name: str, what: str, times: int) -> None:
        kind, error = MISHAPS[what]
        for _ in range(times):
            self.market.remote(name).fail_next(kind, error())
