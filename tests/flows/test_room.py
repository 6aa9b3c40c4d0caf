"""Caps and features, as the engine keeps them: nothing is lost above a cap or without a feature, and nothing counts twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from billing import caps, contracts
from billing.dates import DAY, month_of, today
from billing.models import OrderMonth, OrderUse, Package, Subscription, Term
from billing.models.packages import Feature
from billing.refusals import Refused
from connectors.errors import InvalidRecord, ServerFailed, TimedOut
from flows import rights, services
from flows.ledger import claims, owners, runs
from flows.models import Endpoint, Event, Flow, Run, Transfer
from flows.settling import Settling
from tests.clock import standing_still
from tests.customers import SINCE
from tests.flows.conftest import Rig, make_rig
from tests.flows.test_engine import raising

pytestmark = pytest.mark.django_db
State = Transfer.State
#: Carries out what is to happen after the commit, which a test's own transaction never sees.
Committed = Callable[..., Any]


@pytest.fixture
def narrow(db: None) -> Rig:
    """A customer with three orders a month."""
    return make_rig(orders=3)


def subscription_of(rig: Rig) -> Subscription:
    return Subscription.objects.get(customer=rig.flow.connection.customer_id)


def sell(rig: Rig, code: str) -> None:
    """Let the customer have had a package for as long as it has been one."""
    offer = Package.objects.get(code=code).offers.get(edition="client")
    Term.objects.filter(subscription=subscription_of(rig)).update(
        package=offer.package, order_cap=offer.order_cap, features=offer.features
    )


def place(rig: Rig, *numbers: int) -> None:
    for number in numbers:
        rig.world.place(str(number))


def in_state(rig: Rig, state: str) -> list[int]:
    return sorted(int(source_id) for source_id, found in rig.states().items() if found == state)


def sent_in_order(rig: Rig) -> list[int]:
    return [int(reference.rpartition("-")[2]) for reference in rig.world.references()]


def used(rig: Rig, month: datetime | None = None) -> int:
    counted = caps.usage(rig.flow.connection.customer_id, at=month or timezone.now()).used
    assert counted == OrderUse.objects.filter(month=month_of(month or timezone.now())).count()
    return counted


# --- caps ---------------------------------------------------------------------------------------------------------------------


def test_orders_above_the_cap_wait_visibly_and_the_erp_is_asked_nothing_about_them(narrow: Rig) -> None:
    prepared: list[str] = []
    narrow.world.on_prepare = lambda order: prepared.append(order.source_id)
    place(narrow, *range(150))
    run = narrow.run()
    assert run is not None
    assert run.held == 147
    assert in_state(narrow, State.SENT) == [0, 1, 2]
    assert len(in_state(narrow, State.HELD)) == 147
    assert sorted(prepared) == ["0", "1", "2"]
    transfer = narrow.transfer("149")
    assert "go" in str(transfer.message)
    assert transfer.due_at == caps.room_again_at(timezone.now())
    assert transfer.acts == Transfer.Acts.NOBODY
    assert used(narrow) == 3


def test_an_order_that_waits_says_so_once_on_its_timeline(narrow: Rig) -> None:
    place(narrow, *range(5))
    for _ in range(3):
        narrow.run()
        narrow.make_due()
    assert Event.objects.filter(transfer=narrow.transfer("4"), kind=Event.Kind.HELD).count() == 1


def test_extra_orders_let_the_oldest_go_before_any_that_came_after_them(
    narrow: Rig, django_capture_on_commit_callbacks: Committed
) -> None:
    place(narrow, *range(8))
    narrow.run()
    place(narrow, 8, 9)
    with django_capture_on_commit_callbacks(execute=True):
        now = today(timezone.now())
        contracts.grant_orders(subscription_of(narrow), 4, begins_on=now, expires_on=now, reason="Julrea", actor="anna")
    # Granted, and nobody had to touch an order or the flow.
    assert Flow.objects.get(pk=narrow.flow.pk).next_run_at is None
    narrow.run()
    assert sent_in_order(narrow) == [0, 1, 2, 3, 4, 5, 6]
    assert in_state(narrow, State.HELD) == [7, 8, 9]
    assert used(narrow) == 7


def test_a_raised_package_lets_orders_go_at_once(narrow: Rig, django_capture_on_commit_callbacks: Committed) -> None:
    place(narrow, *range(6))
    narrow.run()
    with django_capture_on_commit_callbacks(execute=True):
        contracts.change_package(
            subscription_of(narrow),
            Package.objects.get(code="premium"),
            today=today(timezone.now()),
            actor="anna",
            agreed=contracts.Agreed(monthly_price=Decimal(2000), order_cap=5),
        )
    narrow.run()
    assert in_state(narrow, State.HELD) == [5]
    assert used(narrow) == 5


def test_an_order_that_is_tried_again_counts_once(narrow: Rig) -> None:
    narrow.world.before_write = raising(ServerFailed(), times=2)
    place(narrow, 1, 2, 3)
    for _ in range(4):
        narrow.run()
        narrow.make_due()
    assert in_state(narrow, State.SENT) == [1, 2, 3]
    assert used(narrow) == 3


def test_an_order_whose_answer_was_lost_keeps_its_room_until_one_knows(narrow: Rig) -> None:
    narrow.world.after_write = raising(TimedOut(outcome_unknown=True))
    place(narrow, 1, 2, 3, 4)
    narrow.run()
    assert len(in_state(narrow, State.UNCERTAIN)) == 1
    assert used(narrow) == 3
    for _ in range(3):
        narrow.make_due()
        narrow.run()
    assert len(in_state(narrow, State.SENT)) == 3
    assert len(narrow.world.documents) == 3
    assert used(narrow) == 3


def test_an_order_that_stops_gives_its_room_to_the_oldest_that_waits(narrow: Rig) -> None:
    rejected = raising(InvalidRecord("Article A-1 is barred."))
    narrow.world.before_write = lambda reference: rejected() if reference.endswith("-1") else None
    place(narrow, 1, 2, 3, 4, 5)
    narrow.run()
    assert in_state(narrow, State.STOPPED) == [1]
    assert in_state(narrow, State.SENT) == [2, 3, 4]
    assert in_state(narrow, State.HELD) == [5]
    assert used(narrow) == 3


def test_when_the_month_turns_what_waited_goes_in_its_order_and_counts_in_the_new_month(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Half past eleven in the evening of 31 October in Stockholm, a week after the clocks were put back.
    evening = datetime(2026, 10, 31, 22, 30, tzinfo=UTC)
    with standing_still(monkeypatch, evening) as clock:
        rig = make_rig(orders=3)
        place(rig, *range(8))
        rig.run()
        assert in_state(rig, State.SENT) == [0, 1, 2]
        flow = Flow.objects.get(pk=rig.flow.pk)
        assert flow.next_run_at is not None

        clock.move_to(datetime(2026, 10, 31, 22, 59, 59, tzinfo=UTC))
        rig.run()
        assert len(rig.world.documents) == 3
        flow.refresh_from_db()
        assert flow.next_run_at == datetime(2026, 10, 31, 23, 0, tzinfo=UTC)

        clock.move_to(datetime(2026, 10, 31, 23, 0, 1, tzinfo=UTC))
        place(rig, 8)
        rig.run()
        assert sent_in_order(rig)[3:] == [3, 4, 5]
        assert in_state(rig, State.HELD) == [6, 7, 8]
        assert [row.used for row in OrderMonth.objects.order_by("month")] == [3, 3]

        clock.move_to(datetime(2026, 11, 30, 23, 0, 1, tzinfo=UTC))
        rig.run()
        assert in_state(rig, State.HELD) == []
        assert sent_in_order(rig)[6:] == [6, 7, 8]


def test_an_order_that_got_its_room_before_the_month_turned_counts_in_that_month(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    october = datetime(2026, 10, 31, 22, 59, tzinfo=UTC)
    with standing_still(monkeypatch, october) as clock:
        rig = make_rig(orders=3)
        rig.world.before_write = raising(TimedOut(outcome_unknown=True))
        place(rig, 1)
        rig.run()
        assert in_state(rig, State.UNCERTAIN) == [1]
        clock.move(timedelta(minutes=10))
        rig.run()
        assert in_state(rig, State.SENT) == [1]
        assert used(rig, october) == 1
        assert used(rig) == 0


def test_an_order_that_is_tried_again_is_not_overtaken_by_those_that_came_after_it(narrow: Rig) -> None:
    narrow.world.before_write = raising(ServerFailed())
    place(narrow, 1, 2, 3, 4)
    narrow.run()
    assert in_state(narrow, State.RETRYING) == [1] or in_state(narrow, State.RETRYING) == [2]
    for _ in range(3):
        narrow.make_due()
        narrow.run()
    assert in_state(narrow, State.SENT) == [1, 2, 3]
    assert in_state(narrow, State.HELD) == [4]


def test_a_flow_paused_in_mid_run_leaves_no_room_taken(narrow: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    place(narrow, 1, 2, 3)
    claim = claims.claim

    def pause_and_claim(run: Run, limit: int) -> list[Transfer]:
        claimed = claim(run, limit)
        Flow.objects.update(state=Flow.State.PAUSED)
        return claimed

    monkeypatch.setattr(claims, "claim", pause_and_claim)
    narrow.run()
    assert used(narrow) == len(narrow.world.documents)


def test_an_order_that_may_be_in_the_erp_keeps_its_room_when_it_is_left_for_later(narrow: Rig) -> None:
    narrow.world.after_write = raising(TimedOut(outcome_unknown=True))
    place(narrow, 1)
    narrow.run()
    narrow.make_due()
    run = runs.begin(narrow.flow, kind=Run.Kind.POLL, owner=owners.me())
    assert run is not None
    (transfer,) = claims.claim(run, 10)
    settling = Settling(narrow.flow, run, narrow.flow.writes, erp_failed=lambda error: None, erp_worked=lambda: None)
    with settling.together():
        settling.leave(transfer)
    assert narrow.transfer("1").in_doubt
    assert used(narrow) == 1


# --- features -----------------------------------------------------------------------------------------------------------------


def beside(rig: Rig) -> Rig:
    """Another shop in the same connection."""
    shop = Endpoint.objects.get(pk=rig.flow.shop_id)
    shop.pk, shop.code = None, "OTHER"
    shop.save()
    flow = Flow.objects.create(
        connection=rig.flow.connection, shop=shop, state=Flow.State.ACTIVE, trigger_statuses=["processing"]
    )
    return Rig(flow, rig.world)


def test_a_customer_without_a_subscription_runs_nothing_and_reads_why(rig: Rig) -> None:
    Subscription.objects.all().delete()
    place(rig, 1)
    assert rig.run() is None
    flow = Flow.objects.get(pk=rig.flow.pk)
    assert "no subscription" in str(flow.hindrance)
    assert flow.state == Flow.State.ACTIVE
    assert flow.next_run_at is not None
    assert flow.next_run_at > timezone.now() + timedelta(minutes=50)


def test_a_dry_run_needs_no_subscription(rig: Rig) -> None:
    Subscription.objects.all().delete()
    place(rig, 1)
    assert rig.run(kind=Run.Kind.DRY) is not None


def test_a_shop_that_is_not_the_first_needs_multishop_and_the_first_goes_on(rig: Rig) -> None:
    second = beside(rig)
    sell(rig, "200")
    place(rig, 1)
    assert rig.run() is not None
    assert second.run() is None
    hindrance = str(Flow.objects.get(pk=second.flow.pk).hindrance)
    assert "Multishop" in hindrance
    assert "Paket 400" in hindrance
    with pytest.raises(Refused, match="Paket 400"):
        services.resume_flow(second.flow, actor="anna")


def test_what_was_missing_comes_with_the_package_and_the_flow_goes_on_by_itself(
    rig: Rig, django_capture_on_commit_callbacks: Committed
) -> None:
    second = beside(rig)
    sell(rig, "200")
    assert second.run() is None
    with django_capture_on_commit_callbacks(execute=True):
        contracts.change_package(
            subscription_of(rig), Package.objects.get(code="400"), today=today(timezone.now()), actor="anna"
        )
    assert Flow.objects.get(pk=second.flow.pk).next_run_at is None
    place(rig, 1)
    assert second.run() is not None
    assert str(Flow.objects.get(pk=second.flow.pk).hindrance) == ""


def test_a_downgrade_stops_the_flows_that_lose_their_feature_says_so_before_and_deletes_nothing(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with standing_still(monkeypatch, datetime(2026, 11, 20, 12, 0, tzinfo=UTC)) as clock:
        rig = make_rig()
        second = beside(rig)
        sell(rig, "400")
        place(rig, 1)
        second.run()
        subscription = subscription_of(rig)
        change = contracts.what_if(subscription, Package.objects.get(code="200"), today=today(clock.now()))
        assert not change.is_upgrade
        assert Feature.MULTISHOP in change.lost
        assert rights.losing(subscription.customer_id, set(change.lost)) == [second.flow]

        contracts.change_package(subscription, change.package, today=today(clock.now()), actor="anna")
        assert second.run() is not None
        clock.move_to(datetime(2026, 11, 30, 23, 0, 1, tzinfo=UTC))
        place(rig, 2)
        assert second.run() is None
        assert rig.run() is not None
        assert Transfer.objects.filter(flow=second.flow).exists()
        assert Flow.objects.get(pk=second.flow.pk).state == Flow.State.ACTIVE


def test_a_paused_subscription_runs_nothing_and_afterwards_everything_arrives(
    rig: Rig, django_capture_on_commit_callbacks: Committed
) -> None:
    place(rig, 1)
    rig.run()
    now = today(timezone.now())
    contracts.pause(subscription_of(rig), begins_on=now, actor="anna", reason="Semesterstängt")
    place(rig, 2)
    assert rig.run() is None
    assert "paused" in str(Flow.objects.get(pk=rig.flow.pk).hindrance)
    with django_capture_on_commit_callbacks(execute=True):
        contracts.resume(subscription_of(rig), on=now, actor="anna")
    rig.run()
    assert in_state(rig, State.SENT) == [1, 2]


def test_after_its_last_day_a_subscription_runs_nothing(rig: Rig) -> None:
    yesterday = today(timezone.now()) - DAY
    assert yesterday > SINCE
    Subscription.objects.update(ends_on=yesterday)
    place(rig, 1)
    assert rig.run() is None
