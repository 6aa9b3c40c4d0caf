"""The groups that a new installation begins with: who may look, who may act, who may set up."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from flows import groups
from flows.models import Transfer
from tests.browser import seed
from tests.flows.test_admin_pages import ADMIN

CONFIRM = {"_form_submitted": "on", "reason": "Upplåst"}


def one_of(name: str) -> Client:
    groups.make(apps, "default")
    user = User.objects.create_user("kim", is_staff=True)
    user.groups.add(Group.objects.get(name=name))
    client = Client()
    client.force_login(user)
    return client


def retried(client: Client) -> bool:
    order = Transfer.objects.get(number="2000")
    client.post(f"{ADMIN}flows/transfer/{order.pk}/retry/", CONFIRM)
    order.refresh_from_db()
    return order.state == Transfer.State.WAITING


@pytest.mark.parametrize("name", ["Support", "Supportansvarig"])
def test_support_sees_everything_that_happens_and_tries_again(name: str, seeded: seed.Seeded) -> None:
    client = one_of(name)
    for model in ("billing/customer", "flows/endpoint", "flows/connection", "flows/flow", "flows/run", "flows/transfer"):
        assert client.get(f"{ADMIN}{model}/").status_code == 200
    assert retried(client)


def test_support_sets_nothing_up(seeded: seed.Seeded) -> None:
    client = one_of("Support")
    assert client.get(f"{ADMIN}flows/endpoint/add/").status_code == 403
    assert client.post(f"{ADMIN}flows/flow/{seeded.flows[0].pk}/pause/", CONFIRM).status_code == 403
    assert "cs_hemlig" not in client.get(f"{ADMIN}flows/endpoint/{seeded.flows[0].shop_id}/change/").content.decode()


def test_the_lead_sets_up_and_deletes_nothing(seeded: seed.Seeded) -> None:
    client = one_of("Supportansvarig")
    for model in ("billing/customer", "flows/endpoint", "flows/connection", "flows/flow"):
        assert client.get(f"{ADMIN}{model}/add/").status_code == 200
    assert client.post(f"{ADMIN}flows/flow/{seeded.flows[0].pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.get(f"{ADMIN}auth/user/").status_code == 403


@pytest.mark.parametrize("name", ["Support", "Supportansvarig", "Ekonomi, endast läsa"])
def test_every_group_sees_what_was_sold(name: str, seeded: seed.Seeded) -> None:
    client = one_of(name)
    for model in ("package", "subscription", "addon", "addonprice", "grant", "hourpack", "customer/follow-up"):
        assert client.get(f"{ADMIN}billing/{model}/").status_code == 200, model


@pytest.mark.parametrize(("name", "may"), [("Support", False), ("Supportansvarig", True), ("Ekonomi, endast läsa", False)])
def test_only_the_lead_changes_contracts_and_prices(name: str, may: bool, seeded: seed.Seeded) -> None:
    client = one_of(name)
    customer = seeded.customers[0]
    client.post(f"{ADMIN}billing/customer/{customer.pk}/pause/", {**CONFIRM, "begins_on": "2026-01-01"})
    assert customer.subscriptions.get().pauses.exists() is may
    assert client.get(f"{ADMIN}billing/customer/{customer.pk}/package/").status_code == (200 if may else 403)
    assert ('name="valid_from"' in client.get(f"{ADMIN}billing/package/").content.decode()) is may


def test_groups_that_were_made_before_get_what_has_come_since(db: None) -> None:
    groups.make(apps, "default")
    support = Group.objects.get(name="Support")
    # As it was before billing, with something that was added by hand; and one that was taken away on purpose.
    support.permissions.set(Permission.objects.filter(codename__in=["view_customer", "delete_flow"]))
    Group.objects.filter(name="Supportansvarig").delete()
    groups.extend(apps, "default", groups.OF_BILLING)
    now = set(support.permissions.values_list("codename", flat=True))
    assert now == {"view_customer", "delete_flow", *groups.OF_BILLING["Support"]}
    assert not Group.objects.filter(name="Supportansvarig").exists()


def test_every_permission_of_a_group_exists(db: None) -> None:
    codenames = {codename for permissions in groups.GROUPS.values() for codename in permissions}
    assert codenames - set(Permission.objects.values_list("codename", flat=True)) == set()


def test_finance_finds_orders_and_touches_none(seeded: seed.Seeded) -> None:
    client = one_of("Ekonomi, endast läsa")
    assert client.get(f"{ADMIN}flows/transfer/?q=2000").context["cl"].result_count == 1
    assert client.get(f"{ADMIN}flows/endpoint/").status_code == 403
    assert not retried(client)


def test_the_groups_are_there_from_the_start_and_are_left_as_they_were_made(db: None) -> None:
    groups.make(apps, "default")
    lead = Group.objects.get(name="Supportansvarig")
    lead.permissions.clear()
    groups.make(apps, "default")
    assert not lead.permissions.exists()
    assert Group.objects.count() == 3
