"""Staff make, see and revoke keys: each shown in the answer to its making, and never again."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from billing import keys
from billing.dates import today
from billing.models import ApiKey
from tests.api.world import ALL, Merchant, merchant

pytestmark = pytest.mark.django_db
#: What a dialog sends.
CONFIRM = {"_form_submitted": "on"}
LIST = "/admin/billing/apikey/"
PLAIN = re.compile(r"shs_[0-9a-f]{10}_[\w-]{43}")


def staff(*permissions: str) -> Client:
    user = User.objects.create_user("lotta", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


@pytest.fixture
def lead(db: None) -> Client:
    return staff("view_apikey", "add_apikey", "change_apikey", "view_customer")


def made(lead: Client, **wanted: Any) -> Any:
    return lead.post(f"{LIST}add/", {"name": "Screen", "customer": "", "last_day": "", **wanted})


def test_a_key_for_a_customer_is_shown_once_and_works(lead: Client, shop: Merchant) -> None:
    last = today(timezone.now()) + timedelta(days=10)
    page = made(lead, customer=shop.customer.pk, scopes=["usage", "hours"], last_day=last.isoformat())
    assert page.status_code == 200
    assert "no-store" in page.headers["Cache-Control"]
    plain = PLAIN.findall(page.content.decode())
    assert len(plain) == 1
    key = ApiKey.objects.latest("pk")
    assert (key.customer, key.scopes, key.created_by) == (shop.customer, ["usage", "hours"], "lotta")
    assert key.expires_at is not None
    assert timezone.localtime(key.expires_at).replace(tzinfo=None) == datetime.combine(last, datetime.min.time()) + timedelta(1)
    assert Client(headers={"authorization": f"Bearer {plain[0]}"}).get("/api/v1/usage/").status_code == 200
    # Neither it nor what is kept of it stands anywhere afterwards: no page, no log of changes, no session.
    later = "".join(lead.get(address).content.decode() for address in (LIST, f"{LIST}{key.pk}/change/"))
    written = "".join(f"{entry.object_repr} {entry.change_message}" for entry in LogEntry.objects.all())
    kept = f"{later} {written} {dict(lead.session)} {lead.cookies}"
    assert key.prefix in later
    for secret in (plain[0], plain[0].rpartition("_")[2], key.key_hash):
        assert secret not in kept


def test_without_a_customer_it_is_for_the_sales_site(lead: Client) -> None:
    assert PLAIN.search(made(lead, name="www").content.decode())
    assert (ApiKey.objects.get().scopes, ApiKey.objects.get().expires_at) == (["sales"], None)
    assert "the sales site" in lead.get(LIST).content.decode()


@pytest.mark.parametrize(
    ("wanted", "why"),
    [({"name": " "}, "required"), ({"scopes": []}, "Choose what"), ({"last_day": "2020-01-01"}, "expired already")],
)
def test_what_cannot_be_made_is_asked_again(lead: Client, shop: Merchant, wanted: dict[str, Any], why: str) -> None:
    page = made(lead, **{"customer": shop.customer.pk, "scopes": ["usage"], **wanted}).content.decode()
    assert why in page
    assert not PLAIN.search(page)
    assert ApiKey.objects.count() == 1


def test_a_key_is_revoked_after_a_question_and_stays_so(lead: Client, shop: Merchant) -> None:
    key = ApiKey.objects.get()
    address = f"{LIST}{key.pk}/revoke/"
    lead.get(address)
    key.refresh_from_db()
    assert key.is_valid
    lead.post(address, CONFIRM)
    key.refresh_from_db()
    assert (key.is_valid, key.revoked_by) == (False, "lotta")
    page = lead.get(f"{LIST}{key.pk}/change/").content.decode()
    assert "/revoke/" not in page
    assert "lotta" in page


def test_nobody_changes_or_deletes_a_key_and_who_may_only_look_does_nothing_else(shop: Merchant) -> None:
    key = ApiKey.objects.get()
    chief = Client()
    chief.force_login(User.objects.create_superuser("siv"))
    chief.post(f"{LIST}{key.pk}/change/", {"name": "Mine", "scopes": ["usage"]})
    chief.post(f"{LIST}{key.pk}/delete/", {"post": "yes"})
    reader = staff("view_apikey")
    assert made(reader).status_code == 403
    reader.post(f"{LIST}{key.pk}/revoke/", CONFIRM)
    page = reader.get(f"{LIST}{key.pk}/change/").content.decode()
    assert "/revoke/" not in page
    key.refresh_from_db()
    assert (key.name, key.is_valid, ApiKey.objects.count()) == ("Warehouse screen", True, 1)


def test_keys_are_found_by_their_state(lead: Client, shop: Merchant) -> None:
    expired, _plain = keys.make(shop.customer, "Old screen", ALL, timezone.now() + timedelta(days=1), "siv")
    ApiKey.objects.filter(pk=expired.pk).update(expires_at=timezone.now())
    gone, _plain = keys.make(shop.customer, "Lost screen", ALL, None, "siv")
    keys.revoke(gone, "siv")
    names = {"valid": "Warehouse screen", "expired": "Old screen", "revoked": "Lost screen"}
    for state, name in names.items():
        page = lead.get(f"{LIST}?state={state}").content.decode()
        assert [other for other in names.values() if other in page] == [name]


def test_the_list_asks_as_often_for_many_as_for_one(
    lead: Client, shop: Merchant, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    lead.get(LIST)
    with django_assert_num_queries(7) as few:
        lead.get(LIST)
    for n in range(12):
        merchant(f"Number {n}")
    with django_assert_num_queries(len(few)):
        lead.get(LIST)
