"""A worker that lives on a clock of the test: hours pass in an instant, for it, for the simulators and for the database."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models import Min
from django.utils import timezone
from django.utils.module_loading import import_string

from connectors.economic.sandbox import Simulator as Erp
from connectors.sandbox import Call, Sandbox
from connectors.woocommerce.sandbox import Simulator as Shop
from flows import tasks
from flows.models import Flow, Transfer
from tests.acceptance.conftest import Rig, rig_of
from tests.clock import Clock, standing_still

#: How often a worker looks for flows that are due.
LOOK = timedelta(seconds=3)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    with standing_still(monkeypatch) as clock:
        yield clock


@dataclass
class Worker:
    """What the worker command does, on the test's clock: it looks for due flows and carries out what it woke."""

    clock: Clock
    woken: list[tuple[Any, ...]] = field(default_factory=list)
    #: When it carried out something.
    worked: list[datetime] = field(default_factory=list)

    def look(self) -> None:
        """Look once, and carry out all that was asked for."""
        tasks.tick()
        while self.woken:
            name, *arguments = self.woken.pop(0)
            self.worked.append(self.clock.now())
            import_string(name)(*arguments)

    def wait(self, ends: datetime) -> None:
        """Let the looks pass that would find nothing due; not beyond `ends`."""
        due = Flow.objects.filter(state=Flow.State.ACTIVE, next_run_at__isnull=False).aggregate(first=Min("next_run_at"))
        left = min(due["first"] or ends, ends) - self.clock.now()
        self.clock.move(LOOK * max(1, -(-left // LOOK)))

    def live(self, span: timedelta) -> None:
        """Be there for `span`."""
        ends = self.clock.now() + span
        while self.clock.now() < ends:
            self.look()
            self.wait(ends)

    def live_until(self, condition: Callable[[], bool], *, at_most: timedelta) -> timedelta:
        """Be there until `condition` holds. Returns how long that took."""
        began, ends = self.clock.now(), self.clock.now() + at_most
        while self.clock.now() < ends:
            self.look()
            if condition():
                return self.clock.now() - began
            self.wait(ends)
        raise AssertionError(f"not within {at_most}")

    def live_until_settled(self, rig: Rig, *, at_most: timedelta) -> timedelta:
        """Be there until nothing of the flow is due any more. Returns how long that took."""
        due = Transfer.objects.filter(flow=rig.flow, due_at__isnull=False)
        return self.live_until(lambda: not due.exists(), at_most=at_most)


@pytest.fixture
def worker(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Worker:
    made = Worker(clock)
    # By this process's own clock, which goes on: e-mails and upkeep are no part of what is looked at here.
    for name in ("_next_telling", "_next_upkeep"):
        monkeypatch.setattr(tasks, name, math.inf)
    monkeypatch.setattr(tasks, "async_task", lambda *task, **_: made.woken.append(task))
    return made


@pytest.fixture
def rig(db: None, clock: Clock) -> Iterator[Rig]:
    with rig_of(Shop(), Erp(token_limit=10**9)) as made:
        # Orders that are placed from now on are younger than the flow: none is looked up for its age.
        clock.move(timedelta(hours=1))
        yield made


def place(rig: Rig, count: int) -> None:
    """New orders, a second apart, of a buyer each."""
    for number in range(count):
        rig.place(at=timezone.now() - timedelta(seconds=count - number))


def posts(rig: Rig) -> dict[str, int]:
    """How many times each order's document was sent to the ERP, as the ERP counts."""
    counted: dict[str, int] = {}
    for call in rig.erp.history.calls("POST", "^/orders/drafts$"):
        if call.body is not None:
            source_id = call.body["references"]["other"].partition("-")[2]
            counted[source_id] = counted.get(source_id, 0) + 1
    return counted


def look_ups(rig: Rig) -> dict[str, int]:
    """How many times the ERP was searched for each order."""
    counted = dict.fromkeys(rig.placed, 0)
    for call in rig.erp.history.calls("GET", "^/orders/drafts$"):
        wanted = call.param("filter")
        for source_id in counted:
            counted[source_id] += f"-{source_id}]" in wanted or f"-{source_id}," in wanted or wanted.endswith(f"-{source_id}")
    return counted


def calls_since(simulator: Sandbox, moment: datetime) -> list[Call]:
    return [call for call in simulator.history.calls() if call.at >= moment]
