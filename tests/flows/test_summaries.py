"""The daily summary: at seven where the customer is, once a user and day, when there is something to say."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from smtplib import SMTPServerDisconnected
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from billing.models import Customer, Membership, OrderMonth
from connectors.errors import Unreachable
from flows import links, mails, services, summaries
from flows.models import Connection, Endpoint, Transfer
from tests.clock import Clock, standing_still
from tests.flows.conftest import Rig, make_rig
from tests.flows.test_alerts import customer_of, stop, user
from tests.flows.test_engine import raising

#: Before seven on a Monday in Stockholm.
EARLY = datetime(2026, 11, 23, 5, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[Clock]:
    settings.SITE_URL = "https://portal.example.se"
    with standing_still(monkeypatch, EARLY) as made:
        yield made


def send() -> list[EmailMessage]:
    """What leaves us now."""
    mail.outbox.clear()
    summaries.send(at=timezone.now(), ends=time.monotonic() + 60)
    return list(mail.outbox)


def joined_long_ago() -> None:
    Membership.objects.update(since=EARLY - timedelta(days=100))


@pytest.mark.django_db
def test_at_seven_each_user_that_wants_it_is_told_what_went_and_what_waits(rig: Rig, clock: Clock) -> None:
    customer = customer_of(rig)
    for name in ("anna", "bo"):
        user(customer, name)
    user(customer, "no", daily_summary=False)
    user(customer, "gone", active=False)
    joined_long_ago()
    clock.move(timedelta(hours=-20))
    for number in range(3):
        rig.world.place(f"ok-{number}")
    rig.run()
    stop(rig, "7", "8")
    OrderMonth.objects.update_or_create(customer=customer, month=date(2026, 11, 1), defaults={"used": 690})
    clock.move_to(EARLY)
    assert send() == []
    clock.move(timedelta(minutes=30))
    anna, bo = send()
    assert [anna.to, bo.to] == [["anna@example.se"], ["bo@example.se"]]
    assert anna.body == bo.body
    assert anna.subject == "Ullbutiken AB: 2 orders wait for you"
    assert "3 orders were transferred from 07:00 yesterday to 07:00 today." in anna.body
    assert "* For example 8: Article A-8 does not exist in the ERP. Create it there, then retry." in anna.body
    assert f"2 orders: https://portal.example.se/portal/{customer.pk}/orders/?view=mine&cause=Article+" in anna.body
    assert f"https://portal.example.se/portal/{customer.pk}/notifications/" in anna.body
    assert "690 of 1" in anna.body
    assert "about 929" in anna.body
    assert "\n\n\n" not in anna.body
    assert send() == []
    clock.move(timedelta(hours=23, minutes=59))
    assert send() == []
    clock.move(timedelta(minutes=1))
    # Nothing went since, but something still waits.
    [again, _] = send()
    assert "0 orders were transferred" in again.body
    assert f"/portal/{customer.pk}/orders/" in again.body


@pytest.mark.django_db
def test_orders_that_were_changed_after_the_transfer_are_told_of_with_where_they_are_seen(rig: Rig, clock: Clock) -> None:
    customer = customer_of(rig)
    user(customer)
    joined_long_ago()
    clock.move(timedelta(hours=-20))
    for number in ("1", "2"):
        rig.world.place(number)
    rig.run()
    Transfer.objects.update(attention=True)
    clock.move_to(EARLY + timedelta(minutes=30))
    [sent] = send()
    assert "* The order was changed in the shop after the transfer." in sent.body
    assert f"2 orders: https://portal.example.se/portal/{customer.pk}/orders/?view=changed\n" in sent.body


@pytest.mark.django_db
def test_nothing_is_sent_when_there_is_nothing_to_say_and_nobody_is_asked_about_again_that_day(rig: Rig, clock: Clock) -> None:
    user(customer_of(rig))
    joined_long_ago()
    clock.move(timedelta(hours=2))
    assert send() == []
    assert Membership.objects.get().summary_sent_on == date(2026, 11, 23)
    stop(rig, "1")
    assert send() == []
    clock.move(timedelta(days=1))
    assert len(send()) == 1


@pytest.mark.django_db
def test_paused_connections_systems_that_are_down_and_orders_that_wait_for_room_are_something_to_say(clock: Clock) -> None:
    rig = make_rig(orders=1)
    customer = customer_of(rig)
    user(customer)
    joined_long_ago()
    rig.world.place("1")
    rig.world.place("2")
    rig.run()
    services.pause_connection(Connection.objects.get(), actor="siv", reason="Inventering")
    Endpoint.objects.filter(system="twin_erp").update(health=Endpoint.Health.DOWN, trouble=Unreachable().text)
    clock.move(timedelta(hours=1))
    [sent] = send()
    assert sent.subject == "Ullbutiken AB: 1 order transferred"
    assert "1 order waits for room." in sent.body
    assert "The connection “Ull” is paused. Paused by siv: Inventering" in sent.body
    assert "ERP: does not answer. No connection to the other system could be made." in sent.body
    assert f"/portal/{customer.pk}/connections/" in sent.body


@pytest.mark.django_db
def test_seven_is_seven_where_the_customer_is(rig: Rig, clock: Clock) -> None:
    rigs = {zone: make_rig() for zone in ("Europe/Helsinki", "Europe/Stockholm", "America/New_York")}
    for number, (zone, one) in enumerate(rigs.items()):
        user(customer_of(one), f"user-{number}")
        Customer.objects.filter(pk=one.flow.connection.customer_id).update(time_zone=zone)
        stop(one, "1")
    joined_long_ago()
    clock.move_to(datetime(2026, 11, 23, 4, 59, tzinfo=UTC))
    told = []
    for _ in range(24):
        told.append([sent.to[0].partition("@")[0] for sent in send()])
        clock.move(timedelta(hours=1))
    # By UTC it is 05:00 in Helsinki, 06:00 in Stockholm and 12:00 in New York, where it is still Sunday at first. One minute
    # before each hour somebody looked.
    expected = {0: ["user-2"], 1: ["user-0"], 2: ["user-1"], 8: ["user-2"]}
    assert {hour: names for hour, names in enumerate(told) if names} == expected


@pytest.mark.django_db
def test_a_worker_that_was_down_at_seven_sends_it_later_the_same_day_and_not_the_day_after(rig: Rig, clock: Clock) -> None:
    user(customer_of(rig))
    joined_long_ago()
    rig.world.place("1")
    rig.run()
    clock.move_to(datetime(2026, 11, 23, 22, 59, tzinfo=UTC))
    [sent] = send()
    assert "1 order was transferred" in sent.body
    # The next day tells of the day before, and that is all.
    clock.move_to(datetime(2026, 11, 24, 6, 0, tzinfo=UTC))
    assert send() == []


@pytest.mark.django_db
def test_who_joins_after_seven_hears_from_us_the_next_morning(rig: Rig, clock: Clock) -> None:
    clock.move(timedelta(hours=3))
    user(customer_of(rig))
    stop(rig, "1")
    assert send() == []
    clock.move(timedelta(days=1))
    assert len(send()) == 1


@pytest.mark.django_db
def test_a_mail_server_that_is_down_delays_it(rig: Rig, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    user(customer_of(rig))
    joined_long_ago()
    stop(rig, "1")
    clock.move(timedelta(hours=1))
    with monkeypatch.context() as down:
        down.setattr(EmailMessage, "send", raising(SMTPServerDisconnected("away")))
        with pytest.raises(mails.Undeliverable):
            send()
    assert Membership.objects.get().summary_sent_on is None
    assert len(send()) == 1


@pytest.mark.django_db
def test_the_questions_do_not_grow_with_the_users_and_nobody_due_costs_one(rig: Rig, clock: Clock) -> None:
    for name in ("anna", "bo", "cia"):
        user(customer_of(rig), name)
    joined_long_ago()
    rig.world.place("1")
    rig.run()
    with CaptureQueriesContext(connection) as early:
        assert send() == []
    clock.move(timedelta(hours=1))

    def asked() -> int:
        Membership.objects.update(summary_sent_on=None)
        with CaptureQueriesContext(connection) as found:
            assert send() != []
        return len([one for one in found.captured_queries if not one["sql"].startswith("UPDATE")])

    of_one = asked()
    for number in range(4):
        other = make_rig()
        user(customer_of(other), f"user-{number}")
        other.world.place("1")
        other.run()
    joined_long_ago()
    Transfer.objects.update(sent_at=EARLY - timedelta(hours=1))
    of_five = asked()
    assert len(early) == 1
    # Each further customer costs the same.
    assert (of_five - of_one) % 4 == 0
    assert (of_five - of_one) // 4 <= of_one - 3 <= 10


@given(
    moment=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
    zone=st.sampled_from(["Europe/Stockholm", "Europe/Helsinki", "Europe/London", "America/New_York", "Atlantic/Azores"]),
)
def test_the_spans_follow_each_other_without_a_gap_whatever_the_clocks_do(moment: datetime, zone: str) -> None:
    place, at = ZoneInfo(zone), moment.replace(tzinfo=UTC)
    span = summaries.last_span(at, place)
    assert span.until <= at < span.until.astimezone(UTC) + timedelta(hours=25)
    assert (span.since.hour, span.until.hour, span.until.date()) == (7, 7, span.day)
    before = summaries.last_span(span.until.astimezone(UTC) - timedelta(seconds=1), place)
    assert (before.day, before.until) == (span.day - timedelta(days=1), span.since)
    hours = (span.until.astimezone(UTC) - span.since.astimezone(UTC)) / timedelta(hours=1)
    assert hours in (23, 24, 25)


@pytest.mark.parametrize(
    ("day", "hours", "seven"),
    [
        (date(2026, 3, 28), 24, "2026-03-28T06:00:00+00:00"),
        (date(2026, 3, 29), 23, "2026-03-29T05:00:00+00:00"),
        (date(2026, 3, 30), 24, "2026-03-30T05:00:00+00:00"),
        (date(2026, 10, 24), 24, "2026-10-24T05:00:00+00:00"),
        (date(2026, 10, 25), 25, "2026-10-25T06:00:00+00:00"),
        (date(2026, 10, 26), 24, "2026-10-26T06:00:00+00:00"),
    ],
)
def test_in_the_nights_in_which_clocks_change_it_is_still_seven(day: date, hours: int, seven: str) -> None:
    zone = ZoneInfo("Europe/Stockholm")
    at = datetime.fromisoformat(seven)
    span = summaries.last_span(at, zone)
    assert span.day == day
    assert span.until.astimezone(UTC) == at
    assert at - span.since.astimezone(UTC) == timedelta(hours=hours)
    assert summaries.last_span(at - timedelta(seconds=1), zone).day == day - timedelta(days=1)


def test_the_links_of_e_mails_are_pages_of_the_portal() -> None:
    base = "https://portal.example.se"
    assert links.order(7, 12) == base + reverse("portal:order", args=[7, 12])
    assert links.orders(7, view="mine") == base + reverse("portal:orders", args=[7]) + "?view=mine"
    for name in ("overview", "connections", "package", "notifications", "webhooks"):
        assert getattr(links, name)(7) == base + reverse(f"portal:{name}", args=[7])
