"""The transfer log for a merchant's own systems: in words, found in every way, and tried again where that is the merchant's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from flows.models import Event, Transfer
from tests.api.world import PLACED, Merchant, merchant

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/transfers/"


def numbers(shop: Merchant, query: str = "") -> list[str]:
    answer = shop.client().get(f"{ADDRESS}?{query}")
    assert answer.status_code == 200, answer.json()
    return [row["number"] for row in answer.json()["results"]]


def test_an_order_is_told_in_words_with_amounts_as_text_and_times_in_utc(shop: Merchant) -> None:
    order = shop.stopped("1042", total=Decimal("1234.5"))
    Transfer.objects.update(
        created_at=PLACED + timedelta(seconds=72), updated_at=PLACED + timedelta(seconds=75, microseconds=9)
    )
    row = shop.client().get(ADDRESS).json()["results"][0]
    assert row == {
        "id": str(order.pk), "kind": "order", "number": "1042", "source_id": "1042",
        "reference": f"{shop.flow.shop.code}-1042", "flow": {"id": str(shop.flow.pk), "name": str(shop.flow)},
        "shop": "Ullbutiken AB shop", "erp": "e-conomic", "state": "stopped", "state_text": "stopped",
        "changed_after": False, "acts": "merchant", "acts_text": "the merchant",
        "message": "The article “T-shirt, red” has no article number in the shop.", "error_code": "MissingArticleNumber",
        "can_retry": True, "currency": "SEK", "total": "1234.50", "erp_total": None, "erp_number": "", "erp_state": "",
        "placed_at": "2026-11-02T09:30:00Z", "sent_at": None, "next_try_at": None,
        "first_seen_at": "2026-11-02T09:31:12Z", "changed_at": "2026-11-02T09:31:15Z",
    }  # fmt: skip
    swedish = shop.client(**{"accept-language": "sv"}).get(ADDRESS).json()["results"][0]
    assert (swedish["state"], swedish["state_text"]) == ("stopped", "stoppad")


def test_the_way_of_an_order_is_told_and_what_is_for_staff_is_not(shop: Merchant) -> None:
    order = shop.stopped("1042")
    answer = shop.client().get(f"{ADDRESS}{order.pk}/")
    assert [(e["at"], e["kind"], e["text"][:12]) for e in answer.json()["timeline"]] == [
        ("2026-11-02T09:30:00Z", "captured", "Fetched from"),
        ("2026-11-02T09:30:00Z", "stopped", "The article "),
    ]
    for secret in ("for staff only", "secret", "Åkesson"):
        assert secret not in answer.content.decode()


def test_a_long_history_is_cut_at_its_beginning(shop: Merchant) -> None:
    order = shop.order("1042")
    Event.objects.bulk_create(Event(transfer=order, at=PLACED + timedelta(seconds=n), kind="notice") for n in range(310))
    timeline = shop.client().get(f"{ADDRESS}{order.pk}/").json()["timeline"]
    assert (len(timeline), timeline[0]["at"], timeline[-1]["at"]) == (300, "2026-11-02T09:30:10Z", "2026-11-02T09:35:09Z")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["13", "12", "11"]),
        ("state=stopped", ["12"]),
        ("state=held", []),
        ("search=12", ["12"]),
        ("search=ERP-13", ["13"]),
        ("search=Anna", ["13", "12", "11"]),
        ("search=nobody", []),
        # Days are the customer's: half past midnight in Stockholm is the evening before in UTC.
        ("placed_from=2026-11-03", ["13"]),
        ("placed_from=2026-11-02&placed_to=2026-11-02", ["12", "11"]),
        ("placed_to=2026-11-01", []),
        ("placed_from=0001-01-01&placed_to=9999-12-31", ["13", "12", "11"]),
        ("changed_since=2026-11-04T10:00:00Z", ["12"]),
        ("changed_since=2026-11-04T11:00:00%2B01:00", ["12"]),
        ("changed_since=2026-11-04T10:00:01Z", []),
        ("changed_since=0001-01-01T00:00:00%2B14:00", ["13", "12", "11"]),
        ("changed_since=9999-12-31T23:59:60-12:00", []),
        ("state=stopped&search=11", []),
    ],
)
def test_orders_are_found(shop: Merchant, query: str, found: list[str]) -> None:
    shop.order("11")
    shop.stopped("12")
    shop.order("13", placed_at=datetime(2026, 11, 2, 23, 30, tzinfo=UTC), target_id="ERP-13")
    Transfer.objects.update(updated_at=PLACED)
    Transfer.objects.filter(number="12").update(updated_at=datetime(2026, 11, 4, 10, tzinfo=UTC))
    assert numbers(shop, query) == found


def test_orders_are_found_by_flow(shop: Merchant) -> None:
    shop.order("11")
    assert numbers(shop, f"flow={shop.flow.pk}") == ["11"]
    assert numbers(shop, f"flow={shop.flow.pk + 1}") == []
    assert numbers(shop, "flow=999999999999999999") == []


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("state=lost", "state", "invalid_choice"),
        ("flow=x", "flow", "invalid"),
        ("flow=-1", "flow", "invalid"),
        ("search=", "search", "blank"),
        ("search=%00", "search", "null_characters_not_allowed"),
        ("placed_from=2026-13-01", "placed_from", "invalid"),
        ("placed_from=20261101", "placed_from", "invalid"),
        ("placed_to=2026-11-01T00:00:00Z", "placed_to", "invalid"),
        ("changed_since=2026-11-01", "changed_since", "invalid"),
        ("changed_since=2026-11-01T10:00:00", "changed_since", "invalid"),
        ("changed_since=2026-11-31T10:00:00Z", "changed_since", "invalid"),
        ("placedfrom=2026-11-01", "placedfrom", "unknown"),
    ],
)
def test_what_cannot_be_meant_is_told(shop: Merchant, query: str, field: str, code: str) -> None:
    answer = shop.client().get(f"{ADDRESS}?{query}")
    assert answer.status_code == 400
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]


@pytest.mark.parametrize(
    ("columns", "may"),
    [
        ({"state": "stopped", "acts": "merchant"}, True),
        ({"state": "retrying", "acts": "nobody", "due_at": timezone.now() + timedelta(hours=1)}, True),
        ({"state": "stopped", "acts": "staff"}, False),
        ({"state": "stopped", "acts": "us"}, False),
        ({"state": "sent", "acts": "nobody"}, False),
        ({"state": "held", "acts": "nobody"}, False),
        ({"state": "skipped", "acts": "nobody"}, False),
        ({"state": "uncertain", "acts": "nobody"}, False),
    ],
)
def test_an_order_is_tried_again_where_that_is_the_merchants_to_do(shop: Merchant, columns: dict[str, Any], may: bool) -> None:
    order = shop.order("1042", **columns)
    client, address = shop.client(), f"{ADDRESS}{order.pk}/"
    assert client.get(address).json()["can_retry"] is may
    answer = client.post(f"{address}retry/")
    order.refresh_from_db()
    if may:
        assert answer.status_code == 200
        assert (answer.json()["state"], answer.json()["can_retry"], order.state) == ("waiting", False, "waiting")
        assert answer.json()["timeline"][-1]["text"].startswith("Retried by API: Warehouse screen.")
        # Once is enough: there is nothing left to try again.
        again = client.post(f"{address}retry/")
        assert (again.status_code, again.json()["code"]) == (409, "conflict")
    else:
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert order.get_state_display() in answer.json()["detail"]
        assert (order.state, order.events.count()) == (columns["state"], 0)


def test_where_nothing_can_be_asked_for_nothing_is_passed_over(shop: Merchant) -> None:
    order = shop.stopped("1042")
    for address in (f"{ADDRESS}{order.pk}/", "/api/v1/usage/", "/api/v1/features/", "/api/v1/hours/"):
        answer = shop.client().get(f"{address}?day=2026-11-01")
        assert [error["field"] for error in answer.json()["errors"]] == ["day"]
    assert shop.client().post(f"{ADDRESS}{order.pk}/retry/?force=1").status_code == 400
    order.refresh_from_db()
    assert order.state == "stopped"


def test_a_list_asks_the_database_as_often_for_many_as_for_one(
    shop: Merchant, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = shop.client()
    shop.stopped("1")
    client.get(ADDRESS)
    for queries, address in ((3, ADDRESS), (3, f"{ADDRESS}?state=stopped&changed_since=2020-01-01T00:00:00Z")):
        with django_assert_num_queries(queries):
            assert len(client.get(address).json()["results"]) == 1
    second = merchant("Garnboden AB")
    for n in range(2, 31):
        shop.stopped(str(n))
        second.stopped(str(n))
    for queries, address in ((3, ADDRESS), (3, f"{ADDRESS}?state=stopped&changed_since=2020-01-01T00:00:00Z")):
        with django_assert_num_queries(queries):
            assert len(client.get(address).json()["results"]) == 30
    latest = Transfer.objects.filter(customer=shop.customer).latest("pk")
    with django_assert_num_queries(3):
        client.get(f"{ADDRESS}{latest.pk}/")
