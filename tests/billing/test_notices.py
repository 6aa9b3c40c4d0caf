"""E-mails before the orders of a month are used up: once each, to the right people, in their language, and never lost."""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta
from decimal import Decimal
from smtplib import SMTPServerDisconnected

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.utils import translation
from pytest_django.fixtures import Settings

from billing import caps, contracts, notices
from billing.dates import begins_at
from billing.models import Contact, Customer, Membership, Notice, OrderMonth, Package, Role
from billing.signals import cap_noticed

pytestmark = pytest.mark.django_db

#: Ten days of 31 have passed.
AT = begins_at(date(2026, 5, 11))


@pytest.fixture(autouse=True)
def _ours(settings: Settings) -> None:
    settings.NOTICES_TO = ["sales@sharespine.example"]


@pytest.fixture
def customer() -> Customer:
    made = Customer.objects.create(name="Ull AB", email="ull@ull.example", language="en")
    contracts.start(made, Package.objects.get(code="100"), "cloud", begins_on=date(2026, 1, 1), actor="siv")
    return made


def use(customer: Customer, number: int) -> None:
    """So many orders of May count by now."""
    OrderMonth.objects.update_or_create(customer=customer, month=date(2026, 5, 1), defaults={"used": number})


def told(at: datetime = AT) -> list[str]:
    """The subjects of what is sent now."""
    mail.outbox.clear()
    assert notices.tell(at=at) == len(mail.outbox)
    return [str(message.subject) for message in mail.outbox]


# --- what, and how often ------------------------------------------------------------------------------------------------------


def test_each_step_is_told_once(customer: Customer) -> None:
    subjects = []
    for used in (20, 32, 33, 40, 79, 80, 80, 95, 99, 100, 100):
        use(customer, used)
        subjects += [(used, subject) for subject in told()]
    assert subjects == [
        (33, "The orders of May will probably not suffice"),  # 33 × 31 / 10 = 102
        (80, "80 % of the orders of May are used"),
        (100, "The orders of May are used up"),
    ]


def test_who_uses_up_all_at_once_is_told_the_worst_only(customer: Customer) -> None:
    use(customer, 100)
    assert told() == ["The orders of May are used up"]
    # Some were given back: that is no news.
    use(customer, 85)
    assert told() == []


def test_who_uses_nothing_or_little_is_told_nothing(customer: Customer) -> None:
    assert told() == []
    use(customer, 0)
    assert told() == []
    use(customer, 30)
    assert told() == []
    assert not Notice.objects.exists()


def test_nothing_is_foretold_in_the_first_days_of_a_month(customer: Customer) -> None:
    use(customer, 60)
    assert told(AT - timedelta(days=7)) == []
    assert told() != []


def test_who_has_no_room_by_contract_is_not_told_to_buy_more(customer: Customer) -> None:
    use(customer, 50)
    contracts.pause(customer.subscriptions.get(), begins_on=date(2026, 5, 10), reason="The shop moves", actor="siv")
    assert told() == []


def test_a_new_month_is_told_anew(customer: Customer) -> None:
    use(customer, 100)
    assert len(told()) == 1
    OrderMonth.objects.create(customer=customer, month=date(2026, 6, 1), used=100)
    assert told(AT + timedelta(days=31)) == ["The orders of June are used up"]


def test_who_bought_a_larger_package_is_told_again_before_that_is_used_up(customer: Customer) -> None:
    use(customer, 100)
    assert len(told()) == 1
    contracts.change_package(
        customer.subscriptions.get(), Package.objects.get(code="200"), today=date(2026, 5, 11), actor="siv"
    )
    assert told() == ["The orders of May will probably not suffice"]
    use(customer, 160)
    assert told() == ["80 % of the orders of May are used"]
    use(customer, 200)
    assert told() == ["The orders of May are used up"]
    assert told() == []


# --- to whom, and in which words ----------------------------------------------------------------------------------------------


def test_the_merchant_and_those_who_are_to_know_get_it_and_staff_a_copy(customer: Customer) -> None:
    Contact.objects.create(customer=customer, name="Anna", email="anna@ull.example", gets_notices=True)
    Contact.objects.create(customer=customer, name="Bo", email="bo@ull.example")
    Contact.objects.create(customer=customer, name="Siv", email="ull@ull.example", gets_notices=True)
    use(customer, 100)
    told()
    assert mail.outbox[0].to == ["ull@ull.example", "anna@ull.example"]
    assert mail.outbox[0].bcc == ["sales@sharespine.example"]


def test_users_that_want_to_know_get_it_too_and_nobody_twice(customer: Customer) -> None:
    def user(name: str, email: str, *, active: bool = True, wants: bool = True) -> None:
        made = User.objects.create_user(name, email, is_active=active)
        Membership.objects.create(customer=customer, user=made, role=Role.READER, cap_notices=wants)

    Contact.objects.create(customer=customer, name="Anna", email="anna@ull.example", gets_notices=True)
    user("anna", "Anna@ull.example")
    user("bo", "bo@ull.example")
    user("cia", "cia@ull.example", wants=False)
    user("dan", "dan@ull.example", active=False)
    user("eva", "")
    use(customer, 100)
    told()
    assert mail.outbox[0].to == ["ull@ull.example", "anna@ull.example", "bo@ull.example"]


def test_who_listens_hears_of_a_new_notice_once_and_in_the_same_transaction(customer: Customer) -> None:
    heard: list[tuple[str, int]] = []

    def hear(notice: Notice, **_: object) -> None:
        heard.append((notice.kind, notice.used))
        if len(heard) == 1:
            raise RuntimeError("it could not be written")

    use(customer, 80)
    cap_noticed.connect(hear)
    try:
        with pytest.raises(RuntimeError):
            told()
        assert not Notice.objects.exists()
        assert len(told()) == 1
        assert told() == []
    finally:
        cap_noticed.disconnect(hear)
    assert heard == [("near", 80), ("near", 80)]


def test_it_says_how_it_stands_what_happens_and_what_can_be_done(customer: Customer) -> None:
    use(customer, 80)
    told()
    body = str(mail.outbox[0].body)
    for words in (
        "Hello Ull AB,",
        "80 of the 100 orders of May 2026 have been transferred.",
        "about 248 orders",
        "not lost",
        "on 1 June",
        "a larger package counts at once",
        "031-704 38 00",
        "helpdesk@sharespine.com",
    ):
        assert words in body
    use(customer, 100)
    told()
    assert "Nothing is lost: new orders are fetched and checked as before, and wait." in str(mail.outbox[0].body)


def test_names_and_numbers_are_written_as_they_are(customer: Customer) -> None:
    Customer.objects.update(name="Ull & Garn <AB>")
    use(customer, 80)
    told()
    assert "Hello Ull & Garn <AB>," in str(mail.outbox[0].body)


def test_a_swede_reads_swedish(customer: Customer) -> None:
    Customer.objects.update(language="sv")
    use(customer, 100)
    subject = told()[0]
    assert "maj" in subject
    assert "used up" not in subject
    assert "Hello" not in str(mail.outbox[0].body)


def test_staff_are_told_to_call_who_has_no_address(customer: Customer) -> None:
    Customer.objects.update(email="")
    use(customer, 100)
    with translation.override("en"):
        told()
    assert (mail.outbox[0].to, mail.outbox[0].bcc) == (["sales@sharespine.example"], [])
    assert str(mail.outbox[0].body).startswith("Ull AB has no e-mail address: tell them.")


# --- when the mail server fails -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ConnectionRefusedError("refused"), SMTPServerDisconnected("gone"), TimeoutError("slow")])
def test_what_could_not_be_sent_is_sent_later(
    customer: Customer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def fail(*_: object) -> int:
        raise error

    use(customer, 100)
    with monkeypatch.context() as broken, caplog.at_level(logging.WARNING):
        broken.setattr("django.core.mail.EmailMessage.send", fail)
        assert [told(), told()] == [[], []]
    notice = Notice.objects.get()
    assert (notice.trouble, notice.sent_at) == (str(error), None)
    assert "tried again" in caplog.text
    # No names or addresses in the log.
    assert "ull@ull.example" not in caplog.text
    assert told() == ["The orders of May are used up"]
    notice.refresh_from_db()
    assert notice.trouble == ""
    assert notice.sent_at is not None


def test_one_that_cannot_be_sent_does_not_hold_up_the_others(customer: Customer, settings: Settings) -> None:
    settings.NOTICES_TO = []
    Customer.objects.update(email="")
    other = Customer.objects.create(name="Garn AB", email="garn@garn.example", language="en")
    contracts.start(other, Package.objects.get(code="100"), "cloud", begins_on=date(2026, 1, 1), actor="siv")
    use(customer, 100)
    use(other, 100)
    assert told() == ["The orders of May are used up"]
    assert mail.outbox[0].to == ["garn@garn.example"]
    assert Notice.objects.get(customer=customer).trouble != ""


def test_what_somebody_else_is_sending_is_left_to_them_unless_they_died_over_it(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(customer, 100)
    beside: list[int] = []
    send = mail.EmailMessage.send

    def meanwhile(message: mail.EmailMessage) -> int:
        beside.append(notices.tell(at=AT + timedelta(seconds=1)))
        return send(message)

    with monkeypatch.context() as patched:
        patched.setattr("django.core.mail.EmailMessage.send", meanwhile)
        assert told() == ["The orders of May are used up"]
    assert beside == [0]
    Notice.objects.update(sent_at=None)
    assert told(AT + timedelta(minutes=10)) == []
    assert told(AT + timedelta(minutes=16)) == ["The orders of May are used up"]


# --- contracts that are over --------------------------------------------------------------------------------------------------


def test_who_left_shows_as_ended_from_the_day_after_the_last(customer: Customer) -> None:
    last = contracts.give_notice(customer.subscriptions.get(), on=date(2026, 5, 11), actor="siv")
    staying = Customer.objects.create(name="Garn AB", status=Customer.Status.ACTIVE)
    assert contracts.mark_ended(last) == 0
    assert contracts.mark_ended(last + timedelta(days=1)) == 1
    assert contracts.mark_ended(last + timedelta(days=1)) == 0
    customer.refresh_from_db()
    staying.refresh_from_db()
    assert (customer.status, staying.status) == ("ended", "active")
    change = customer.history.latest()
    assert change.status == "ended"


def test_who_comes_back_is_being_set_up_again(customer: Customer) -> None:
    last = contracts.give_notice(customer.subscriptions.get(), on=date(2026, 5, 11), actor="siv")
    contracts.mark_ended(last + timedelta(days=1))
    customer.refresh_from_db()
    contracts.start(
        customer, Package.objects.get(code="premium"), "cloud", begins_on=last + timedelta(days=9), actor="siv",
        agreed=contracts.Agreed(Decimal(1), Decimal(1), 7),
    )  # fmt: skip
    assert customer.status == "starting"
    assert [caps.cap(customer.pk, last + timedelta(days=n)) for n in (0, 1, 9)] == [100, 0, 7]
