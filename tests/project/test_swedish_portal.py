"""No page of the portal, and none on the way into it, speaks English to a Swede; nor Swedish to the rest."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser, User
from django.core.cache import cache
from django.db.models import Model
from django.shortcuts import render
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, reverse
from django.utils import timezone
from django.utils.translation import override
from pytest_django.fixtures import Settings

from billing import members
from billing.models import ApiKey, Customer, Invitation, Membership, Role, SignUp
from flows.models import Connection, Endpoint, Flow, HookMessage, Item, Run, Transfer, Webhook
from sharespine.portal import log_in
from sharespine.portal.urls import of_customer
from tests.api.signing import form, link, quote, send
from tests.browser import merchants, seed
from tests.portal.test_log_in import code
from tests.portal.test_log_in import pages as pages_of_log_in
from tests.project.language import Language, english, heard, swedish
from tests.project.rows import data, telling

#: By the beginning of the name of a page: the rows that the rest of its address is the id of, and whose they are.
OF: dict[str, tuple[type[Model], str]] = {
    "order": (Transfer, "customer"),
    "item": (Item, "flow__connection__customer"),
    "run": (Run, "flow__connection__customer"),
    "connection": (Connection, "customer"),
    "system": (Endpoint, "customer"),
    "flow": (Flow, "connection__customer"),
    "user": (Membership, "customer"),
    "invit": (Invitation, "customer"),
    "key": (ApiKey, "customer"),
    "webhook": (Webhook, "customer"),
}
PASSWORD = "ull-och-bomull-24"
SECRET = "A" * 32


@pytest.fixture(autouse=True)
def quick(settings: Settings) -> Iterator[None]:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def merchant(db: None) -> merchants.Merchant:
    with override("sv"):
        made = merchants.merchant(seed.seed(orders=4))
    # All that there is is one merchant's: its pages say whatever they can say.
    for model in (Endpoint, Connection, Transfer):
        model._default_manager.update(customer=made.customer)
    return made


def pages(customer: Customer, *, each: bool) -> Iterator[str]:
    """The addresses of a customer in the portal: with one row of each kind, or one of `each` state that it can be in."""
    for name, parts in _named(of_customer):
        if not parts:
            yield reverse(f"portal:{name}", args=[customer.pk])
        elif parts != ["kind"]:
            model, whose = next(of for beginning, of in OF.items() if name.startswith(beginning))
            rows = telling(model, **{whose: customer})
            for row in rows if each else rows[-1:]:
                more = [HookMessage.objects.filter(webhook=row.pk).latest("pk").pk] if "message" in parts else []
                yield reverse(f"portal:{name}", args=[customer.pk, row.pk, *more])


def _named(patterns: Iterable[URLPattern | URLResolver]) -> Iterator[tuple[str, list[str]]]:
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from _named(one.url_patterns)
        else:
            yield str(one.name), list(one.pattern.converters)


def walk(client: Client, addresses: Iterable[str], language: Language, speak: str) -> tuple[dict[str, set[str]], int]:
    """What the pages say in `language` to who wants to be spoken to in another, and how many were read."""
    found: dict[str, set[str]] = {}
    read, besides = 0, data()
    for address in addresses:
        response: Any = client.get(address, headers={"accept-language": speak}, follow=True)
        if response.status_code != 405:
            assert response.status_code in (200, 403, 404), address
            read += 1
            if foreign := heard(language, response.content, besides):
                found[address] = foreign
    return found, read


def all_who_look(merchant: merchants.Merchant) -> Iterator[Client]:
    """The administrator of a customer, one who may only look, and staff who look on."""
    for user in (merchant.owner, merchant.reader, User.objects.get(is_superuser=True)):
        client = Client()
        client.force_login(user)
        yield client


@pytest.mark.parametrize("each", [False, pytest.param(True, marks=pytest.mark.deep)])
def test_no_page_of_the_portal_speaks_english_to_a_swede(merchant: merchants.Merchant, each: bool) -> None:
    addresses = list(pages(merchant.customer, each=each))
    owner, *others = all_who_look(merchant)
    for client in (owner, *others):
        # The others are shown the same with less on it: enough to see the pages of the menu, or to be refused.
        theirs = addresses if each or client is owner else [one for one in addresses if one.count("/") < 5]
        found, read = walk(client, theirs, english(unmarked=True), "sv")
        assert found == {}
        assert read > 8


@pytest.mark.deep
def test_no_page_of_the_portal_speaks_swedish_to_the_rest(merchant: merchants.Merchant) -> None:
    Customer.objects.update(language="en")
    for client in all_who_look(merchant):
        found, read = walk(client, pages(merchant.customer, each=True), swedish(), "en")
        assert found == {}
        assert read > 50


def test_no_file_of_the_portal_speaks_english_to_a_swede(merchant: merchants.Merchant) -> None:
    client = next(all_who_look(merchant))
    for name in ("orders_export", "items_export", "runs_export", "statement"):
        address = reverse(f"portal:{name}", args=[merchant.customer.pk, "csv"])
        response: Any = client.get(address, headers={"accept-language": "sv"})
        text = b"".join(response.streaming_content) if response.streaming else response.content
        cells = {cell for row in csv.reader(io.StringIO(text.decode("utf-8-sig")), delimiter=";") for cell in row}
        assert len(cells) > 8, name
        assert heard(english(unmarked=True), "<br>".join(cells), data()) == set(), name


# --- the way in ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def mia(db: None) -> User:
    user = User.objects.create_user("mia", "mia@ull.example", PASSWORD)
    Membership.objects.create(customer=Customer.objects.create(name="Ullbutiken AB"), user=user)
    return user


def ways_in(mia: User, speak: str) -> Iterator[tuple[str, Any]]:
    """Every page of logging in, as whoever may come sees it, and what it says of nothing, of what is wrong and of too much."""
    anna = User.objects.create_user("anna", "anna@ull.example", PASSWORD)
    stranger, known, guarded = (Client(headers={"accept-language": speak}) for _ in range(3))
    for client, user in ((stranger, None), (known, mia), (guarded, anna)):
        for address in pages_of_log_in():
            for verb in (client.get, client.post) if user else (client.get,):
                # What was asked for before may have logged the user out, or switched the second factor off.
                if user and SESSION_KEY not in client.session:
                    client.force_login(user)
                if user == anna:
                    _guard(client, anna)
                yield address, verb(address, follow=True)
    new = {
        "password1": "abc",
        "password2": "abcd",
        "oldpassword": "x",
        "password": "x",
        "login": "mia",
        "code": "1",
        "email": "x",
    }
    for client in (stranger, known):
        for name in ("account_login", "account_change_password", "account_reauthenticate", "account_reset_password"):
            yield name, client.post(reverse(name), new, follow=True)
    client = Client(headers={"accept-language": speak})
    yield "asked for a code", client.post(reverse("account_login"), {"login": "anna", "password": PASSWORD}, follow=True)
    yield "a wrong code", client.post(reverse("mfa_authenticate"), {"code": "000000"}, follow=True)
    known.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    yield "a wrong first code", known.post(reverse("mfa_activate_totp"), {"code": "000000"}, follow=True)
    tries = [
        Client(headers={"accept-language": speak}).post(reverse("account_login"), {"login": "mia", "password": "x"})
        for _ in range(9)
    ]
    assert tries[-1].status_code == 429
    yield "locked out", tries[-1]


def _guard(client: Client, user: User) -> None:
    """Have `user` a second factor, and have shown it just now."""
    if not Authenticator.objects.filter(user=user, type="totp").exists():
        Authenticator.objects.create(user=user, type="totp", data={"secret": log_in.Factors().encrypt(SECRET)})
        cache.clear()
        client.post(reverse("mfa_reauthenticate"), {"code": code(user, secret=SECRET)})


def test_the_way_into_the_portal_is_swedish(mia: User) -> None:
    found, read = {}, 0
    for what, response in ways_in(mia, "sv"):
        if response.status_code not in (404, 405) and response.headers["Content-Type"].startswith("text/html"):
            read += 1
            if foreign := heard(english(unmarked=True), response.content):
                found[what] = foreign
    assert found == {}
    assert read > 40


@pytest.mark.deep
def test_the_way_into_the_portal_is_english_to_the_rest(mia: User) -> None:
    for what, response in ways_in(mia, "en"):
        if response.status_code not in (404, 405) and response.headers["Content-Type"].startswith("text/html"):
            assert heard(swedish(), response.content) == set(), what


def test_an_invitation_is_swedish_in_whatever_state(mia: User) -> None:
    customer = Customer.objects.get()
    tokens = ["unknown"]
    for name, role in (("ny", Role.READER), ("mia", Role.OPERATOR), ("gammal", Role.OWNER), ("borta", Role.OWNER)):
        elsewhere = Customer.objects.create(name="Garnbutiken AB") if name == "mia" else customer
        invitation, token = members.invite(elsewhere, f"{name}@ull.example", role, "sara")
        tokens.append(token)
        late, now = timezone.now() - timedelta(days=9), timezone.now()
        changed = {"gammal": {"expires_at": late}, "borta": {"withdrawn_at": now}}.get(name, {})
        Invitation.objects.filter(pk=invitation.pk).update(**changed)
    used = tokens[2]
    known = Client(headers={"accept-language": "sv"})
    known.force_login(mia)
    for client in (Client(headers={"accept-language": "sv"}), known):
        for token in tokens:
            for verb in (client.get, client.post):
                response = verb(reverse("portal:invitation", args=[token]), follow=True)
                assert heard(english(unmarked=True), response.content) == set(), token
    assert "Du är redan inne" in known.get(reverse("portal:invitation", args=[used])).content.decode()


def test_confirming_a_sign_up_is_swedish_from_the_beginning_to_the_end(db: None, mailoutbox: list[Any]) -> None:
    client = Client(headers={"accept-language": "sv"})
    send(form(str(quote()["number"])), language="sv")
    address = link(mailoutbox[0])
    said_then = []
    for days in (0, 60):
        SignUp.objects.update(created_at=timezone.now() - timedelta(days=days), mailed_at=timezone.now() - timedelta(days=days))
        said_then.append(client.get(address))
    SignUp.objects.update(created_at=timezone.now(), mailed_at=timezone.now())
    said_then += [client.post(address, follow=True), client.get(address), client.get(reverse("confirm", args=["unknown"]))]
    assert [answer.status_code for answer in said_then] == [200, 410, 200, 200, 404]
    assert [heard(english(unmarked=True), answer.content) for answer in said_then] == [set()] * 5


@pytest.mark.parametrize("page", ["400", "403", "403_csrf", "404", "429", "500"])
def test_what_goes_wrong_is_said_in_swedish(db: None, page: str) -> None:
    request = RequestFactory().get("/portal/")
    request.user = AnonymousUser()
    with override("sv"):
        html = render(request, f"{page}.html").content.decode()
    assert heard(english(unmarked=True), html) == set()
    assert re.search('<html lang="sv">', html)
