"""Hours in the back office: registered where the work is done, put right by reversal, never changed."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client

from billing import hours
from billing.admin.work import this_day, usual_period
from billing.models import Customer, Entry, ServiceAccount, WorkCategory
from flows.models import Connection, Flow, Transfer
from tests.billing.accounts import category, lived_in, pack
from tests.browser import seed
from tests.customers import subscribed
from tests.flows.test_admin_pages import member

ACCOUNTS = "/admin/billing/serviceaccount/"
SENT = {"_form_submitted": "on"}


@pytest.fixture
def chief(db: None) -> Client:
    client = Client()
    client.force_login(seed.user())
    return client


@pytest.fixture
def flow(db: None) -> Flow:
    return seed.flow(subscribed("Ull AB"))


def account(customer: Customer, minutes: int = 120) -> ServiceAccount:
    hours.start_package(customer, minutes, day=date(2026, 9, 1), by="sara")
    return ServiceAccount.objects.get(customer=customer)


def work(**values: Any) -> dict[str, Any]:
    today = this_day().isoformat()
    return {**SENT, "category": category().pk, "quick": "30", "text": "Momszonen", "day": today, **values}


def last() -> Entry:
    return Entry.objects.latest("pk")


def test_hours_are_registered_on_the_page_of_a_customer(chief: Client, flow: Flow) -> None:
    customer = flow.connection.customer
    account(customer)
    address = f"/admin/billing/customer/{customer.pk}/register_hours/"
    answer = chief.post(address, work(connection=flow.connection_id), headers={"hx-request": "true"})
    assert answer.headers["HX-Redirect"] == f"/admin/billing/customer/{customer.pk}/change/"
    entry = last()
    assert (entry.minutes, entry.change, entry.balance, entry.text) == (30, -30, 90, "Momszonen")
    assert (entry.by, entry.by_user) == ("sara", User.objects.get())
    assert (entry.connection_id, entry.transfer_id, entry.about) == (flow.connection_id, None, "Webb till e-conomic")


def test_hours_are_registered_on_the_page_of_an_order_which_is_remembered(chief: Client, flow: Flow) -> None:
    account(flow.connection.customer)
    order = seed.transfer(flow, 1042)
    address = f"/admin/flows/transfer/{order.pk}/register_hours/"
    dialog = chief.get(address).context["form"]
    assert dialog["text"].value() == "Order 1042"
    ready = {name: dialog[name].value() for name in ("quick", "text", "act")}
    chief.post(address, work(**ready))
    entry = last()
    assert (entry.minutes, entry.text) == (15, "Order 1042")
    assert (entry.connection_id, entry.transfer_id) == (flow.connection_id, order.pk)
    assert entry.about == "1042, Webb till e-conomic"
    spent = chief.get(f"/admin/flows/transfer/{order.pk}/change/").content.decode()
    assert f'<a href="/admin/billing/entry/{entry.pk}/change/">' in spent
    seller = member("view_transfer")
    assert "/admin/billing/entry/" not in seller.get(f"/admin/flows/transfer/{order.pk}/change/").content.decode()
    page = chief.get(f"{ACCOUNTS}{entry.account_id}/change/").content.decode()
    assert f'<a href="/admin/flows/transfer/{order.pk}/change/">1042, Webb till e-conomic</a>' in page


def test_the_first_hours_of_a_customer_need_no_account(chief: Client, flow: Flow) -> None:
    customer = flow.connection.customer
    chief.post(f"/admin/billing/customer/{customer.pk}/register_hours/", work(category=category("guidance").pk))
    assert (last().minutes, hours.balance(customer)) == (30, 0)
    chief.post(f"/admin/billing/customer/{customer.pk}/sell_pack/", {**SENT, "pack": pack().pk, "day": "2026-10-02"})
    assert (last().price, hours.balance(customer)) == (Decimal(4500), 300)


def test_a_time_of_ones_own_goes_before_the_quick_choice(chief: Client, flow: Flow) -> None:
    owner = account(flow.connection.customer)
    chief.post(f"{ACCOUNTS}{owner.pk}/register_hours/", work(minutes="47"))
    assert last().change == -47


def test_a_debt_needs_a_reason_which_is_asked_for_in_the_same_dialog(chief: Client, flow: Flow) -> None:
    owner = account(flow.connection.customer, minutes=20)
    address = f"{ACCOUNTS}{owner.pk}/register_hours/"
    assert chief.get(address).context["form"]["reason"].is_hidden
    refused = chief.post(address, work(), headers={"accept-language": "en"})
    form = refused.context["form"]
    assert "Only 20 minutes are left." in form.errors["reason"][0]
    assert not form["reason"].is_hidden
    assert form["text"].value() == "Momszonen"
    assert hours.balance(owner.customer) == 20
    chief.post(address, work(reason="Avtalat med kunden", act=form["act"].value() or ""))
    assert (last().balance, last().reason) == (-10, "Avtalat med kunden")


def test_of_one_dialog_there_is_one_entry_however_often_it_is_sent(chief: Client, flow: Flow) -> None:
    owner = account(flow.connection.customer)
    address = f"{ACCOUNTS}{owner.pk}/register_hours/"
    first, second = (chief.get(address).context["form"]["act"].value() for _ in range(2))
    assert first != second
    for act in (first, first, second):
        chief.post(address, work(act=act))
    assert hours.balance(owner.customer) == 120 - 2 * 30


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"text": "  "}, "text"),
        ({"quick": ""}, "minutes"),
        ({"minutes": "0"}, "minutes"),
        ({"category": "999999"}, "category"),
        ({"day": "3000-01-01"}, "day"),
        ({"connection": "999999"}, "connection"),
    ],
)
def test_what_cannot_be_meant_is_asked_again(chief: Client, flow: Flow, wrong: dict[str, str], field: str) -> None:
    owner = account(flow.connection.customer)
    answer = chief.post(f"{ACCOUNTS}{owner.pk}/register_hours/", work(**wrong))
    assert list(answer.context["form"].errors) == [field]
    assert Entry.objects.count() == 1


def test_another_customers_connection_is_not_offered(chief: Client, flow: Flow) -> None:
    owner = account(flow.connection.customer)
    other = seed.flow(subscribed("Annan AB"))
    form = chief.get(f"{ACCOUNTS}{owner.pk}/register_hours/").context["form"]
    assert list(form.fields["connection"].queryset) == list(Connection.objects.exclude(pk=other.connection_id))


def test_a_category_that_is_out_of_use_is_not_offered(chief: Client, flow: Flow) -> None:
    owner = account(flow.connection.customer)
    WorkCategory.objects.filter(key="system-change").update(is_used=False)
    form = chief.get(f"{ACCOUNTS}{owner.pk}/register_hours/").context["form"]
    assert "system-change" not in {found.key for found in form.fields["category"].queryset}
    assert form["category"].value() == category().pk


def test_an_adjustment_is_made_with_its_reason_and_a_debt_by_it_is_allowed(chief: Client, flow: Flow) -> None:
    owner = account(flow.connection.customer)
    address = f"{ACCOUNTS}{owner.pk}/adjust/"
    chief.post(address, {**SENT, "minutes": "-150", "reason": "Från det gamla systemet", "day": "2026-10-01"})
    assert (last().kind, last().balance, last().text) == (Entry.Kind.ADJUSTMENT, -30, "Från det gamla systemet")
    assert "minutes" in chief.post(address, {**SENT, "minutes": "0", "reason": "x", "day": "2026-10-01"}).context["form"].errors


def test_an_entry_is_taken_back_once(chief: Client, flow: Flow) -> None:
    owner = account(flow.connection.customer)
    address = f"/admin/billing/entry/{last().pk}/reverse/"
    chief.post(address, {**SENT, "reason": "  "})
    assert hours.balance(owner.customer) == 120
    chief.post(address, {**SENT, "reason": "Fel kund"})
    chief.post(address, {**SENT, "reason": "Fel kund"})
    assert hours.balance(owner.customer) == 0
    assert [entry.kind for entry in Entry.objects.order_by("pk")] == ["start", "reversal"]


def test_a_reversal_offers_no_reversal(chief: Client, flow: Flow) -> None:
    entries = lived_in(flow.connection.customer)
    offering = {
        entry.kind: "/reverse/" in chief.get(f"/admin/billing/entry/{entry.pk}/change/").content.decode()
        for entry in entries
        if not Entry.objects.filter(reverses=entry).exists()
    }
    assert offering == {"start": True, "work": True, "pack": True, "reversal": False}


def test_nobody_adds_changes_or_deletes_an_entry_by_hand(chief: Client, flow: Flow) -> None:
    entry = lived_in(flow.connection.customer)[1]
    base = "/admin/billing/entry/"
    assert chief.get(f"{base}add/").status_code == 403
    assert chief.post(f"{base}{entry.pk}/delete/", {"post": "yes"}).status_code == 403
    assert chief.post(f"{base}{entry.pk}/change/", {"minutes": "1"}).status_code == 403
    assert chief.post(base, {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"}).status_code == 200
    assert chief.post(f"{ACCOUNTS}{entry.account_id}/delete/", {"post": "yes"}).status_code == 403
    page: Any = admin.site._registry[Entry]
    assert "delete_selected" not in page.get_actions(chief.get(base).wsgi_request)
    entry.refresh_from_db()
    assert entry.minutes == 95


def test_who_may_only_look_gets_no_verbs(flow: Flow) -> None:
    entry = lived_in(flow.connection.customer)[0]
    order = seed.transfer(flow, 7)
    looker = member("view_serviceaccount", "view_entry", "view_customer", "view_transfer")
    page = looker.get(f"{ACCOUNTS}{entry.account_id}/change/").content.decode()
    assert "Timpaket 5 h" in page
    assert "/reverse/" not in page
    assert "register_hours" not in page
    addresses = [
        f"{ACCOUNTS}{entry.account_id}/register_hours/",
        f"{ACCOUNTS}{entry.account_id}/sell_pack/",
        f"{ACCOUNTS}{entry.account_id}/adjust/",
        f"/admin/billing/entry/{entry.pk}/reverse/",
        f"/admin/billing/customer/{flow.connection.customer_id}/register_hours/",
        f"/admin/billing/customer/{flow.connection.customer_id}/sell_pack/",
        f"/admin/flows/transfer/{order.pk}/register_hours/",
    ]
    assert {looker.post(address, work(reason="x")).status_code for address in addresses} == {403}
    assert Entry.objects.count() == 6


def test_a_statement_is_for_those_who_may_see_the_account(flow: Flow) -> None:
    entry = lived_in(flow.connection.customer)[0]
    address = f"{ACCOUNTS}{entry.account_id}/statement/show/"
    assert member("view_customer").get(address).status_code == 403
    assert member("view_serviceaccount", "view_entry").get(address).status_code == 200


def test_a_statement_asks_for_its_days_and_begins_with_last_month(chief: Client, flow: Flow) -> None:
    owner = account(flow.connection.customer)
    address = f"{ACCOUNTS}{owner.pk}/statement/"
    first, until = usual_period()
    assert (first.day, until) == (1, this_day())
    assert timedelta(days=27) < this_day().replace(day=1) - first < timedelta(days=32)
    assert chief.post(address, {**SENT, "first": "2026-10-31", "last": "2026-10-01"}).context["form"].errors
    answer = chief.post(address, {**SENT, "first": "2026-10-01", "last": "2026-10-31"}, headers={"hx-request": "true"})
    assert answer.headers["HX-Redirect"] == f"{ACCOUNTS}{owner.pk}/statement/show/?first=2026-10-01&last=2026-10-31"


def test_a_statement_on_screen_shows_what_is_on_paper(chief: Client, flow: Flow) -> None:
    entry = lived_in(flow.connection.customer)[0]
    address = f"{ACCOUNTS}{entry.account_id}/statement/show/?first=2026-10-01&last=2026-10-31"
    page = chief.get(address)
    assert page.context["statement"].closing == 325
    assert "5\xa0h\xa025\xa0min" in page.content.decode()
    assert chief.get(f"{ACCOUNTS}{entry.account_id}/statement/show/?first=x&last=2026-02-31").status_code == 200
    assert chief.get(f"{ACCOUNTS}{entry.account_id}/statement/show/?first=2026-03-01&last=2026-02-01").status_code == 404


def test_accounts_are_found_by_what_is_left(chief: Client, db: None) -> None:
    for minutes in (60, 0, -60):
        customer = subscribed(f"Kund {minutes}")
        account(customer)
        hours.adjust(customer, minutes - 120, day=date(2026, 10, 1), by="sara", reason="Ändrat")
    found = {
        kind: {str(row) for row in chief.get(f"{ACCOUNTS}?left={kind}").context["cl"].result_list}
        for kind in ("debt", "none", "some")
    }
    assert found == {"debt": {"Kund -60"}, "none": {"Kund 0", "Kund -60"}, "some": {"Kund 60"}}


def test_the_pages_of_accounts_ask_the_database_as_often_for_many_as_for_few(
    chief: Client, django_assert_max_num_queries: Any
) -> None:
    for n in range(12):
        lived_in(subscribed(f"Kund {n}"))
    for address in (ACCOUNTS, "/admin/billing/entry/"):
        with django_assert_max_num_queries(14):
            assert chief.get(address).status_code == 200
    with django_assert_max_num_queries(14):
        chief.get(f"{ACCOUNTS}{ServiceAccount.objects.latest('pk').pk}/change/")


def test_a_work_category_keeps_its_key_and_stays(chief: Client, db: None) -> None:
    found = category()
    base = f"/admin/billing/workcategory/{found.pk}/"
    chief.post(f"{base}change/", {"name": "Support", "name_sv": "Support", "key": "other", "is_used": "on"})
    found.refresh_from_db()
    assert (found.key, found.name) == ("qualified-support", "Support")
    assert chief.post(f"{base}delete/", {"post": "yes"}).status_code == 403


def test_a_transfer_in_any_state_can_have_hours_registered(chief: Client, flow: Flow) -> None:
    for n, state in enumerate(Transfer.State.values):
        order = seed.transfer(flow, n, state)
        assert (
            f"/admin/flows/transfer/{order.pk}/register_hours/"
            in chief.get(f"/admin/flows/transfer/{order.pk}/change/").content.decode()
        )
