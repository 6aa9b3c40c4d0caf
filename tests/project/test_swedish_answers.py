"""No answer of the API, and no e-mail, speaks English to a Swede; nor Swedish to the rest."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.core import context as of_request
from django.conf import settings as configured
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.test import Client, RequestFactory
from django.test.signals import template_rendered
from django.test.utils import override_settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override
from pytest_django.fixtures import Settings

from billing import members, notices, requests, sign_ups
from billing.models import Customer, Membership, Package, Role, SignUp
from flows import alerts, summaries
from flows.models import Endpoint, Event, Transfer, Webhook
from sharespine.api import problems
from sharespine.api.problems import Code
from sharespine.lib.text import N_, Text
from sharespine.portal import log_in
from tests.api.signing import API, form, link, quote, send
from tests.api.world import merchant, used, worked
from tests.browser import seed
from tests.customers import subscribed
from tests.project.language import Language, english, swedish

#: What people read of an answer; the rest is for machines.
READ = ("title", "detail", "message", "remedy", "name", "reason", "reasons", "text", "note", "notes", "help", "label")
#: Parameters that are wrong: unknown, given twice, and with values that they cannot have.
WRONG = "x=1&limit=x&limit=y&after=x&state=x&since=x&first=x&last=x&cursor=x"
TEMPLATES = Path(configured.BASE_DIR) / "templates"
NAMELESS = N_("Article %(article)s has no name. Give it one and press Retry.")
GONE = N_("The receiver answered 410: it wants no more messages. So it was switched off.")


@pytest.fixture(autouse=True)
def _nothing_counted(settings: Settings) -> Iterator[None]:
    settings.SITE_URL, settings.NOTICES_TO = "https://portal.example.se", ["sales@sharespine.example"]
    cache.clear()
    yield
    cache.clear()


def read(answer: Any, key: str = "") -> Iterator[str]:
    """The texts for people in an answer."""
    if isinstance(answer, dict):
        for name, inner in answer.items():
            yield from read(inner, name)
    elif isinstance(answer, list):
        for inner in answer:
            yield from read(inner, key)
    elif isinstance(answer, str) and key in READ:
        yield " ".join(answer.split())


def say_ours() -> None:
    """Have all that orders say be a text of ours: what stands there was made up for tests, and is English."""
    text = Text(NAMELESS, {"article": "MÖSSA"})
    Transfer.objects.update(cause=text.message, message=text)
    Event.objects.update(text=text)


# --- the API ------------------------------------------------------------------------------------------------------------------


def answers(speak: str) -> Iterator[tuple[str, Any]]:
    """What is answered to what may be asked, and to what may not."""
    shop = merchant()
    shop.stopped("1001")
    say_ours()
    worked(shop.customer, text="Genomgång", reason="Överenskommet")
    public, key = Client(headers={"accept-language": speak}), shop.client(**{"accept-language": speak})
    for address in ("packages", "systems", "main-flows", "registers/woocommerce/economic", "contact", "problems", "nothing"):
        yield address, public.get(f"{API}{address}/")
    order = Transfer.objects.get()
    for address in ("transfers", f"transfers/{order.pk}", "usage", "features", "hours", "hours/entries"):
        yield address, key.get(f"{API}{address}/")
        yield f"{address} without a key", public.get(f"{API}{address}/")
        yield f"{address} asked wrongly", key.get(f"{API}{address}/?{WRONG}")
    yield "retry", key.post(f"{API}transfers/{order.pk}/retry/")
    yield "retry again", key.post(f"{API}transfers/{order.pk}/retry/")
    number = str(quote()["number"])
    wishes = {"stock": True, "price_lists": True, "field_mapping": True, "gateways": ["klarna"]}
    pair = {"shops": [{"system": "woocommerce"}] * 2, "erp": "economic", "orders_per_month": 350}
    asked: tuple[Any, ...] = (
        {**pair, "wishes": wishes, "main_flow": "shop", "has_pos": True},
        {**pair, "country": "DK", "vat_number": "DK13585628"},
        {
            **pair,
            "erp": "woocommerce",
            "orders_per_month": 0,
            "country": "Sverige",
            "vat_number": "x",
            "main_flow": "x",
            "odd": 1,
        },
        {**pair, "shops": [], "orders_per_month": "many", "has_pos": "no", "wishes": {"gateways": ["x"], "stock": 1}},
        {**pair, "shops": [{"system": "x"}] * 21, "orders_per_month": None, "wishes": []},
        {**pair, "shops": "x", "orders_per_month": 2.5, "erp": ""},
        {},
        [],
    )
    for index, body in enumerate(asked):
        yield f"quote {index}", public.post(f"{API}quotes/", json.dumps(body), content_type="application/json")
    yield "quote", public.get(f"{API}quotes/{number}/")
    yield "no JSON", public.post(f"{API}quotes/", "{", content_type="application/json")
    yield "no JSON at all", public.post(f"{API}quotes/", {"a": "b"})
    wrong: tuple[dict[str, Any], ...] = (
        {"quote": "Q-X", "company": "", "consent": False, "email": "x", "organisation_number": "1", "vat_number": "1"},
        {"company": "x" * 300, "contact": None, "country": "Sverige", "language": "de", "package": "x", "phone": "1" * 60},
        {"organisation_number": "", "package": "x"},
    )
    for index, changes in enumerate(wrong):
        yield f"sign-up {index}", send(form(number, **changes), key=f"{'k' * 20}{index}", language=speak)
    taken = send(form(number), language=speak)
    yield "sign-up", taken
    yield "followed", public.get(taken.headers["Location"])
    yield "another under the same key", send(form(number, company="Annan AB"), language=speak)
    yield "no key", send(form(number), key="", language=speak)


def heard_in_answers(language: Language, speak: str) -> tuple[dict[str, set[str]], int]:
    found, texts_read = {}, set()
    for what, answer in answers(speak):
        assert answer.status_code < 500, what
        spoken = set(read(answer.json()))
        texts_read |= spoken
        if foreign := language.heard(spoken):
            found[what] = foreign
    return found, len(texts_read)


def test_no_answer_of_the_api_speaks_english_to_a_swede(db: None) -> None:
    found, texts_read = heard_in_answers(english(unmarked=True), "sv")
    assert found == {}
    assert texts_read > 150


@pytest.mark.deep
def test_no_answer_of_the_api_speaks_swedish_to_the_rest(db: None) -> None:
    found, texts_read = heard_in_answers(swedish(), "en")
    assert found == {}
    assert texts_read > 150


@pytest.mark.parametrize("code", Code)
def test_a_problem_is_told_in_swedish(code: Code) -> None:
    with override("sv"):
        told = problems.body(code)
    assert english(unmarked=True).heard(read(told)) == set()


def test_what_is_english_for_everybody_says_so(client: Client) -> None:
    """The schema and the page that shows it are for developers."""
    assert '<html lang="en">' in client.get(reverse("api-docs"), headers={"accept-language": "sv"}).content.decode()


# --- e-mails ------------------------------------------------------------------------------------------------------------------


def post(language: str) -> None:
    """Send every e-mail that there is, about a customer who reads `language`."""
    seeded = seed.seed(orders=4)
    customer, late = seeded.customers[0], timezone.now() + timedelta(days=1)
    Customer.objects.update(language=language, email="kund@ull.example")
    customer.refresh_from_db()
    Transfer.objects.update(customer=customer)
    Endpoint.objects.update(customer=customer)
    Transfer.objects.filter(state=Transfer.State.STOPPED).update(acts="merchant")
    say_ours()
    user = User.objects.create_user("mia", "mia@ull.example", "ull-och-bomull-24")
    Membership.objects.create(customer=customer, user=user, role=Role.OWNER, daily_summary=True, errors_at_once=True)
    Membership.objects.update(since=timezone.now() - timedelta(days=9))
    Webhook.objects.create(
        customer=customer, address="https://lager.ull.example/", state=Webhook.State.FAILED, trouble=Text(GONE)
    )
    alerts.tell(at=timezone.now(), ends=time.monotonic() + 60)
    summaries.send(at=late.replace(hour=12), ends=time.monotonic() + 60)
    for name, orders in (("Halva butiken AB", 170), ("Fulla butiken AB", 200)):
        other = subscribed(name, orders=200, language=language)
        used(other, orders)
        notices.tell(at=timezone.now())
    invitation, token = members.invite(customer, "ny@ull.example", Role.OPERATOR, "sara")
    members.send(invitation, token, lambda one: f"https://portal.example.se/{one}")
    client = Client(headers={"accept-language": language})
    send(form(str(quote()["number"])), language=language)
    client.post(link(mail.outbox[-1]))
    _of_the_inbox(customer)
    _of_accounts(user, client, language)


def _of_the_inbox(customer: Customer) -> None:
    """What staff make of a sign-up, both ways, and of a request for another package."""
    came_in, today = SignUp.objects.get(), timezone.now().date()
    sign_ups.tell_started(came_in, sign_ups.start(came_in, begins_on=today, actor="sara"))
    came_in.answer = "Vi hörs."
    sign_ups.tell_declined(came_in)
    for verb in (requests.answer, requests.decline):
        asked = requests.ask(customer, Package.objects.get(code="800"), "Vi hörs.", "mia")
        requests.tell(verb(asked, "Vi hörs.", "sara"), page="https://portal.example.se/")


def _of_accounts(user: User, client: Client, language: str) -> None:
    client.post(reverse("account_reset_password"), {"email": user.email})
    request = RequestFactory(headers={"user-agent": "Firefox"}).get("/")
    with of_request.request_context(request), override(language):
        for name in (
            "account/email/password_changed",
            "account/email/password_reset",
            "account/email/password_set",
            "mfa/email/recovery_codes_generated",
            "mfa/email/totp_activated",
            "mfa/email/totp_deactivated",
        ):
            log_in.Accounts().send_notification_mail(name, user)


def sent(language: str) -> tuple[set[str], set[str]]:
    """The lines of all e-mails, and the names of all templates that they were made of."""
    names: set[str] = set()

    def note(template: Any, **_: Any) -> None:
        names.add(template.name)

    template_rendered.connect(note)
    try:
        post(language)
    finally:
        template_rendered.disconnect(note)
    lines = [line for one in mail.outbox for line in (str(one.subject), *str(one.body).splitlines())]
    return {re.sub(r"https?://\S+", "", line).strip(" *") for line in lines}, names


def of_mails() -> set[str]:
    names = {path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.txt")}
    return {name for name in names if "/mail/" in name or "/email/" in name or "notice" in name}


@override_settings(LANGUAGE_CODE="sv")
def test_every_e_mail_is_swedish_to_a_swede(db: None) -> None:
    lines, names = sent("sv")
    assert of_mails() - names == set()
    assert english(unmarked=True).heard(lines) == set()


@pytest.mark.deep
@override_settings(LANGUAGE_CODE="en")
def test_every_e_mail_is_english_to_the_rest(db: None) -> None:
    lines, names = sent("en")
    assert of_mails() - names == set()
    assert swedish().heard(lines) == set()
