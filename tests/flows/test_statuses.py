"""What the engine promises of order statuses, with the remote systems in memory."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from connectors.base import Register
from connectors.errors import ServerFailed
from connectors.progress import Milestone
from flows.models import Event, Flow, Item, Run, Transfer
from tests.flows.conftest import Rig

pytestmark = pytest.mark.django_db

RULES = {
    "delivered_status": "shipped",
    "delivered_message": "Order {number} är på väg.",
    "invoiced_status": "completed",
    "cancelled_status": "cancelled",
}


@pytest.fixture
def status(rig: Rig) -> Rig:
    """A flow of statuses beside the flow of orders, which has run once."""
    made = rig.another(Register.STATUS, rules=RULES)
    made.run()
    return made


def sent(rig: Rig, *source_ids: str) -> None:
    for source_id in source_ids:
        rig.world.place(source_id)
    rig.run()


def look(status: Rig) -> Run:
    """Run it with all waiting times over, also of what it only begins to follow."""
    once(status)
    return once(status)


def once(status: Rig) -> Run:
    status.make_due()
    run = status.run()
    assert run is not None
    return run


def told(rig: Rig, source_id: str) -> list[str]:
    transfer = Transfer.objects.get(source_id=source_id)
    return [str(event.text) for event in Event.objects.filter(transfer=transfer, kind="status")]


def test_a_milestone_in_the_erp_becomes_the_status_in_the_shop(rig: Rig, status: Rig) -> None:
    sent(rig, "1001", "1002")
    rig.world.pass_("1001", Milestone.INVOICED)
    look(status)
    assert (rig.world.orders["1001"].status, rig.world.orders["1002"].status) == ("completed", "processing")
    assert told(rig, "1001") == ["Invoiced in the ERP: the order in the shop now has the status “completed”."]
    assert Transfer.objects.get(source_id="1001").milestone == "invoiced"


def test_milestones_are_told_one_after_the_other_each_once(rig: Rig, status: Rig) -> None:
    sent(rig, "1001")
    rig.world.pass_("1001", Milestone.DELIVERED, Milestone.INVOICED)
    for _ in range(3):
        look(status)
    assert rig.world.told == [("1001", "shipped", "Order 1001 är på väg."), ("1001", "completed", "")]


def test_what_is_not_mapped_does_nothing(rig: Rig, status: Rig) -> None:
    sent(rig, "1001")
    rig.world.pass_("1001", Milestone.PAID)
    look(status)
    assert rig.world.told == []
    assert Item.objects.get(flow=status.flow).due_at is None


def test_an_order_is_never_moved_backwards(rig: Rig, status: Rig) -> None:
    sent(rig, "1001")
    rig.world.pass_("1001", Milestone.INVOICED)
    look(status)
    rig.world.pass_("1001", Milestone.DELIVERED)
    look(status)
    assert rig.world.told == [("1001", "completed", "")]


def test_an_order_that_somebody_moved_elsewhere_is_left_alone_and_said(rig: Rig, status: Rig) -> None:
    sent(rig, "1001")
    rig.world.change("1001", status="on-hold")
    rig.world.pass_("1001", Milestone.INVOICED)
    look(status)
    assert rig.world.orders["1001"].status == "on-hold"
    assert told(rig, "1001") == ["Invoiced in the ERP. The order in the shop was left as it is.", "It was moved elsewhere."]


def test_an_order_that_was_sent_before_the_flow_ran_is_nobodys_news(rig: Rig) -> None:
    sent(rig, "1001")
    Transfer.objects.update(sent_at=timezone.now() - timedelta(hours=1))
    status = rig.another(Register.STATUS, rules=RULES)
    status.run()
    rig.world.pass_("1001", Milestone.INVOICED)
    look(status)
    assert (rig.world.told, Item.objects.count()) == ([], 0)


def test_earlier_orders_are_followed_from_the_date_that_the_flow_says(rig: Rig) -> None:
    sent(rig, "1001")
    status = rig.another(Register.STATUS, rules=RULES, start_from=timezone.now() - timedelta(days=1))
    rig.world.pass_("1001", Milestone.INVOICED)
    look(status)
    assert rig.world.told == [("1001", "completed", "")]


def test_what_came_from_the_erp_does_not_go_back_there(rig: Rig, status: Rig) -> None:
    sent(rig, "1001", "1002")
    rig.world.pass_("1001", Milestone.INVOICED)
    rig.world.pass_("1002", Milestone.CANCELLED)
    for _ in range(3):
        look(status)
    assert rig.world.orders["1002"].cancelled
    rig.run()
    assert len(rig.world.documents) == 2
    assert Transfer.objects.filter(attention=True).count() == 0


def test_a_document_that_is_missed_once_does_not_cancel_the_order(rig: Rig, status: Rig) -> None:
    sent(rig, "1001")
    look(status)
    rig.world.pass_("1001", Milestone.CANCELLED)
    once(status)
    due_at = Item.objects.get().due_at
    assert due_at is not None
    assert due_at > timezone.now() + timedelta(minutes=10)
    rig.world.progress.clear()
    once(status)
    rig.world.pass_("1001", Milestone.CANCELLED)
    once(status)
    assert rig.world.orders["1001"].status == "processing"
    once(status)
    assert rig.world.orders["1001"].status == "cancelled"


def test_a_document_that_was_just_written_is_not_asked_for(rig: Rig, status: Rig) -> None:
    sent(rig, "1001")
    asked: list[Any] = []
    rig.world.on_find = lambda: asked.append(1)
    status.run()
    assert asked == []


def test_an_order_that_the_shop_cancels_itself_does_need_attention(rig: Rig, status: Rig) -> None:
    sent(rig, "1001")
    rig.world.change("1001", status="cancelled", cancelled=True)
    rig.run()
    assert Transfer.objects.filter(attention=True).count() == 1


def test_a_lost_answer_tells_nothing_twice(rig: Rig, status: Rig) -> None:
    sent(rig, "1001")
    rig.world.pass_("1001", Milestone.DELIVERED)
    rig.world.after_write = lambda _: (_ for _ in ()).throw(ServerFailed(outcome_unknown=True))
    look(status)
    rig.world.after_write = lambda _: None
    look(status)
    assert rig.world.told == [("1001", "shipped", "Order 1001 är på väg.")]
    assert Item.objects.get(flow=status.flow).payload["told"] == ["delivered"]


def test_nothing_is_asked_for_once_there_is_nothing_more_to_learn(rig: Rig, status: Rig) -> None:
    sent(rig, "1001")
    rig.world.pass_("1001", Milestone.INVOICED)
    look(status)
    asked: list[Any] = []
    rig.world.on_find = lambda: asked.append(1)
    look(status)
    assert asked == []


def test_an_order_is_asked_for_ever_more_seldom(rig: Rig, status: Rig) -> None:
    sent(rig, "1001")
    look(status)
    pauses = []
    for age in (timedelta(hours=1), timedelta(days=4), timedelta(days=100)):
        Item.objects.update(created_at=timezone.now() - age)
        look(status)
        due_at = Item.objects.get().due_at
        assert due_at is not None
        pauses.append(round((due_at - timezone.now()) / timedelta(minutes=1)))
    assert pauses == [5, 120, 720]


def test_credit_notes_are_not_followed(rig: Rig, status: Rig) -> None:
    sent(rig, "1001")
    Transfer.objects.update(kind=Transfer.Kind.CREDIT)
    look(status)
    assert Item.objects.count() == 0


def test_a_thousand_orders_are_asked_for_a_hundred_at_a_time(rig: Rig, status: Rig) -> None:
    sent(rig, *(str(n) for n in range(1000, 1250)))
    asked: list[Any] = []
    rig.world.on_find = lambda: asked.append(1)
    look(status)
    assert len(asked) == 3
    assert Flow.objects.get(pk=status.flow.pk).cursor is not None


def test_a_dry_run_says_what_the_shop_would_be_told_and_tells_it_nothing(rig: Rig, status: Rig) -> None:
    sent(rig, "1001", "1002")
    rig.world.pass_("1001", Milestone.INVOICED)
    run = status.run(kind=Run.Kind.DRY)
    assert run is not None
    assert {row["number"]: row["outcome"] for row in run.report} == {"1001": "would be written", "1002": "is so already"}
    assert (rig.world.told, Item.objects.count()) == ([], 0)
