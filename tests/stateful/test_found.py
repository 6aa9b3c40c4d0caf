"""What the machine found, each as a short story that stays told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.errors import TimedOut
from tests.stateful.house import MACHINES, MINUTE, House, Placed
from tests.stateful.workers import Plan


def state(house: House, order: Placed) -> str:
    return house.rows(order).get().state


def sell_and_work(house: House, plan: Plan | None = None) -> Placed:
    order = house.place("wool")
    house.tick("north")
    house.work("north", plan)
    return order


def test_an_order_cancelled_while_its_outcome_was_unknown_is_not_sent_when_the_erp_does_not_have_it(house: House) -> None:
    house.erps["books"].fail_next("request lost", TimedOut(outcome_unknown=True))
    order = sell_and_work(house)
    assert state(house, order) == "uncertain"
    house.change(order, status="cancelled", cancelled=True)
    house.clock.advance(20 * MINUTE)
    house.settle()
    assert house.erps["books"].documents == []
    assert state(house, order) == "skipped"


def test_an_order_changed_while_its_outcome_was_unknown_and_not_there_is_sent_as_it_is_now(house: House) -> None:
    house.erps["books"].fail_next("request lost", TimedOut(outcome_unknown=True))
    order = sell_and_work(house)
    house.double(order)
    house.clock.advance(20 * MINUTE)
    house.settle()
    ((_, document),) = house.erps["books"].documents
    assert str(document.total) == "250.00"
    assert state(house, order) == "sent"


@pytest.mark.parametrize("place", ["claimed", "erp:prepared", "settled", "before_write", "erp:sending"])
@pytest.mark.parametrize("machine", MACHINES)
def test_an_order_cancelled_after_its_worker_died_is_not_sent_when_the_erp_does_not_have_it(
    house: House, place: str, machine: str
) -> None:
    """Whether the machine where it died tells of it, or its claim has to run out."""
    order = sell_and_work(house, Plan(place))
    house.change(order, status="cancelled", cancelled=True)
    for _ in range(8):
        house.clock.advance(timedelta(seconds=10))
        house.tick(machine)
        house.work(machine)
    assert house.erps["books"].documents == []
    assert state(house, order) == "skipped"
