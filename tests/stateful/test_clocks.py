"""Clocks that are wrong, that jump, that change for summer; and workers that were away for a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from connectors.errors import RateLimited, ServerFailed
from flows import services
from flows.models import Flow, Run, Transfer
from sharespine.lib.clock import STOCKHOLM
from tests.stateful.clock import WEB
from tests.stateful.house import MACHINES, MINUTE, House, Placed, opened
from tests.stateful.workers import Plan

pytestmark = pytest.mark.thorough

HOUR = timedelta(hours=1)
WRONG = [5 * MINUTE, -HOUR, pytest.param(HOUR, marks=pytest.mark.deep), pytest.param(-5 * MINUTE, marks=pytest.mark.deep)]
SECOND = timedelta(seconds=1)


def watch(house: House, span: timedelta, *, every: timedelta = 10 * SECOND) -> None:
    """Let `span` pass while the workers of all machines look for work now and then."""
    ends = house.clock.true + span
    while house.clock.true < ends:
        for machine in MACHINES:
            house.tick(machine)
            house.work(machine)
        house.clock.advance(every)


def started(house: House, shop: str = "wool", *kinds: str) -> list[datetime]:
    runs = Run.objects.filter(flow=house.flows[shop], kind__in=kinds or Run.Kind.values).order_by("pk")
    return list(runs.values_list("started_at", flat=True))


def sent(house: House, order: Placed) -> bool:
    return house.rows(order).filter(state=Transfer.State.SENT).exists()


# --- wrong clocks -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("skew", WRONG)
def test_a_machine_whose_clock_is_wrong_runs_flows_as_often_as_others(house: House, skew: timedelta) -> None:
    house.clock.set_wrong("north", skew)
    order = house.place("wool")
    watch(house, 14 * MINUTE)
    assert sent(house, order)
    assert len(house.erps["books"].writes) == 1
    # Every five minutes, for fourteen.
    assert len(started(house)) == 3


@pytest.mark.parametrize("skew", WRONG)
def test_what_a_wrong_clock_postpones_is_due_when_the_true_time_has_come(house: House, skew: timedelta) -> None:
    house.clock.set_wrong("north", skew)
    house.erps["books"].fail_next("prepare", ServerFailed())
    order = house.place("wool")
    house.tick("north")
    house.work("north")
    assert house.rows(order).get().state == Transfer.State.RETRYING
    # Never before half of the first wait of four seconds, and soon after the whole of it.
    house.clock.advance(SECOND)
    for machine in MACHINES:
        house.tick(machine)
        house.work(machine)
    assert not sent(house, order)
    watch(house, MINUTE)
    assert sent(house, order)


@pytest.mark.parametrize("skew", WRONG)
def test_an_erp_that_asked_for_a_pause_gets_it_by_the_true_time(house: House, skew: timedelta) -> None:
    house.clock.set_wrong("north", skew)
    house.erps["books"].fail_next("write", RateLimited(retry_after=120))
    calls: list[timedelta] = []
    began = house.clock.true
    order = house.place("wool")
    house.tick("north")
    house.work("north")
    house.erps["books"].on_call = lambda kind, about: calls.append(house.clock.true - began)
    house.place("silk")
    watch(house, 5 * MINUTE)
    assert sent(house, order)
    assert 120 * SECOND <= calls[0] <= 140 * SECOND


@pytest.mark.parametrize("skew", WRONG)
def test_a_claim_holds_for_its_time_whatever_the_other_machine_believes_that_it_is(house: House, skew: timedelta) -> None:
    house.clock.set_wrong("south", skew)
    order = house.place("wool")
    house.tick("north")
    frozen = house.work("north", Plan("before_write", freeze=True))
    house.clock.advance(20 * SECOND)
    house.tick("south")
    house.work("south")
    assert house.rows(order).get().owner.startswith(str(frozen))
    watch(house, 2 * MINUTE)
    assert sent(house, order)
    house.workers.wake(frozen)
    assert len(house.erps["books"].writes) == 1


@pytest.mark.parametrize("skew", WRONG)
def test_a_clock_that_jumps_in_the_middle_of_a_run_changes_nothing(house: House, skew: timedelta) -> None:
    orders = [house.place("wool") for _ in range(3)]
    house.tick("north")
    frozen = house.work("north", Plan("erp:prepared", freeze=True))
    house.clock.set_wrong("north", skew)
    house.workers.wake(frozen)
    assert all(sent(house, order) for order in orders)
    watch(house, 14 * MINUTE)
    assert len(house.erps["books"].writes) == 3
    assert len(started(house)) == 3


@pytest.mark.parametrize("skew", [*WRONG, 0 * HOUR])
def test_after_a_backup_was_put_back_all_is_looked_up_even_where_a_clock_is_wrong(house: House, skew: timedelta) -> None:
    """Also what a shop whose own clock is ahead says that was ordered a little later than now."""
    house.clock.set_wrong(WEB, skew)
    house.shops["silk"].skew = 5 * MINUTE
    orders = [house.place("wool"), house.place("silk")]
    watch(house, MINUTE)
    assert all(sent(house, order) for order in orders)
    Transfer.objects.all().delete()
    Flow.objects.update(cursor=None)
    house.erps["books"].keys.clear()
    services.look_up_everything()
    watch(house, MINUTE)
    assert all(sent(house, order) for order in orders)
    assert len(house.erps["books"].documents) == 2


# --- summer and winter --------------------------------------------------------------------------------------------------------

NIGHTS = [
    datetime(2026, 3, 29),
    datetime(2026, 10, 25),
    datetime(2027, 3, 28),
    datetime(2027, 10, 31),
    datetime(2027, 1, 1),
    datetime(2028, 2, 29),
]


@pytest.mark.parametrize(
    "night",
    [*NIGHTS[:2], *(pytest.param(night, marks=pytest.mark.deep) for night in NIGHTS[2:])],
    ids=lambda night: f"{night:%Y-%m-%d}",
)
@pytest.mark.django_db
def test_each_slot_comes_once_when_the_clocks_change_and_so_does_the_sweep_of_each_day(night: datetime) -> None:
    """From the noon before, three days at two hours each, of twenty-three, twenty-four or twenty-five hours on the wall."""
    noon = (night - timedelta(hours=12)).replace(tzinfo=STOCKHOLM)
    with opened(noon.astimezone(UTC)) as house:
        Flow.objects.update(interval_minutes=120)
        Flow.objects.exclude(pk=house.flows["wool"]).update(state=Flow.State.PAUSED)
        watch(house, timedelta(hours=73), every=30 * MINUTE)
        runs, sweeps = started(house), started(house, "wool", Run.Kind.SWEEP)
        apart = [after - before for before, after in pairwise(runs)]
        assert min(apart) >= 2 * HOUR
        assert max(apart) <= 2 * HOUR + 31 * MINUTE
        assert len(sweeps) == 3
        between = [after - before for before, after in pairwise([runs[0], *sweeps])]
        assert min(between) > 24 * HOUR
        assert max(between) < 27 * HOUR


def test_after_a_day_without_workers_there_is_one_run_and_nothing_is_missed(house: House) -> None:
    watch(house, MINUTE)
    runs = len(started(house))
    orders = []
    for _ in range(24):
        house.clock.advance(HOUR)
        orders.append(house.place("wool"))
    watch(house, MINUTE)
    assert len(started(house)) == runs + 1
    assert all(sent(house, order) for order in orders)
    assert len(house.erps["books"].documents) == 24
