"""What is used of the month and left of the hours, told to a merchant's own systems."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import time_machine
from pytest_django import DjangoAssertNumQueries

from billing import hours
from billing.models import Entry, Subscription
from tests.api.world import Merchant, merchant, used, worked

pytestmark = pytest.mark.django_db
NOVEMBER = datetime(2026, 11, 21, 12, tzinfo=UTC)


@time_machine.travel(NOVEMBER, tick=False)
def test_the_month_is_told_with_how_it_will_end_and_those_before(shop: Merchant) -> None:
    used(shop.customer, 171)
    used(shop.customer, 164, months_ago=1)
    assert shop.client().get("/api/v1/usage/").json() == {
        "month": "2026-11", "used": 171, "cap": 200, "left": 29, "percent": 85, "forecast": 250, "level": "near",
        "room_again_at": "2026-11-30T23:00:00Z", "history": [{"month": "2026-10", "used": 164, "cap": 200}],
    }  # fmt: skip


@time_machine.travel(NOVEMBER, tick=False)
def test_each_level_has_its_word(shop: Merchant) -> None:
    client = shop.client()
    levels = {}
    used(shop.customer, 0)
    for orders in (0, 140, 160, 200):
        shop.customer.order_months.update(used=orders)
        levels[orders] = client.get("/api/v1/usage/").json()["level"]
    assert levels == {0: "", 140: "forecast", 160: "near", 200: "full"}


def test_without_a_subscription_there_is_room_for_nothing(shop: Merchant) -> None:
    Subscription.objects.update(ends_on=date(2026, 1, 1))
    usage = shop.client().get("/api/v1/usage/").json()
    assert (usage["cap"], usage["left"], usage["history"]) == (0, 0, [])
    told = shop.client().get("/api/v1/features/").json()
    assert (told["package"], told["edition"]) == ("", "")
    assert not any(feature["allowed"] for feature in told["features"])


def test_what_the_package_allows_is_told_with_what_would_have_it(shop: Merchant) -> None:
    shop.customer.subscriptions.get().terms.update(features=["orders"])
    told = shop.client().get("/api/v1/features/").json()
    assert (told["customer"], told["package"]) == (str(shop.customer.pk), "Premium")
    allowed = {feature["feature"]: feature["allowed"] for feature in told["features"]}
    assert (allowed["orders"], allowed["multishop"]) == (True, False)
    assert next(f["reason"] for f in told["features"] if f["feature"] == "multishop").startswith("Multishop is not part of")


def test_hours_are_told_in_minutes_and_why_there_is_a_debt_is_not(shop: Merchant) -> None:
    assert shop.client().get("/api/v1/hours/").json() == {"balance": 0}
    hours.start_package(shop.customer, 60, day=date(2026, 11, 1), by="siv")
    worked(shop.customer, 90, reason="They always pay")
    wrong = Entry.objects.latest("pk")
    hours.reverse(wrong, day=date(2026, 11, 21), by="siv", reason="Written twice")
    client = shop.client()
    assert client.get("/api/v1/hours/").json() == {"balance": 60}
    answer = client.get("/api/v1/hours/entries/")
    back, debt, start = answer.json()["results"]
    assert "They always pay" not in answer.content.decode()
    assert (back["kind"], back["change"], back["balance"], back["reason"]) == ("reversal", 90, 60, "Written twice")
    assert debt == {
        "id": str(wrong.pk), "day": "2026-11-20", "kind": "work", "kind_text": "work", "category": str(wrong.category),
        "text": "Looked into orders that stopped", "reason": "", "about": "", "by": "siv", "minutes": 90, "change": -90,
        "balance": -30,
    }  # fmt: skip
    assert (start["text"], start["category"]) == ("Start package", "")
    swedish = shop.client(**{"accept-language": "sv"}).get("/api/v1/hours/entries/").json()["results"][2]
    assert swedish["text"] == "Startpaket"


def test_these_ask_the_database_as_often_for_many_as_for_one(
    shop: Merchant, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = shop.client()
    asked = (("/api/v1/usage/", 7), ("/api/v1/hours/", 2), ("/api/v1/hours/entries/", 3))
    client.get("/api/v1/hours/")
    for months in range(2):
        used(shop.customer, 5, months_ago=months)
        worked(shop.customer, 5, reason="trusted")
    for address, queries in asked:
        with django_assert_num_queries(queries):
            client.get(address)
    for months in range(2, 10):
        used(shop.customer, 5, months_ago=months)
        worked(shop.customer, 5, reason="trusted")
        merchant(f"Number {months}")
    for address, queries in asked:
        with django_assert_num_queries(queries):
            client.get(address)
