"""Signing up by a quote: taken once, confirmed by e-mail, followed by its id, and of no use to spam."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings as configured
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from billing import sign_ups
from billing.models import Contact, Customer, Package, Quote, SignUp
from tests.api.signing import API, KEY, form, link, quote, send
from tests.faults.conftest import Processes, database, processes

__all__ = ["database", "processes"]


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.fixture
def number(db: None) -> str:
    return str(quote()["number"])


# --- taken once ---------------------------------------------------------------------------------------------------------------


def test_a_sign_up_is_taken_and_followed_by_an_id_that_tells_nothing_of_whom(number: str) -> None:
    answer = send(form(number))
    assert answer.status_code == 201
    told = answer.json()
    assert (told["state"], told["quote"], told["package"]) == ("unconfirmed", number, "100")
    followed = Client().get(answer.headers["Location"], headers={"accept-language": "en"})
    assert followed.json() == told
    for secret in ("Ull", "ulla", "0411", "556036"):
        assert secret not in followed.content.decode()
    assert code(Client().get(f"{API}sign-ups/nobody/")) == (404, "not_found")


def test_the_same_under_the_same_key_does_nothing_new(number: str) -> None:
    first, again = send(form(number)), send(dict(reversed(form(number).items())))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert (SignUp.objects.count(), len(mail.outbox)) == (1, 1)


def test_the_same_is_answered_also_when_the_quote_has_expired_meanwhile(number: str) -> None:
    first = send(form(number))
    Quote.objects.update(valid_until=timezone.now().date() - timedelta(days=2))
    assert send(form(number)).json() == first.json()


def test_something_else_under_that_key_is_refused(number: str) -> None:
    send(form(number))
    assert code(send(form(number, company="Annan AB"))) == (409, "conflict")
    assert SignUp.objects.get().company == "Ullbutiken i Skåne AB"


@pytest.mark.parametrize("key", ["", "short", "with a space in it", "x" * 101, "å" * 20])
def test_a_key_is_needed(number: str, key: str) -> None:
    answer = send(form(number), key=key)
    assert code(answer) == (400, "invalid_request")
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"


@pytest.mark.slow
def test_whatever_is_done_by_many_at_the_same_moment_is_done_once(processes: Processes) -> None:
    assert processes.carry_out("tests.api.steps.one_sign_up", {"workers": 5}) == {
        "statuses": [200] * 4 + [201],
        "mails": 1,
        "sign_ups": 1,
        "confirmed": 1,
        "customers": 1,
        "started": 1,
        "subscriptions": 1,
        "asked": 1,
        "requests": 1,
    }


# --- what may be signed up for ------------------------------------------------------------------------------------------------


def test_an_expired_quote_is_refused_in_words(number: str) -> None:
    Quote.objects.update(valid_until=timezone.now().date() - timedelta(days=1))
    answer = send(form(number))
    assert code(answer) == (409, "quote_expired")
    assert "Ask for a new quote" in answer.json()["detail"]
    assert not SignUp.objects.exists()


def test_its_last_day_is_one_in_sweden(number: str) -> None:
    day = Quote.objects.get().valid_until
    with time_machine.travel(f"{day}T22:30:00+00:00", tick=False):
        # Half past eleven in Stockholm, or half past midnight of the next day in summer.
        late = timezone.localtime().date() > day
        assert (send(form(number)).status_code == 409) is late


def test_any_package_of_the_quote_may_be_chosen_one_on_request_too(number: str) -> None:
    assert send(form(number, package="premium")).json()["package"] == "premium"
    answer = send(form(number, package="9000"), key=KEY[::-1])
    assert code(answer) == (400, "invalid_request")
    assert answer.json()["errors"][0]["code"] == "unknown_package"


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("quote", "Q-NOBODY", "unknown_quote"),
        ("organisation_number", "556036-0790", "invalid"),
        ("organisation_number", "", "required"),
        ("vat_number", "SE556036079", "invalid"),
        ("email", "ulla", "invalid"),
        ("email", "ulla@ull.example\nbcc: all@ull.example", "invalid"),
        ("consent", False, "no_consent"),
        ("company", " \x07\n ", "blank"),
        ("contact", "x" * 201, "max_length"),
        ("message", "\x00", "null_characters_not_allowed"),
        ("language", "de", "invalid_choice"),
        ("country", "SWE", "invalid"),
    ],
)
def test_what_is_wrong_is_told_field_by_field(number: str, field: str, value: Any, error: str) -> None:
    answer = send(form(number, **{field: value}))
    assert code(answer) == (400, "invalid_request")
    assert [(one["field"], one["code"]) for one in answer.json()["errors"]] == [(field, error)]
    assert not SignUp.objects.exists()


def test_numbers_are_kept_as_we_write_them_and_a_company_abroad_needs_no_organisation_number(number: str) -> None:
    send(form(number, company="Ull\nAB", country="de", organisation_number="", vat_number="DE 136.695 976"))
    kept = SignUp.objects.get()
    assert (kept.company, kept.country, kept.organisation_number, kept.vat_number) == ("Ull AB", "DE", "", "DE136695976")


def test_the_country_is_that_of_the_quote_unless_it_is_said(db: None) -> None:
    send(form(quote(country="NO")["number"], organisation_number="923 609 016"))
    assert SignUp.objects.get().country == "NO"


# --- the e-mail and the page --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_link_opens_a_page_with_a_button_in_the_language_of_the_sign_up_and_changes_nothing(
    number: str, language: str
) -> None:
    send(form(number), language=language)
    (message,) = mail.outbox
    assert message.to == ["ulla@ull.example"]
    page = Client().get(link(message), headers={"accept-language": "de"})
    assert page.status_code == 200
    html = page.content.decode()
    assert f'<html lang="{language}">' in html
    assert "Ullbutiken i Skåne AB" in html
    assert 'method="post"' in html
    assert SignUp.objects.get().state == SignUp.State.UNCONFIRMED
    policy = page.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "no-store" in page.headers["Cache-Control"]


def test_nothing_that_was_filled_in_is_sent_to_whoever_owns_the_address(number: str) -> None:
    send(form(number, company="Buy at evil.example", contact="Evil", message="http://evil.example"))
    (message,) = mail.outbox
    assert "evil" not in f"{message.subject}{message.body}".lower()


def test_confirming_makes_a_prospect_with_a_contact_and_tells_us(number: str, settings: Any) -> None:
    settings.NOTICES_TO = ["sales@ours.example"]
    send(form(number, language="sv", vat_number="SE556036079301"))
    address = link(mail.outbox.pop())
    assert not Customer.objects.exists()
    done = Client().post(address, follow=True)
    assert done.status_code == 200
    customer = Customer.objects.get()
    assert (customer.name, customer.status, customer.organisation_number) == (
        "Ullbutiken i Skåne AB", Customer.Status.PROSPECT, "556036-0793",
    )  # fmt: skip
    assert (customer.email, customer.vat_number, customer.language) == ("ulla@ull.example", "SE556036079301", "sv")
    assert Contact.objects.get().name == "Ulla Ull"
    kept = SignUp.objects.get()
    assert (kept.state, kept.customer) == (SignUp.State.NEW, customer)
    (message,) = mail.outbox
    assert message.to == ["sales@ours.example"]
    assert "Ullbutiken i Skåne AB" in message.subject
    assert f"/admin/billing/signup/{kept.pk}/change/" in message.body
    followed = Client().get(f"{API}sign-ups/{kept.public_id}/", headers={"accept-language": "en"}).json()
    assert followed["state"] == "received"


def test_confirming_twice_makes_one(number: str) -> None:
    send(form(number))
    address = link(mail.outbox[0])
    assert [Client().post(address, follow=True).status_code for _twice in range(2)] == [200, 200]
    assert Customer.objects.count() == 1


def test_a_form_of_another_site_confirms_nothing(number: str) -> None:
    send(form(number))
    assert Client(enforce_csrf_checks=True).post(link(mail.outbox[0])).status_code == 403
    assert not Customer.objects.exists()


def test_the_link_works_for_seven_days(number: str) -> None:
    send(form(number))
    SignUp.objects.update(created_at=timezone.now() - timedelta(days=7, minutes=1))
    address = link(mail.outbox[0])
    assert [Client().get(address).status_code, Client().post(address).status_code] == [410, 410]
    assert not Customer.objects.exists()


@pytest.mark.parametrize("token", ["x", "%00", "%ff", "å" * 50])
def test_a_link_that_nobody_sent_is_not_known(db: None, token: str) -> None:
    assert [Client().get(f"/confirm/{token}/").status_code, Client().post(f"/confirm/{token}/").status_code] == [404, 404]


def test_the_token_is_kept_as_a_hash_only(number: str) -> None:
    send(form(number))
    token = link(mail.outbox[0]).split("/")[-2]
    kept = SignUp.objects.values().get()
    assert token not in json.dumps(kept, default=str)
    assert sign_ups.by_token(token)


def test_when_the_mail_server_is_away_the_same_sent_again_goes_on(number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(self: Any, fail_silently: bool = False) -> int:
        raise OSError("nobody there")

    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMessage.send", away)
        assert code(send(form(number))) == (503, "unavailable")
    # While the first may still be at it, nothing is sent a second time.
    assert (send(form(number)).status_code, len(mail.outbox)) == (200, 0)
    SignUp.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    assert (send(form(number)).status_code, len(mail.outbox)) == (200, 1)
    assert Client().post(link(mail.outbox[0]), follow=True).status_code == 200
    assert (send(form(number)).status_code, len(mail.outbox)) == (200, 1)


# --- spam ---------------------------------------------------------------------------------------------------------------------


def test_a_program_that_fills_in_everything_is_answered_like_anybody_and_leaves_nothing(number: str) -> None:
    caught = send(form(number, website="https://evil.example"))
    honest = send(form(number), key=KEY[::-1])
    assert caught.status_code == honest.status_code == 201
    assert caught.headers.keys() == honest.headers.keys()
    told, real = caught.json(), honest.json()
    assert told.keys() == real.keys()
    assert len(told["id"]) == len(real["id"])
    assert {name: told[name] for name in ("state", "text", "quote", "package")} == {
        name: real[name] for name in ("state", "text", "quote", "package")
    }
    assert (SignUp.objects.count(), len(mail.outbox)) == (1, 1)


def test_one_address_gets_so_many_e_mails_a_day(number: str, settings: Any) -> None:
    for index in range(settings.SIGN_UPS_PER_EMAIL):
        assert send(form(number, email="Ulla@ull.example"), key=f"{KEY}-{index}").status_code == 201
    answer = send(form(number), key=f"{KEY}-last")
    assert code(answer) == (429, "rate_limited")
    assert int(answer.headers["Retry-After"]) > 0
    assert len(mail.outbox) == settings.SIGN_UPS_PER_EMAIL
    SignUp.objects.update(created_at=timezone.now() - timedelta(days=2))
    assert send(form(number), key=f"{KEY}-last").status_code == 201


def test_one_caller_signs_up_so_often_an_hour(number: str, settings: Any) -> None:
    settings.API_LIMITS = {**configured.API_LIMITS, "sign_ups": "2/hour"}
    cache.clear()
    found = [send(form(number, email=f"u{n}@ull.example"), key=f"{KEY}-{n}").status_code for n in range(3)]
    assert found == [201, 201, 429]


def test_what_nobody_confirms_is_forgotten_after_a_month(number: str) -> None:
    send(form(number))
    send(form(number), key=KEY[::-1])
    SignUp.objects.update(created_at=timezone.now() - timedelta(days=31))
    confirmed = SignUp.objects.latest("pk")
    SignUp.objects.filter(pk=confirmed.pk).update(state=SignUp.State.NEW)
    assert [one.pk for one in sign_ups.forgettable(timezone.now())] == [SignUp.objects.earliest("pk").pk]


@pytest.mark.parametrize(
    "field", ["quote", "package", "company", "email", "language", "consent", "website", "country", "message"]
)
def test_whatever_is_sent_is_answered_in_json(number: str, field: str) -> None:
    odds: list[Any] = ["\x00", [], {}, None, True, 10**30, "9" * 3000, [[[]]], "💶"]
    for odd in odds:
        cache.clear()
        answer = send(form(number, **{field: odd}), key=f"{KEY}{abs(hash(str(odd)))}"[:90])
        assert answer.status_code in (201, 400, 409, 429), (odd, answer.content)


def test_a_quote_that_covers_nothing_needs_a_package_to_be_chosen(db: None) -> None:
    Package.objects.get(code="premium").offers.all().delete()
    number = quote(orders_per_month=5000)["number"]
    assert code(send(form(number))) == (400, "invalid_request")
    assert send(form(number, package="800")).status_code == 201
