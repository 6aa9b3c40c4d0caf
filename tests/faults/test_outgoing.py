"""A worker that dies loses no message to a webhook and makes none twice; one that dies over sending sends it twice at most."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from tests.faults.conftest import LEASE, Stage
from tests.twins.receiver import Receiver

pytestmark = [pytest.mark.thorough, pytest.mark.slow]
STEPS = "tests.faults.outgoing"
DEEP = partial(pytest.param, marks=pytest.mark.deep)


@dataclass
class Hook:
    """A webhook of the customer of a stage, and what receives it."""

    stage: Stage
    receiver: Receiver
    address: str
    webhook: int = 0
    last: dict[str, Any] = field(default_factory=dict)

    def add(self, messages: int = 0) -> None:
        given = {"flow": self.stage.flow, "address": self.address, "messages": messages}
        made = self.stage.processes.carry_out(f"{STEPS}.add", given)
        assert made is not None
        self.webhook, self.receiver.secret = made["webhook"], made["secret"]

    def deliver(self, *, crash_at: str = "") -> bool:
        """Whether it was not killed."""
        answer = self.stage.processes.carry_out(f"{STEPS}.deliver", self.webhook, crash_at=crash_at)
        self.last = answer or {}
        return answer is not None


@pytest.fixture
def hook(stage: Stage) -> Iterator[Hook]:
    receiver = Receiver()
    with receiver.serve() as address:
        made = Hook(stage, receiver, address)
        yield made
        stage.processes.carry_out(f"{STEPS}.forget", made.webhook)


@pytest.mark.parametrize("point", [DEEP("after_write:2"), "before_settle_commit:3", DEEP("settled:3")])
def test_a_worker_killed_at_any_step_of_a_run_leaves_one_message_an_order(hook: Hook, point: str) -> None:
    hook.add()
    orders = sorted(hook.stage.shop.place_order() for _ in range(5))
    hook.stage.kill(point)
    hook.stage.until_settled()
    assert hook.stage.references() == orders
    assert hook.deliver()
    assert len(hook.last["messages"]) == len(orders)
    assert sorted(one["data"]["source_id"] for one in hook.receiver.got) == orders
    assert hook.receiver.forged == 0


@pytest.mark.parametrize("point", [DEEP("hook_taken"), DEEP("hook_sent"), "hook_sent:4", DEEP("hook_settled")])
def test_a_worker_killed_over_sending_loses_nothing_and_sends_twice_at_most_under_the_same_id(hook: Hook, point: str) -> None:
    hook.add(messages=15)
    assert not hook.deliver(crash_at=point)
    time.sleep(LEASE + 0.5)
    assert hook.deliver()
    assert {state for _, _, state, _ in hook.last["messages"]} == {"delivered"}
    uids = [uid for uid, *_ in hook.last["messages"]]
    seen = Counter(hook.receiver.seen)
    assert set(seen) == set(uids)
    # Those that had been sent and not yet noted went again, and the receiver can tell.
    again = {"hook_taken": 0, "hook_sent": 1, "hook_sent:4": 4, "hook_settled": 0}[point]
    assert sum(times - 1 for times in seen.values()) == again
    assert max(seen.values()) <= 2


def test_several_workers_at_once_send_each_message_once(hook: Hook) -> None:
    hook.add(messages=60)
    answer = hook.stage.processes.carry_out(f"{STEPS}.crowd", {"webhook": hook.webhook, "workers": 4})
    assert answer is not None
    assert {(state, attempts) for _, _, state, attempts in answer["messages"]} == {("delivered", 1)}
    assert sorted(hook.receiver.seen) == sorted(uid for uid, *_ in answer["messages"])
