"""Coming in: by password and second factor, at both doors, and being kept out after too many failures."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from axes.models import AccessAttempt
from django.contrib.auth.models import Permission, User
from django.core import mail
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from billing.models import Customer, Membership
from flows import pruning
from sharespine.lib.callers import address_of
from sharespine.middleware import STRICT_POLICY
from sharespine.portal import attempts, log_in, log_in_urls
from sharespine.urls import handler400, handler403, handler404, handler500, urlpatterns

PASSWORD = "ull-och-bomull-24"
NEW = "lin-och-hampa-2026"
LOG_IN, RESET, FACTOR = "/portal/log-in/", "/portal/password/", "/portal/account/two-factor/"
HOME = "/portal/"


def breaks(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a secret of the inside")


#: This module is the URL configuration of the test of what breaks.
urlpatterns = [path("breaks/", breaks), *urlpatterns]
__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


@pytest.fixture(autouse=True)
def quick(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Passwords that are quick to check, limits that begin anew, and what waits for a commit, though tests never commit."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    monkeypatch.setattr(transaction, "on_commit", lambda run, **_: run())
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def mia(db: None) -> User:
    user = User.objects.create_user("Mia", "Mia@Ull.example", PASSWORD, first_name="Mia")
    Membership.objects.create(customer=Customer.objects.create(name="Ullbutiken AB"), user=user)
    return user


@pytest.fixture
def sara(db: None) -> User:
    return User.objects.create_superuser("sara", "sara@sharespine.example", PASSWORD)


def browser(address: str = "192.0.2.1", language: str = "en", **more: Any) -> Client:
    return Client(headers={"accept-language": language}, REMOTE_ADDR=address, **more)


def tries(client: Client, name: str, password: str = "", door: str = LOG_IN, **more: Any) -> Any:
    field = "login" if door == LOG_IN else "username"
    return client.post(door, {field: name, "password": password or "wrong", **more})


def is_in(client: Client) -> bool:
    return client.get("/portal/account/").status_code == 200


def text(answer: Any) -> str:
    """What a page says, without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def code(user: User, *, secret: str = "") -> str:
    """What the user's app shows now."""
    secret = secret or log_in.Factors().decrypt(Authenticator.objects.get(user=user, type="totp").data["secret"])
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def switched_on(user: User, client: Client) -> list[str]:
    """Have a user that is logged in switch two-factor log-in on. Returns the recovery codes."""
    activate = f"{FACTOR}totp/activate/"
    again = client.get(activate).headers["Location"]
    page = client.post(again, {"password": PASSWORD}, follow=True)
    secret = page.context["form"].secret
    assert secret in text(page)
    assert 'src="data:image/svg+xml;base64,' in page.content.decode()
    wrong = client.post(activate, {"code": "000000"})
    assert "The code is wrong." in text(wrong)
    done = client.post(activate, {"code": code(user, secret=secret)}, follow=True)
    assert "Two-factor log-in is on." in text(done)
    return re.findall(r"\b\d{8}\b", text(done))


# --- the pages ----------------------------------------------------------------------------------------------------------------


def pages() -> Iterator[str]:
    """Every address of logging in."""

    def names(patterns: list[Any]) -> Iterator[str]:
        for pattern in patterns:
            yield from [str(pattern.name)] if isinstance(pattern, URLPattern) else names(pattern.url_patterns)

    for name in names(log_in_urls.urlpatterns):
        yield reverse(name, kwargs={"uidb36": "1", "key": "x-y"} if "from_key" in name and "done" not in name else None)


@pytest.mark.parametrize("language", ["sv", "en"])
def test_every_page_of_logging_in_answers_and_keeps_to_the_strict_policy(mia: User, language: str) -> None:
    stranger, known, guarded = browser(language=language), browser(language=language), browser(language=language)
    known.force_login(mia)
    anna = User.objects.create_user("anna", "anna@ull.example", PASSWORD)
    guarded.force_login(anna)
    with time_machine.travel("2026-11-29 12:00", tick=False):
        Authenticator.objects.create(user=anna, type="totp", data={"secret": log_in.Factors().encrypt("A" * 32)})
        guarded.post(f"{FACTOR}reauthenticate/", {"code": code(anna)})
        seen = 0
        for client in (stranger, known, guarded):
            for address in pages():
                for answer in (client.get(address), client.post(address)):
                    assert answer.status_code in (200, 302, 404, 405), address
                    assert answer.headers["Content-Security-Policy"] == STRICT_POLICY
                    if answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html"):
                        seen += 1
                        html = answer.content.decode()
                        assert html.count("<h1>") == 1, address
                        assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?! src=)", html), address
                    if "log-out" in address and client is not stranger:
                        client.force_login(anna if client is guarded else mia)
                        if client is guarded:
                            cache.clear()
                            guarded.post(f"{FACTOR}reauthenticate/", {"code": code(anna)})
    assert seen > 40


def test_a_user_comes_in_by_e_mail_or_name_in_any_case_and_the_session_is_a_new_one(mia: User) -> None:
    assert User.objects.get().email == "mia@ull.example"
    for name in ("mia", "MIA", "Mia@ULL.example"):
        client = browser()
        before = client.session.session_key
        answer = tries(client, name, PASSWORD)
        assert answer.headers["Location"] == HOME
        assert client.session.session_key != before
        cookie = answer.cookies["sessionid"]
        assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", "")
        assert is_in(client)


@pytest.mark.parametrize(
    ("wanted", "comes_to"),
    [
        ("/portal/account/", "/portal/account/"),
        ("https://evil.example/", HOME),
        ("//evil.example/", HOME),
        ("javascript:alert(1)", HOME),
        ("http://localhost/portal/", HOME),
        ("", HOME),
    ],
)
def test_after_the_log_in_one_comes_to_our_own_pages_only(mia: User, wanted: str, comes_to: str) -> None:
    assert tries(browser(), "mia", PASSWORD, next=wanted).headers["Location"] == comes_to


def test_staff_that_belong_to_no_customer_come_to_the_back_office(sara: User) -> None:
    assert tries(browser(), "sara", PASSWORD).headers["Location"] == "/admin/"
    Membership.objects.create(customer=Customer.objects.create(name="Ull AB"), user=sara)
    assert tries(browser(), "sara", PASSWORD).headers["Location"] == HOME


def test_whose_account_is_switched_off_is_told_so_after_the_right_password_only(mia: User) -> None:
    User.objects.update(is_active=False)
    assert "is wrong" in text(tries(browser(), "mia"))
    assert "is switched off" in text(browser().post(LOG_IN, {"login": "mia", "password": PASSWORD}, follow=True))


# --- passwords ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "subject"), [("en", "Choose a new password"), ("sv", None)])
def test_a_forgotten_password_is_chosen_anew_by_e_mail(mia: User, language: str, subject: str | None) -> None:
    elsewhere, client = browser(), browser(language=language)
    elsewhere.force_login(mia)
    tries(browser(), "mia")
    sent, unknown = client.post(RESET, {"email": "MIA@ull.example"}), client.post(RESET, {"email": "nobody@ull.example"})
    assert sent.headers["Location"] == unknown.headers["Location"] == f"{RESET}sent/"
    (message,) = mail.outbox
    assert message.to == ["mia@ull.example"]
    if subject:
        assert message.subject == subject
    (link,) = re.findall(r"http://testserver(/\S+)", str(message.body))
    form = client.get(link, follow=True)
    address = form.redirect_chain[-1][0]
    assert "set-password" in address
    weak = client.post(address, {"password1": "12345678", "password2": "12345678"})
    assert weak.status_code == 200
    done = client.post(address, {"password1": NEW, "password2": NEW}, follow=True)
    assert done.status_code == 200
    assert not is_in(elsewhere)
    assert not is_in(client)
    assert "does not work any more" in text(browser().get(link)) or language == "sv"
    assert not AccessAttempt.objects.exists()
    assert tries(browser(), "mia", NEW).status_code == 302
    # What was changed is told, where it cannot be the thief that reads it.
    assert "testserver" not in str(mail.outbox[-1].body)
    assert "192.0.2.1" in str(mail.outbox[-1].body)


def test_asking_for_passwords_has_a_limit(mia: User) -> None:
    for _ in range(5):
        assert browser().post(RESET, {"email": "mia@ull.example"}).status_code == 302
    answer = browser("192.0.2.9").post(RESET, {"email": "mia@ull.example"})
    assert answer.status_code == 429
    assert "Wait some minutes" in text(answer)
    assert len(mail.outbox) == 5


def test_a_mail_server_that_is_down_breaks_nothing_and_tells_nothing(mia: User, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "tests.portal.test_log_in.Broken"
    assert browser().post(RESET, {"email": "mia@ull.example"}).status_code == 302


class Broken:
    def __init__(self, **kwargs: Any) -> None:
        pass

    def send_messages(self, messages: Any) -> int:
        raise ConnectionRefusedError


def test_whoever_changes_the_password_stays_in_and_others_are_put_out(mia: User) -> None:
    here, elsewhere = browser(), browser()
    for client in (here, elsewhere):
        client.force_login(mia)
    change = "/portal/account/password/"
    assert "not your password" in text(here.post(change, {"oldpassword": "x", "password1": NEW, "password2": NEW}))
    done = here.post(change, {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    assert done.headers["Location"] == "/portal/account/"
    assert (is_in(here), is_in(elsewhere)) == (True, False)
    assert mail.outbox[-1].subject == "Your password was changed"


# --- the second factor --------------------------------------------------------------------------------------------------------


def test_a_second_factor_from_switching_it_on_to_switching_it_off(mia: User) -> None:
    with time_machine.travel("2026-11-29 12:00:05", tick=False) as clock:
        here, elsewhere = browser(), browser()
        tries(here, "mia", PASSWORD)
        tries(elsewhere, "mia", PASSWORD)
        codes = switched_on(mia, here)
        assert len(codes) == 10
        assert (is_in(here), is_in(elsewhere)) == (True, False)
        assert here.get(f"{FACTOR}recovery-codes/download/").content.decode().count("\n") >= 10
        kept = str(list(Authenticator.objects.values_list("data", flat=True)))
        assert "gAAAA" in kept
        assert not any(one in kept for one in codes)

        clock.shift(60)
        asked = tries(elsewhere, "mia", PASSWORD, next="/portal/account/")
        assert asked.headers["Location"] == f"{FACTOR}authenticate/"
        assert not is_in(elsewhere)
        for sent in ({"code": "123"}, {"code": ""}, {}, {"credential": "{}"}):
            assert elsewhere.post(f"{FACTOR}authenticate/", sent).status_code == 200
        for skipped in ("/portal/account/password/", f"{FACTOR}totp/deactivate/", "/portal/account/again/", LOG_IN):
            assert elsewhere.get(skipped).status_code == 302
        now = code(mia)
        assert elsewhere.post(f"{FACTOR}authenticate/", {"code": now}).headers["Location"] == "/portal/account/"
        assert is_in(elsewhere)
        # A code is good once, a recovery code too.
        thief = browser()
        tries(thief, "mia", PASSWORD)
        assert thief.post(f"{FACTOR}authenticate/", {"code": now}).status_code == 200
        assert thief.post(f"{FACTOR}authenticate/", {"code": codes[3]}).status_code == 302
        other = browser()
        tries(other, "mia", PASSWORD)
        assert other.post(f"{FACTOR}authenticate/", {"code": codes[3]}).status_code == 200

        # A password alone does not switch it off.
        clock.shift(600)
        off = f"{FACTOR}totp/deactivate/"
        assert here.get("/portal/account/again/").headers["Location"].startswith(f"{FACTOR}reauthenticate/")
        again = here.post(off).headers["Location"]
        assert again.startswith(f"{FACTOR}reauthenticate/")
        assert "Two-factor log-in is off." in text(here.post(again, {"code": code(mia)}, follow=True))
        assert not Authenticator.objects.exists()
        assert not is_in(elsewhere)
        assert [one.subject for one in mail.outbox] == ["Two-factor log-in is on", "Two-factor log-in is off"]


def test_a_new_password_by_e_mail_does_not_go_round_the_second_factor(mia: User) -> None:
    client = browser()
    client.force_login(mia)
    switched_on(mia, client)
    thief = browser("203.0.113.9")
    thief.post(RESET, {"email": "mia@ull.example"})
    link = re.findall(r"http://testserver(/\S+)", str(mail.outbox[-1].body))[0]
    address = thief.get(link, follow=True).redirect_chain[-1][0]
    thief.post(address, {"password1": NEW, "password2": NEW})
    assert tries(thief, "mia", NEW).headers["Location"] == f"{FACTOR}authenticate/"


def test_the_door_of_the_back_office_leads_those_with_a_second_factor_to_the_other(sara: User) -> None:
    client = browser()
    client.force_login(sara)
    switched_on(sara, client)
    door, client = "/admin/login/?next=/admin/billing/customer/", browser()
    answer = tries(client, "sara", PASSWORD, door)
    assert answer.status_code == 200
    assert 'href="/portal/log-in/?next=%2Fadmin%2Fbilling%2Fcustomer%2F"' in answer.content.decode()
    assert client.get("/admin/").status_code == 302
    asked = tries(client, "sara", PASSWORD, next="/admin/billing/customer/")
    cache.clear()
    assert client.post(asked.headers["Location"], {"code": code(sara)}).headers["Location"] == "/admin/billing/customer/"
    assert client.get("/admin/billing/customer/").status_code == 200


def test_codes_are_guessed_eight_times_from_wherever_and_a_new_password_lifts_that(mia: User) -> None:
    client = browser()
    client.force_login(mia)
    switched_on(mia, client)
    guessers = [browser(f"198.51.100.{number}") for number in range(8)]
    for guesser in guessers:
        tries(guesser, "mia", PASSWORD)
    answers = [guesser.post(f"{FACTOR}authenticate/", {"code": "x"}) for guesser in guessers]
    assert [answer.status_code for answer in answers] == [200] * 7 + [429]
    assert "no code is tried for this account" in text(answers[-1])
    guesser = guessers[0]
    tries(guesser, "mia", PASSWORD)
    assert guesser.post(f"{FACTOR}authenticate/", {"code": code(mia)}).status_code == 429
    assert client.post(f"{FACTOR}reauthenticate/", {"code": code(mia)}).status_code == 429
    log_in.Accounts().set_password(mia, NEW)
    tries(guesser, "mia", NEW)
    assert guesser.post(f"{FACTOR}authenticate/", {"code": code(mia)}).status_code == 302
    assert not AccessAttempt.objects.exists()


def test_second_factors_follow_when_the_key_changes(mia: User, settings: Settings) -> None:
    client = browser()
    client.force_login(mia)
    switched_on(mia, client)
    before, old = code(mia), list(settings.SHARESPINE_KEYS)
    settings.SHARESPINE_KEYS = ["3" * 43 + "=", *old]
    call_command("rotate_keys")
    settings.SHARESPINE_KEYS = settings.SHARESPINE_KEYS[:1]
    assert code(mia) == before
    assert len(Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()) == 10


# --- too many failures --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "words"), [("en", "Too many tries"), ("sv", "")])
def test_an_account_is_locked_for_one_place_by_failures_at_either_door(mia: User, language: str, words: str) -> None:
    User.objects.update(is_staff=True)
    names = ["mia", "MIA", "mia@ull.example", "Mia@Ull.example"]
    with time_machine.travel("2026-11-29 12:00", tick=False) as clock:
        client = browser(language=language)
        for number in range(7):
            door = "/admin/login/" if number % 2 else LOG_IN
            assert tries(client, names[number % 4], door=door).status_code == 200
        clock.shift(60)
        answer = tries(client, "mia", HTTP_USER_AGENT="another")
        assert answer.status_code == 429
        assert words in text(answer)
        assert answer.headers["Retry-After"] == "900"
        clock.shift(600)
        # The right password, too, and at both doors; and trying does not make it last longer.
        for door in (LOG_IN, "/admin/login/"):
            answer = tries(client, "mia@ull.example", PASSWORD, door)
            assert answer.status_code == 429
            assert f'href="{door}"' in answer.content.decode()
            assert "5 minut" in text(answer)
        # Not from elsewhere, and not for others.
        assert tries(browser("192.0.2.2"), "mia", PASSWORD).status_code == 302
        User.objects.create_user("anna", password=PASSWORD)
        assert tries(client, "anna", PASSWORD).status_code == 302
        clock.shift(301)
        assert tries(browser(), "mia", PASSWORD).status_code == 302


def test_getting_in_begins_the_count_anew(mia: User) -> None:
    client = browser()
    for _ in range(2):
        for _ in range(7):
            assert tries(client, "mia").status_code == 200
        assert tries(client, "mia@ull.example", PASSWORD).status_code == 302
        client.logout()
    assert not AccessAttempt.objects.exists()


def test_nothing_that_may_be_a_password_is_kept(mia: User) -> None:
    client = browser(HTTP_USER_AGENT="Firefox")
    for name in ("mia", "hemligt-lösenord"):
        client.post(f"{LOG_IN}?q=secret-in-the-address", {"login": name, "password": "secret-one", "next": "/secret-two/"})
    client.force_login(mia)
    client.post("/portal/account/again/", {"password": "secret-three"})
    kept = str(list(AccessAttempt.objects.values()))
    assert "secret" not in kept
    assert "hemligt" not in kept
    assert set(AccessAttempt.objects.values_list("username", "failures_since_start")) == {
        ("mia", 2),
        (attempts.name_of(None, {"username": "Hemligt-lösenord"}), 1),
    }


def test_names_that_no_account_has_are_locked_as_well_and_so_is_who_has_no_address(db: None) -> None:
    client = browser("")
    answers = [tries(client, "nobody").status_code for _ in range(8)]
    assert answers == [200] * 7 + [429]


def test_asking_again_for_the_password_is_counted_as_logging_in_is(mia: User) -> None:
    client = browser()
    client.force_login(mia)
    answers = [client.post("/portal/account/again/", {"password": "wrong"}).status_code for _ in range(8)]
    assert answers == [200] * 7 + [429]


@pytest.mark.parametrize("door", [LOG_IN, "/admin/login/"])
def test_one_place_does_not_try_its_way_through_many_names(db: None, settings: Settings, door: str) -> None:
    assert settings.ACCOUNT_RATE_LIMITS["login"] == "30/m/ip"
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "login": "3/m/ip"}
    client = browser()
    answers = [tries(client, f"name{number}", door=door).status_code for number in range(4)]
    assert answers == [200] * 3 + [429]


@pytest.mark.parametrize(
    ("proxies", "direct", "forwarded", "address"),
    [
        (0, "192.0.2.1", "203.0.113.1", "192.0.2.1"),
        (1, "10.0.0.1", "203.0.113.1", "203.0.113.1"),
        (1, "10.0.0.1", "1.2.3.4, 203.0.113.1", "203.0.113.1"),
        (2, "10.0.0.1", "1.2.3.4, 203.0.113.1,10.0.0.2", "203.0.113.1"),
        (2, "10.0.0.1", "203.0.113.1", "10.0.0.1"),
        (1, "10.0.0.1", "", "10.0.0.1"),
        (1, "10.0.0.1", "x' OR 1=1", "10.0.0.1"),
        (1, "::ffff:192.0.2.1", "", "192.0.2.1"),
        (1, "", "", ""),
        (1, "10.0.0.1", "2001:DB8::1", "2001:db8::1"),
    ],
)
def test_the_address_is_the_one_that_our_own_proxies_saw(
    settings: Settings, proxies: int, direct: str, forwarded: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR=direct, headers={"x-forwarded-for": forwarded} if forwarded else {})
    assert address_of(request) == address


def test_a_lock_is_not_gone_round_by_forged_addresses(mia: User, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 1
    forged = [f"198.51.100.{number}, 2001:db8:1:2::{number + 1:x}" for number in range(8)]
    answers = [tries(browser("10.0.0.1", HTTP_X_FORWARDED_FOR=one), "mia").status_code for one in forged]
    # The last one was written by our proxy; and of IPv6 a whole network is one caller.
    assert answers == [200] * 7 + [429]
    assert set(AccessAttempt.objects.values_list("ip_address", flat=True)) == {"2001:db8:1:2::"}
    elsewhere = browser("10.0.0.1", HTTP_X_FORWARDED_FOR="2001:db8:1:2::1, 2001:db8:1:3::1")
    assert tries(elsewhere, "mia", PASSWORD).status_code == 302


def test_several_accounts_of_one_e_mail_are_told_apart_by_their_names(mia: User) -> None:
    User.objects.create_user("max", "mia@ull.example", NEW)
    client = browser()
    for _ in range(7):
        tries(client, "mia@ull.example")
    assert tries(client, "mia@ull.example", NEW).status_code == 302
    assert not AccessAttempt.objects.exists()
    assert tries(browser(), "max", NEW).status_code == 302


# --- staff help ---------------------------------------------------------------------------------------------------------------


def test_staff_who_help_merchants_see_who_is_locked_out_and_lift_it(mia: User) -> None:
    for number in range(8):
        tries(browser(HTTP_USER_AGENT=f"browser {number % 2}"), "mia")
    tries(browser(), "someone-else")
    helper = User.objects.create_user("stina", is_staff=True)
    client = browser()
    client.force_login(helper)
    listed = "/admin/axes/accessattempt/"
    assert client.get(listed).status_code == 403
    helper.user_permissions.set(Permission.objects.filter(codename="see_portal"))
    page = client.get(listed)
    assert text(page).count("locked") == 2
    assert "a name that no account has" in text(page)
    one = AccessAttempt.objects.filter(username="mia").first()
    assert one is not None
    assert "browser 0" in text(client.get(f"{listed}{one.pk}/change/"))
    client.post(listed, {"action": "lift", "_selected_action": [one.pk]})
    assert not AccessAttempt.objects.filter(username="mia").exists()
    assert tries(browser(), "mia", PASSWORD).status_code == 302


def test_staff_switch_a_lost_second_factor_off(sara: User, mia: User) -> None:
    client, hers = browser(), browser()
    client.force_login(sara)
    hers.force_login(mia)
    address = f"/admin/auth/user/{mia.pk}/"
    verb = f"{address}drop_factor/"
    assert verb not in client.get(f"{address}change/").content.decode()
    switched_on(mia, hers)
    assert f'hx-get="{verb}"' in client.get(f"{address}change/").content.decode()
    client.post(verb, {"_form_submitted": "on", "reason": "She called from her own number."})
    assert not Authenticator.objects.exists()
    assert mail.outbox[-1].subject == "Two-factor log-in is off"
    assert "She called" in text(client.get(f"{address}history/"))


def test_old_failures_are_forgotten(mia: User) -> None:
    tries(browser(), "mia")
    pruning.prune_all()
    assert AccessAttempt.objects.exists()
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(days=2))
    assert pruning.prune_all()["failed log-ins"] == 1


# --- when something is wrong --------------------------------------------------------------------------------------------------


def test_a_form_without_our_token_is_refused_in_plain_words(mia: User) -> None:
    client = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
    answer = tries(client, "mia", PASSWORD)
    assert answer.status_code == 403
    assert "This form is too old" in text(answer)


@pytest.mark.parametrize("language", ["sv", "en"])
def test_what_breaks_says_so_and_shows_nothing_of_the_inside(mia: User, settings: Settings, language: str) -> None:
    settings.ROOT_URLCONF = __name__
    client = browser(language=language)
    client.force_login(mia)
    client.raise_request_exception = False
    nowhere = client.get("/portal/nowhere/")
    refused = client.get("/admin/", SERVER_NAME="evil.example")
    with CaptureQueriesContext(connection) as asked:
        broken = client.get("/breaks/")
    assert [one.status_code for one in (nowhere, refused, broken)] == [404, 400, 500]
    for answer in (nowhere, refused, broken):
        html = answer.content.decode()
        assert "Sharespine" in html
        assert "<h1>" in html
        assert not re.search("Traceback|RuntimeError|secret of the inside|Exception", html)
    # Whatever failed may be the database.
    assert len(asked) == 0
    assert broken.headers["Content-Security-Policy"] == STRICT_POLICY
