"""What may happen to articles, in any order. Hypothesis chooses; both checkers look after every step."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, precondition, rule

from connectors.base import Register
from connectors.errors import InvalidRecord, RateLimited, ServerFailed, TimedOut
from connectors.progress import Milestone
from flows import services
from flows.ledger import items
from flows.ledger.items import key_of
from flows.models import Flow, Item, Run, Transfer
from tests.stateful.article_checks import MORE_THAN_A_DAY, ArticleChecker, puts
from tests.stateful.checks import Checker
from tests.stateful.house import MACHINES, MINUTE, Placed, opened
from tests.stateful.machine import STARTS, WHILES
from tests.stateful.market import ERP, NUMBERS, REGISTERS, SHOPS, Market
from tests.stateful.workers import ARTICLE_PLACES, PLACES, TALLY, Plan

#: What a system may do once, and at which call.
MISHAPS: dict[str, tuple[str, Callable[[], BaseException]]] = {
    "write lost": ("put lost", lambda: TimedOut(outcome_unknown=True)),
    "answer lost": ("put answer lost", lambda: TimedOut(outcome_unknown=True)),
    "busy": ("put", lambda: RateLimited(retry_after=30)),
    "broken": ("put", lambda: ServerFailed()),
    "look broken": ("look", lambda: ServerFailed()),
    "list broken": ("list", lambda: ServerFailed()),
    "orders broken": ("read", lambda: ServerFailed()),
    "refused": ("one refused", lambda: InvalidRecord("No such VAT.")),
    "order unanswered": ("answer lost", lambda: TimedOut(outcome_unknown=True)),
    "order refused": ("refused", lambda: InvalidRecord("No such payment terms.")),
}
places = st.sampled_from((*PLACES, *ARTICLE_PLACES, *ARTICLE_PLACES))
plans = st.none() | st.builds(Plan, places, st.sampled_from([1, 1, 2, 3]), st.booleans())
machines = st.sampled_from(MACHINES)
shops, numbers = st.sampled_from(SHOPS), st.sampled_from(NUMBERS)
baskets = st.dictionaries(st.sampled_from(NUMBERS[:3]), st.integers(1, 4), min_size=1, max_size=2)


class AnyDayInTheShops(RuleBasedStateMachine):
    """Articles change, are sold, and are told to the shops by workers that crash and freeze, of systems that fail."""

    orders: Bundle[Placed] = Bundle("orders")

    def __init__(self) -> None:
        super().__init__()
        self.begun = False
        self.undo = ExitStack()
        logging.disable(logging.CRITICAL)
        self.undo.callback(logging.disable, logging.NOTSET)
        self.undo.enter_context(transaction.atomic())
        self.undo.callback(transaction.set_rollback, True)

    @initialize(start=st.sampled_from(STARTS), drafts=st.booleans())
    def begin(self, start: datetime, drafts: bool) -> None:
        self.market: Market = self.undo.enter_context(opened(start, Market))
        self.market.only(*REGISTERS, *([Register.STATUS] if drafts else []))
        self.market.erp.kind = "draft" if drafts else "order"
        self.checker = Checker(self.market)
        self.articles = ArticleChecker(self.market, self.checker)
        self.market.rest(rounds=1)
        # A day never begins well: whoever takes on the first order dies of it.
        self.sell("wool", {"A-1": 1}, "processing", tell=True, machine=MACHINES[0], plan=Plan("before_write"))
        self.begun = True

    def teardown(self) -> None:
        with self.undo:
            TALLY["examples"] += 1
            if self.begun and sys.exc_info()[0] is None:
                self.end_well()

    def end_well(self) -> None:
        """Once all is mended and staff have had everything tried again, the shops have what the ERP says, and it stays so."""
        market = self.market
        for worker in market.workers.frozen:
            market.workers.wake(worker)
        market.mend_everything()
        market.settle()
        services.retry(Transfer.objects.filter(state=Transfer.State.STOPPED), actor="anna", reason="mended")
        for flow in Flow.objects.filter(pk__in=market.others.values()).exclude(register=Register.STATUS):
            items.all_due(flow)
        # Those that the bookkeeper has not booked yet: a draft is not held back for ever.
        for reference in [d.reference for _, d in market.erp.documents]:
            market.pass_(reference, Milestone.INVOICED)
        market.rest(rounds=2)
        for _ in range(2):
            market.clock.advance(MORE_THAN_A_DAY)
            market.rest(rounds=1)
        self.all_holds()
        self.checker.nothing_is_under_way()
        self.checker.all_is_sent()
        self.articles.all_is_as_in_the_erp()
        before = puts(market)
        market.clock.advance(MORE_THAN_A_DAY)
        market.rest(rounds=2)
        assert puts(market) == before, "what was as it is to be was written again"
        self._count()

    def _count(self) -> None:
        TALLY.update(f"{register} {state}" for register, state in Item.objects.values_list("flow__register", "state"))
        TALLY.update(f"stopped {code}" for code in Item.objects.values_list("error_code", flat=True) if code)
        TALLY.update(f"run {state}" for state in Run.objects.values_list("state", flat=True))
        TALLY["puts"] += puts(self.market)
        TALLY["documents"] += len(self.market.erp.documents)

    @invariant()
    def all_holds(self) -> None:
        TALLY["steps"] += 1
        if self.begun:
            self.checker.check()
            self.articles.check()

    # --- workers ----------------------------------------------------------------------------------------------------------

    @rule(machine=machines, plan=plans)
    def work(self, machine: str, plan: Plan | None) -> None:
        self.market.tick(machine)
        self.market.work(machine, plan)

    @precondition(lambda self: self.market.workers.frozen)
    @rule(number=st.integers(0, 3), kill=st.booleans(), plan=plans)
    def wake_or_kill(self, number: int, kill: bool, plan: Plan | None) -> None:
        frozen = self.market.workers.frozen
        worker = frozen[number % len(frozen)]
        if kill:
            self.market.workers.kill(worker)
        else:
            self.market.workers.wake(worker, plan)

    # --- in the shops -----------------------------------------------------------------------------------------------------

    @rule(
        target=orders,
        shop=shops,
        rows=baskets,
        status=st.sampled_from(["processing", "processing", "pending"]),
        tell=st.booleans(),
        machine=machines,
        plan=plans,
    )
    def sell(self, shop: str, rows: dict[str, int], status: str, tell: bool, machine: str, plan: Plan | None) -> Any:
        order = self.market.sell(shop, rows, status=status)
        if order is None:
            return multiple()
        TALLY["sold"] += 1
        if tell:
            assert self.market.webhook(order) == 200
            self.work(machine, plan)
        return multiple(order)

    @rule(order=orders, what=st.sampled_from(["cancelled", "paid"]), tell=st.booleans())
    def change_order(self, order: Placed, what: str, tell: bool) -> None:
        if what == "cancelled":
            self.market.cancel(order)
        elif not self.market.shops[order.shop].orders[order.source_id].cancelled:
            self.market.change(order, status="processing")
        if tell:
            assert self.market.webhook(order) == 200

    @rule(shop=shops, number=numbers, what=st.sampled_from(["name", "price", "stock", "deleted and made anew"]))
    def by_hand(self, shop: str, number: str, what: str) -> None:
        """The shop's own staff do something to an article."""
        shelf = self.market.shops[shop].shelf
        held = shelf.find(number)
        if held is None:
            return
        if what == "deleted and made anew":
            shelf.remove(number)
            shelf.add(number, name=held.product.name, regular=held.regular, quantity=held.quantity)
            return
        value: Any = {"name": "Handgjord", "price": Decimal("1.00"), "stock": Decimal(0)}[what]
        shelf.change(number, **{{"price": "regular", "stock": "quantity"}.get(what, what): value})
        self.articles.by_hand[shop, key_of(number), what] = value

    # --- in the ERP -------------------------------------------------------------------------------------------------------

    @rule(number=numbers, what=st.sampled_from(["add", "more", "fewer", "name", "price", "remove"]), by=st.integers(1, 6))
    def change_article(self, number: str, what: str, by: int) -> None:
        shelf = self.market.erp.shelf
        held = shelf.find(number)
        if held is None:
            shelf.add(number, name=f"Ny {number}", quantity=Decimal(by), regular=Decimal(10 * by))
        elif what == "remove":
            shelf.remove(number)
        elif what in ("more", "fewer"):
            shelf.move(number, Decimal(by) if what == "more" else -min(Decimal(by), held.quantity))
        elif what == "name":
            shelf.change(number, name=f"Namn {by}")
        elif what == "price":
            shelf.change(number, regular=Decimal(f"{by}0.20"))

    @rule(number=numbers, other=numbers)
    def renumber(self, number: str, other: str) -> None:
        """An article gets another number, which another one may have."""
        shelf = self.market.erp.shelf
        held = shelf.find(number)
        if held is not None and shelf.find(other) is None:
            shelf._keep(replace(held, product=replace(held.product, article_number=other)))

    @rule(number=st.integers(0, 20), milestone=st.sampled_from([Milestone.DELIVERED, Milestone.INVOICED]))
    def book(self, number: int, milestone: Milestone) -> None:
        documents = self.market.erp.documents
        if documents:
            self.market.pass_(documents[number % len(documents)][1].reference, milestone)

    # --- around them ------------------------------------------------------------------------------------------------------

    @rule(by=st.sampled_from(WHILES))
    def pass_time(self, by: timedelta) -> None:
        self.market.clock.advance(by)

    @rule(name=st.sampled_from([*SHOPS, ERP, ERP]), what=st.sampled_from(sorted(MISHAPS)), times=st.sampled_from([1, 1, 2, 6]))
    def trouble(self, name: str, what: str, times: int) -> None:
        kind, error = MISHAPS[what]
        for _ in range(times):
            self.market.remote(name).fail_next(kind, error())

    @rule(name=st.sampled_from([*SHOPS, ERP]), what=st.sampled_from(["down", "slow", "mended"]))
    def outage(self, name: str, what: str) -> None:
        remote = self.market.remote(name)
        if what == "mended":
            remote.heal()
        elif what == "down":
            remote.down = True
        else:
            # Not slower: what renews a claim during a call is a thread that there is none of here.
            remote.slow_by = timedelta(seconds=2)

    @rule()
    def mend(self) -> None:
        self.market.mend_everything()
        self.market.clock.advance(MINUTE)
