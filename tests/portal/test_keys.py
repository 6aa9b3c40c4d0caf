"""Keys of a merchant's own systems: made and shown once, listed by where they begin, revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing import keys
from billing.models import ApiKey, Customer, Role, Scope
from tests.customers import subscribed
from tests.portal.conftest import Member

WANTED = {"name": "Lagerskärm", "scopes": ["usage", "transfers"], "days": "90"}


def address(customer: Customer, *parts: Any) -> str:
    return "/".join(map(str, [f"/portal/{customer.pk}/keys", *parts, ""]))


def made(customer: Customer, name: str = "Lagerskärm", **values: Any) -> ApiKey:
    key, _ = keys.make(customer, name, [Scope.TRANSFERS], None, "mia@ull.example")
    ApiKey.objects.filter(pk=key.pk).update(**values or {"name": name})
    return key


def words(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_a_key_is_shown_once_with_what_to_do_with_it(member: Member) -> None:
    client, customer = member(Role.OWNER)
    answer = client.post(address(customer, "new"), WANTED)
    key, plain = ApiKey.objects.get(), answer.context["plain"]
    assert keys.find(plain) == key
    assert (key.customer, key.name, key.scopes) == (customer, "Lagerskärm", ["transfers", "usage"])
    assert key.created_by == customer.memberships.get().user.username
    assert key.expires_at is not None
    assert abs(key.expires_at - timezone.now() - timedelta(days=90)) < timedelta(minutes=1)
    text = words(answer)
    assert text.count(plain) == 1
    assert f'<code id="secret">{plain}</code> <button type="button" data-copies="secret"' in text
    assert 'curl -H "Authorization: Bearer $SHARESPINE_KEY" http://testserver/api/v1/transfers/' in text
    assert answer.headers["Cache-Control"] == "private, no-store"
    called = Client().get("/api/v1/transfers/", headers={"authorization": f"Bearer {plain}"})
    assert called.status_code == 200
    listed = words(client.get(address(customer)))
    assert f"{key.prefix}…" in listed
    assert plain not in listed
    assert plain.removeprefix(key.prefix) not in listed


@pytest.mark.parametrize(
    ("days", "scopes", "tried_at"), [("365", ["hours"], "/api/v1/hours/"), ("", ["usage", "hours"], "/api/v1/usage/")]
)
def test_a_key_lasts_as_long_as_was_chosen_and_is_tried_where_it_opens_something(
    member: Member, days: str, scopes: list[str], tried_at: str
) -> None:
    client, customer = member(Role.OWNER)
    answer = client.post(address(customer, "new"), {**WANTED, "days": days, "scopes": scopes})
    key = ApiKey.objects.get()
    assert key.expires_at is None if not days else (key.expires_at - timezone.now()).days in (364, 365)  # type: ignore[operator]
    assert tried_at in answer.context["example"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["sales"]}, "scopes"),
        ({"scopes": ["transfers", "everything"]}, "scopes"),
        ({"days": "100000"}, "days"),
    ],
)
def test_what_no_key_can_be_is_asked_again(member: Member, wrong: dict[str, Any], field: str) -> None:
    client, customer = member(Role.OWNER)
    answer = client.post(address(customer, "new"), {**WANTED, **wrong})
    assert list(answer.context["form"].errors) == [field]
    assert f'id="id_{field}_error"' in words(answer)
    assert not ApiKey.objects.exists()


def test_the_list_says_of_each_key_whether_it_opens_anything(member: Member) -> None:
    client, customer = member(Role.OWNER)
    gone, over, used = made(customer, "Borta"), made(customer, "Gammal"), made(customer, "Ny")
    keys.revoke(gone, "eva@ull.example")
    ApiKey.objects.filter(pk=over.pk).update(expires_at=timezone.now() - timedelta(days=1))
    ApiKey.objects.filter(pk=used.pk).update(last_used_at=timezone.now() - timedelta(hours=2))
    rows = client.get(address(customer)).context["rows"]
    assert [(row["key"].name, row["state"][1]) for row in rows] == [
        ("Ny", "valid"),
        ("Gammal", "expired"),
        ("Borta", "revoked"),
    ]
    text = words(client.get(address(customer)))
    for expected in ("transfer log", "2 hours ago", "eva@ull.example", "mia@ull.example"):
        assert expected in text
    assert address(customer, gone.pk, "revoke") not in text
    assert address(customer, used.pk, "revoke") in text


def test_a_key_is_revoked_after_a_question_and_once(member: Member) -> None:
    client, customer = member(Role.OWNER)
    key = made(customer)
    assert "Revoke “Lagerskärm”?" in words(client.get(address(customer, key.pk, "revoke")))
    key.refresh_from_db()
    assert key.is_valid
    answer = client.post(address(customer, key.pk, "revoke"), follow=True)
    assert "opens nothing any more" in words(answer)
    key.refresh_from_db()
    assert (key.is_valid, key.revoked_by) == (False, customer.memberships.get().user.username)
    assert "revoked already" in words(client.post(address(customer, key.pk, "revoke"), follow=True))


def test_only_administrators_have_keys_and_staff_look_on(member: Member, onlooker: Client) -> None:
    _, customer = member(Role.OWNER)
    key = made(customer)
    asked = [address(customer), address(customer, "new"), address(customer, key.pk, "revoke")]
    for role in (Role.READER, Role.OPERATOR):
        client, _ = member(role, customer)
        assert {client.get(one).status_code for one in asked} == {403}
        assert {client.post(one, WANTED).status_code for one in asked} == {403}
    assert [onlooker.get(one).status_code for one in asked] == [200, 403, 403]
    assert {onlooker.post(one, WANTED).status_code for one in asked} == {403}
    listed = words(onlooker.get(asked[0]))
    assert key.prefix in listed
    assert asked[1] not in listed
    assert asked[2] not in listed
    assert ApiKey.objects.get() == key
    assert ApiKey.objects.get().is_valid


def test_another_customers_keys_do_not_exist(member: Member) -> None:
    client, customer = member(Role.OWNER)
    other = subscribed("Annan AB")
    theirs, sales = made(other, "Annans nyckel"), keys.make(None, "Säljsidan", [Scope.SALES], None, "sara")[0]
    for key in (theirs, sales):
        for whose in (customer, other):
            assert client.get(address(whose, key.pk, "revoke")).status_code == 404
            assert client.post(address(whose, key.pk, "revoke")).status_code == 404
    assert client.get(address(other)).status_code == 404
    assert client.post(address(other, "new"), WANTED).status_code == 404
    assert client.get(address(customer)).context["rows"] == []
    assert [key.is_valid for key in ApiKey.objects.all()] == [True, True]


def test_the_number_of_questions_does_not_grow_with_the_keys(member: Member, django_assert_num_queries: Any) -> None:
    client, customer = member(Role.OWNER)
    with CaptureQueriesContext(connection) as few:
        client.get(address(customer))
    for n in range(20):
        made(customer, f"Nyckel {n}")
    with django_assert_num_queries(len(few)):
        assert len(client.get(address(customer)).context["rows"]) == 20
