"""Errors at once: one e-mail a customer, each order once for each cause, none lost to a mail server that is down."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.core.mail import EmailMessage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django.fixtures import Settings

from billing.models import Customer, Membership, Role
from connectors.errors import Missing, WhoActs
from flows import alerts, chores, mails, services, tasks, turns, webhooks
from flows.models import Alert, Chore, Transfer, Webhook
from flows.outgoing import settling
from sharespine.lib.text import N_, Text
from tests.clock import Clock, standing_still
from tests.flows.conftest import Rig, make_rig
from tests.flows.test_engine import raising

pytestmark = pytest.mark.django_db
NO_ARTICLE = N_("Article %(sku)s does not exist in the ERP. Create it there, then retry.")


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[Clock]:
    settings.SITE_URL = "https://portal.example.se/"
    with standing_still(monkeypatch) as made:
        yield made


def user(customer: Customer, name: str = "anna", *, role: str = Role.READER, active: bool = True, **wants: bool) -> Membership:
    made = get_user_model().objects.create_user(name, f"{name}@example.se", is_active=active)
    return Membership.objects.create(customer=customer, user=made, role=role, **wants)


def customer_of(rig: Rig) -> Customer:
    Customer.objects.filter(pk=rig.flow.connection.customer_id).update(language="en")
    return Customer.objects.get(pk=rig.flow.connection.customer_id)


def stop(rig: Rig, *numbers: str, message: str = NO_ARTICLE) -> None:
    """These orders stop, each for an article of its own."""
    for number in numbers:
        rig.world.place(number)
    rig.world.on_prepare = lambda order: (_ for _ in ()).throw(Missing(Text(message, {"sku": f"A-{order.number}"})))
    rig.run()
    rig.world.on_prepare = lambda order: None


def tell() -> list[EmailMessage]:
    """What leaves us now."""
    mail.outbox.clear()
    alerts.tell(at=timezone.now(), ends=time.monotonic() + 60)
    return list(mail.outbox)


def test_who_wants_to_know_at_once_is_told_what_happened_what_to_do_and_where(rig: Rig) -> None:
    customer = customer_of(rig)
    user(customer, errors_at_once=True)
    stop(rig, "7")
    [sent] = tell()
    assert sent.to == ["anna@example.se"]
    assert sent.subject == "1 order has stopped: Ullbutiken AB"
    assert "Article A-7 does not exist in the ERP. Create it there, then retry." in sent.body
    assert f"https://portal.example.se/portal/{customer.pk}/orders/{rig.transfer('7').pk}/" in sent.body
    assert f"https://portal.example.se/portal/{customer.pk}/notifications/" in sent.body
    assert sent.extra_headers["List-Unsubscribe"] == f"<https://portal.example.se/portal/{customer.pk}/notifications/>"


def test_many_orders_give_one_e_mail_grouped_by_cause_with_twenty_numbers_each(rig: Rig) -> None:
    customer = customer_of(rig)
    user(customer, errors_at_once=True)
    user(customer, "bo", errors_at_once=True)
    stop(rig, *(str(number) for number in range(100, 125)))
    stop(rig, "900", "901", message=N_("Customer %(sku)s is barred."))
    [sent] = tell()
    assert sent.to == ["anna@example.se", "bo@example.se"]
    assert sent.subject.startswith("27 orders have stopped")
    first, second = sent.body.split("\n* ")[1:]
    assert first.startswith("For example 100: Article A-100 does not exist in the ERP. Create it there, then retry.")
    assert ", ".join(str(number) for number in range(100, 120)) + " and 5 more" in first
    assert second.startswith("For example 900: Customer A-900 is barred.\n  900, 901\n")
    assert f"/portal/{customer.pk}/orders/?view=mine" in sent.body
    assert "\n\n\n" not in sent.body
    assert Alert.objects.count() == 27


def test_each_order_is_told_once_for_each_cause_and_at_most_every_ten_minutes(rig: Rig, clock: Clock) -> None:
    user(customer_of(rig), errors_at_once=True)
    stop(rig, "1")
    assert len(tell()) == 1
    stop(rig, "2")
    clock.move(timedelta(minutes=9))
    assert tell() == []
    clock.move(timedelta(minutes=1, seconds=1))
    [sent] = tell()
    assert "A-2" in sent.body
    assert "A-1" not in sent.body
    # Again for the same reason: it is known. For another one: it is news.
    for message, expected in ((NO_ARTICLE, 0), (N_("Customer %(sku)s is barred."), 1), (NO_ARTICLE, 0)):
        clock.move(timedelta(minutes=11))
        services.retry(Transfer.objects.filter(source_id="1"), actor="anna")
        stop(rig, message=message)
        assert rig.transfer("1").state == Transfer.State.STOPPED
        assert len(tell()) == expected, message


def test_nobody_is_told_of_what_is_not_the_merchants_to_act_on_or_who_does_not_want_to(rig: Rig) -> None:
    customer = customer_of(rig)
    user(customer, daily_summary=True, cap_notices=True)
    user(customer, "gone", active=False, errors_at_once=True)
    stop(rig, "1")
    assert tell() == []
    Membership.objects.update(errors_at_once=True)
    Transfer.objects.update(acts=WhoActs.STAFF)
    assert tell() == []
    Transfer.objects.update(acts=WhoActs.MERCHANT)
    assert [sent.to for sent in tell()] == [["anna@example.se"]]
    get_user_model().objects.update(email="")
    Alert.objects.all().delete()
    assert tell() == []


def test_each_customer_is_told_of_its_own_orders_only(rig: Rig) -> None:
    other = make_rig()
    user(customer_of(rig), "anna", errors_at_once=True)
    user(customer_of(other), "bo", errors_at_once=True)
    stop(rig, "1")
    stop(other, "2")
    assert [(sent.to, "A-1" in sent.body, "A-2" in sent.body) for sent in tell()] == [
        (["anna@example.se"], True, False),
        (["bo@example.se"], False, True),
    ]


def test_a_mail_server_that_is_down_delays_it_and_one_address_that_is_refused_holds_up_nobody(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_rig()
    user(customer_of(rig), "anna", errors_at_once=True)
    user(customer_of(other), "bo", errors_at_once=True)
    stop(rig, "1")
    stop(other, "2")
    send = EmailMessage.send

    def refuse(self: EmailMessage, *given: Any) -> int:
        if self.to == ["anna@example.se"]:
            raise SMTPRecipientsRefused({"anna@example.se": (550, b"unknown")})
        return send(self, *given)

    monkeypatch.setattr(EmailMessage, "send", raising(SMTPServerDisconnected("away")))
    with pytest.raises(mails.Undeliverable):
        tell()
    assert not Alert.objects.exists()
    monkeypatch.setattr(EmailMessage, "send", refuse)
    assert [sent.to for sent in tell()] == [["bo@example.se"]]
    monkeypatch.setattr(EmailMessage, "send", send)
    assert [sent.to for sent in tell()] == [["anna@example.se"]]


def test_a_process_that_dies_between_sending_and_saving_tells_twice_and_never_not_at_all(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    user(customer_of(rig), errors_at_once=True)
    stop(rig, "1")

    def die(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(Alert.objects, "bulk_create", die)
        with pytest.raises(KeyboardInterrupt):
            tell()
    assert len(mail.outbox) == 1
    assert len(tell()) == 1
    assert tell() == []


def test_what_it_costs_does_not_grow_with_customers_or_orders_that_were_told(rig: Rig) -> None:
    user(customer_of(rig), errors_at_once=True)
    stop(rig, *map(str, range(5)))
    tell()
    with CaptureQueriesContext(connection) as few:
        tell()
    for number in range(3):
        user(customer_of(make_rig()), f"user-{number}", errors_at_once=True)
    with CaptureQueriesContext(connection) as more:
        tell()
    assert len(more) == len(few) <= 4


def test_the_owners_of_a_webhook_that_was_switched_off_are_told_once(rig: Rig) -> None:
    customer = customer_of(rig)
    user(customer, "reader", errors_at_once=True)
    user(customer, "owner", role=Role.OWNER)
    webhook, secret = webhooks.make(customer, "https://hooks.example.se/a", ["order.stopped"], actor="anna")
    assert tell() == []
    settling.switch_off(webhook, settling.UNWANTED)
    [sent] = tell()
    assert sent.to == ["owner@example.se"]
    assert "https://hooks.example.se/a was switched off" in sent.body
    assert "wants no more messages" in sent.body
    assert f"/portal/{customer.pk}/webhooks/" in sent.body
    assert secret not in sent.body
    assert tell() == []
    webhooks.resume(webhook, actor="anna")
    settling.switch_off(Webhook.objects.get(), settling.UNWANTED)
    assert len(tell()) == 1


def test_where_there_is_no_owner_the_customers_own_address_is_told(rig: Rig) -> None:
    Customer.objects.update(email="ull@example.se")
    webhook, _ = webhooks.make(customer_of(rig), "https://hooks.example.se/a", ["order.stopped"], actor="anna")
    settling.switch_off(webhook, settling.UNWANTED)
    assert [sent.to for sent in tell()] == [["ull@example.se"]]


def test_the_task_tells_once_a_minute_by_whichever_worker_and_goes_on_where_time_was_up(
    rig: Rig, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    user(customer_of(rig), errors_at_once=True)
    stop(rig, "1")
    OrmQ.objects.all().delete()
    mail.outbox.clear()
    monkeypatch.setattr(tasks, "_next_telling", 0.0)
    monkeypatch.setattr(turns, "due", lambda: type(rig.flow).objects.none())
    tasks.tick()
    # Another worker command looks at the same moment.
    monkeypatch.setattr(tasks, "_next_telling", 0.0)
    tasks.tick()
    assert OrmQ.objects.count() == 1
    monkeypatch.setattr(tasks, "TELL_BUDGET", -1.0)
    tasks.tell()
    assert (len(mail.outbox), OrmQ.objects.count()) == (0, 2)
    monkeypatch.setattr(tasks, "TELL_BUDGET", 30.0)
    tasks.tell()
    assert len(mail.outbox) == 1
    assert not chores.wanted(tasks.TELLING)
    clock.move(timedelta(minutes=1))
    assert chores.wanted(tasks.TELLING)


def test_a_chore_whose_worker_died_is_free_again_when_its_time_is_up(clock: Clock) -> None:
    assert chores.wanted("x")
    assert not chores.wanted("x")
    assert chores.take("x", timedelta(seconds=60))
    assert not chores.take("x", timedelta(seconds=60))
    assert not chores.wanted("x")
    clock.move(timedelta(seconds=61))
    assert chores.wanted("x")
    # Its task was lost: another one is put into the queue.
    clock.move(timedelta(seconds=61))
    assert chores.wanted("x")
    assert chores.take("x", timedelta(seconds=60))
    chores.leave("x")
    assert chores.take("x", timedelta(seconds=60))
    assert Chore.objects.count() == 1
