"""Who signed up, and who asked for another package, is told by e-mail what became of it; staff, when that did not leave."""

from __future__ import annotations

import logging
from datetime import date
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPServerDisconnected
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.core import mail
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings

from billing import mails, requests
from billing.mails import Unsent
from billing.models import Contact, Customer, Membership, Package, PackageRequest, Role, SignUp, Subscription
from tests.billing.contracted import day, sold
from tests.billing.inbox import signed_up
from tests.browser import seed

pytestmark = pytest.mark.django_db
SIGN_UPS, REQUESTS = "/admin/billing/signup/", "/admin/billing/packagerequest/"
ASKER = "bodil@blommor.example"


@pytest.fixture
def chief() -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(seed.user())
    return client


@pytest.fixture
def sign_up() -> SignUp:
    made = signed_up()
    SignUp.objects.update(language="en")
    return made


@pytest.fixture
def asked() -> PackageRequest:
    """A request of a user; the customer has another address, too."""
    customer = sold("Bodils Blommor").customer
    Customer.objects.update(email="info@blommor.example", language="en")
    user = User.objects.create_user("bodil", ASKER)
    Membership.objects.create(customer=customer, user=user, role=Role.OWNER, cap_notices=False)
    customer.refresh_from_db()
    return requests.ask(customer, Package.objects.get(code="400"), "Vi öppnar en butik till.", "bodil")


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mail server is down."""

    def fail(*_: object, **__: object) -> int:
        raise ConnectionRefusedError("nobody there")

    monkeypatch.setattr(EmailMessage, "send", fail)


def verb(client: Client, list_page: str, row: Any, name: str, **values: Any) -> list[tuple[str, str]]:
    """Press a button of the inbox. What the page says then, with how it says it."""
    answer = client.post(f"{list_page}{row.pk}/{name}/", {"_form_submitted": "on", **values})
    return [(message.level_tag, str(message)) for message in get_messages(answer.wsgi_request)]


def state(row: Any) -> str:
    row.refresh_from_db()
    return str(row.state)


def only() -> EmailMessage:
    (message,) = mail.outbox
    return message


# --- sign-ups -----------------------------------------------------------------------------------------------------------------


def test_whoever_signed_up_hears_that_the_subscription_is_started_and_what_comes_next(chief: Client, sign_up: SignUp) -> None:
    assert verb(chief, SIGN_UPS, sign_up, "start", begins_on=day()) == [("success", "The subscription is started.")]
    message = only()
    assert message.to == ["hedvig@hattar.example"]
    assert message.subject == "Your subscription of Sharespine: Hedvigs Hattar AB, Paket 400"
    today = day()
    for said in (
        "Hello Hedvig <b>Hatt</b>,",
        "Hedvigs Hattar AB has a subscription of Sharespine now.",
        "Package: Paket 400 Cloud",
        f"First day: {today.day} {today:%B} {today.year}",
        "What happens next: we get in touch",
        "Sharespine Helpdesk\n031-704 38 00\nhelpdesk@sharespine.com",
    ):
        assert said in message.body, said


def test_the_first_day_is_the_one_that_was_agreed(chief: Client, sign_up: SignUp) -> None:
    verb(chief, SIGN_UPS, sign_up, "start", begins_on=date(day().year + 1, 2, 1))
    assert f"First day: 1 February {day().year + 1}" in only().body


def test_whoever_signed_up_in_swedish_is_told_in_swedish_whatever_staff_read(chief: Client) -> None:
    verb(chief, SIGN_UPS, signed_up(), "start", begins_on=date(day().year + 1, 2, 1))
    message = only()
    assert "Första dag: 1 februari" in message.body
    assert "Hello" not in f"{message.subject}{message.body}"


def test_an_answer_is_sent_word_for_word_when_a_sign_up_is_declined_and_the_note_is_not(chief: Client, sign_up: SignUp) -> None:
    words = "Er kassa kan vi inte koppla än.\nVi hör av oss <i>i höst</i>."
    told = verb(chief, SIGN_UPS, sign_up, "decline", note="Dålig betalare", answer=f" {words} ")
    assert told == [("success", "The sign-up is declined.")]
    message = only()
    assert message.to == ["hedvig@hattar.example"]
    assert message.subject == "Your sign-up for Sharespine: Hedvigs Hattar AB"
    assert f"\n{words}\n" in message.body
    assert sign_up.quote.number in message.body
    assert "sales@sharespine.com" in message.body
    assert "betalare" not in message.body
    page = chief.get(f"{SIGN_UPS}{sign_up.pk}/change/").content.decode()
    assert "Er kassa kan vi inte koppla än.<br>" in page


def test_without_an_answer_nobody_is_written_to_and_the_dialog_has_said_so(chief: Client, sign_up: SignUp) -> None:
    dialog = chief.get(f"{SIGN_UPS}{sign_up.pk}/decline/").content.decode()
    assert "Empty: no e-mail is sent." in dialog
    verb(chief, SIGN_UPS, sign_up, "decline", note="Ångrade sig", answer=" \n ")
    assert (state(sign_up), mail.outbox) == ("declined", [])


def test_what_is_refused_or_only_taken_is_told_to_nobody(chief: Client, sign_up: SignUp) -> None:
    verb(chief, SIGN_UPS, sign_up, "take")
    verb(chief, SIGN_UPS, sign_up, "start", begins_on=date(2024, 1, 1))
    verb(chief, SIGN_UPS, sign_up, "decline", note="", answer="Nej tack")
    assert (state(sign_up), mail.outbox) == ("taken", [])


# --- requests for another package ---------------------------------------------------------------------------------------------


def test_who_asked_gets_the_answer_with_the_way_to_the_package(
    chief: Client, asked: PackageRequest, settings: Settings
) -> None:
    settings.SITE_URL = "https://portal.example.se"
    told = verb(chief, REQUESTS, asked, "answer", text="Klart från måndag.\nVälkomna <3")
    assert told == [("success", "The request is answered.")]
    message = only()
    assert message.to == [ASKER]
    assert message.subject == "Our answer to your request: Bodils Blommor"
    for said in (
        "Hello Bodils Blommor,",
        "we have dealt with your request of",
        "Wanted package: Paket 400\n",
        "Message: Vi öppnar en butik till.\n",
        "Our answer:\nKlart från måndag.\nVälkomna <3\n",
        f"\nhttps://portal.example.se/portal/{asked.customer_id}/package/\n",
        "Sharespine Sales\n031-704 38 00\nsales@sharespine.com",
    ):
        assert said in message.body, said


def test_the_way_to_the_package_begins_where_we_were_called_when_nobody_said_where_we_are(
    chief: Client, asked: PackageRequest, settings: Settings
) -> None:
    settings.SITE_URL = ""
    verb(chief, REQUESTS, asked, "answer", text="Klart.")
    assert f"\nhttp://testserver/portal/{asked.customer_id}/package/\n" in only().body


def test_who_asked_hears_that_a_request_is_declined_and_why(chief: Client, asked: PackageRequest) -> None:
    told = verb(chief, REQUESTS, asked, "decline", text="Er kassa går inte att koppla.")
    assert told == [("success", "The request is declined.")]
    assert "we have declined your request of" in only().body
    assert "Our answer:\nEr kassa går inte att koppla." in only().body


def test_a_customer_that_reads_swedish_gets_a_swedish_answer_whatever_staff_read(chief: Client, asked: PackageRequest) -> None:
    Customer.objects.update(language="sv")
    verb(chief, REQUESTS, asked, "answer", text="Klart.")
    assert "Hej Bodils Blommor," in only().body
    assert "request" not in only().body


@pytest.mark.parametrize("change", ["gone", "put out", "inactive", "without an address"])
def test_where_who_asked_cannot_be_written_to_the_customers_own_addresses_are(
    chief: Client, asked: PackageRequest, change: str
) -> None:
    Contact.objects.create(customer=asked.customer, name="Lars", email="lars@blommor.example", gets_notices=True)
    user = User.objects.filter(username="bodil")
    match change:
        case "gone":
            user.delete()
        case "put out":
            Membership.objects.filter(user__in=user).delete()
        case "inactive":
            user.update(is_active=False)
        case _:
            user.update(email="")
    verb(chief, REQUESTS, asked, "answer", text="Klart.")
    assert only().to == ["info@blommor.example", "lars@blommor.example"]


def test_who_asked_for_one_customer_is_not_looked_for_at_another(chief: Client, asked: PackageRequest) -> None:
    """Whoever was put out here and let in there is told nothing of here."""
    Membership.objects.update(customer=Customer.objects.create(name="Ull AB"))
    verb(chief, REQUESTS, asked, "answer", text="Klart.")
    assert only().to == ["info@blommor.example"]


def test_a_second_answer_that_is_refused_is_not_sent(chief: Client, asked: PackageRequest) -> None:
    requests.answer(asked, "Klart.", "kim")
    verb(chief, REQUESTS, asked, "decline", text="Nej.")
    assert mail.outbox == []


# --- when the e-mail does not leave -------------------------------------------------------------------------------------------


def unsent(what: str, to: str) -> str:
    return f"{what}: the e-mail to {to} did not leave (nobody there). Call them, or write to them yourself."


@pytest.mark.usefixtures("away")
def test_a_subscription_stays_started_and_staff_are_told_whom_to_call(
    chief: Client, sign_up: SignUp, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        told = verb(chief, SIGN_UPS, sign_up, "start", begins_on=day())
    assert told == [
        ("success", "The subscription is started."),
        ("warning", unsent("Hedvigs Hattar AB", "hedvig@hattar.example")),
    ]
    assert (state(sign_up), Subscription.objects.count()) == ("started", 1)
    assert f"billing/mail/started about billing.SignUp {sign_up.pk} could not be sent: nobody there" in caplog.text
    # No names or addresses in the log.
    assert "hattar" not in caplog.text.lower()


@pytest.mark.usefixtures("away")
def test_a_sign_up_stays_declined_and_its_answer_is_kept_for_who_writes_it_otherwise(chief: Client, sign_up: SignUp) -> None:
    told = verb(chief, SIGN_UPS, sign_up, "decline", note="x", answer="Vi kan inte hjälpa er.")
    assert told[1:] == [("warning", unsent("Hedvigs Hattar AB", "hedvig@hattar.example"))]
    assert (state(sign_up), sign_up.answer) == ("declined", "Vi kan inte hjälpa er.")


@pytest.mark.usefixtures("away")
@pytest.mark.parametrize(("name", "becomes"), [("answer", "done"), ("decline", "declined")])
def test_a_request_stays_answered_and_staff_are_told_whom_to_call(
    chief: Client, asked: PackageRequest, name: str, becomes: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        told = verb(chief, REQUESTS, asked, name, text="Klart.")
    assert told[1:] == [("warning", unsent("Bodils Blommor Paket 400", ASKER))]
    assert (state(asked), asked.answer) == (becomes, "Klart.")
    assert f"about billing.PackageRequest {asked.pk} could not be sent" in caplog.text


def test_staff_are_told_to_call_a_customer_without_any_address(chief: Client, asked: PackageRequest) -> None:
    User.objects.filter(username="bodil").delete()
    Customer.objects.update(email="")
    told = verb(chief, REQUESTS, asked, "answer", text="Klart.")
    assert told == [
        ("success", "The request is answered."),
        ("warning", "Bodils Blommor Paket 400: no e-mail was sent, since no address is known. Call them."),
    ]
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (SMTPRecipientsRefused({"ull@ull.example": (550, b"5.1.1 no such user")}), "550 5.1.1 no such user"),
        (SMTPDataError(554, b"looks like spam"), "554 looks like spam"),
        (SMTPServerDisconnected("Connection unexpectedly closed"), "Connection unexpectedly closed"),
        (TimeoutError(), "TimeoutError"),
        (ValueError("Invalid address"), "Invalid address"),
    ],
)
def test_what_the_mail_server_says_is_told_as_people_read_it(
    sign_up: SignUp, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def fail(*_: object, **__: object) -> int:
        raise error

    monkeypatch.setattr(EmailMessage, "send", fail)
    with pytest.raises(Unsent) as raised:
        mails.send("billing/mail/declined", sign_up, ["ull@ull.example"], {"sign_up": sign_up}, language="en")
    assert str(raised.value) == words
    assert f"the e-mail to ull@ull.example did not leave ({words})." in str(raised.value.text)


def test_an_error_of_our_own_is_not_taken_for_one_of_the_mail_server(sign_up: SignUp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EmailMessage, "send", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        mails.send("billing/mail/declined", sign_up, ["ull@ull.example"], {"sign_up": sign_up}, language="en")


# --- not before it is saved ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["start", "decline", "answer"])
def test_nothing_is_sent_before_what_it_tells_of_is_saved(
    chief: Client, sign_up: SignUp, asked: PackageRequest, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The test is one transaction itself: what is begun within it is a savepoint."""
    outside, within = list(connection.savepoint_ids), []
    monkeypatch.setattr(EmailMessage, "send", lambda *_, **__: within.append(list(connection.savepoint_ids)))
    match what:
        case "start":
            verb(chief, SIGN_UPS, sign_up, "start", begins_on=day())
        case "decline":
            verb(chief, SIGN_UPS, sign_up, "decline", note="x", answer="Nej.")
        case _:
            verb(chief, REQUESTS, asked, "answer", text="Klart.")
    assert within == [outside]
