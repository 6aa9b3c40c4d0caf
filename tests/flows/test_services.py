"""The verbs of the admin: what they refuse, and what they leave alone."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from billing.refusals import Refused
from connectors.errors import BadCredentials, InvalidRecord, ServerFailed
from flows import services
from flows.models import Connection, Endpoint, Flow, Transfer
from flows.reading import Reading
from tests.flows.conftest import Rig
from tests.flows.test_engine import raising

pytestmark = pytest.mark.django_db


def stopped(rig: Rig) -> Transfer:
    rig.world.place("1")
    rig.world.on_prepare = raising(InvalidRecord("Article A-1 is barred."))
    rig.run()
    return rig.transfer("1")


def test_testing_an_endpoint_remembers_what_it_offers(rig: Rig) -> None:
    endpoint = services.check_endpoint(rig.flow.shop, actor="anna")
    assert endpoint.health == Endpoint.Health.WORKING
    assert [choice.value for choice in Endpoint.objects.get(pk=endpoint.pk).choices("statuses")] == ["processing", "completed"]


def test_testing_an_endpoint_with_wrong_credentials_says_so_and_keeps_what_was_known(rig: Rig) -> None:
    services.check_endpoint(rig.flow.shop, actor="anna")
    rig.world.on_read = raising(BadCredentials())
    endpoint = services.check_endpoint(Endpoint.objects.get(pk=rig.flow.shop_id), actor="anna")
    assert endpoint.health == Endpoint.Health.DENIED
    assert "credentials" in str(endpoint.trouble)
    assert endpoint.choices("statuses")


def test_a_connection_whose_erp_was_never_reached_is_not_activated(rig: Rig) -> None:
    Endpoint.objects.update(health=Endpoint.Health.UNKNOWN)
    connection = Connection.objects.get()
    with pytest.raises(Refused, match="Test ERP first"):
        services.activate_connection(connection, actor="anna")


def test_a_flow_without_trigger_statuses_is_not_resumed(rig: Rig) -> None:
    rig.flow.trigger_statuses = []
    with pytest.raises(Refused, match="statuses"):
        services.resume_flow(rig.flow, actor="anna")


def test_a_paused_flow_is_not_started(rig: Rig) -> None:
    services.pause_flow(rig.flow, actor="anna")
    with pytest.raises(Refused, match="paused"):
        services.start_flow(Flow.objects.get(), actor="anna")


def test_retry_by_hand_is_on_the_timeline_with_who_and_why(rig: Rig) -> None:
    transfer = stopped(rig)
    outcome = services.retry(Transfer.objects.filter(pk=transfer.pk), actor="anna", reason="unbarred")
    assert (outcome.done, outcome.left_alone) == (1, 0)
    event = transfer.events.last()
    assert event is not None
    assert event.actor == "anna"
    assert "unbarred" in str(event.text)
    rig.run()
    assert rig.transfer("1").state == Transfer.State.SENT


def test_retry_leaves_sent_orders_alone_and_counts_them(rig: Rig) -> None:
    rig.world.place("1")
    rig.run()
    outcome = services.retry(Transfer.objects.all(), actor="anna")
    assert (outcome.done, outcome.left_alone) == (0, 1)
    assert rig.transfer("1").state == Transfer.State.SENT


def test_retry_of_an_order_in_doubt_looks_it_up_first(rig: Rig) -> None:
    rig.world.place("1")
    rig.world.after_write = raising(ServerFailed(outcome_unknown=True))
    rig.run()
    services.retry(Transfer.objects.all(), actor="anna")
    rig.run()
    # Not yet: what was written may still be on its way there.
    assert rig.world.finds == []
    rig.make_due()
    rig.run()
    assert rig.world.finds == [[rig.transfer("1").reference]]
    assert len(rig.world.writes) == 1
    assert rig.transfer("1").state == Transfer.State.SENT


def test_an_order_that_was_skipped_by_hand_does_not_come_back_when_the_shop_changes_it(rig: Rig) -> None:
    transfer = stopped(rig)
    services.skip(Transfer.objects.filter(pk=transfer.pk), actor="anna", reason="made by hand")
    rig.world.change("1", note="something")
    rig.run()
    assert rig.transfer("1").state == Transfer.State.SKIPPED
    assert rig.world.documents == []


def test_a_skipped_order_can_be_retried(rig: Rig) -> None:
    transfer = stopped(rig)
    services.skip(Transfer.objects.filter(pk=transfer.pk), actor="anna", reason="made by hand")
    services.retry(Transfer.objects.filter(pk=transfer.pk), actor="anna")
    rig.run()
    assert rig.transfer("1").state == Transfer.State.SENT


def test_marking_as_handled_clears_the_flag_and_stays_on_the_timeline(rig: Rig) -> None:
    rig.world.place("1")
    rig.run()
    rig.world.change("1", cancelled=True, status="cancelled")
    rig.run()
    outcome = services.mark_handled(Transfer.objects.all(), actor="anna", reason="cancelled in the ERP")
    assert outcome.done == 1
    assert not rig.transfer("1").attention
    assert rig.transfer("1").events.filter(actor="anna").exists()


def test_pausing_a_connection_says_who_and_why(rig: Rig) -> None:
    connection = Connection.objects.get()
    services.pause_connection(connection, actor="anna", reason="stock-taking")
    connection.refresh_from_db()
    assert str(connection.pause_reason) == "Paused by anna: stock-taking"
    assert connection.history.count() >= 1


def test_pausing_a_flow_says_who_and_why_until_it_is_resumed(rig: Rig) -> None:
    services.pause_flow(rig.flow, actor="anna", reason="stock-taking")
    assert str(Flow.objects.get().pause_reason) == "Paused by anna: stock-taking"
    services.resume_flow(rig.flow, actor="bo")
    assert str(Flow.objects.get().pause_reason) == ""
    services.pause_flow(rig.flow, actor="bo")
    assert str(Flow.objects.get().pause_reason) == "Paused by bo."
    kept = rig.flow.history.order_by("-history_id").values_list("history_change_reason", "pause_reason")[:3]
    assert [(note, str(reason)) for note, reason in kept] == [
        ("paused (bo)", "Paused by bo."),
        ("active (bo)", ""),
        ("paused (anna)", "Paused by anna: stock-taking"),
    ]


def test_a_preview_shows_what_would_be_sent_and_sends_nothing(rig: Rig) -> None:
    transfer = stopped(rig)
    draft = services.preview(transfer)
    assert draft.total == transfer.total
    assert rig.world.documents == []


def test_hints_wake_a_flow_once_and_make_it_run_again_after_a_run_that_began_before(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django_q.models import OrmQ

    assert services.hint(rig.flow.shop) == 1
    assert services.hint(rig.flow.shop) == 0
    assert OrmQ.objects.count() == 1

    rig.run()
    flow = Flow.objects.get()
    assert flow.next_run_at is not None
    assert flow.next_run_at > timezone.now()

    read = Reading.read

    def read_and_hear(self: Reading, *arguments: Any, **named: Any) -> bool:
        services.hint(rig.flow.shop)
        return read(self, *arguments, **named)

    monkeypatch.setattr(Reading, "read", read_and_hear)
    rig.run()
    flow = Flow.objects.get()
    assert flow.queued_at is None
    assert flow.next_run_at is not None
    assert flow.next_run_at <= timezone.now()


def test_after_a_backup_was_put_back_nothing_that_the_erp_has_is_sent_again(rig: Rig) -> None:
    for number in range(3):
        rig.world.place(str(number))
    rig.run()
    # The backup knew one order as waiting, one not at all, and one as sent.
    Transfer.objects.filter(source_id="0").update(
        state=Transfer.State.WAITING, due_at=timezone.now(), looked_up=True, target_id=""
    )
    Transfer.objects.filter(source_id="1").delete()
    Flow.objects.update(cursor=None)
    assert services.look_up_everything() == (1, 1)
    rig.run()
    assert set(rig.states().values()) == {"sent"}
    assert len(rig.world.writes) == 3
