"""Customers in the back office."""

from __future__ import annotations

import pytest
from django.test import Client

from billing.models import Customer
from tests.browser import seed
from tests.customers import subscribed


@pytest.fixture
def chief(db: None) -> Client:
    client = Client()
    client.force_login(seed.user())
    return client


#: What the page of a customer sends of the people on it when there are none.
NOBODY = {
    f"{people}-{count}_FORMS": "0"
    for people in ("contacts", "memberships", "invitations", "changes")
    for count in ("TOTAL", "INITIAL")
}


def add(client: Client, **values: str) -> Customer | None:
    client.post("/admin/billing/customer/add/", {"name": "Ull AB", "language": "sv", **values})
    return Customer.objects.filter(name="Ull AB").first()


def test_an_organisation_number_with_a_wrong_check_digit_is_refused(chief: Client) -> None:
    assert add(chief, organisation_number="556036-0794") is None


@pytest.mark.parametrize("number", ["13585628", "923 609 016", "2077474-0"], ids=["Danish", "Norwegian", "Finnish"])
def test_an_organisation_number_of_a_neighbour_is_kept_as_it_is_written_there(chief: Client, number: str) -> None:
    customer = add(chief, organisation_number=number)
    assert customer
    assert customer.organisation_number == number


def test_an_organisation_number_is_written_one_way(chief: Client) -> None:
    customer = add(chief, organisation_number="5560360793")
    assert customer
    assert customer.organisation_number == "556036-0793"


def test_a_customer_shows_what_is_connected_and_what_is_wrong(chief: Client) -> None:
    customer = subscribed("Ull AB")
    flow = seed.flow(customer)
    seed.stopped(flow, 7, seed.BARRED, sku="MOSSA-1")
    html = chief.get(f"/admin/billing/customer/{customer.pk}/change/").content.decode()
    assert f"/admin/flows/flow/{flow.pk}/change/" in html
    assert "Article MOSSA-1 is barred" in html


def test_a_customer_with_something_connected_cannot_be_deleted(chief: Client) -> None:
    customer = subscribed("Ull AB")
    seed.endpoint(customer, "woocommerce", "Butik")
    assert chief.post(f"/admin/billing/customer/{customer.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_change_is_kept_with_who_made_it(chief: Client) -> None:
    customer = subscribed("Ull AB")
    chief.post(f"/admin/billing/customer/{customer.pk}/change/", {"name": "Ull och Garn AB", "language": "sv", **NOBODY})
    change = customer.history.latest()
    assert (change.name, change.history_user.get_username()) == ("Ull och Garn AB", "sara")


def test_a_customer_is_found_by_its_organisation_number(chief: Client) -> None:
    subscribed("Ull AB", organisation_number="556036-0793")
    found = chief.get("/admin/search/", {"s": "5560360793", "extended": "1"}).context["results"]
    assert [result.title for result in found] == ["Ull AB"]


def test_the_history_says_a_status_in_words(chief: Client) -> None:
    customer = Customer.objects.create(name="Ull AB")
    customer.status = Customer.Status.LEAVING
    customer.save()
    html = chief.get(f"/admin/billing/customer/{customer.pk}/history/", headers={"accept-language": "en"}).content.decode()
    assert "notice given" in html
    assert "leaving" not in html
