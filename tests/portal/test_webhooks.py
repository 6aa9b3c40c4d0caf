"""What a merchant's own systems are told: addresses, secrets, the log of messages, and sending again."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.models import Customer, Role
from flows import webhooks as verbs
from flows.models import HookEvent, HookMessage, Webhook
from flows.outgoing import signing
from sharespine.lib.text import Text
from tests.browser import seed
from tests.customers import subscribed
from tests.portal.conftest import Member

HERE = "https://butik.example/krok"
WANTED = {"address": HERE, "events": ["order.stopped", "order.transferred"]}
State = HookMessage.State


@pytest.fixture(autouse=True)
def _nobody_pressed_anything() -> None:
    cache.clear()


def address(customer: Customer, *parts: Any) -> str:
    return "/".join(map(str, [f"/portal/{customer.pk}/webhooks", *parts, ""]))


def made(customer: Customer, **values: Any) -> Webhook:
    webhook, _ = verbs.make(customer, HERE, ["order.stopped"], actor="mia@ull.example")
    Webhook.objects.filter(pk=webhook.pk).update(**values or {"address": HERE})
    webhook.refresh_from_db()
    return webhook


def message(webhook: Webhook, state: str = State.DELIVERED, **values: Any) -> HookMessage:
    payload = {"type": "order.stopped", "timestamp": "2026-11-23T08:00:00.000Z", "data": {"number": "1042"}}
    return HookMessage.objects.create(webhook=webhook, event=HookEvent.STOPPED, payload=payload, state=state, **values)


def words(answer: Any) -> str:
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def told(answer: Any) -> list[str]:
    assert answer.status_code == 200
    return [str(one) for one in answer.context["messages"]]


def test_a_webhook_is_added_and_its_secret_shown_once(member: Member) -> None:
    client, customer = member(Role.OWNER)
    answer = client.post(address(customer, "new"), WANTED)
    webhook = Webhook.objects.get()
    secret = webhook.secrets["secret"]
    assert (webhook.customer, webhook.address, webhook.events) == (customer, HERE, ["order.transferred", "order.stopped"])
    assert webhook.created_by == customer.memberships.get().user.username
    assert words(answer).count(secret) == 1
    for page in ((), (webhook.pk,), (webhook.pk, "change"), (webhook.pk, "secret")):
        assert secret not in words(client.get(address(customer, *page)))
    listed = words(client.get(address(customer)))
    for expected in (HERE, "an order was transferred, an order stopped", "none yet"):
        assert expected in listed


@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        ({"address": "http://butik.example/krok"}, "address", "must begin with https://"),
        ({"address": "https://192.168.1.7/krok"}, "address", "is not called from here"),
        ({"address": "https://mia:hemligt@butik.example/"}, "address", "holds a user name"),
        ({"address": "hej"}, "address", "is not a web address"),
        ({"address": ""}, "address", "required"),
        ({"address": f"https://butik.example/{'x' * 500}"}, "address", "at most 500"),
        ({"events": []}, "events", "required"),
        ({"events": ["ping"]}, "events", "not one of the available choices"),
    ],
)
def test_what_no_webhook_can_be_is_asked_again(
    member: Member, settings: Any, wrong: dict[str, Any], field: str, said: str
) -> None:
    settings.SANDBOX = False
    client, customer = member(Role.OWNER)
    webhook = made(customer)
    for page in (("new",), (webhook.pk, "change")):
        answer = client.post(address(customer, *page), {**WANTED, **wrong})
        assert list(answer.context["form"].errors) == [field]
        assert said in html.unescape(words(answer))
    assert Webhook.objects.get().events == ["order.stopped"]


def test_a_webhook_is_changed_paused_resumed_and_removed(member: Member) -> None:
    client, customer = member(Role.OWNER)
    webhook = made(customer)
    form = client.get(address(customer, webhook.pk, "change")).context["form"]
    assert (form["address"].value(), form["events"].value()) == (HERE, ["order.stopped"])
    client.post(address(customer, webhook.pk, "change"), {"address": f"{HERE}/2", "events": ["cap.near"]}, follow=True)
    webhook.refresh_from_db()
    assert (webhook.address, webhook.events) == (f"{HERE}/2", ["cap.near"])
    assert "is paused" in told(client.post(address(customer, webhook.pk, "pause"), follow=True))[0]
    page = words(client.get(address(customer, webhook.pk)))
    assert f"Paused by {customer.memberships.get().user.username}." in page
    assert "/trial/" not in page
    assert "is active" in told(client.post(address(customer, webhook.pk, "resume"), follow=True))[0]
    Webhook.objects.filter(pk=webhook.pk).update(state=Webhook.State.FAILED, trouble=Text("Away for days."))
    page = words(client.get(address(customer, webhook.pk)))
    assert "It was switched off.</b> Away for days." in page
    assert "Switch it on again" in page
    assert "Remove the webhook?" in words(client.get(address(customer, webhook.pk, "remove")))
    assert "is removed" in told(client.post(address(customer, webhook.pk, "remove"), follow=True))[0]
    webhook.refresh_from_db()
    assert webhook.state == Webhook.State.REMOVED
    assert client.get(address(customer, webhook.pk)).status_code == 404
    assert client.post(address(customer, webhook.pk, "resume")).status_code == 404
    assert client.get(address(customer)).context["rows"] == []


def test_a_new_secret_is_made_after_a_question_and_shown_once(member: Member) -> None:
    client, customer = member(Role.OWNER)
    webhook = made(customer)
    before = webhook.secrets["secret"]
    assert "Make a new secret?" in words(client.get(address(customer, webhook.pk, "secret")))
    webhook.refresh_from_db()
    assert webhook.secrets["secret"] == before
    answer = client.post(address(customer, webhook.pk, "secret"))
    webhook.refresh_from_db()
    assert webhook.secrets["secret"] != before
    assert words(answer).count(webhook.secrets["secret"]) == 1
    assert before not in words(answer)
    assert "with both secrets for a day" in words(answer)


def test_a_trial_is_sent_and_the_log_says_what_became_of_it(member: Member) -> None:
    client, customer = member(Role.OWNER)
    webhook = made(customer)
    assert "on its way" in told(client.post(address(customer, webhook.pk, "trial"), follow=True))[0]
    assert "a moment ago" in told(client.post(address(customer, webhook.pk, "trial"), follow=True))[0]
    ping = HookMessage.objects.get()
    assert ping.event == HookEvent.PING
    refusal = Text("The receiver answered %(status)s instead of 2xx.", {"status": "500"})
    soon = timezone.now() + timedelta(minutes=5)
    message(webhook, State.WAITING, attempts=2, status_code=500, trouble=refusal, due_at=soon)
    message(webhook, State.WAITING)
    page = words(client.get(address(customer, webhook.pk)))
    for expected in (
        "a trial", "The receiver answered 500 instead of 2xx.", ">500<", "when the webhook is resumed", "within a minute",
        timezone.localtime(soon).strftime("%Y-%m-%d %H:%M"),
    ):  # fmt: skip
        assert expected in page
    Webhook.objects.filter(pk=webhook.pk).update(resume_at=soon)
    assert "Your system cannot be reached." in words(client.get(address(customer, webhook.pk)))
    assert "cannot be reached" in words(client.get(address(customer)))


def test_a_message_is_seen_and_sent_again(member: Member) -> None:
    client, customer = member(Role.OWNER)
    webhook = made(customer)
    order = seed.transfer(seed.flow(customer), 1042)
    one = message(webhook, State.FAILED, attempts=10, transfer=order)
    page = words(client.get(address(customer, webhook.pk, "messages", one.pk)))
    for expected in (str(one.uid), "&quot;number&quot;: &quot;1042&quot;", f"/portal/{customer.pk}/orders/{order.pk}/"):
        assert expected in page
    again = address(customer, webhook.pk, "messages", one.pk, "resend")
    assert told(client.post(again, follow=True)) == ["The message is sent again."]
    one.refresh_from_db()
    assert (one.state, one.attempts) == (State.WAITING, 0)
    verbs.pause(webhook, actor="mia")
    assert "Resume it first" in told(client.post(again, follow=True))[0]
    assert "Send it again" not in words(client.get(address(customer, webhook.pk, "messages", one.pk)))


def test_all_that_was_given_up_is_sent_again_at_once(member: Member) -> None:
    client, customer = member(Role.OWNER)
    webhook = made(customer)
    given_up, arrived = [message(webhook, State.FAILED) for _ in range(3)], message(webhook)
    page = client.get(f"{address(customer, webhook.pk)}?state=failed")
    assert [row["message"] for row in page.context["rows"]] == given_up[::-1]
    assert "Send all of them again" in words(page)
    client.post(address(customer, webhook.pk, "resend"))
    assert HookMessage.objects.filter(state=State.WAITING).count() == 3
    arrived.refresh_from_db()
    assert arrived.state == State.DELIVERED
    assert "There are none." in words(client.get(f"{address(customer, webhook.pk)}?state=failed"))
    assert len(client.get(f"{address(customer, webhook.pk)}?state=whatever").context["rows"]) == 4


def test_the_log_goes_back_page_by_page_with_as_many_questions(member: Member, django_assert_num_queries: Any) -> None:
    client, customer = member(Role.OWNER)
    webhook = made(customer)
    message(webhook)
    with CaptureQueriesContext(connection) as few:
        client.get(address(customer, webhook.pk))
    for _ in range(60):
        message(webhook)
    seen: list[int] = []
    place = "?"
    while place:
        with django_assert_num_queries(len(few)):
            answer = client.get(f"{address(customer, webhook.pk)}{place}")
        seen += [row["message"].pk for row in answer.context["rows"]]
        place = answer.context["page"].older
    assert seen == sorted(HookMessage.objects.values_list("pk", flat=True), reverse=True)
    with CaptureQueriesContext(connection) as one:
        client.get(address(customer))
    for _ in range(8):
        message(made(customer))
    with django_assert_num_queries(len(one)):
        assert len(client.get(address(customer)).context["rows"]) == 9


def test_the_example_on_the_page_tells_our_messages_from_others(member: Member) -> None:
    client, customer = member(Role.OWNER)
    page = client.get(address(customer)).content.decode()
    found = re.search(r"<pre[^>]*>(import base64.*?)</pre>", page, re.DOTALL)
    assert found
    shown: dict[str, Any] = {}
    exec(html.unescape(found[1]), shown)  # noqa: S102 - what the page tells merchants to run
    now, body, secret = int(timezone.now().timestamp()), b'{"type": "ping"}', signing.new_secret()

    def headers(secret: str, stamp: int) -> dict[str, str]:
        signatures = [signing.signature(one, uid="u-1", stamp=stamp, body=body) for one in (secret, signing.new_secret())]
        return {"webhook-id": "u-1", "webhook-timestamp": str(stamp), "webhook-signature": " ".join(signatures)}

    assert shown["is_ours"](secret, headers(secret, now), body)
    assert not shown["is_ours"](secret, headers(secret, now), body + b" ")
    assert not shown["is_ours"](secret, headers(signing.new_secret(), now), body)
    assert not shown["is_ours"](secret, headers(secret, now - 600), body)


#: What is asked of a webhook, and of one of its messages.
PAGES = ("", "change/", "secret/", "remove/")
VERBS = ("change/", "secret/", "remove/", "pause/", "resume/", "trial/", "resend/")


def test_only_administrators_have_webhooks_and_staff_look_on(member: Member, onlooker: Client) -> None:
    _, customer = member(Role.OWNER)
    webhook = made(customer)
    one = message(webhook, State.FAILED)
    base, its = address(customer, webhook.pk), address(customer, webhook.pk, "messages", one.pk)
    asked = [address(customer), address(customer, "new"), its, *(f"{base}{page}" for page in PAGES)]
    posted = [address(customer, "new"), f"{its}resend/", *(f"{base}{verb}" for verb in VERBS)]
    clients = [member(role, customer)[0] for role in (Role.READER, Role.OPERATOR)]
    for client in clients:
        assert {client.get(each).status_code for each in asked} == {403}
    assert [onlooker.get(each).status_code for each in asked] == [200, 403, 200, 200, 403, 403, 403]
    for client in (*clients, onlooker):
        assert {client.post(each, WANTED).status_code for each in posted} == {403}
    for each in (asked[0], its, base):
        page = words(onlooker.get(each))
        assert '<button class="is-main"' not in page
        assert not any(f'"{post}"' in page for post in posted)
    webhook.refresh_from_db()
    one.refresh_from_db()
    assert (webhook.state, webhook.events, one.state) == (Webhook.State.ACTIVE, ["order.stopped"], State.FAILED)


def test_another_customers_webhooks_do_not_exist(member: Member) -> None:
    client, customer = member(Role.OWNER)
    own, theirs = made(customer), made(subscribed("Annan AB"))
    secret, one = theirs.secrets, message(theirs, State.FAILED)
    assert [row["webhook"] for row in client.get(address(customer)).context["rows"]] == [own]
    for whose in (customer, theirs.customer):
        for page in PAGES:
            assert client.get(f"{address(whose, theirs.pk)}{page}").status_code == 404
        for verb in VERBS:
            assert client.post(f"{address(whose, theirs.pk)}{verb}", WANTED).status_code == 404
        for of in (own, theirs):
            assert client.get(address(whose, of.pk, "messages", one.pk)).status_code == 404
            assert client.post(address(whose, of.pk, "messages", one.pk, "resend")).status_code == 404
    assert client.post(address(theirs.customer, "new"), WANTED).status_code == 404
    theirs.refresh_from_db()
    one.refresh_from_db()
    assert (theirs.state, theirs.secrets, one.state) == (Webhook.State.ACTIVE, secret, State.FAILED)
    assert Webhook.objects.count() == 2
