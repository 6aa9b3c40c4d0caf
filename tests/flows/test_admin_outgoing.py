"""Outgoing webhooks in the back office: looked at by support, switched off and on by those who may, never with the secret."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from flows import webhooks
from flows.models import HookMessage, Webhook
from flows.outgoing import settling
from tests.customers import subscribed
from tests.flows.conftest import Rig

pytestmark = pytest.mark.django_db
LIST, MESSAGES = "/admin/flows/webhook/", "/admin/flows/hookmessage/"
CONFIRM = {"_form_submitted": "on"}
LOOK = ("view_webhook", "view_hookmessage")


def member(*permissions: str) -> Client:
    user = User.objects.create_user(f"user-{len(permissions)}", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


@pytest.fixture
def webhook(rig: Rig) -> Webhook:
    customer = rig.flow.connection.customer
    made, _ = webhooks.make(customer, "https://hooks.example.se/<b>", webhooks.EVENTS, actor="anna")
    rig.world.place("1042")
    rig.run()
    webhooks.make(subscribed("Annan AB"), "https://annan.example.se/", ["cap.near"], actor="bo")
    return made


def do(client: Client, address: str, action: str) -> str:
    """Press a button, confirm its dialog, and return the page that it leads to."""
    answer = client.post(f"{address}{action}/", CONFIRM, follow=True)
    assert answer.status_code == 200, action
    return answer.content.decode()


def page_of(webhook: Webhook) -> str:
    return f"{LIST}{webhook.pk}/"


def test_support_sees_them_with_their_messages_and_filters_by_customer_and_state(webhook: Webhook) -> None:
    looker = member(*LOOK)
    [message] = HookMessage.objects.all()
    secret = Webhook.objects.get(pk=webhook.pk).secrets["secret"]
    pages = {
        address: looker.get(address).content.decode()
        for address in (
            LIST,
            f"{page_of(webhook)}change/",
            MESSAGES,
            f"{MESSAGES}{message.pk}/change/",
            f"{MESSAGES}?webhook__customer={webhook.customer_id}",
            f"{MESSAGES}?webhook__id__exact={webhook.pk}",
        )
    }
    for address, html in pages.items():
        assert "https://hooks.example.se/&lt;b&gt;" in html, address
        assert secret not in html
        assert secret.removeprefix("whsec_") not in html
        # No buttons for who may only look.
        assert "resend" not in html
        assert "switch_off" not in html
    assert "annan.example.se" in pages[LIST]
    assert "annan.example.se" not in looker.get(f"{LIST}?customer={webhook.customer_id}").content.decode()
    other = Webhook.objects.get(address="https://annan.example.se/").customer_id
    assert "1042" not in looker.get(f"{MESSAGES}?webhook__customer={other}").content.decode()
    assert "1042" not in looker.get(f"{MESSAGES}?state__exact=failed").content.decode()
    assert "order.transferred" in pages[f"{MESSAGES}{message.pk}/change/"]


def test_who_may_sends_trials_switches_off_and_on_and_sends_again(webhook: Webhook) -> None:
    lead = member(*LOOK, "change_webhook", "change_hookmessage")
    address = page_of(webhook)
    assert "It is sent within a few seconds." in do(lead, address, "send_trial")
    assert HookMessage.objects.filter(event="ping").count() == 1
    assert "Paused by user-4." in do(lead, address, "switch_off")
    assert Webhook.objects.get(pk=webhook.pk).state == Webhook.State.PAUSED
    do(lead, address, "switch_on")
    settling.switch_off(Webhook.objects.get(pk=webhook.pk), settling.UNWANTED)
    assert "wants no more messages" in lead.get(f"{address}change/").content.decode()
    message = HookMessage.objects.get(event="order.transferred")
    refused = do(lead, f"{MESSAGES}{message.pk}/", "resend")
    assert "Resume it first" in refused
    do(lead, address, "switch_on")
    HookMessage.objects.filter(pk=message.pk).update(state="failed", due_at=None, delivered_at=timezone.now())
    assert "It is sent within a few seconds." in do(lead, f"{MESSAGES}{message.pk}/", "resend")
    message.refresh_from_db()
    assert (message.state, message.attempts, message.delivered_at) == ("waiting", 0, None)
    HookMessage.objects.filter(pk=message.pk).update(state="failed", due_at=None)
    assert "1 message is sent again." in do(lead, address, "resend_given_up")


def test_who_may_only_look_presses_nothing_and_nobody_adds_changes_or_deletes_one(webhook: Webhook) -> None:
    looker, chief = member(*LOOK), Client()
    chief.force_login(User.objects.create_superuser("chief"))
    for action in ("send_trial", "switch_off", "switch_on", "resend_given_up"):
        looker.post(f"{page_of(webhook)}{action}/", CONFIRM)
    assert Webhook.objects.get(pk=webhook.pk).state == Webhook.State.ACTIVE
    assert HookMessage.objects.count() == 1
    for base, pk in ((LIST, webhook.pk), (MESSAGES, HookMessage.objects.get().pk)):
        assert chief.get(f"{base}add/").status_code == 403
        assert chief.post(f"{base}{pk}/delete/", {"post": "yes"}).status_code == 403
        assert chief.post(f"{base}{pk}/change/", {"address": "https://evil.example/"}).status_code == 403
    assert Webhook.objects.get(pk=webhook.pk).address == "https://hooks.example.se/<b>"
