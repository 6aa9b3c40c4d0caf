"""Limits: counted by key or by address, told on every answer, and over when the window is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from billing import keys
from billing.models import Scope
from sharespine.api import limits
from tests.api.world import Merchant, merchant

ADDRESS = "/api/v1/problems/"
NOON = datetime(2026, 11, 29, 12, 0, 10, tzinfo=UTC)


@pytest.fixture
def few(settings: Any) -> None:
    settings.API_LIMITS = {**settings.API_LIMITS, "public": "3/minute", "keys": "4/minute", "sales": "5/minute"}


def left(client: Client, address: str = ADDRESS) -> tuple[int, ...]:
    answer = client.get(address)
    return answer.status_code, *(int(answer.headers[name]) for name in limits.HEADERS)


def test_every_answer_says_what_is_left_until_nothing_is(few: None) -> None:
    client = Client(headers={"accept-language": "en"})
    with time_machine.travel(NOON, tick=False):
        assert [left(client) for _ in range(3)] == [(200, 3, 2, 50), (200, 3, 1, 50), (200, 3, 0, 50)]
        refused = client.get(ADDRESS)
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert (refused.headers["Retry-After"], refused.headers["RateLimit-Remaining"]) == ("50", "0")
    with time_machine.travel(NOON + timedelta(seconds=50), tick=False):
        assert left(client) == (200, 3, 2, 60)


def test_answers_that_are_none_tell_it_too(few: None) -> None:
    client = Client()
    tag = client.get(ADDRESS).headers["ETag"]
    unchanged = client.get(ADDRESS, headers={"if-none-match": tag})
    assert (unchanged.status_code, unchanged.headers["RateLimit-Remaining"]) == (304, "1")
    wrong = client.post(ADDRESS)
    assert (wrong.status_code, wrong.headers["RateLimit-Remaining"]) == (405, "0")
    # Whoever looks for what there is not is counted, too.
    assert client.get("/api/v1/backup\n.sql").status_code == 429


@pytest.mark.django_db
def test_keys_are_counted_by_themselves_and_the_sales_site_has_more_room(few: None, shop: Merchant) -> None:
    sales = keys.make(None, "Sales site", [Scope.SALES], None, "siv")[1]
    assert left(Client())[1:3] == (3, 2)
    assert left(shop.client())[1:3] == (4, 3)
    assert left(merchant("Garnboden AB").client())[1:3] == (4, 3)
    assert left(Client(headers={"authorization": f"Bearer {sales}"}))[1:3] == (5, 4)
    assert left(shop.client(), "/api/v1/hours/")[1:3] == (4, 2)


@pytest.mark.django_db
def test_whoever_guesses_keys_is_counted_by_address(few: None) -> None:
    guesses = [Client(headers={"authorization": f"Bearer shs_guess{n}_x"}).get("/api/v1/hours/") for n in range(4)]
    assert [answer.status_code for answer in guesses] == [401, 401, 401, 429]
    assert Client().get(ADDRESS).status_code == 429


def test_the_address_is_the_one_that_our_proxy_saw(few: None, settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    for n in range(3):
        # What stands before the last address anybody can write.
        assert Client(headers={"x-forwarded-for": f"10.0.0.{n}, 192.0.2.1"}).get(ADDRESS).status_code == 200
    assert Client(headers={"x-forwarded-for": "10.9.9.9, 192.0.2.1"}).get(ADDRESS).status_code == 429
    assert Client(headers={"x-forwarded-for": "10.9.9.9, 192.0.2.2"}).get(ADDRESS).status_code == 200


@pytest.mark.parametrize(
    ("address", "caller"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("", ""),
        ("nonsense", "nonsense"),
    ],
)
def test_a_subscriber_with_2_to_the_64_addresses_is_one_caller(address: str, caller: str) -> None:
    assert limits.neighbourhood(address) == caller


def test_many_at_once_are_counted_exactly(few: None) -> None:
    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(lambda _: limits.count("public", "somebody"), range(40)))
    # A window that ended meanwhile begins a second count.
    assert sum(count.exceeded for count in counts) in (37, 34)
    assert len([count for count in counts if count.used == 1]) <= 2


def test_a_count_that_the_cache_forgot_begins_again_and_nobody_is_refused_for_it(few: None, monkeypatch: Any) -> None:
    limits.count("public", "somebody")

    def forgot(name: str, *args: Any) -> int:
        raise ValueError(name)

    monkeypatch.setattr(cache, "incr", forgot)
    assert limits.count("public", "somebody").used == 1


@pytest.mark.parametrize("text", ["", "60", "60/", "x/minute", "0/minute", "-1/minute", "60/fortnight", "1.5/second"])
def test_a_rate_that_is_none_is_told_at_once(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="like 60/minute"):
        limits.rate(text)


def test_all_rates_of_the_settings_are_rates(settings: Any) -> None:
    assert {kind: limits.rate(text).requests > 0 for kind, text in settings.API_LIMITS.items()} == dict.fromkeys(
        ("public", "quotes", "sign_ups", "keys", "sales"), True
    )
