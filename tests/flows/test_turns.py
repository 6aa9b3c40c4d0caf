"""Whose turn it is, and how many calls each run may make at once."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from connectors.errors import ServerFailed
from flows import engine, tasks, turns
from flows.gate import Gate
from flows.ledger import claims, owners, runs
from flows.ledger.batch import Batch
from flows.ledger.outcomes import leave
from flows.ledger.rows import Fenced
from flows.models import Endpoint, Flow, Run, Transfer
from flows.outgoing.outbox import Outbox
from tests.flows.conftest import Rig, make_rig
from tests.flows.test_engine import raising

pytestmark = pytest.mark.django_db


def begin(flow: Flow, owner: str = "other:1") -> Run:
    run = runs.begin(flow, kind=Run.Kind.POLL, owner=owner)
    assert run is not None
    return run


def beside(rig: Rig) -> Flow:
    """Another shop of the same customer, to the same ERP."""
    shop = Endpoint.objects.get(pk=rig.flow.shop_id)
    shop.pk, shop.code = None, "OTHER"
    shop.save()
    return Flow.objects.create(
        connection=rig.flow.connection, shop=shop, state=Flow.State.ACTIVE, trigger_statuses=["processing"]
    )


# --- whose turn ---------------------------------------------------------------------------------------------------------------


def test_the_customer_that_was_served_longest_ago_is_next(rig: Rig) -> None:
    other = make_rig()
    runs.finish(begin(rig.flow))
    assert turns.next_flow() == other.flow.pk
    runs.finish(begin(other.flow))
    assert turns.next_flow() == rig.flow.pk


def test_a_customer_with_many_flows_does_not_go_before_one_with_a_single_flow(rig: Rig) -> None:
    beside(rig)
    runs.finish(begin(rig.flow))
    other = make_rig()
    assert turns.next_flow() == other.flow.pk


def test_a_customer_that_has_a_worker_waits_for_those_that_have_none(rig: Rig) -> None:
    second = beside(rig)
    other = make_rig()
    runs.finish(begin(other.flow))
    begin(rig.flow)
    assert turns.next_flow() == other.flow.pk
    begin(other.flow)
    assert turns.next_flow() == second.pk


def test_nobody_is_next_when_nothing_is_due_or_somebody_does_it(rig: Rig) -> None:
    begin(rig.flow)
    assert turns.next_flow() is None
    other = make_rig()
    Flow.objects.filter(pk=other.flow.pk).update(next_run_at=timezone.now() + timedelta(minutes=1))
    assert turns.next_flow() is None


def test_a_run_makes_room_after_its_turn_when_another_customer_waits(rig: Rig, settings: Settings) -> None:
    for number in range(130):
        rig.world.place(str(number))
    other = make_rig()
    other.world.place("theirs")
    settings.TURN_SECONDS = 0.6
    rig.world.before_write = lambda _: time.sleep(0.05)
    engine.run(rig.flow.pk)
    assert 0 < len(rig.world.documents) < 130
    assert not Transfer.objects.filter(lease_until__isnull=False).exists()
    assert turns.next_flow() == other.flow.pk
    rig.world.before_write = lambda _: None
    tasks.work()
    assert (len(rig.world.documents), len(other.world.documents)) == (130, 1)


def test_a_run_goes_on_when_nobody_waits(rig: Rig, settings: Settings) -> None:
    settings.TURN_SECONDS = 0
    for number in range(60):
        rig.world.place(str(number))
    rig.run()
    assert len(rig.world.documents) == 60


def test_a_worker_that_was_asked_to_stop_begins_nothing_more(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        rig.world.place(str(number))
    monkeypatch.setattr("sharespine.lib.stopping.asked", lambda: len(rig.world.documents) >= 5)
    run = rig.run()
    assert run is not None
    assert run.state == Run.State.DONE
    assert 5 <= len(rig.world.documents) < 30
    assert set(rig.states().values()) == {"sent", "waiting"}
    assert not Transfer.objects.filter(lease_until__isnull=False).exists()
    assert tasks.work() == 0


# --- who is gone --------------------------------------------------------------------------------------------------------------


def test_a_process_of_this_machine_that_has_ended_is_known_to_be_gone() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "from flows.ledger import owners; print(owners.me(), flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        owner = child.stdout.readline().strip()
        assert not owners.is_gone(owner)
        child.kill()
    assert owners.is_gone(owner)
    assert not owners.is_gone(owners.me())


def test_of_a_process_elsewhere_nobody_knows_whether_it_is_gone() -> None:
    host, pid, started, _ = owners.me().rsplit(":", 3)
    assert not owners.is_gone(f"{host}:{pid}:{int(started) + 1}:elsewher")
    assert not owners.is_gone("other:1")
    assert not owners.is_gone("")


def test_what_a_dead_process_of_this_machine_held_is_taken_over_at_once(rig: Rig) -> None:
    rig.world.place("1")
    place = owners.me().rsplit(":", 1)[1]
    run = begin(rig.flow, owner=f"here:{2**22 + 1}:1:{place}")
    assert tasks.tick() == 1
    assert Run.objects.get(pk=run.pk).state == Run.State.LOST
    tasks.work()
    assert rig.transfer("1").state == Transfer.State.SENT


# --- seats --------------------------------------------------------------------------------------------------------------------


def test_one_run_has_all_calls_and_two_have_half_each_but_never_more_than_the_budget_together(rig: Rig) -> None:
    erp = rig.flow.connection.erp
    erp.max_in_flight = 8
    first, second = begin(rig.flow), begin(beside(rig))
    assert runs.take_seats(first, erp) == 8
    assert runs.take_seats(second, erp) == 0, "the first has not given any back yet"
    assert runs.take_seats(first, erp) == 4
    assert runs.take_seats(second, erp) == 4
    runs.finish(first)
    assert runs.take_seats(second, erp) == 8


def test_the_seats_of_a_dead_run_are_free(rig: Rig) -> None:
    erp = rig.flow.connection.erp
    erp.max_in_flight = 2
    first, second = begin(rig.flow), begin(beside(rig))
    runs.take_seats(first, erp)
    Run.objects.filter(pk=first.pk).update(lease_until="2026-01-01T00:00:00Z")
    assert runs.take_seats(second, erp) == 2


def test_two_flows_to_one_erp_never_have_more_calls_under_way_than_it_bears(rig: Rig) -> None:
    Endpoint.objects.filter(pk=rig.flow.connection.erp_id).update(max_in_flight=3)
    inside, most = [0], [0]
    lock = threading.Lock()

    def enter(_: object) -> None:
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        time.sleep(0.002)

    def leave_it(_: object) -> None:
        with lock:
            inside[0] -= 1

    rig.world.before_write, rig.world.after_write = enter, leave_it
    for number in range(40):
        rig.world.place(str(number))
    rig.run()
    assert len(rig.world.documents) == 40
    assert most[0] <= 3


def test_a_gate_lets_in_as_many_as_it_is_open_for_and_more_when_it_opens_wider() -> None:
    gate, inside, go = Gate(1), threading.Semaphore(0), threading.Event()

    def pass_through() -> None:
        with gate:
            inside.release()
            go.wait(5)

    threads = [threading.Thread(target=pass_through) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert inside.acquire(timeout=5)
    assert not inside.acquire(timeout=0.05)
    gate.open_for(2)
    assert inside.acquire(timeout=5)
    assert not inside.acquire(timeout=0.05)
    go.set()
    for thread in threads:
        thread.join(5)
    assert inside.acquire(timeout=5)


# --- batches ------------------------------------------------------------------------------------------------------------------


def test_a_batch_with_one_transfer_that_was_taken_over_changes_nothing(rig: Rig) -> None:
    for number in range(2):
        rig.world.place(str(number))
    rig.world.on_prepare = raising(ServerFailed(), times=2)
    rig.run()
    rig.make_due()
    run = begin(rig.flow)
    one, other = claims.claim(run, 10)
    Transfer.objects.filter(pk=other.pk).update(fence=99)
    batch = Batch(run, Outbox(run.flow.connection.customer_id))
    leave(batch, one)
    leave(batch, other)
    with pytest.raises(Fenced), transaction.atomic():
        batch.save()
    assert Transfer.objects.get(pk=one.pk).lease_until is not None
