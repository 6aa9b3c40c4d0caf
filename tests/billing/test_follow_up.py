"""The work lists: who should be called, and nobody else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from billing import contracts, followup, gates, standing
from billing.caps import usage
from billing.dates import add_months
from billing.models import AddOnKind, Customer, Feature, OrderMonth, Subscription
from flows import follow_up
from flows.models import Flow, Transfer
from tests.billing.contracted import ACTOR, contracted, day, sold
from tests.browser import seed

AT = datetime(2026, 11, 21, 11, tzinfo=UTC)
PAGE = "/admin/billing/customer/follow-up/"


@pytest.fixture
def chief(db: None) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(seed.user())
    return client


def names(rows: Any) -> list[str]:
    return [row.customer.name for row in rows]


def using(name: str, used: int, code: str = "100") -> Subscription:
    with time_machine.travel(AT, tick=False):
        return sold(name, code, used=used)


@pytest.mark.parametrize("used", [0, 1, 60, 68, 69, 70, 71, 79, 80, 99, 100, 130])
@pytest.mark.parametrize("moment", [AT, datetime(2026, 11, 3, 11, tzinfo=UTC), datetime(2026, 11, 30, 22, 59, tzinfo=UTC)])
def test_the_list_says_of_each_what_its_own_page_says(db: None, used: int, moment: datetime) -> None:
    subscription = using("Ull AB", used)
    told = usage(subscription.customer_id, at=moment)
    listed = followup.nearing(moment)
    assert [one.usage for one in listed] == ([told] if told.level else [])
    assert standing.of([subscription.customer], at=moment)[subscription.customer_id].usage == told


def test_the_fullest_comes_first(db: None) -> None:
    for name, used in (("A", 85), ("B", 100), ("C", 10)):
        using(name, used)
    assert names(one.subscription for one in followup.nearing(AT)) == ["B", "A"]


def test_extra_orders_and_pauses_count(db: None) -> None:
    granted, paused = using("A", 90), using("B", 90)
    contracts.grant_orders(
        granted, 400, begins_on=date(2026, 10, 1), expires_on=date(2026, 11, 1), reason="Kampanj", actor=ACTOR
    )
    contracts.pause(paused, begins_on=date(2026, 11, 20), reason="Semester", actor=ACTOR)
    assert followup.nearing(AT) == []
    assert standing.of([paused.customer], at=AT)[paused.customer_id].is_paused


def test_what_ends_within_sixty_days(db: None) -> None:
    soon, later = sold("A", months=6), sold("B", months=0)
    for subscription in (soon, later):
        contracts.give_notice(subscription, on=day(), actor=ACTOR)
    assert names(followup.ending(day())) == ["A"]


def test_whose_binding_time_ends_within_thirty_days(db: None) -> None:
    for name, months in (("bound", 1), ("soon", 2), ("free", 4)):
        sold(name, months=months)
    assert names(followup.released(day() + timedelta(days=10))) == ["soon"]
    Subscription.objects.filter(customer__name="free").update(binding_months=5)
    assert sorted(names(followup.released(day() + timedelta(days=10)))) == ["free", "soon"]


@pytest.mark.parametrize("begins_on", [date(2026, 11, 30), date(2026, 12, 1), date(2027, 1, 31)])
def test_no_binding_time_ends_unseen(db: None, begins_on: date) -> None:
    subscription = Subscription.objects.create(customer=Customer.objects.create(name="A"), edition="cloud", begins_on=begins_on)
    seen = [begins_on + timedelta(days=n) for n in range(130) if followup.released(begins_on + timedelta(days=n))]
    assert seen[-1] == subscription.bound_until
    assert seen[0] == subscription.bound_until - followup.SOON
    assert len(seen) == 31


def test_grants_that_expire_and_pauses(db: None) -> None:
    kinds = contracted()
    assert [grant.feature for grant in followup.expiring(day())] == [Feature.FIELD_MAPPING]
    assert [pause.subscription for pause in followup.paused(day())] == [kinds.paused]


def test_who_has_no_hours_left(db: None) -> None:
    kinds = contracted()
    assert names(followup.without_hours(day())) == [kinds.premium.customer.name]


def test_orders_that_wait_are_told_by_customer(db: None) -> None:
    many, one = sold("A", "400"), sold("B", "400")
    for subscription, number in ((one, 1), (many, 3)):
        flow = seed.flow(subscription.customer)
        for index in range(number):
            seed.transfer(flow, index, Transfer.State.HELD)
        seed.transfer(flow, 90, Transfer.State.SENT)
    assert [(row.customer.name, row.orders) for row in follow_up.held(50)] == [("A", 3), ("B", 1)]


def test_a_shop_beyond_the_first_without_an_add_on(db: None) -> None:
    subscription = sold("A", "400")
    first = seed.flow(subscription.customer)
    assert follow_up.unpaid_shops(day(), 50) == []
    for name in ("Två", "Tre"):
        shop = seed.endpoint(subscription.customer, "woocommerce", name)
        Flow.objects.create(connection=first.connection, shop=shop)
    contracts.add(subscription, AddOnKind.SHOP, "Två", begins_on=day(), actor=ACTOR)
    assert [(row.extra, row.paid) for row in follow_up.unpaid_shops(day(), 50)] == [(2, 1)]
    contracts.add(subscription, AddOnKind.SHOP, "Tre", begins_on=day(), actor=ACTOR)
    assert follow_up.unpaid_shops(day(), 50) == []


def test_the_page_names_them_all(chief: Client) -> None:
    contracted()
    html = chief.get(PAGE).content.decode()
    for name in ("Bodils Blommor", "Cykel &amp; Co HB", "Dalsjö Dun AB", "Edlas Éclairer", "Fjällräv &amp; Söner AB"):
        assert name in html
    assert "Gustavs Glas" not in html


def test_the_page_is_calm_when_nobody_has_to_be_called(chief: Client) -> None:
    assert "Nobody has to be called" in chief.get(PAGE).content.decode()


def test_the_lists_ask_a_fixed_number_of_questions(chief: Client, django_assert_max_num_queries: Any) -> None:
    for index in range(12):
        customer = sold(f"Butik {index}", "100", used=90).customer
        OrderMonth.objects.create(customer=customer, month=add_months(day().replace(day=1), -1), used=3)
        seed.transfer(seed.flow(customer), index, Transfer.State.HELD)
    with django_assert_max_num_queries(16):
        assert "Butik 7" in chief.get(PAGE).content.decode()


def test_the_start_page_counts_them(chief: Client) -> None:
    contracted()
    found = chief.get("/admin/").context["follow_up"]
    assert found == {"nearing": 2, "ending": 1, "expiring": 1, "without_hours": 1}


def test_a_flow_that_may_not_run_says_why_wherever_it_is_shown(chief: Client) -> None:
    subscription = sold("Ull AB", "400")
    flow = seed.flow(subscription.customer)
    reason = "The subscription is paused."
    for address in (
        f"/admin/flows/flow/{flow.pk}/change/",
        "/admin/flows/flow/",
        f"/admin/flows/connection/{flow.connection_id}/change/",
        f"/admin/billing/customer/{subscription.customer_id}/change/",
    ):
        Flow.objects.update(hindrance=gates.PAUSED)
        assert reason in chief.get(address).content.decode(), address
        Flow.objects.update(hindrance="")
        assert reason not in chief.get(address).content.decode(), address
