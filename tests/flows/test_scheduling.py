"""Flows that run at their own interval or times, and not within their quiet hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from unittest import mock

import pytest

from billing.models import Feature, Grant, Subscription, Term
from connectors.errors import ServerFailed
from flows import engine, services, timing, turns
from flows.models import Flow, Run, Transfer
from sharespine import condition
from tests.clock import Clock, standing_still
from tests.flows.conftest import Rig
from tests.flows.test_engine import raising
from tests.twins.shop.connector import System as Shop

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    # Monday, 9 o'clock in Stockholm.
    with standing_still(monkeypatch, datetime(2026, 11, 23, 8, 0, tzinfo=UTC)) as found:
        yield found


def at(hour: int, minute: int = 0, day: int = 23) -> datetime:
    """On the wall in Stockholm, in winter."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC) - timedelta(hours=1)


def configure(rig: Rig, **columns: Any) -> None:
    Flow.objects.filter(pk=rig.flow.pk).update(**columns)
    rig.flow.refresh_from_db()
    timing.begin_anew(rig.flow)


def work() -> int:
    """What a worker does that looks for work now. Returns how many runs there were."""
    number = 0
    while (flow := turns.next_flow()) is not None:
        number += engine.run(flow) is not None
        assert number < 20
    return number


def next_run(rig: Rig) -> datetime | None:
    return Flow.objects.values_list("next_run_at", flat=True).get(pk=rig.flow.pk)


def without_scheduling(rig: Rig) -> None:
    features = [feature for feature in Feature.values if feature != Feature.SCHEDULING]
    Term.objects.filter(subscription__customer=rig.flow.connection.customer).update(features=features)


def test_a_flow_runs_at_its_own_interval(rig: Rig, clock: Clock) -> None:
    configure(rig, interval_minutes=30)
    assert work() == 1
    assert next_run(rig) == at(9, 30)


def test_a_flow_reads_at_its_own_times_and_not_before(rig: Rig, clock: Clock) -> None:
    configure(rig, cron="0 12 * * *")
    rig.world.place("1")
    assert work() == 1
    assert rig.states() == {}
    assert next_run(rig) == at(12)
    clock.move_to(at(11, 59))
    assert work() == 0
    clock.move_to(at(12))
    assert work() == 1
    assert rig.states() == {"1": "sent"}
    assert next_run(rig) == at(12, day=24)


def test_own_times_that_were_missed_are_made_up_for_once(rig: Rig, clock: Clock) -> None:
    configure(rig, cron="*/10 * * * *")
    work()
    clock.move_to(at(15, 7))
    assert work() == 1
    assert next_run(rig) == at(15, 10)


def test_a_time_that_comes_while_the_flow_runs_is_made_up_for_at_once(rig: Rig, clock: Clock) -> None:
    configure(rig, cron="*/10 * * * *")
    work()
    finish = engine.Session._finish

    def late(session: engine.Session) -> None:
        clock.move_to(at(9, 21))
        finish(session)

    clock.move_to(at(9, 10))
    with mock.patch.object(engine.Session, "_finish", late):
        engine.run(rig.flow.pk)
    assert next_run(rig) == at(9, 20)
    assert work() == 1
    assert next_run(rig) == at(9, 30)


def test_what_is_tried_again_between_own_times_is_written_without_reading(rig: Rig, clock: Clock) -> None:
    configure(rig, cron="0 12 * * *")
    work()
    rig.world.place("1")
    rig.world.before_write = raising(ServerFailed())
    clock.move_to(at(12))
    work()
    assert rig.states() == {"1": "retrying"}
    rig.world.place("2")
    rig.make_due()
    clock.move_to(at(13))
    assert work() == 1
    assert rig.states() == {"1": "sent"}
    assert next_run(rig) == at(12, day=24)


def test_a_time_at_which_the_shop_did_not_answer_is_made_up_for_when_it_does(rig: Rig, clock: Clock) -> None:
    configure(rig, cron="0 12 * * *")
    work()
    rig.world.place("1")
    clock.move_to(at(12))
    with mock.patch.object(Shop, "read", raising(ServerFailed())):
        work()
    assert rig.states() == {}
    clock.move_to(at(12, 5))
    work()
    assert rig.states() == {"1": "sent"}
    assert next_run(rig) == at(12, day=24)


def test_who_starts_a_flow_does_not_wait_for_its_own_times(rig: Rig, clock: Clock) -> None:
    configure(rig, cron="0 12 * * *")
    work()
    rig.world.place("1")
    engine.run(rig.flow.pk, actor="siv")
    assert rig.states() == {"1": "sent"}
    assert next_run(rig) == at(12)


def test_a_word_from_the_shop_does_not_wake_a_flow_that_has_its_own_times(rig: Rig, clock: Clock) -> None:
    configure(rig, cron="0 12 * * *")
    assert services.hint(rig.flow.shop) == 0
    configure(rig, cron="")
    assert services.hint(rig.flow.shop) == 1


def test_within_quiet_hours_nothing_runs_but_what_a_person_starts(rig: Rig, clock: Clock) -> None:
    configure(rig, quiet_from=time(8), quiet_to=time(17, 30))
    rig.world.place("1")
    services.hint(rig.flow.shop)
    assert work() == 0
    assert next_run(rig) == at(17, 30)
    assert Run.objects.count() == 0
    engine.run(rig.flow.pk, actor="siv")
    assert rig.states() == {"1": "sent"}
    assert next_run(rig) == at(17, 30)


def test_what_was_wanted_or_missed_in_quiet_hours_runs_once_when_they_are_over(rig: Rig, clock: Clock) -> None:
    configure(rig, interval_minutes=1, quiet_from=time(22), quiet_to=time(6))
    clock.move_to(at(21, 59))
    assert work() == 1
    assert next_run(rig) == at(6, day=24)
    rig.world.place("1")
    clock.move_to(at(23))
    services.hint(rig.flow.shop)
    assert work() == 0
    clock.move_to(at(6, 0, day=24))
    assert work() == 1
    assert rig.states() == {"1": "sent"}


def test_a_retry_waits_until_quiet_hours_are_over(rig: Rig, clock: Clock) -> None:
    configure(rig, quiet_from=time(10), quiet_to=time(11))
    rig.world.place("1")
    rig.world.before_write = raising(ServerFailed())
    clock.move_to(at(9, 59))
    work()
    clock.move_to(at(10, 1))
    Transfer.objects.update(due_at=clock.now())
    Flow.objects.update(next_run_at=None)
    assert work() == 0
    assert next_run(rig) == at(11)
    # Nobody has to be told that it waits: it is meant to.
    clock.move_to(at(10, 50))
    assert condition.look().oldest_due_seconds == 0
    clock.move_to(at(11))
    work()
    assert rig.states() == {"1": "sent"}


def test_without_scheduling_in_the_package_the_standard_interval_holds(rig: Rig, clock: Clock) -> None:
    without_scheduling(rig)
    configure(rig, cron="0 12 * * *", quiet_from=time(8), quiet_to=time(10))
    rig.world.place("1")
    assert work() == 1
    assert rig.states() == {"1": "sent"}
    assert next_run(rig) == at(9, 5)


def test_scheduling_that_was_granted_holds(rig: Rig, clock: Clock) -> None:
    without_scheduling(rig)
    Grant.objects.create(
        subscription=Subscription.objects.get(), feature=Feature.SCHEDULING, begins_on=date(2026, 1, 1), reason="agreed"
    )
    configure(rig, interval_minutes=30)
    work()
    assert next_run(rig) == at(9, 30)


def test_slots_are_those_of_the_customers_time_zone(rig: Rig, clock: Clock) -> None:
    customer = rig.flow.connection.customer
    customer.time_zone = "Europe/Helsinki"
    customer.save()
    configure(rig, cron="0 12 * * *")
    work()
    assert next_run(rig) == at(11)


def test_both_nights_of_a_year_give_each_slot_one_run(rig: Rig, clock: Clock) -> None:
    configure(rig, cron="30 2 * * *")
    clock.move_to(datetime(2026, 3, 27, 12, tzinfo=UTC))
    work()
    ran = []
    for _ in range(4):
        due = next_run(rig)
        assert due is not None
        clock.move_to(due)
        assert work() == 1
        ran.append(due.isoformat()[:16])
    assert ran == ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30", "2026-03-31T00:30"]
