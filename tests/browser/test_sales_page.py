"""From a price to a sign-up in the staff's inbox, on a site that is not ours: a real browser lets it do what CORS allows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.utils import translation
from playwright.sync_api import Browser, Page, expect

from billing.models import Customer, Quote, SignUp
from sharespine.salespage.server import serving
from tests.browser.conftest import PATIENCE, Open
from tests.browser.seed import Seeded
from tests.browser.test_accessible import violations


@pytest.fixture
def sales(browser: Browser, live_server: Any, settings: Any, seeded: Seeded) -> Iterator[Any]:
    """Opens the sales page; afterwards fails on what it must never do."""
    cache.clear()
    settings.SITE_URL = live_server.url
    wrongs: list[str] = []
    contexts = []
    with serving(live_server.url) as address:
        settings.CORS_ALLOWED_ORIGINS = [address]
        ours = (address, f"{live_server.url}/api/v1/", "data:")

        def open_(*, language: str = "sv", mobile: bool = False) -> Page:
            size = {"width": 390, "height": 844} if mobile else {"width": 1440, "height": 900}
            context = browser.new_context(locale=language, viewport=size)  # type: ignore[arg-type]  # a dict is what it takes
            context.set_default_timeout(PATIENCE)
            contexts.append(context)
            page = context.new_page()
            page.on("pageerror", lambda error: wrongs.append(f"script error: {error}"))
            # A browser says of each answer that was a problem that it was one: those are on the page.
            page.on("console", lambda m: wrongs.append(m.text) if m.type == "error" and "400" not in m.text else None)
            page.on("request", lambda r: wrongs.append(f"left: {r.url}") if not r.url.startswith(ours) else None)
            page.goto(address)
            page.wait_for_selector(f"body[data-ready={language}]")
            return page

        yield open_
        for context in contexts:
            context.close()
    assert not wrongs, wrongs


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize(
    ("language", "mobile"),
    [pytest.param("sv", False, id="sv"), pytest.param("en", True, id="en phone", marks=pytest.mark.thorough)],
)
def test_one_gets_a_price_signs_up_confirms_and_is_in_the_inbox(
    sales: Any, open_page: Open, language: str, mobile: bool
) -> None:
    page = sales(language=language, mobile=mobile)
    page.fill("#orders", "350")
    for wish in ("stock", "price_lists", "field_mapping"):
        page.check(f"[value={wish}]")
    page.locator("#wishes button.is-main").click()
    expect(page.locator("#offer tr.is-chosen th")).to_have_text("Paket 400")
    expect(page.locator("#offer")).to_contain_text("795,00\xa0kr" if language == "sv" else "795.00\xa0kr")
    expect(page.locator("#offer")).to_contain_text("993,75\xa0kr" if language == "sv" else "993.75\xa0kr")
    # What a package lacks, and what cannot be done at all, is said.
    expect(page.locator("#offer tbody tr", has_text="Paket 200")).to_contain_text("350")
    expect(page.locator("#offer ul").first).to_contain_text("WooCommerce")
    assert fits(page)
    page.click("[data-package='800']")
    page.fill("#su-company", "Nya Butiken AB")
    page.fill("#su-contact", "Nina Ny")
    page.fill("#su-email", "nina@nya.example")
    page.fill("#su-organisation_number", "556036-0794")
    page.locator("#sign-up-form button").click()
    # What is wrong stands at its field, and nothing that was written is gone.
    expect(page.locator("#su-organisation_number")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#su-company")).to_have_value("Nya Butiken AB")
    page.fill("#su-organisation_number", "556036-0793")
    page.check("#su-consent")
    page.locator("#sign-up-form button").click()
    expect(page.locator("#signed-up")).to_contain_text("nina@nya.example")
    assert violations(page) == []
    assert not Customer.objects.filter(name="Nya Butiken AB").exists()
    link = re.search(r"/confirm/\S+", str(mail.outbox[-1].body))
    assert link
    letter = open_page(link[0], logged_in=False, language=language, mobile=mobile)
    assert violations(letter) == []
    letter.locator("main form button").click()
    expect(letter.locator("main dl")).to_be_visible()
    page.locator("#signed-up button").click()
    with translation.override(language):
        expect(page.locator("#state")).not_to_contain_text(str(SignUp.State.UNCONFIRMED.label))
    sign_up = SignUp.objects.get()
    assert (sign_up.state, sign_up.package.code, sign_up.customer and sign_up.customer.status) == (
        SignUp.State.NEW, "800", Customer.Status.PROSPECT,
    )  # fmt: skip
    inbox = open_page("/admin/billing/signup/", language=language)
    inbox.locator("#result_list a", has_text="Nya Butiken AB").click()
    expect(inbox.locator("#content")).to_contain_text(sign_up.quote.number)


def test_the_page_speaks_both_languages_and_asks_the_api_in_them(sales: Any) -> None:
    page = sales()
    expect(page.locator("#price-list table").first).to_contain_text("Lagersaldo")
    expect(page.locator("#matrix")).to_contain_text("WooCommerce har inga prislistor")
    assert violations(page) == []
    page.click("[data-language=en]")
    expect(page.locator("#price-list table").first).to_contain_text("Stock")
    expect(page.locator("#matrix")).to_contain_text("WooCommerce has no price lists")
    page.locator("[name=vat][value=with_vat]").check()
    expect(page.locator("#price-list table").first).to_contain_text("368.75\xa0kr")
    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert fits(page)


@pytest.mark.thorough
def test_a_quote_takes_two_shops_and_is_kept_when_the_language_is_changed(sales: Any) -> None:
    page = sales()
    page.click("#add-shop")
    expect(page.locator("#shop-1")).to_be_focused()
    page.locator("#wishes button.is-main").click()
    expect(page.locator("#offer tr.is-chosen th")).to_have_text("Paket 400")
    page.click("[data-language=en]")
    expect(page.locator("#offer tr.is-chosen th")).to_have_text("Paket 400")
    expect(page.locator("#offer")).to_contain_text("Extra shop")
    assert Quote.objects.count() == 1


def test_a_site_that_is_not_listed_is_told_nothing(browser: Browser, live_server: Any, settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://www.sharespine.example"]
    with serving(live_server.url) as address:
        page = browser.new_page()
        page.goto(f"{address}/favicon.svg")
        told = page.evaluate("api => fetch(api).then(() => 'told', () => 'refused')", f"{live_server.url}/api/v1/packages/")
        page.close()
    assert told == "refused"
