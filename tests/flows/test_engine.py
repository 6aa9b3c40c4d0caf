"""What the engine promises, with the remote systems in memory."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from unittest import mock

import pytest
from django.utils import timezone

from connectors.base import Capabilities, Document, Draft, Register, Writes
from connectors.errors import (
    BadCredentials,
    ConnectorError,
    InvalidRecord,
    RateLimited,
    ServerFailed,
    TimedOut,
    UnexpectedResponse,
    Unreachable,
)
from flows import engine, health, services
from flows.ledger import claims, outcomes, runs
from flows.ledger.batch import Batch
from flows.models import Connection, Endpoint, Event, Flow, Run, Transfer
from flows.outgoing.outbox import Outbox
from sharespine.lib.text import Text
from tests.flows.conftest import Rig, make_rig
from tests.twins.erp.connector import System as Erp

pytestmark = pytest.mark.django_db


def raising(error: Exception, times: int = 1):  # type: ignore[no-untyped-def]
    """A hook that raises `error` the first `times` times."""
    left = [times]

    def hook(*_: object) -> None:
        if left[0] > 0:
            left[0] -= 1
            raise error

    return hook


def test_orders_that_the_rules_include_arrive_once(rig: Rig) -> None:
    for number in range(7):
        rig.world.place(str(number))
    run = rig.run()
    assert run is not None
    assert run.state == Run.State.DONE
    assert (run.seen, run.new, run.sent) == (7, 7, 7)
    assert sorted(rig.world.references()) == sorted(f"{rig.flow.shop.code}-{number}" for number in range(7))
    assert set(rig.states().values()) == {"sent"}


def test_a_second_run_sends_nothing_twice(rig: Rig) -> None:
    rig.world.place("1")
    rig.run()
    run = rig.run()
    assert run is not None
    assert (run.seen, run.unchanged, run.sent) == (1, 1, 0)
    assert len(rig.world.writes) == 1


def test_an_order_outside_the_rules_is_visible_as_skipped_with_the_reason(rig: Rig) -> None:
    rig.world.place("1", status="pending")
    rig.run()
    transfer = rig.transfer("1")
    assert transfer.state == Transfer.State.SKIPPED
    assert "pending" in str(transfer.message)
    assert rig.world.documents == []


def test_a_skipped_order_goes_when_its_status_comes_to_trigger(rig: Rig) -> None:
    rig.world.place("1", status="pending")
    rig.run()
    rig.world.change("1", status="processing")
    rig.run()
    assert rig.transfer("1").state == Transfer.State.SENT
    assert len(rig.world.documents) == 1


def test_one_bad_order_stops_alone_and_says_why(rig: Rig) -> None:
    for number in range(5):
        rig.world.place(str(number))

    def refuse(order: object) -> None:
        if order.number == "3":  # type: ignore[attr-defined]
            raise InvalidRecord(Text("Article %(sku)s is barred.", {"sku": "A-1"}))

    rig.world.on_prepare = refuse
    rig.run()
    assert rig.states() == {"0": "sent", "1": "sent", "2": "sent", "3": "stopped", "4": "sent"}
    transfer = rig.transfer("3")
    assert str(transfer.message) == "Article A-1 is barred."
    assert transfer.acts == "merchant"
    assert transfer.cause == "Article %(sku)s is barred."


def test_a_write_whose_answer_was_lost_is_looked_up_and_adopted_not_repeated(rig: Rig) -> None:
    rig.world.place("1")
    rig.world.keeps_keys = False
    rig.world.after_write = raising(TimedOut(outcome_unknown=True))
    rig.run()
    assert rig.transfer("1").state == Transfer.State.UNCERTAIN
    rig.make_due()
    rig.run()
    assert rig.transfer("1").state == Transfer.State.SENT
    assert len(rig.world.writes) == 1
    assert rig.world.finds == [[rig.transfer("1").reference]]
    kinds = [event.kind for event in rig.transfer("1").events.all()]
    assert kinds == ["captured", "sending", "uncertain", "found"]


def test_a_write_that_never_arrived_is_looked_up_and_then_sent_under_the_same_key(rig: Rig) -> None:
    rig.world.place("1")
    rig.world.before_write = raising(TimedOut(outcome_unknown=True))
    rig.run()
    key = rig.transfer("1").key
    rig.make_due()
    rig.run()
    assert rig.transfer("1").state == Transfer.State.SENT
    assert list(rig.world.keys) == [key]
    assert len(rig.world.documents) == 1


def test_a_rejected_write_gets_a_new_key_so_that_a_remembered_refusal_does_not_stick(rig: Rig) -> None:
    rig.world.place("1")
    rig.world.before_write = raising(InvalidRecord("No such payment terms."))
    rig.run()
    first = rig.transfer("1")
    assert first.state == Transfer.State.STOPPED
    services.retry(Transfer.objects.filter(pk=first.pk), actor="anna", reason="terms added")
    rig.run()
    after = rig.transfer("1")
    assert after.state == Transfer.State.SENT
    assert list(rig.world.keys) == [f"{after.reference}:1"]


def test_an_order_found_with_another_total_stops_for_staff(rig: Rig) -> None:
    rig.world.place("1", total="125.00")
    rig.world.after_write = raising(TimedOut(outcome_unknown=True))
    rig.run()
    Transfer.objects.update(total="130.00")
    rig.make_due()
    rig.run()
    transfer = rig.transfer("1")
    assert transfer.state == Transfer.State.STOPPED
    assert transfer.acts == "staff"
    assert "125.00" in str(transfer.message)
    assert len(rig.world.documents) == 1


def test_an_order_found_twice_stops_for_staff_with_both_numbers(rig: Rig) -> None:
    rig.world.place("1")
    rig.world.after_write = raising(TimedOut(outcome_unknown=True))
    rig.run()
    rig.world.documents.append(rig.world.documents[0])
    rig.make_due()
    rig.run()
    assert rig.transfer("1").state == Transfer.State.STOPPED
    assert "2 times" in str(rig.transfer("1").message)


def test_an_order_older_than_the_flow_is_looked_up_before_it_is_sent(rig: Rig) -> None:
    rig.world.place("1")
    Flow.objects.update(look_up_before="2027-01-01T00:00:00Z")
    rig.run()
    assert rig.world.finds == [[rig.transfer("1").reference]]
    assert rig.transfer("1").state == Transfer.State.SENT


def test_a_flow_made_anew_adopts_what_an_earlier_one_sent(rig: Rig) -> None:
    rig.world.place("1")
    rig.run()
    Transfer.objects.all().delete()
    Flow.objects.update(cursor=None, look_up_before="2027-01-01T00:00:00Z")
    rig.run()
    assert len(rig.world.writes) == 1
    assert rig.transfer("1").state == Transfer.State.SENT


def test_a_whole_ledger_that_was_lost_is_found_again_in_one_run_and_counted(rig: Rig) -> None:
    for number in range(120):
        rig.world.place(str(number))
    rig.run()
    Transfer.objects.all().delete()
    Flow.objects.update(cursor=None, look_up_before="2027-01-01T00:00:00Z")
    run = rig.run()
    assert run is not None
    assert (run.new, run.sent) == (120, 120)
    assert len(rig.world.writes) == 120
    assert set(rig.states().values()) == {"sent"}


def test_an_erp_that_can_neither_keep_keys_nor_be_searched_gets_nothing_twice(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Erp, "capabilities", Capabilities(writes={Register.ORDERS: Writes()}, max_in_flight=4))
    rig.world.keeps_keys = False
    rig.world.place("1")
    rig.world.after_write = raising(TimedOut(outcome_unknown=True))
    rig.run()
    rig.make_due()
    rig.run()
    transfer = rig.transfer("1")
    assert (transfer.state, transfer.acts) == (Transfer.State.STOPPED, "staff")
    assert rig.world.finds == []
    assert len(rig.world.writes) == 1


def test_a_temporary_failure_keeps_the_place_and_is_tried_again(rig: Rig) -> None:
    rig.world.place("1")
    rig.world.on_prepare = raising(ServerFailed())
    run = rig.run()
    assert run is not None
    assert run.retried == 1
    transfer = rig.transfer("1")
    assert transfer.state == Transfer.State.RETRYING
    assert transfer.due_at is not None
    rig.make_due()
    rig.run()
    assert rig.transfer("1").state == Transfer.State.SENT


def test_a_dead_erp_is_left_alone_after_five_failures_and_nothing_is_stopped(rig: Rig) -> None:
    for number in range(40):
        rig.world.place(str(number))
    calls = []

    def down(order: object) -> None:
        calls.append(order)
        raise Unreachable

    rig.world.on_prepare = down
    run = rig.run()
    assert run is not None
    assert run.state == Run.State.FAILED
    assert len(calls) <= 5 + 4 * 2  # five failures open the circuit; what was in flight may still fail
    assert set(rig.states().values()) <= {"waiting", "retrying"}
    assert rig.flow.connection.erp.__class__.objects.get(pk=rig.flow.connection.erp_id).open_until is not None
    rig.world.on_prepare = lambda order: None
    rig.make_due()
    rig.run()
    assert set(rig.states().values()) == {"sent"}


def test_an_order_that_was_under_way_when_the_erp_denied_us_does_not_make_it_work_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.world.place("1")
    rig.world.place("2")
    both_began, was_denied = threading.Barrier(2, timeout=10), threading.Event()
    failed = health.failed

    def noted(endpoint: Endpoint, error: ConnectorError) -> bool:
        answer = failed(endpoint, error)
        was_denied.set()
        return answer

    def write(reference: str) -> None:
        both_began.wait()
        if reference.endswith("-1"):
            raise BadCredentials
        assert was_denied.wait(10)

    monkeypatch.setattr(health, "failed", noted)
    rig.world.before_write = write
    rig.run()
    assert rig.states()["2"] == "sent"
    rig.flow.refresh_from_db()
    assert rig.flow.connection.state == Connection.State.PAUSED
    assert Endpoint.objects.get(pk=rig.flow.connection.erp_id).health == Endpoint.Health.DENIED


def test_when_the_erp_asks_for_a_pause_nothing_is_sent_before_it_is_over(rig: Rig) -> None:
    for number in range(20):
        rig.world.place(str(number))
    rig.world.before_write = raising(RateLimited(retry_after=30.0), times=1)
    rig.run()
    erp = Endpoint.objects.get(pk=rig.flow.connection.erp_id)
    assert erp.is_open
    sent_before = len(rig.world.writes)
    rig.run()
    assert len(rig.world.writes) == sent_before
    rig.make_due()
    rig.run()
    assert set(rig.states().values()) == {"sent"}
    assert len(rig.world.documents) == 20


def test_revoked_credentials_pause_the_connection_and_stop_no_order(rig: Rig) -> None:
    for number in range(10):
        rig.world.place(str(number))
    rig.world.on_prepare = raising(BadCredentials(), times=99)
    rig.run()
    connection = Connection.objects.get(pk=rig.flow.connection_id)
    assert connection.state == Connection.State.PAUSED
    assert "ERP" in str(connection.pause_reason)
    assert set(rig.states().values()) <= {"waiting", "retrying"}
    assert rig.run() is None
    rig.world.on_prepare = lambda order: None
    Endpoint.objects.update(health=Endpoint.Health.WORKING)
    services.resume_connection(connection, actor="anna")
    rig.make_due()
    rig.run()
    assert set(rig.states().values()) == {"sent"}


def test_nonsense_from_the_erp_ends_the_run_and_a_lasting_one_stops_the_order_for_us(rig: Rig) -> None:
    rig.world.place("1")
    rig.world.on_prepare = raising(UnexpectedResponse(), times=99)
    for _ in range(5):
        run = rig.run()
        assert run is not None
        assert run.state == Run.State.FAILED
        rig.make_due()
    transfer = rig.transfer("1")
    assert transfer.state == Transfer.State.STOPPED
    assert transfer.acts == "us"


def test_a_bug_of_ours_stops_the_order_with_the_traceback_for_staff_and_the_others_go(rig: Rig) -> None:
    for number in range(3):
        rig.world.place(str(number))

    def crash(order: object) -> None:
        if order.number == "1":  # type: ignore[attr-defined]
            raise ZeroDivisionError("division by zero")

    rig.world.on_prepare = crash
    rig.run()
    assert rig.states() == {"0": "sent", "1": "stopped", "2": "sent"}
    event = Event.objects.get(transfer=rig.transfer("1"), kind="stopped")
    assert "ZeroDivisionError" in event.data["evidence"]
    assert "ZeroDivisionError" not in str(event.text)


def test_a_bug_while_writing_leaves_the_order_in_doubt_and_it_is_looked_up(rig: Rig) -> None:
    rig.world.place("1")
    rig.world.after_write = raising(ZeroDivisionError())
    rig.run()
    assert rig.transfer("1").state == Transfer.State.UNCERTAIN
    rig.make_due()
    rig.run()
    assert rig.transfer("1").state == Transfer.State.SENT
    assert len(rig.world.writes) == 1


def test_a_source_that_is_down_does_not_keep_saved_orders_from_being_sent(rig: Rig) -> None:
    rig.world.place("1")
    rig.world.on_prepare = raising(ServerFailed())
    rig.run()
    rig.make_due()
    rig.world.on_read = raising(Unreachable(), times=99)
    run = rig.run()
    assert run is not None
    assert run.state == Run.State.FAILED
    assert rig.transfer("1").state == Transfer.State.SENT


def test_a_page_that_fails_half_way_moves_the_cursor_only_past_what_was_saved(rig: Rig) -> None:
    for number in range(8):
        rig.world.place(str(number))
    calls = [0]

    def third_page_fails() -> None:
        calls[0] += 1
        if calls[0] == 3:
            raise ServerFailed

    rig.world.on_read = third_page_fails
    rig.run()
    flow = Flow.objects.get(pk=rig.flow.pk)
    assert flow.cursor == rig.world.orders["5"].modified_at
    rig.run()
    assert len(rig.world.documents) == 8


def test_the_next_read_reaches_back_by_the_overlap_of_the_source(rig: Rig) -> None:
    order = rig.world.place("1")
    rig.run()
    rig.run()
    assert rig.world.reads[0] is None
    assert rig.world.reads[1] is not None
    assert (order.modified_at - rig.world.reads[1]).total_seconds() == 10


def test_only_one_run_of_a_flow_lives_at_a_time(rig: Rig) -> None:
    first = runs.begin(rig.flow, kind=Run.Kind.POLL, owner="other:1")
    assert first is not None
    rig.world.place("1")
    assert rig.run() is None
    runs.finish(first)
    assert rig.run() is not None


def test_a_run_whose_worker_vanished_is_lost_and_taken_over(rig: Rig) -> None:
    first = runs.begin(rig.flow, kind=Run.Kind.POLL, owner="other:1")
    assert first is not None
    Run.objects.filter(pk=first.pk).update(lease_until="2026-01-01T00:00:00Z")
    rig.world.place("1")
    rig.run()
    assert Run.objects.get(pk=first.pk).state == Run.State.LOST
    assert rig.transfer("1").state == Transfer.State.SENT


def test_two_orders_of_one_buyer_are_never_under_way_at_once(rig: Rig) -> None:
    for number in range(12):
        rig.world.place(str(number), buyer="samma@kund.example")
    under_way: set[str] = set()

    def enter(reference: str) -> None:
        assert not under_way
        under_way.add(reference)

    rig.world.before_write = enter
    rig.world.after_write = lambda reference: under_way.discard(reference)
    rig.run()
    assert set(rig.states().values()) == {"sent"}


def vanish(rig: Rig) -> list[str]:
    """A worker claims what is due and vanishes. Returns what it had."""
    rig.make_due()
    run = runs.begin(rig.flow, kind=Run.Kind.POLL, owner="other:1")
    assert run is not None
    claimed = [transfer.source_id for transfer in claims.claim(run, 10)]
    Transfer.objects.filter(lease_until__isnull=False).update(lease_until="2026-01-01T00:00:00Z")
    Run.objects.filter(pk=run.pk).update(lease_until="2026-01-01T00:00:00Z")
    claims.reap(rig.flow.connection.erp_id)
    return claimed


def test_a_poison_order_that_kills_its_workers_stops_and_the_innocent_ones_go(rig: Rig) -> None:
    for number in range(3):
        rig.world.place(str(number))
    rig.world.on_prepare = raising(ServerFailed(), times=3)
    rig.run()
    assert sorted(vanish(rig)) == ["0", "1", "2"]
    assert sorted(vanish(rig)) == ["0", "1", "2"]
    # From now on each is claimed alone, so that the next worker that vanishes tells on it.
    guilty = vanish(rig)
    assert len(guilty) == 1
    Transfer.objects.exclude(source_id=guilty[0]).update(due_at=None)
    assert vanish(rig) == vanish(rig) == guilty
    transfer = rig.transfer(guilty[0])
    assert transfer.state == Transfer.State.STOPPED
    assert transfer.acts == "us"
    Transfer.objects.exclude(pk=transfer.pk).update(due_at=timezone.now())
    rig.run()
    assert sorted(rig.states().values()) == ["sent", "sent", "stopped"]


def begun(rig: Rig) -> Run:
    """A run of some worker, once the three orders of the shop were read and could not be sent."""
    for number in range(3):
        rig.world.place(str(number))
    rig.world.on_prepare = raising(ServerFailed(), times=3)
    rig.run()
    rig.make_due()
    run = runs.begin(rig.flow, kind=Run.Kind.POLL, owner="other:1")
    assert run is not None
    return run


def test_nothing_else_is_claimed_while_a_suspect_is_in_hand(rig: Rig) -> None:
    run = begun(rig)
    Transfer.objects.filter(source_id="0").update(crashes=claims.SUSPECT, due_at=timezone.now() - timedelta(hours=1))
    assert [transfer.source_id for transfer in claims.claim(run, 10)] == ["0"]
    assert claims.claim(run, 10) == []


def test_a_suspect_waits_until_nothing_else_is_in_hand_and_no_other_goes_before_it(rig: Rig) -> None:
    run = begun(rig)
    Transfer.objects.filter(source_id="0").update(crashes=claims.SUSPECT)
    Transfer.objects.exclude(source_id="1").update(due_at=None)
    (innocent,) = claims.claim(run, 10)
    assert innocent.source_id == "1"
    Transfer.objects.filter(source_id="0").update(due_at=timezone.now() - timedelta(hours=1))
    Transfer.objects.filter(source_id="2").update(due_at=timezone.now())
    assert claims.claim(run, 10) == []
    Transfer.objects.filter(pk=innocent.pk).update(lease_until=None, owner="", due_at=None)
    assert [transfer.source_id for transfer in claims.claim(run, 10)] == ["0"]


def test_orders_that_lost_two_workers_together_are_tried_again_at_different_times(rig: Rig) -> None:
    """Whatever kills a worker takes its neighbours down: they must not all be near when it does so the next time."""
    for number in range(3):
        rig.world.place(str(number))
    rig.world.on_prepare = raising(ServerFailed(), times=3)
    rig.run()
    vanish(rig)
    assert all(due <= timezone.now() for due in Transfer.objects.values_list("due_at", flat=True) if due)
    vanish(rig)
    due = list(Transfer.objects.values_list("due_at", flat=True))
    assert len(set(due)) == 3
    assert all(moment is not None and moment > timezone.now() + timedelta(seconds=2) for moment in due)


@pytest.mark.parametrize("arrived", [True, False])
def test_an_order_whose_workers_vanish_while_it_is_sent_is_looked_up_before_it_stops(rig: Rig, arrived: bool) -> None:
    begun(rig)
    Run.objects.update(state=Run.State.LOST)
    Transfer.objects.exclude(source_id="0").update(due_at=None)
    transfer = rig.transfer("0")
    if arrived:
        rig.world.documents.append(
            Document(
                kind="order",
                target_id="1",
                reference=transfer.reference,
                total=Decimal(125),
                total_vat=Decimal(25),
                currency="SEK",
            )
        )
    held = {"state": Transfer.State.SENDING, "in_doubt": True, "crashes": claims.GUILTY - 1, "owner": "other:1#1"}
    Transfer.objects.filter(pk=transfer.pk).update(**held, lease_until="2026-01-01T00:00:00Z")
    claims.reap(rig.flow.connection.erp_id)
    assert rig.transfer("0").state == Transfer.State.UNCERTAIN
    rig.make_due()
    rig.run()
    assert rig.world.finds == [[transfer.reference]]
    assert rig.world.writes == []
    transfer = rig.transfer("0")
    expected = (Transfer.State.SENT, "") if arrived else (Transfer.State.STOPPED, "WorkerLost")
    assert (transfer.state, transfer.error_code, transfer.in_doubt) == (*expected, False)


def test_what_a_vanished_worker_was_sending_is_looked_up_before_it_is_sent_again(rig: Rig) -> None:
    rig.world.place("1")
    rig.world.on_prepare = raising(ServerFailed())
    rig.run()
    rig.make_due()
    run = runs.begin(rig.flow, kind=Run.Kind.POLL, owner="other:1")
    assert run is not None
    transfer = claims.claim(run, 10)[0]
    draft = Draft(
        register=Register.ORDERS,
        reference=transfer.reference,
        steps=(),
        total=Decimal(125),
        total_vat=Decimal(25),
        currency="SEK",
    )
    batch = Batch(run, Outbox(run.flow.connection.customer_id))
    outcomes.intend(batch, transfer, draft)
    batch.save()
    Transfer.objects.update(lease_until="2026-01-01T00:00:00Z")
    Run.objects.filter(pk=run.pk).update(lease_until="2026-01-01T00:00:00Z")
    rig.run()
    # Its last call may still be under way over there: it is left in peace for a while.
    assert rig.transfer("1").state == Transfer.State.UNCERTAIN
    assert (rig.world.finds, rig.world.writes) == ([], [])
    rig.make_due()
    rig.run()
    assert rig.world.finds == [[transfer.reference]]
    assert rig.transfer("1").state == Transfer.State.SENT


def test_an_order_changed_in_the_shop_after_it_was_sent_is_flagged_and_not_sent_again(rig: Rig) -> None:
    rig.world.place("1", total="125.00")
    rig.run()
    rig.world.change("1", total=rig.world.orders["1"].total * 2)
    rig.run()
    transfer = rig.transfer("1")
    assert transfer.state == Transfer.State.SENT
    assert transfer.attention
    assert len(rig.world.documents) == 1
    assert transfer.events.filter(kind="attention").count() == 1
    rig.run()
    assert transfer.events.filter(kind="attention").count() == 1


def test_an_order_that_only_moves_on_to_its_next_status_needs_no_attention(rig: Rig) -> None:
    rig.world.place("1")
    rig.run()
    rig.world.change("1", status="completed")
    rig.run()
    assert not rig.transfer("1").attention


def test_an_order_cancelled_after_it_was_sent_is_flagged(rig: Rig) -> None:
    rig.world.place("1")
    rig.run()
    rig.world.change("1", status="cancelled", cancelled=True)
    rig.run()
    assert rig.transfer("1").attention
    assert "cancelled" in str(rig.transfer("1").events.last())


def test_an_order_deleted_after_it_was_sent_is_flagged_once_by_the_next_sweep(rig: Rig) -> None:
    rig.world.clock = timezone.now() - timedelta(hours=1)
    rig.world.place("1")
    rig.world.place("2")
    rig.run()
    del rig.world.orders["1"]
    for _ in range(2):
        Flow.objects.update(swept_at=timezone.now() - timedelta(days=2))
        rig.run()
    assert rig.transfer("1").attention
    assert rig.transfer("1").events.filter(kind="attention").count() == 1
    assert not rig.transfer("2").attention
    assert len(rig.world.documents) == 2


def test_many_orders_changed_in_the_same_moment_are_read_in_the_end_however_little_time_there_is(rig: Rig) -> None:
    for number in range(30):
        rig.world.place(f"{number:02}")
        rig.world.orders[f"{number:02}"] = replace(rig.world.orders[f"{number:02}"], modified_at=rig.world.clock)
        rig.world.clock += timedelta(milliseconds=100)
    for _ in range(15):
        engine.run(rig.flow.pk, budget=1e-6)
    rig.run()
    assert len(rig.world.documents) == 30


def test_a_sweep_of_a_large_shop_goes_on_where_it_stopped_and_new_orders_do_not_wait_for_it(rig: Rig) -> None:
    rig.world.clock = timezone.now() - timedelta(days=2)
    for number in range(30):
        rig.world.place(f"{number:02}")
    rig.run()
    # Sold long after: what the polls look at is no part of the sweep.
    rig.world.clock += timedelta(hours=30)
    del rig.world.orders["03"], rig.world.orders["20"], rig.world.orders["29"]
    Flow.objects.update(swept_at=timezone.now() - timedelta(days=2))
    rig.world.place("new")
    runs_needed = 0
    while Flow.objects.get().swept_at < timezone.now() - timedelta(days=1):  # type: ignore[operator]
        engine.run(rig.flow.pk, budget=1e-6)
        runs_needed += 1
        assert runs_needed < 30
    assert runs_needed > 3
    assert rig.transfer("new").state == Transfer.State.SENT
    gone = Transfer.objects.filter(attention=True).values_list("source_id", flat=True)
    assert sorted(gone) == ["03", "20", "29"]


def test_a_sweep_that_misses_an_order_by_mistake_flags_nothing(rig: Rig) -> None:
    rig.world.clock = timezone.now() - timedelta(hours=1)
    rig.world.place("1")
    rig.run()
    # The list hides it for a moment; asked for by id, it is there.
    rig.world.orders["1"] = replace(rig.world.orders["1"], modified_at=rig.world.clock - timedelta(days=30))
    Transfer.objects.update(modified_at=rig.world.clock)
    Flow.objects.update(swept_at=timezone.now() - timedelta(days=2))
    rig.run()
    assert not rig.transfer("1").attention


def test_an_order_cancelled_before_it_was_sent_is_not_sent(rig: Rig) -> None:
    rig.world.place("1")
    rig.world.on_prepare = raising(InvalidRecord("no"))
    rig.run()
    rig.world.change("1", status="cancelled", cancelled=True)
    rig.run()
    assert rig.transfer("1").state == Transfer.State.SKIPPED
    assert rig.world.documents == []


def test_a_stopped_order_goes_by_itself_when_it_is_put_right_in_the_shop(rig: Rig) -> None:
    rig.world.place("1")
    rig.world.on_prepare = raising(InvalidRecord("no article number"))
    rig.run()
    assert rig.transfer("1").state == Transfer.State.STOPPED
    rig.world.change("1", note="now right")
    rig.run()
    assert rig.transfer("1").state == Transfer.State.SENT


def test_an_order_that_the_erp_always_fails_on_stops_while_others_arrive(rig: Rig) -> None:
    poison = f"{rig.flow.shop.code}-1"

    def fail(reference: str) -> None:
        if reference == poison:
            raise ServerFailed

    rig.world.before_write = fail
    for number in range(30):
        rig.world.place(str(number))
        rig.run()
        rig.make_due()
    transfer = rig.transfer("1")
    assert transfer.state == Transfer.State.STOPPED
    assert transfer.acts == Transfer.Acts.STAFF
    assert transfer.attempts == 20
    assert len(rig.world.documents) == 29


def test_an_order_is_not_stopped_for_an_erp_that_takes_none(rig: Rig) -> None:
    rig.world.before_write = raising(ServerFailed(), times=60)
    rig.world.place("1")
    for _ in range(40):
        rig.run()
        rig.make_due()
    assert rig.transfer("1").state == Transfer.State.RETRYING
    assert rig.transfer("1").attempts == 40


def test_a_flow_that_is_paused_in_mid_run_begins_nothing_more(rig: Rig) -> None:
    for number in range(120):
        rig.world.place(str(number))

    def pause_and_claim(*_: object) -> object:
        Flow.objects.update(state=Flow.State.PAUSED)
        return mock.DEFAULT

    with mock.patch("flows.ledger.claims.claim", wraps=claims.claim, side_effect=pause_and_claim):
        rig.run()
    assert 0 < len(rig.world.documents) <= 50
    assert set(rig.states().values()) == {"sent", "waiting"}


def test_a_large_shop_is_read_in_several_runs_and_sending_is_not_starved(rig: Rig) -> None:
    for number in range(30):
        rig.world.place(str(number))
    engine.run(rig.flow.pk, budget=1e-6)
    flow = Flow.objects.get()
    assert 0 < Transfer.objects.count() < 30
    assert flow.next_run_at is not None
    assert flow.next_run_at <= timezone.now()
    for _ in range(10):
        rig.run()
    assert len(rig.world.documents) == 30


def test_a_paused_flow_does_nothing(rig: Rig) -> None:
    Flow.objects.update(state=Flow.State.PAUSED)
    assert rig.run() is None
    assert rig.world.reads == []


def test_a_dry_run_shows_what_would_be_sent_and_changes_nothing(rig: Rig) -> None:
    rig.world.place("1")
    rig.world.place("2", status="pending")
    run = rig.run(kind=Run.Kind.DRY)
    assert run is not None
    assert [entry["outcome"] for entry in run.report] == ["would be sent", "would be skipped"]
    assert run.report[0]["steps"][0]["body"] == {"reference": f"{rig.flow.shop.code}-1"}
    assert rig.world.documents == []
    assert not Transfer.objects.exists()
    assert Flow.objects.get().cursor is None


def test_one_dead_shop_stops_its_own_flow_only(rig: Rig) -> None:
    other = make_rig()
    rig.world.on_read = raising(Unreachable(), times=99)
    other.world.place("1")
    rig.run()
    other.run()
    assert other.transfer("1").state == Transfer.State.SENT


def test_the_sweep_finds_what_the_polls_did_not_see(rig: Rig) -> None:
    rig.world.clock = timezone.now()
    rig.world.place("1")
    rig.run()
    late = rig.world.place("2")
    # The shop's stamp lies: it is older than everything the polls look at.
    rig.world.orders["2"] = replace(late, modified_at=rig.world.orders["1"].modified_at - timedelta(days=1))
    Flow.objects.update(cursor=timezone.now())
    rig.run()
    assert "2" not in rig.states()
    Flow.objects.update(swept_at=timezone.now() - timedelta(days=2))
    run = rig.run()
    assert run is not None
    assert run.kind == Run.Kind.SWEEP
    assert rig.states()["2"] == "sent"
