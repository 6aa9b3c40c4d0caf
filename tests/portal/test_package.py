"""What a merchant has bought, what the next package adds, and asking for it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing import contracts, requests
from billing.models import AddOnKind, Customer, Edition, Feature, Package, PackageRequest, Role, Subscription
from tests.billing.contracted import ACTOR, day, sold
from tests.customers import price_list, subscribed
from tests.portal.conftest import Member

State = PackageRequest.State


def address(customer: Customer) -> str:
    return f"/portal/{customer.pk}/package/"


def words(answer: Any) -> str:
    return " ".join(answer.content.decode().replace("\N{NO-BREAK SPACE}", " ").replace("&nbsp;", " ").split())


def of(subscription: Subscription, member: Member, role: str = Role.READER) -> tuple[Client, Customer]:
    return member(role, subscription.customer)


def test_the_package_is_shown_with_what_it_was_sold_at_and_what_hangs_on_it(member: Member) -> None:
    week = timedelta(days=7)
    subscription = sold("Adas AB", "400", months=5, used=1)
    contracts.add(subscription, AddOnKind.SHOP, "Butik två", begins_on=day() - week, actor=ACTOR)
    over = contracts.add(subscription, AddOnKind.SHOP, "Butik tre", begins_on=day() - 2 * week, actor=ACTOR)
    contracts.end_add_on(over, on=day() - week, actor=ACTOR)
    contracts.grant_feature(
        subscription, Feature.FIELD_MAPPING, begins_on=day() - week, expires_on=day() + week, reason="HEMLIGT", actor=ACTOR
    )
    contracts.grant_orders(subscription, 50, begins_on=day(), expires_on=day() + week, reason="HEMLIGT", actor=ACTOR)
    contracts.change_package(subscription, Package.objects.get(code="100"), today=day(), actor=ACTOR)
    client, customer = of(subscription, member)
    answer = client.get(address(customer))
    text = words(answer)
    change = subscription.terms.order_by("begins_on").last()
    assert change is not None
    for expected in (
        "Paket 400, Cloud", "795.00 kr a month excl. VAT", "Butik två: 295.00 kr a month excl. VAT",
        "1 090.00 kr a month excl. VAT", "400 a month", f"Field mapping until {day() + week}", "50 extra orders a month",
        f"{subscription.bound_until}", "1 month", f"from {change.begins_on}: 295.00 kr a month excl. VAT, 100 orders",
        "1 of 450",
    ):  # fmt: skip
        assert expected in text, expected
    assert "Butik tre" not in text
    assert "HEMLIGT" not in text
    held = {row.label: (row.held, row.granted) for row in answer.context["features"]}
    assert list(held) == list(Feature.labels)
    assert held["Multishop"] == (True, False)
    assert held["Field mapping"] == (True, True)
    assert held["Plugins"] == (False, False)
    assert "Plugins is not part of Paket 400. Paket 800 has it." in text


def test_the_next_package_says_what_it_adds_costs_and_from_when(member: Member) -> None:
    agreed = contracts.Agreed(monthly_price=Decimal(450))
    client, customer = of(sold("Bodils AB", "200", agreed=agreed), member)
    answer = client.get(address(customer))
    step = answer.context["next"]
    assert (step.offer.package.code, step.more, step.change.begins_on) == ("400", Decimal(345), day())
    assert step.change.gained == [Feature.PRICE_LISTS, Feature.MULTISHOP]
    text = words(answer)
    assert "795.00 kr a month excl. VAT, 345.00 kr more than now" in text
    assert "The same day" in text
    client, customer = of(sold("Cykel AB", "800"), member)
    assert "agreed with each customer" in words(client.get(address(customer)))
    premium = contracts.Agreed(monthly_price=Decimal(2495), installation_price=Decimal(0), order_cap=3000)
    client, customer = of(sold("Dun AB", "premium", agreed=premium), member)
    assert client.get(address(customer)).context["next"] is None


def test_a_subscription_that_is_paused_ending_or_over_says_so(member: Member) -> None:
    paused = sold("Edlas AB", "200")
    contracts.pause(paused, begins_on=day(), actor=ACTOR, reason="HEMLIGT")
    client, customer = of(paused, member)
    text = words(client.get(address(customer)))
    assert "The subscription is paused" in text
    assert "No orders are transferred now." not in text
    assert "HEMLIGT" not in text
    assert client.get(address(customer)).context["features"][0].held
    leaving = sold("Dalsjö AB", "100")
    last = contracts.give_notice(leaving, on=day(), actor=ACTOR)
    client, customer = of(leaving, member)
    assert f"The subscription ends on {last}" in words(client.get(address(customer)))
    Subscription.objects.filter(pk=leaving.pk).update(ends_on=day() - timedelta(days=1))
    text = words(client.get(address(customer)))
    assert f"The subscription ended on {day() - timedelta(days=1)}" in text
    assert "What it holds" not in text


def test_without_a_subscription_there_is_a_word_and_something_to_ask_for(member: Member) -> None:
    price_list()
    client, customer = member(Role.OWNER, Customer.objects.create(name="Gustavs Glas"))
    text = words(client.get(address(customer)))
    assert "You have no subscription yet" in text
    assert "Paket 100, 295.00 kr a month excl. VAT" in text
    assert "Premium, price on request" in text
    to_come = contracts.start(
        customer, Package.objects.get(code="100"), Edition.CLOUD, begins_on=day() + timedelta(days=3), actor=ACTOR
    )
    text = words(client.get(address(customer)))
    assert f"The subscription begins on {to_come.begins_on}" in text
    assert "Paket 100, 295.00" not in text


def test_an_administrator_asks_for_a_package_and_nothing_changes_by_itself(member: Member) -> None:
    subscription = sold("Bodils AB", "200")
    client, customer = of(subscription, member, Role.OWNER)
    answer = client.post(address(customer), {"package": "800", "text": " Från årsskiftet "}, follow=True)
    asked = PackageRequest.objects.get()
    assert (asked.customer, asked.package, asked.text, asked.state) == (
        customer, Package.objects.get(code="800"), "Från årsskiftet", State.NEW,
    )  # fmt: skip
    assert asked.asked_by == customer.memberships.get().user.username
    assert next(str(message) for message in answer.context["messages"]).startswith("Thank you.")
    assert subscription.terms.count() == 1
    text = words(answer)
    assert "We have your request below" in text
    assert "Send the request" not in text
    again = client.post(address(customer), {"package": "400", "text": ""}, follow=True)
    assert [str(message) for message in again.context["messages"]] == ["A request is open already. Sales will answer it here."]
    requests.decline(asked, "800 får ni i januari.\nHälsningar", ACTOR)
    text = words(client.get(address(customer)))
    for expected in ("declined", "Från årsskiftet", "800 får ni i januari.<br>", "Send the request"):
        assert expected in text
    client.post(address(customer), {"package": "", "text": "Kan vi få fler order i december?"})
    assert PackageRequest.objects.filter(state=State.NEW, package=None).count() == 1


@pytest.mark.parametrize("data", [{}, {"text": "   "}, {"package": "999"}, {"text": "x" * 2001}])
def test_what_says_nothing_or_names_no_package_is_asked_again(member: Member, data: dict[str, str]) -> None:
    client, customer = of(sold("Bodils AB", "200"), member, Role.OWNER)
    answer = client.post(address(customer), data)
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert "aria-invalid" in words(answer)
    assert not PackageRequest.objects.exists()


def test_who_is_no_administrator_looks(member: Member, onlooker: Client) -> None:
    subscription = sold("Bodils AB", "200")
    clients = [of(subscription, member, role)[0] for role in (Role.READER, Role.OPERATOR)]
    for client in (*clients, onlooker):
        assert "Send the request" not in words(client.get(address(subscription.customer)))
        assert client.post(address(subscription.customer), {"package": "800"}).status_code == 403
    assert not PackageRequest.objects.exists()


def test_another_customers_package_does_not_exist(member: Member) -> None:
    client, customer = member(Role.OWNER)
    other = subscribed("Annan AB")
    requests.ask(other, None, "ANNANS FRÅGA", ACTOR)
    assert client.get(address(other)).status_code == 404
    assert client.post(address(other), {"text": "x"}).status_code == 404
    assert "ANNANS" not in words(client.get(address(customer)))
    assert PackageRequest.objects.count() == 1


def test_the_number_of_questions_is_the_same_however_much_there_is(member: Member, django_assert_num_queries: Any) -> None:
    subscription = sold("Adas AB", "400", used=3)
    client, customer = of(subscription, member, Role.OWNER)
    client.get(address(customer))
    with CaptureQueriesContext(connection) as few:
        client.get(address(customer))
    for n in range(6):
        contracts.add(subscription, AddOnKind.SHOP, f"Butik {n}", begins_on=day(), actor=ACTOR)
        contracts.grant_orders(subscription, 5, begins_on=day(), expires_on=day(), reason="x", actor=ACTOR)
        asked = requests.ask(customer, Package.objects.get(code="800"), "", ACTOR)
        requests.answer(asked, "Ja", ACTOR)
    with django_assert_num_queries(len(few)):
        client.get(address(customer))
    assert len(few) < 30
