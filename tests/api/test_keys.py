"""Keys: shown once, kept as a hash, and opening what they were made for and nothing of anybody else's."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import serializers
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from billing import keys
from billing.models import ApiKey, Scope
from billing.refusals import Refused
from tests.api.world import ALL, Merchant, merchant, used, worked

pytestmark = pytest.mark.django_db
#: Everything that a key of a customer opens, with the scope that it needs.
DOORS = [
    ("/api/v1/transfers/", Scope.TRANSFERS),
    ("/api/v1/usage/", Scope.USAGE),
    ("/api/v1/features/", Scope.USAGE),
    ("/api/v1/hours/", Scope.HOURS),
    ("/api/v1/hours/entries/", Scope.HOURS),
]


def asked(plain: str, address: str = "/api/v1/usage/") -> tuple[int, str]:
    answer = Client(headers={"authorization": f"Bearer {plain}"}).get(address)
    return answer.status_code, answer.json().get("code", "")


def test_of_a_key_there_is_a_hash_and_a_beginning_and_nothing_else(shop: Merchant) -> None:
    key, plain = keys.make(shop.customer, " Screen ", [Scope.USAGE], None, "siv")
    assert plain.startswith(f"{key.prefix}_")
    assert len(plain) - len(key.prefix) > 43
    kept = serializers.serialize("json", [ApiKey.objects.get(pk=key.pk)])
    assert plain not in kept
    assert plain.removeprefix(key.prefix) not in kept
    assert key.key_hash == hashlib.sha256(plain.encode()).hexdigest()
    assert (key.name, key.scopes, key.created_by, key.customer) == ("Screen", ["usage"], "siv", shop.customer)
    assert plain != keys.make(shop.customer, "Screen", [Scope.USAGE], None, "siv")[1]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"name": "  "}, "a name"),
        ({"scopes": []}, "what the key opens"),
        ({"scopes": ["everything"]}, "what the key opens"),
        ({"scopes": [Scope.USAGE, Scope.SALES]}, "what the key opens"),
        ({"customer": None}, "what the key opens"),
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, "expired already"),
    ],
)
def test_a_key_that_would_open_nothing_or_too_much_is_not_made(shop: Merchant, wrong: dict[str, Any], why: str) -> None:
    wanted = {"customer": shop.customer, "name": "Screen", "scopes": [Scope.USAGE], "expires_at": None, "actor": "siv"}
    with pytest.raises(Refused, match=why):
        keys.make(**{**wanted, **wrong})
    assert ApiKey.objects.count() == 1


@pytest.mark.parametrize(("address", "scope"), DOORS)
def test_a_key_opens_what_it_was_made_for(shop: Merchant, address: str, scope: Scope) -> None:
    assert asked(shop.key_for(scope), address)[0] == 200
    others = [one for one in ALL if one != scope]
    assert asked(shop.key_for(*others), address) == (403, "scope_missing")


@pytest.mark.parametrize(("address", "scope"), DOORS)
def test_without_a_key_nothing_of_a_merchant_opens(shop: Merchant, admin_client: Client, address: str, scope: Scope) -> None:
    answer = Client().get(address)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    # A session does not do either, not even staff's.
    assert admin_client.get(address).status_code == 401
    sales = keys.make(None, "Sales site", [Scope.SALES], None, "siv")[1]
    assert asked(sales, address) == (403, "scope_missing")


@pytest.mark.parametrize(
    "nonsense",
    ["", "x", "shs", "shs_", "shs__", "shs_abc_", "shs_%_x", "shs_0123456789_x", "é", "shs_0123456789_" + "x" * 5000, "\x00"],
)
def test_what_is_no_key_is_refused_and_told_from_no_key_at_all(shop: Merchant, nonsense: str) -> None:
    assert asked(nonsense) == (401, "key_invalid")


def test_one_letter_off_is_no_key(shop: Merchant) -> None:
    assert asked(shop.key)[0] == 200
    other = "A" if shop.key[-1] != "A" else "B"
    assert asked(shop.key[:-1] + other) == (401, "key_invalid")
    assert asked(shop.key.upper()) == (401, "key_invalid")


def test_a_key_ends_with_its_time_and_when_it_is_revoked(shop: Merchant) -> None:
    key, plain = keys.make(shop.customer, "Screen", ALL, timezone.now() + timedelta(days=1), "siv")
    assert asked(plain)[0] == 200
    ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now())
    assert asked(plain) == (401, "key_expired")
    keys.revoke(key, "siv")
    assert asked(plain) == (401, "key_revoked")
    assert (key.revoked_by, key.is_valid) == ("siv", False)
    with pytest.raises(Refused, match="already"):
        keys.revoke(key, "siv")
    # Also where none is needed: whoever sends one means it.
    assert asked(plain, "/api/v1/problems/") == (401, "key_revoked")


def test_when_a_key_was_last_used_is_noted_once_a_minute(
    shop: Merchant, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    address = "/api/v1/hours/"
    with django_assert_num_queries(3):  # the key, that it is used, and the balance
        assert asked(shop.key, address)[0] == 200
    noted = ApiKey.objects.get().last_used_at
    assert noted is not None
    with django_assert_num_queries(2):
        asked(shop.key, address)
    assert ApiKey.objects.get().last_used_at == noted
    ApiKey.objects.update(last_used_at=noted - timedelta(minutes=1))
    asked(shop.key, address)
    assert ApiKey.objects.filter(last_used_at__gt=noted - timedelta(minutes=1)).exists()


def test_a_key_shows_nothing_of_another_customer(shop: Merchant) -> None:
    other = merchant("Garnboden AB")
    theirs = other.stopped("9001")
    used(other.customer, 77)
    worked(other.customer, text="Secret work", reason="trusted")
    client = shop.client()
    for address in (f"/api/v1/transfers/{theirs.pk}/", "/api/v1/transfers/999999999999999999/"):
        missing = client.get(address)
        assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    assert client.post(f"/api/v1/transfers/{theirs.pk}/retry/").status_code == 404
    theirs.refresh_from_db()
    assert theirs.state == "stopped"
    seen = ""
    for query in ("", "?search=9001", "?search=Anna", f"?flow={other.flow.pk}", "?state=stopped", "?cursor=oz", "?cursor=n0"):
        seen += client.get(f"/api/v1/transfers/{query}").content.decode()
    for address, _scope in DOORS[1:]:
        seen += client.get(address).content.decode()
    for secret in ("9001", "Garnboden", "Secret work", '"used":77'):
        assert secret not in seen
    assert other.client().get(f"/api/v1/transfers/{theirs.pk}/").status_code == 200


def test_the_features_of_any_customer_are_for_staff_alone(shop: Merchant) -> None:
    address = f"/api/v1/customers/{shop.customer.pk}/features/"
    assert shop.client().get(address).status_code == 403
    staff = Client()
    staff.force_login(User.objects.create_superuser("siv"))
    assert staff.get(address).json()["customer"] == str(shop.customer.pk)
