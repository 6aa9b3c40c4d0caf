"""What is kept, and how long: details go, the rows that keep an order from going twice stay."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from connectors.errors import Unreachable
from connectors.records import Refund
from flows import pruning, services
from flows.models import Delivery, Event, Run, Transfer
from tests.faults.storage.growth import grow
from tests.flows.conftest import Rig

State = Transfer.State


def grow_old(days: int) -> None:
    """Everything there is happened so many days earlier."""
    by = timedelta(days=days)
    for transfer in Transfer.objects.all():
        Transfer.objects.filter(pk=transfer.pk).update(updated_at=transfer.updated_at - by)
    for event in Event.objects.all():
        Event.objects.filter(pk=event.pk).update(at=event.at - by)
    for run in Run.objects.all():
        Run.objects.filter(pk=run.pk).update(started_at=run.started_at - by)


def details(transfer: Transfer) -> list[object]:
    return [event.data for event in transfer.events.all() if event.data]


def test_the_details_of_a_sent_order_go_after_a_while_and_what_keeps_it_from_going_twice_stays(rig: Rig) -> None:
    rig.world.place("1", total="125.00", buyer="marta@kund.example")
    rig.run()
    before = rig.transfer("1")
    assert details(before)
    pruning.prune_all()
    assert rig.transfer("1").slimmed_at is None
    grow_old(15)
    pruning.prune_all()
    after = rig.transfer("1")
    assert after.slimmed_at is not None
    assert details(after) == []
    assert (after.buyer, after.party_key, after.email_key) == ("", "", "")
    assert "Märta" not in str(after.payload)
    kept = ("state", "number", "reference", "target_id", "target_total", "total", "sent_hash", "document_hash", "content_hash")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    assert after.events.count() == before.events.count()
    rig.run(kind=Run.Kind.SWEEP)
    assert rig.world.references() == [before.reference]
    assert rig.transfer("1").slimmed_at is not None


@pytest.mark.parametrize("state", [State.WAITING, State.RETRYING, State.HELD, State.STOPPED, State.UNCERTAIN, State.SENDING])
def test_nothing_that_waits_for_anybody_or_anything_is_slimmed(rig: Rig, state: str) -> None:
    rig.world.place("1")
    rig.run()
    Transfer.objects.update(state=state, due_at=None)
    grow_old(1000)
    pruning.prune_all()
    assert rig.transfer("1").slimmed_at is None
    assert details(rig.transfer("1"))


def test_what_needs_attention_keeps_its_details_until_somebody_marked_it_as_handled(rig: Rig) -> None:
    rig.world.place("1", total="125.00")
    rig.run()
    rig.world.change("1", total=Decimal("150.00"))
    rig.run()
    grow_old(15)
    pruning.prune_all()
    assert rig.transfer("1").slimmed_at is None
    services.mark_handled(Transfer.objects.all(), actor="anna")
    grow_old(15)
    pruning.prune_all()
    assert rig.transfer("1").slimmed_at is not None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cancelled": True}, "was cancelled in the shop"),
        ({"refunds": (Refund(source_id="1", gross=Decimal("25.00")),)}, "25.00 SEK was refunded"),
        ({"total": Decimal("150.00")}, "125.00 SEK then, 150.00 SEK now"),
    ],
)
def test_a_slimmed_order_that_the_shop_changes_asks_for_attention_once_and_its_details_return(
    rig: Rig, change: dict[str, object], words: str
) -> None:
    rig.world.place("1", total="125.00")
    rig.run()
    grow_old(15)
    pruning.prune_all()
    rig.world.change("1", **change)
    rig.run()
    rig.run(kind=Run.Kind.SWEEP)
    transfer = rig.transfer("1")
    assert transfer.attention
    assert transfer.slimmed_at is None
    assert transfer.buyer == "Märta Sjöström"
    said = [str(event.text) for event in transfer.events.filter(kind=Event.Kind.ATTENTION)]
    assert len(said) == 1
    assert words in said[0]
    assert len(rig.world.documents) == 1


def test_what_was_said_of_a_slimmed_order_is_not_said_again(rig: Rig) -> None:
    rig.world.place("1", total="125.00")
    rig.run()
    refund = Refund(source_id="1", gross=Decimal("25.00"))
    rig.world.change("1", refunds=(refund,))
    rig.run()
    services.mark_handled(Transfer.objects.all(), actor="anna")
    grow_old(15)
    pruning.prune_all()
    rig.world.change("1", status="completed")
    rig.run()
    assert not rig.transfer("1").attention


def test_a_skipped_order_that_was_slimmed_is_read_again_before_it_is_sent_after_all(rig: Rig) -> None:
    rig.world.place("1")
    rig.world.before_write = lambda reference: pytest.fail("a slimmed order was sent")
    rig.world.orders["1"] = replace(rig.world.orders["1"], status="pending")
    rig.run()
    assert rig.states() == {"1": State.SKIPPED}
    grow_old(15)
    pruning.prune_all()
    rig.world.on_read = unreachable
    services.retry(Transfer.objects.all(), actor="anna")
    rig.flow.refresh_from_db()
    rig.flow.trigger_statuses = ["pending"]
    rig.flow.save()
    rig.run()
    assert rig.states() == {"1": State.WAITING}
    rig.world.on_read = lambda: None
    rig.world.before_write = lambda reference: None
    rig.make_due()
    rig.run()
    assert rig.states() == {"1": State.SENT}
    assert rig.world.documents[0].total == Decimal("125.00")


def test_a_skipped_order_that_was_slimmed_and_is_gone_from_the_shop_stops_instead_of_going_empty(rig: Rig) -> None:
    rig.world.place("1")
    rig.world.orders["1"] = replace(rig.world.orders["1"], status="pending")
    rig.run()
    grow_old(15)
    pruning.prune_all()
    rig.world.orders.clear()
    services.retry(Transfer.objects.all(), actor="anna")
    rig.run()
    transfer = rig.transfer("1")
    assert transfer.state == State.STOPPED
    assert "no longer has the order" in str(transfer.message)
    assert rig.world.documents == []


def test_a_timeline_goes_with_time_but_not_what_people_did(rig: Rig) -> None:
    rig.world.place("1")
    rig.run()
    rig.world.change("1", total=Decimal("150.00"))
    rig.run()
    services.mark_handled(Transfer.objects.all(), actor="anna")
    grow_old(91)
    pruning.prune_all()
    assert [event.kind for event in rig.transfer("1").events.all()] == [Event.Kind.ATTENTION, Event.Kind.STAFF]


def test_runs_that_saw_nothing_new_go_after_a_day_and_the_others_after_three_months(rig: Rig) -> None:
    rig.world.place("1")
    busy = rig.run()
    quiet = rig.run()
    assert busy
    assert quiet
    grow_old(2)
    last = rig.run()
    assert last
    pruning.prune_all()
    assert set(Run.objects.values_list("pk", flat=True)) == {busy.pk, last.pk}
    grow_old(89)
    pruning.prune_all()
    assert set(Run.objects.values_list("pk", flat=True)) == set()
    assert rig.transfer("1").state == State.SENT


def test_a_dry_run_whose_report_names_buyers_goes_with_the_details(rig: Rig) -> None:
    rig.world.place("1")
    dry = rig.run(kind=Run.Kind.DRY)
    assert dry
    assert dry.report
    grow_old(13)
    pruning.prune_all()
    assert Run.objects.filter(pk=dry.pk).exists()
    grow_old(2)
    pruning.prune_all()
    assert not Run.objects.filter(pk=dry.pk).exists()


def test_a_run_that_is_under_way_is_left_alone(rig: Rig) -> None:
    now = timezone.now()
    live = Run.objects.create(flow=rig.flow, started_at=now - timedelta(days=400), lease_until=now - timedelta(days=400))
    pruning.prune_all()
    assert Run.objects.filter(pk=live.pk).exists()


def test_webhooks_results_wake_ups_and_sessions_go_too(rig: Rig) -> None:
    now, month = timezone.now(), timezone.now() - timedelta(days=31)
    old = Delivery.objects.create(endpoint=rig.flow.shop, state=Delivery.State.ACCEPTED)
    Delivery.objects.filter(pk=old.pk).update(received_at=month)
    young = Delivery.objects.create(endpoint=rig.flow.shop, state=Delivery.State.ACCEPTED)
    task, wake_up = apps.get_model("django_q", "Task"), apps.get_model("django_q", "OrmQ")
    for number, at in enumerate((month, now)):
        task.objects.create(id=str(number), name=str(number), func="f", started=at, stopped=at, success=False)
        wake_up.objects.create(key="engine", payload="", lock=at)
        Session.objects.create(session_key=str(number), session_data="", expire_date=at + timedelta(days=1))
    pruning.prune_all()
    assert list(Delivery.objects.all()) == [young]
    assert [task.objects.count(), wake_up.objects.count(), Session.objects.count()] == [1, 1, 1]


def test_a_pass_goes_on_where_it_stopped_and_the_next_one_begins_an_hour_later(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "STEP", 2)
    monkeypatch.setattr(pruning, "_next_pass", 0.0)
    for number in range(5):
        rig.world.place(str(number))
    rig.run()
    grow_old(15)
    slimmed = [pruning.prune_some(seconds=0)["orders slimmed"] for _ in range(4)]
    assert slimmed == [2, 2, 1, 0]
    pruning.prune_some(seconds=60)
    Transfer.objects.update(slimmed_at=None)
    assert pruning.prune_some(seconds=60).total() == 0
    monkeypatch.setattr(pruning, "_next_pass", 0.0)
    assert pruning.prune_some(seconds=60)["orders slimmed"] == 5


def test_the_page_of_a_slimmed_order_says_what_was_removed(rig: Rig, admin_client: Client) -> None:
    rig.world.place("1")
    rig.run()
    grow_old(100)
    pruning.prune_all()
    transfer = rig.transfer("1")
    page = admin_client.get(reverse("admin:flows_transfer_change", args=[transfer.pk])).content.decode()
    assert "14 dagar" in page
    assert transfer.target_id in page
    assert "Orderns rader, som" not in page


def test_the_command_says_what_it_removed(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    rig.world.place("1")
    rig.run()
    call_command("prune")
    assert capsys.readouterr().out == "Removed: nothing.\n"
    grow_old(15)
    call_command("prune")
    assert "1 orders slimmed" in capsys.readouterr().out


def unreachable() -> None:
    raise Unreachable("the shop")


def test_of_a_month_of_orders_two_weeks_keep_their_details_and_a_day_its_quiet_runs(rig: Rig) -> None:
    for number in range(8):
        rig.world.place(str(number))
    rig.run()
    growth = grow(rig.flow.pk, days=30, orders=8, runs=4)
    assert growth.orders == 30 * 8
    assert Transfer.objects.count() == 31 * 8
    assert Transfer.objects.filter(slimmed_at__isnull=True).count() in (14 * 8, 15 * 8)
    assert Event.objects.exclude(data={}).values("transfer").distinct().count() in (14 * 8, 15 * 8)
    # Two of four runs a day saw something, and so did the one that fetched the first orders.
    assert Run.objects.count() in (30 * 2 + 1 + 2, 30 * 2 + 1 + 4)
