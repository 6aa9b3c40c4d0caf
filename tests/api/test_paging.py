"""Lists page by page: every row that there was, once, whatever is added meanwhile."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.models import Entry
from flows.models import Transfer
from sharespine.api import paging
from tests.api.world import Merchant, worked

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/hours/entries/"


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    there=st.integers(0, 13),
    limit=st.integers(1, 5),
    added=st.lists(st.integers(0, 3), max_size=8),
    removed=st.lists(st.integers(0, 12), max_size=3),
)
def test_every_row_comes_exactly_once_while_rows_are_added_and_removed(
    shop: Merchant, there: int, limit: int, added: list[int], removed: list[int]
) -> None:
    Transfer.objects.all().delete()
    before = [shop.order(str(n)).pk for n in range(there)]
    rows, seen, cursor, pages = Transfer.objects.all(), [], "", 0
    serial = there
    while True:
        found = paging.page(rows, {"cursor": cursor, "limit": limit})
        assert len(found.rows) <= limit
        seen += [row.pk for row in found.rows]
        for _ in range(added[pages] if pages < len(added) else 0):
            serial += 1
            shop.order(f"new {serial}")
        if pages < len(removed):
            # Never one that was seen: what is taken away before one gets there is not there.
            gone = [pk for pk in before if pk not in seen][removed[pages] :][:1]
            Transfer.objects.filter(pk__in=gone).delete()
            before = [pk for pk in before if pk not in gone]
        pages += 1
        if not found.next:
            break
        cursor = found.next
    assert seen == sorted(before, reverse=True)
    # And back again: the same rows, and those that came before the first of them.
    back = found
    again = [row.pk for row in found.rows][::-1]
    while back.previous:
        back = paging.page(rows, {"cursor": back.previous, "limit": limit})
        again += [row.pk for row in back.rows][::-1]
    assert again == sorted(again)
    assert set(before) <= set(again)


def walk(client: Client, address: str, way: str) -> list[list[str]]:
    pages = []
    while address:
        answer = client.get(address)
        assert answer.status_code == 200
        pages.append([row["id"] for row in answer.json()["results"]])
        links = dict(reversed(link) for link in re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers.get("Link", "")))
        assert (links.get("next"), links.get("prev")) == (answer.json()["next"], answer.json()["previous"])
        address = answer.json()[way]
    return pages


def test_one_follows_the_links_and_comes_back_by_them(shop: Merchant) -> None:
    for minutes in range(1, 8):
        worked(shop.customer, minutes, reason="trusted")
    ids = [str(pk) for pk in Entry.objects.order_by("-pk").values_list("pk", flat=True)]
    client = shop.client()
    assert walk(client, f"{ADDRESS}?limit=3", "next") == [ids[:3], ids[3:6], ids[6:]]
    last = client.get(client.get(client.get(f"{ADDRESS}?limit=3").json()["next"]).json()["next"]).json()
    assert walk(client, last["previous"], "previous") == [ids[3:6], ids[:3]]
    assert client.get(ADDRESS).json()["next"] is None


def test_the_links_keep_what_was_asked_for(shop: Merchant) -> None:
    for n in range(3):
        shop.stopped(f"10{n}")
    link = shop.client().get("/api/v1/transfers/?state=stopped&limit=1&placed_from=2026-11-01").json()["next"]
    asked = {name: values for name, values in parse_qs(urlsplit(link).query).items() if name != "cursor"}
    assert asked == {"state": ["stopped"], "limit": ["1"], "placed_from": ["2026-11-01"]}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("cursor=", "cursor"),
        ("cursor=x", "cursor"),
        ("cursor=o", "cursor"),
        ("cursor=o1%00", "cursor"),
        ("cursor=O1", "cursor"),
        ("cursor=o٣", "cursor"),
        ("cursor=o" + "z" * 12, "cursor"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("limit=1e1", "limit"),
        ("limit=", "limit"),
        ("limit=5&limit=6", "limit"),
        ("page=2", "page"),
    ],
)
def test_what_is_no_cursor_and_no_limit_is_told(shop: Merchant, query: str, field: str) -> None:
    answer = shop.client().get(f"{ADDRESS}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert {error["field"] for error in answer.json()["errors"]} == {field}


@pytest.mark.parametrize("cursor", ["o0", "n0", "o1", "ozzzzzzzzzzz", "nzzzzzzzzzzz"])
def test_a_cursor_of_a_row_that_is_not_there_any_more_is_as_good_as_any(shop: Merchant, cursor: str) -> None:
    worked(shop.customer, reason="trusted")
    found = shop.client().get(f"{ADDRESS}?cursor={cursor}")
    assert found.status_code == 200
    told = found.json()
    for link in (told["next"], told["previous"]):
        assert link is None or shop.client().get(link).status_code == 200
