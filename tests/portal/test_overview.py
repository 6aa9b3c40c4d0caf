"""The overview: how many orders were transferred per day, the same in the picture, in the table and in plain Python."""

from __future__ import annotations

import random
import re
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.models import Customer, Role
from flows.models import Transfer
from sharespine.portal import per_day
from tests.flows.test_admin_growth import too_much_of
from tests.portal import ledger
from tests.portal.conftest import Member

pytestmark = pytest.mark.django_db
STOCKHOLM = ZoneInfo("Europe/Stockholm")
#: Clocks went back on 25 October, so that one of the thirty days before lasts 25 hours. It is still the 9th elsewhere.
NOW = datetime(2026, 11, 10, 0, 20, tzinfo=STOCKHOLM)


def sent(customer: Customer, moments: list[datetime]) -> None:
    """An order of `customer` for each of the moments, transferred then."""
    orders = ledger.orders(ledger.flows(customer)[:1], len(moments), state=Transfer.State.SENT, attention=False)
    for order, at in zip(orders, moments, strict=True):
        order.sent_at = at
    Transfer.objects.bulk_update(orders, ["sent_at"])


def overview(client: Client, customer: Customer) -> Any:
    answer = client.get(f"/portal/{customer.pk}/")
    assert answer.status_code == 200
    return answer


def bars(html: str) -> list[tuple[int, ...]]:
    """The place, width and height of each bar."""
    found = re.findall(r'<rect x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)">', html)
    return [tuple(map(int, numbers)) for numbers in found]


def table(html: str) -> dict[date, int]:
    """What the table says, in its order."""
    part = html[html.index("<details>\n  <summary>") :]
    rows = re.findall(r'<th scope="row" class="is-time">([\d-]+)</th><td class="is-number">(\d+)</td>', part)
    return {date.fromisoformat(day): int(n) for day, n in rows}


@pytest.mark.parametrize("zone", ["Europe/Stockholm", "America/New_York", "Asia/Kolkata"])
def test_each_of_thirty_days_has_the_orders_that_plain_python_counts(member: Member, zone: str) -> None:
    client, customer = member(Role.READER)
    Customer.objects.filter(pk=customer.pk).update(time_zone=zone)
    chance = random.Random(zone)
    days = [NOW - timedelta(days=n) for n in range(-1, 34)]
    midnights = [day.replace(hour=hour, minute=minute) for day in days for hour, minute in ((0, 0), (23, 59))]
    moments = [at.astimezone(ZoneInfo("UTC")) for at in chance.sample(midnights, 40) for _ in range(chance.randrange(3))]
    sent(customer, [at for at in moments if at <= NOW])
    sent(member()[1], [NOW - timedelta(days=n) for n in range(20)])
    today = NOW.astimezone(ZoneInfo(zone)).date()
    expected = Counter(at.astimezone(ZoneInfo(zone)).date() for at in moments if at <= NOW)
    with time_machine.travel(NOW, tick=False):
        answer = overview(client, customer)
    chart = answer.context["chart"]
    assert {day.day: day.orders for day in chart.days} == {
        today - timedelta(days=n): expected[today - timedelta(days=n)] for n in range(30)
    }
    assert list(table(answer.content.decode()).items()) == [(day.day, day.orders) for day in reversed(chart.days)]
    assert answer.context["sent_today"] == expected[today]


def test_an_order_at_midnight_in_stockholm_belongs_to_the_day_that_begins(member: Member) -> None:
    client, customer = member()
    midnight = datetime(2026, 10, 25, tzinfo=STOCKHOLM)
    moments = [midnight - timedelta(seconds=1), midnight, midnight + timedelta(hours=23), midnight + timedelta(days=1)]
    sent(customer, moments)
    with time_machine.travel(NOW, tick=False):
        found = table(overview(client, customer).content.decode())
    assert {day: n for day, n in found.items() if n} == {date(2026, 10, 24): 1, date(2026, 10, 25): 2, date(2026, 10, 26): 1}


def test_a_bar_is_as_high_as_its_day_and_none_is_too_low_to_be_seen(member: Member) -> None:
    client, customer = member()
    sent(customer, [NOW] * 3 + [NOW - timedelta(days=1)] * 400 + [NOW - timedelta(days=29)] * 100)
    with time_machine.travel(NOW, tick=False):
        html = overview(client, customer).content.decode()
    assert bars(html) == [(1, 75, 7, 25), (281, 0, 7, 100), (291, 98, 7, 2)]
    assert 'viewBox="0 0 300 100"' in html
    assert "503 orders were transferred, the most on 2026-11-09: 400." in html
    assert "<title>2026-11-09: 400</title>" in html


def test_the_picture_keeps_to_the_content_security_policy_and_is_left_out_where_it_cannot_be_seen(member: Member) -> None:
    client, customer = member()
    sent(customer, [timezone.now()])
    answer = overview(client, customer)
    html = answer.content.decode()
    assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
    assert not re.search(r"\sstyle=|<style|\son\w+=|<script(?![^>]*\ssrc=)", html)
    picture = re.search(r'<div class="per-day" aria-hidden="true">(.*?)</svg>', html, re.DOTALL)
    assert picture
    assert "<svg" in picture[1]
    assert "1 order was transferred, on" in html
    assert len(table(html)) == 30


def test_a_customer_without_orders_sees_no_picture(member: Member) -> None:
    client, customer = member()
    assert "Transferred per day" not in overview(client, customer).content.decode()
    sent(customer, [timezone.now() - timedelta(days=31)])
    html = overview(client, customer).content.decode()
    assert "Transferred per day, the last 30 days" in html
    assert "No order was transferred on any of them." in html
    assert "<svg" not in html


def test_the_picture_is_one_question_that_the_index_by_day_answers(member: Member) -> None:
    client, customer = member()
    sent(customer, [timezone.now()] * 5)
    overview(client, customer)
    with CaptureQueriesContext(connection) as asked:
        per_day.chart(customer, timezone.now())
    [question] = asked.captured_queries
    assert too_much_of("transfer", question["sql"]) == ""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {question['sql'].replace('%', '%%')}")
            plan = [row[3] for row in cursor.fetchall()]
        assert "SEARCH flows_transfer USING COVERING INDEX transfer_sent_customer (sent_at>? AND sent_at<?)" in plan
        assert not [line for line in plan if line.startswith("SCAN")]
