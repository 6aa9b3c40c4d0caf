"""No page of the back office speaks English to a Swede, whoever wrote the text: we, Django or a library."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import polib
import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from billing.models import Customer, ServiceAccount, Subscription
from tests import texts
from tests.billing.contracted import contracted
from tests.browser import seed

#: Attributes that people read or hear.
SPOKEN = ("title", "placeholder", "aria-label", "aria-description", "alt")
#: Names of icons, which a font draws, and what is code.
SILENT = ("script", "style", "pre", "code", "template")


class Reader(HTMLParser):
    """Collects what a page says: each text between two tags, and the attributes that are read out."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._silent: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.said += [values[name] for name in SPOKEN if values.get(name)]
        if tag == "input":
            self.said += [values["value"]] if values.get("type") in ("submit", "button") and values.get("value") else []
        elif tag not in ("br", "hr", "img", "link", "meta", "path", "source", "wbr", "col"):
            icon = "material-symbols-outlined" in values.get("class", "")
            self._silent.append(tag in SILENT or icon or bool(self._silent and self._silent[-1]))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._silent and tag not in ("input", "br", "hr", "img", "link", "meta", "path", "source", "wbr", "col"):
            self._silent.pop()

    def handle_data(self, data: str) -> None:
        if not (self._silent and self._silent[-1]):
            self.said.append(data)


def what_it_says(html: str) -> set[str]:
    reader = Reader()
    reader.feed(html)
    return {" ".join(text.split()) for text in reader.said} - {""}


def pairs(entries: list[polib.POEntry]) -> Iterator[tuple[str, str]]:
    """English and Swedish side by side, each plural form with its own."""
    for entry in entries:
        if entry.msgid_plural:
            yield from ((entry.msgid, entry.msgstr_plural[0]), (entry.msgid_plural, entry.msgstr_plural[1]))
        else:
            yield entry.msgid, entry.msgstr


class Language:
    """Recognises texts of one language by their catalogue, with whatever values they have."""

    def __init__(self, messages: Iterator[str]) -> None:
        known = {" ".join(message.split()) for message in messages}
        self._whole = {message.lower() for message in known if "%" not in message}
        # A text with values is told by its words: one of values alone would be every text.
        told = [message for message in known if "%(" in message and len(re.findall(r"[^\W\d_]{3,}", message)) > 2]
        self._filled = [re.compile(_filled(message), re.IGNORECASE) for message in told]
        self._met: dict[str, bool] = {}

    def heard(self, said: set[str]) -> set[str]:
        """What of `said` is a text of this language."""
        for text in said - self._met.keys():
            self._met[text] = self._is(text)
        return {text for text in said if self._met[text]}

    def _is(self, text: str) -> bool:
        return text.lower().rstrip(" :") in self._whole or any(pattern.fullmatch(text) for pattern in self._filled)


def _filled(message: str) -> str:
    return ".+".join(re.escape(part.replace("%%", "%")) for part in re.split(r"%\(\w+\)[sd]|<[^>]+>", message))


@pytest.fixture(scope="module")
def english() -> Language:
    ours = dict(pairs(list(texts.read())))
    # What we translate wins over Django.
    both = dict(pairs(list(texts.django_entries()))) | ours
    # A language calls itself by its own name. Some words are both: "Filter" is the Swedish of "Filters". And "None" is what
    # simple-history 3.13 writes where nobody gave a reason for a change: it is no text of anybody's.
    too = {swedish.lower() for swedish in both.values()} | {"english", "none"}
    return Language(text for text in both if text.lower() not in too)


@pytest.fixture(scope="module")
def swedish() -> Language:
    # One or two words may be a name that a merchant gave.
    return Language(text for original, text in pairs(list(texts.read())) if text != original and len(text.split()) > 2)


def addresses() -> Iterator[str]:
    """Every page of every model that can be opened without doing anything."""
    yield from (reverse("admin:index"), reverse("admin:password_change"), f"{reverse('admin:search')}?s=mossa")
    yield from (reverse("admin:flows_transfer_causes"), reverse("admin:flows_transfer_export"))
    yield f"{reverse('admin:flows_transfer_retry_cause')}?{urlencode({'cause': seed.BARRED, 'state__exact': 'stopped'})}"
    yield reverse("admin:billing_customer_follow_up")
    for sold in Subscription.objects.filter(customer__order_months__used__gt=1):
        page_of_change = reverse("admin:billing_customer_package", args=[sold.customer_id])
        yield from (page_of_change, f"{page_of_change}?package=premium", f"{page_of_change}?package=100")
        yield reverse("admin:billing_customer_change", args=[sold.customer_id])
    yield from (f"{reverse('admin:billing_package_changelist')}?{query}" for query in ("edition=client", "day=2025-02-01"))
    account = ServiceAccount.objects.earliest("pk").pk
    yield f"{reverse('admin:billing_serviceaccount_show', args=[account])}?first=2026-10-01&last=2026-11-30"
    yield from (f"{reverse('admin:billing_invoicebasis_month')}?month={month}" for month in ("2026-09", "2026-10", "2100-01"))
    yield reverse("admin:billing_invoicebasis_close_month")
    for model, page in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield from (reverse(f"{name}_changelist"), reverse(f"{name}_add"))
        for row in _telling(model):
            yield from (reverse(f"{name}_{view}", args=[row.pk]) for view in ("change", "history", "delete"))
            # What an action asks before it does anything.
            yield from (f"{reverse(f'{name}_changelist')}{row.pk}/{verb}/" for verb in _verbs(page))


def _verbs(page: Any) -> set[str]:
    """The actions of `page` that are done to one row."""
    return {
        verb for kind in ("actions_row", "actions_detail") for verb in page._extract_action_names(getattr(page, kind) or ())
    }


def _telling(model: type[Model]) -> list[Model]:
    """One row of each state or kind that the model has: pages say different things of each."""
    rows = list(model._default_manager.order_by("pk"))
    told = {
        tuple(getattr(row, name, "") for name in ("state", "status", "kind", "feature", "health", "system", "attention")): row
        for row in rows
    }
    return list(told.values())


@pytest.fixture
def chief(db: None) -> Client:
    # Groups are called as they were when they were made, in the language of the installation.
    Group.objects.all().delete()
    with override("sv"):
        user = seed.seed(orders=4).user
        contracted()
    client = Client()
    client.force_login(user)
    return client


def foreign(client: Client, language: str, other: Language) -> tuple[dict[str, set[str]], int]:
    """What each page says in the `other` language, and how many pages were read."""
    found: dict[str, set[str]] = {}
    read = 0
    for address in addresses():
        response = client.get(address, headers={"accept-language": language}, follow=True)
        if response.status_code != 403:
            assert response.status_code == 200, address
            heard = other.heard(what_it_says(response.content.decode()))
            read += 1
            if heard:
                found[address] = heard
    return found, read


def test_no_page_speaks_english_to_a_swede(chief: Client, english: Language) -> None:
    found, read = foreign(chief, "sv", english)
    assert read > 40
    assert found == {}


@pytest.mark.deep
def test_no_page_speaks_swedish_to_the_rest(chief: Client, swedish: Language) -> None:
    # What is invoiced is said in the customer's language, whoever looks.
    Customer.objects.update(language="en")
    found, read = foreign(chief, "en", swedish)
    assert read > 40
    assert found == {}


def test_the_way_in_and_out_is_swedish(client: Client, db: None, english: Language) -> None:
    for name in ("login", "logout"):
        page = client.get(reverse(f"admin:{name}"), headers={"accept-language": "sv"}, follow=True).content.decode()
        assert english.heard(what_it_says(page)) == set()
    assert "Användarnamn" in what_it_says(client.get(reverse("admin:login")).content.decode())


def test_english_is_recognised_where_it_stands() -> None:
    language = Language(iter(["Press Retry", "Order", "Article %(sku)s is barred in e-conomic. Unbar it there."]))
    page = (
        '<p title="Press Retry">Hej</p><span class="material-symbols-outlined">order</span><br>'
        "<h2> order: </h2><b>Article A&amp;B is barred\n in e-conomic. Unbar it there.</b><script>Order</script>"
    )
    assert language.heard(what_it_says(page)) == {
        "Press Retry",
        "order:",
        "Article A&B is barred in e-conomic. Unbar it there.",
    }
