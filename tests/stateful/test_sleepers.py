"""A worker that slept while another one took over, and wakes up in the middle of its work."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flows.models import Event, Run
from tests.stateful.checks import Checker
from tests.stateful.house import House
from tests.stateful.workers import PLACES, Plan

#: Inside a transaction a sleeper keeps the others waiting at the database, which cannot be played in one thread.
OUTSIDE = [place for place in PLACES if place not in ("captured", "before_settle_commit", "erp:found", "looked_up")]


@pytest.mark.parametrize("place", OUTSIDE)
def test_whoever_wakes_after_another_took_over_changes_nothing_and_sends_nothing(house: House, place: str) -> None:
    checker = Checker(house)
    orders = [house.place("wool", buyer=buyer) for buyer in ("Märta", "Olle", "Bolaget")]
    house.tick("north")
    sleeper = house.work("north", Plan(place, freeze=True))
    assert sleeper.frozen_at == place
    house.clock.advance(timedelta(seconds=40))
    for _ in range(20):
        house.tick("south")
        house.work("south")
        house.clock.advance(timedelta(seconds=2))
    assert {house.rows(order).get().state for order in orders} == {"sent"}
    events = Event.objects.count()
    house.workers.wake(sleeper)
    assert Event.objects.count() == events
    assert len(house.erps["books"].documents) == 3
    assert Run.objects.filter(owner=str(sleeper)).get().state == Run.State.LOST
    checker.check()


def test_a_write_that_arrives_after_it_was_repeated_has_no_second_effect(house: House) -> None:
    """The sleeper had begun to send. What it then sends arrives under the same key."""
    order = house.place("wool")
    house.tick("north")
    sleeper = house.work("north", Plan("erp:sending", freeze=True))
    house.clock.advance(timedelta(seconds=40))
    house.settle()
    house.workers.wake(sleeper)
    erp = house.erps["books"]
    assert (len(erp.writes), len(erp.documents), erp.repeated) == (2, 1, 1)
    assert house.rows(order).get().state == "sent"
