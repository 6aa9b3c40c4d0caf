"""What may happen, in any order. Hypothesis chooses; the checker looks after every step."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django_q.models import OrmQ
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, precondition, rule

from billing.refusals import Refused
from connectors.errors import InvalidRecord, RateLimited, ServerFailed, TimedOut, UnexpectedResponse
from flows import services
from flows.models import Event, Run, Transfer
from tests.stateful.checks import Checker
from tests.stateful.clock import WEB
from tests.stateful.house import BUYERS, ERPS, FLOWS, MACHINES, MINUTE, House, Placed, opened
from tests.stateful.remote import Remote, ShopWorld
from tests.stateful.workers import PLACES, TALLY, Plan

#: Ordinary days, the nights when Stockholm changes its clocks, a leap day, the end of a month and of a year.
STARTS = [
    datetime(2026, 11, 2, 9, 30, 15, 123_456, UTC),
    datetime(2026, 3, 29, 0, 40, 0, 250_000, UTC),
    datetime(2026, 10, 25, 0, 20, 59, 999_000, UTC),
    datetime(2028, 2, 28, 22, 55, 1, 5_000, UTC),
    datetime(2026, 12, 31, 22, 50, 30, 777_777, UTC),
    datetime(2027, 4, 30, 21, 58, 0, 1, UTC),
]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WHILES = [timedelta(seconds=s) for s in (1, 6, 16, 25, 70)] + [5 * MINUTE, 20 * MINUTE, HOUR + MINUTE, 3 * HOUR, DAY, 3 * DAY]
SKEWS = [timedelta(0), 5 * MINUTE, -5 * MINUTE, HOUR, -HOUR]
#: What a system may do once, and at which call.
MISHAPS: dict[str, tuple[str, Callable[[], BaseException]]] = {
    "answer lost": ("answer lost", lambda: TimedOut(outcome_unknown=True)),
    "request lost": ("request lost", lambda: TimedOut(outcome_unknown=True)),
    "refused": ("refused", lambda: InvalidRecord("No such payment terms.")),
    "refused early": ("prepare", lambda: InvalidRecord("No such article.")),
    "busy": ("write", lambda: RateLimited(retry_after=30)),
    "broken": ("prepare", lambda: ServerFailed()),
    "search broken": ("find", lambda: ServerFailed()),
    "nonsense": ("prepare", lambda: UnexpectedResponse()),
    "bug": ("answer lost", lambda: ZeroDivisionError()),
}
#: What lasts until it is mended.
OUTAGES: dict[str, Callable[[Remote], None]] = {
    "goes down": lambda remote: setattr(remote, "down", True),
    "token revoked": lambda remote: setattr(remote, "locked", True),
    "mended": lambda remote: remote.heal(),
}
CHANGES: dict[str, Callable[[House, Placed], object]] = {
    "twice as much": lambda house, order: house.double(order),
    "paid": lambda house, order: house.change(order, status="processing"),
    "completed": lambda house, order: house.change(order, status="completed"),
    "on hold": lambda house, order: house.change(order, status="on-hold"),
    "cancelled": lambda house, order: house.change(order, status="cancelled", cancelled=True),
    "refunded in part": lambda house, order: house.refund(order),
    "note": lambda house, order: house.change(order, note=f"{house.clock.true}"),
    "deleted": lambda house, order: house.delete(order),
    "spoilt or mended": lambda house, order: house.spoil_or_mend(order),
}
BY_STAFF: dict[str, Callable[[House, Placed], object]] = {
    "retry": lambda house, order: services.retry(house.rows(order), actor="anna", reason="again"),
    "skip": lambda house, order: services.skip(house.rows(order), actor="anna", reason="made by hand"),
    "mark as handled": lambda house, order: services.mark_handled(house.rows(order), actor="anna"),
    "pause or resume the flow": lambda house, order: house.pause_or_resume_flow(order.shop),
    "pause or resume the connection": lambda house, order: house.pause_or_resume_connection(order.shop),
    "dry run": lambda house, order: services.start_flow(house.flow(order.shop), actor="anna", kind=Run.Kind.DRY),
    "run now": lambda house, order: services.start_flow(house.flow(order.shop), actor="anna"),
    "mend everything": lambda house, order: house.mend_everything(),
}

places = st.sampled_from(PLACES)
nths = st.sampled_from([1, 1, 1, 2, 3])
remotes = st.sampled_from([*FLOWS, *ERPS])
machines = st.sampled_from(MACHINES)
plans = st.none() | st.builds(Plan, places, nths, st.booleans())
sales: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "shop": st.sampled_from(list(FLOWS)),
        "buyer": st.sampled_from(list(BUYERS)),
        "total": st.sampled_from(["125.00", "0.05", "99999.95"]),
        "currency": st.sampled_from(["SEK", "EUR"]),
        "status": st.sampled_from(["processing", "processing", "completed", "pending"]),
    }
)


class AnyOrderOfEvents(RuleBasedStateMachine):
    """The engine between shops and ERPs, with everything that may go wrong."""

    orders: Bundle[Placed] = Bundle("orders")

    def __init__(self) -> None:
        super().__init__()
        self.saved = ""
        self.begun = False
        self.undo = ExitStack()
        logging.disable(logging.CRITICAL)
        self.undo.callback(logging.disable, logging.NOTSET)
        self.undo.enter_context(transaction.atomic())
        self.undo.callback(transaction.set_rollback, True)

    @initialize(start=st.sampled_from(STARTS), skew=st.sampled_from(SKEWS[:3]), lag=st.sampled_from([0, 8]))
    def begin(self, start: datetime, skew: timedelta, lag: int) -> None:
        self.house = self.undo.enter_context(opened(start))
        self.house.shops["silk"].skew = skew
        self.house.shops["wool"].lag = timedelta(seconds=lag)
        self.checker = Checker(self.house)
        self.begun = True

    def teardown(self) -> None:
        with self.undo:
            TALLY["examples"] += 1
            # A step that failed is what is to be told.
            if self.begun and sys.exc_info()[0] is None:
                self.end_well()

    def end_well(self) -> None:
        """Whatever happened: once all is mended, everything comes to rest, and staff get everything through."""
        house, checker = self.house, self.checker
        for worker in house.workers.frozen:
            house.workers.wake(worker)
        house.mend_everything()
        house.settle()
        checker.check()
        checker.nothing_is_under_way()
        stopped = Transfer.objects.filter(state=Transfer.State.STOPPED)
        self._forced(stopped)
        services.retry(stopped, actor="anna", reason="mended")
        house.settle()
        checker.check()
        checker.nothing_is_under_way()
        checker.all_is_sent()
        TALLY.update(Transfer.objects.values_list("state", flat=True))
        TALLY.update(f"event {kind}" for kind in Event.objects.values_list("kind", flat=True))
        TALLY.update(f"stopped {code}" for code in Transfer.objects.values_list("error_code", flat=True) if code)
        TALLY.update(f"run {state}" for state in Run.objects.values_list("state", flat=True))
        for erp in house.erps.values():
            TALLY["documents"] += len(erp.documents)
            TALLY["cards"] += len(erp.cards)
            TALLY["writes answered from their key"] += erp.repeated
            TALLY["writes too late to be sent"] += erp.too_late

    @invariant()
    def all_holds(self) -> None:
        TALLY["steps"] += 1
        if self.begun:
            self.checker.check()

    # --- workers, and what they find to do --------------------------------------------------------------------------------

    @rule(machine=machines, plan=plans)
    def work(self, machine: str, plan: Plan | None) -> None:
        """A worker takes on what is due, and may meet its end or freeze at some place."""
        self.house.tick(machine)
        self.house.work(machine, plan)

    @rule(target=orders, news=st.lists(sales, min_size=1, max_size=4), tell=st.booleans(), machine=machines, plan=plans)
    def sell_and_work(self, news: list[dict[str, Any]], tell: bool, machine: str, plan: Plan | None) -> Any:
        """The shops sell something, and a worker sets to work; at once if they tell of it."""
        sold = [self.house.place(**sale) for sale in news]
        for order in sold * tell:
            assert self.house.webhook(order) == 200
        self.work(machine, plan)
        return multiple(*sold)

    @rule(order=orders, what=st.sampled_from(list(CHANGES)), tell=st.booleans(), machine=machines, plan=plans)
    def change_and_work(self, order: Placed, what: str, tell: bool, machine: str, plan: Plan | None) -> None:
        CHANGES[what](self.house, order)
        if tell:
            assert self.house.webhook(order) == 200
        self.work(machine, plan)

    @precondition(lambda self: self.house.workers.frozen)
    @rule(number=st.integers(0, 3), kill=st.booleans(), plan=plans)
    def wake_or_kill(self, number: int, kill: bool, plan: Plan | None) -> None:
        """A frozen worker goes on, and may be in for more; or it dies where it is."""
        worker = self.house.workers.frozen[number % len(self.house.workers.frozen)]
        if kill:
            self.house.workers.kill(worker)
        else:
            self.house.workers.wake(worker, plan)

    # --- what happens around them -----------------------------------------------------------------------------------------

    @rule(by=st.sampled_from(WHILES))
    def pass_time(self, by: timedelta) -> None:
        self.house.clock.advance(by)

    @rule(
        name=st.sampled_from([*FLOWS, *ERPS]), what=st.sampled_from([*MISHAPS, *OUTAGES]), times=st.sampled_from([1, 1, 2, 6])
    )
    def trouble(self, name: str, what: str, times: int) -> None:
        """Something goes wrong in a shop or an ERP: a number of times, or until it is mended."""
        remote = self.house.remote(name)
        if what in OUTAGES:
            OUTAGES[what](remote)
            return
        kind, error = MISHAPS[what]
        for _ in range(times):
            remote.fail_next("read" if isinstance(remote, ShopWorld) else kind, error())

    @rule(order=orders, how=st.sampled_from(["once", "twice", "forged", "for nobody", "again"]), number=st.integers(0, 9))
    def webhook(self, order: Placed, how: str, number: int) -> None:
        """A webhook comes: genuine or not, once or more, or one from some time ago once more."""
        house, queued = self.house, OrmQ.objects.count()
        if how == "forged":
            assert house.webhook(order, forged=True) == 401
            assert OrmQ.objects.count() == queued
        elif how == "for nobody":
            assert house.webhook(order, code="NOBODY") == 404
            assert OrmQ.objects.count() == queued
        elif how == "again" and house.webhooks:
            assert house.deliver(*house.webhooks[number % len(house.webhooks)]) == 200
        else:
            assert [house.webhook(order) for _ in range(2 if how == "twice" else 1)][-1] == 200

    @rule(order=orders, what=st.sampled_from(list(BY_STAFF)))
    def staff(self, order: Placed, what: str) -> None:
        """Staff do something about an order, its flow or its connection."""
        if what == "retry":
            self._forced(self.house.rows(order))
        try:
            BY_STAFF[what](self.house, order)
        except Refused:
            TALLY["staff were refused"] += 1

    @rule(machine=st.sampled_from([WEB, *MACHINES]), skew=st.sampled_from(SKEWS))
    def set_clock(self, machine: str, skew: timedelta) -> None:
        self.house.clock.set_wrong(machine, skew)

    @rule(what=st.sampled_from(["tasks are lost", "a task is doubled", "back up", "restore", "restore"]))
    def below(self, what: str) -> None:
        """Something happens to the queue or to the database."""
        if what == "tasks are lost":
            OrmQ.objects.all().delete()
        elif what == "back up":
            self.saved = transaction.savepoint()
        elif what == "restore" and self.saved:
            self._restore()
        elif (queued := OrmQ.objects.first()) is not None:
            OrmQ.objects.create(key=queued.key, payload=queued.payload, lock=queued.lock)

    def _restore(self) -> None:
        """The workers are stopped, an older state is put back, and the command for that is run, as the manual says."""
        for worker in self.house.workers.frozen:
            self.house.workers.kill(worker)
        self.house.clock.advance(2 * MINUTE)
        transaction.savepoint_rollback(self.saved)
        TALLY["backups put back"] += 1
        self.checker.forgotten = {d.reference for erp in self.house.erps.values() for _, d in erp.documents}
        services.look_up_everything()

    def _forced(self, rows: Any) -> None:
        self.checker.forced |= set(rows.values_list("reference", flat=True))
