"""A day of support staff, in a real browser."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from flows.models import Run, Transfer
from tests.browser.conftest import Open
from tests.browser.seed import PASSWORD, Seeded


def tab_to(page: Page, selector: str, *, presses: int = 60) -> None:
    """Press Tab until the focus is on an element that matches."""
    for _ in range(presses):
        page.keyboard.press("Tab")
        if page.evaluate("selector => !!document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} cannot be reached with Tab")


def test_one_logs_in_and_lands_on_the_start_page(open_page: Open) -> None:
    page = open_page("/admin/login/", logged_in=False)
    page.fill("[name=username]", "sara")
    page.fill("[name=password]", PASSWORD)
    page.click("[type=submit]")
    expect(page.locator(".bo-tile").first).to_be_visible()


def test_the_start_page_says_what_needs_somebody_and_leads_there(open_page: Open) -> None:
    page = open_page()
    row = page.locator(".bo-table tbody tr", has_text="barred in e-conomic").first
    expect(row).to_contain_text("14")
    row.locator("a").first.click()
    expect(page.locator("#result_list tbody tr")).to_have_count(14)


def test_an_order_is_retried_with_the_keyboard_only(open_page: Open, seeded: Seeded) -> None:
    order = Transfer.objects.get(number="2000")
    page = open_page(f"/admin/flows/transfer/{order.pk}/change/")
    tab_to(page, "a[hx-get$='/retry/']")
    page.keyboard.press("Enter")
    reason = page.locator("#modal-content textarea")
    expect(reason).to_be_focused()
    expect(page.locator("#modal-content")).to_have_attribute("role", "dialog")
    page.keyboard.type("Artikeln är upplåst")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".bo-timeline >> text=Artikeln är upplåst")
    order.refresh_from_db()
    assert order.state == Transfer.State.WAITING


def test_escape_closes_the_dialog_and_gives_the_focus_back(open_page: Open) -> None:
    order = Transfer.objects.get(number="2000")
    page = open_page(f"/admin/flows/transfer/{order.pk}/change/")
    tab_to(page, "a[hx-get$='/retry/']")
    page.keyboard.press("Enter")
    expect(page.locator("#modal-content textarea")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#modal-content textarea")).to_be_hidden()
    expect(page.locator("a[hx-get$='/retry/']")).to_be_focused()


def test_the_menu_of_a_row_opens_with_the_keyboard(open_page: Open) -> None:
    page = open_page("/admin/flows/transfer/?view=stopped")
    tab_to(page, "#result_list [role=button]")
    page.keyboard.press("Enter")
    expect(page.locator("nav a[hx-get$='/retry/']:visible").first).to_be_visible()


def test_the_first_tab_stop_skips_the_menu(open_page: Open) -> None:
    page = open_page()
    page.keyboard.press("Tab")
    expect(page.locator(".skip-link")).to_be_focused()


def test_all_orders_of_a_cause_are_retried_after_a_question(open_page: Open) -> None:
    page = open_page()
    page.locator(".bo-table tbody tr", has_text="barred in e-conomic").locator(".bo-button").click()
    expect(page.locator(".bo-body b", has_text="14")).to_be_visible()
    assert Transfer.objects.filter(state=Transfer.State.STOPPED).count() == 17
    page.fill("#reason", "Artiklarna är upplåsta")
    page.locator("button.is-main").click()
    page.wait_for_url(re.compile("/causes/$"))
    assert Transfer.objects.filter(state=Transfer.State.STOPPED).count() == 3


def test_chosen_orders_are_retried_after_a_question(open_page: Open) -> None:
    page = open_page("/admin/flows/transfer/?view=stopped")
    for box in page.locator("#result_list input.action-select").all()[:2]:
        box.check()
    page.select_option("select[name=action]", "retry_selected")
    page.locator("#changelist-actions-wrapper button").click()
    page.locator("button.is-main").click()
    page.wait_for_selector("#result_list")
    assert Transfer.objects.filter(state=Transfer.State.WAITING).count() == 3


def test_a_live_run_shows_its_progress_and_stops_asking_when_it_is_done(open_page: Open) -> None:
    run = Run.objects.get(state=Run.State.RUNNING)
    page = open_page(f"/admin/flows/run/{run.pk}/change/")
    expect(page.locator("[aria-live]")).to_contain_text("22")
    Run.objects.filter(pk=run.pk).update(sent=29)
    expect(page.locator("[aria-live]")).to_contain_text("29")
    asked: list[str] = []
    Run.objects.filter(pk=run.pk).update(sent=30, state=Run.State.DONE, ended_at=timezone.now())
    expect(page.locator("[aria-live]")).to_contain_text("30")
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(2500)
    assert not asked


def test_ctrl_k_finds_an_order_by_its_number(open_page: Open) -> None:
    page = open_page()
    page.keyboard.press("Control+k")
    search = page.locator("#search-input-command")
    # Who types before it is there types elsewhere.
    expect(search).to_be_focused()
    search.press_sequentially("2005")
    found = page.locator("#command-results-list li").first
    # The search waits until nobody types any more, and so may a busy machine.
    expect(found).to_contain_text("Ullbutiken i Lund AB")
    found.click()
    page.wait_for_selector(".bo-timeline")


@pytest.mark.parametrize(("language", "word"), [("sv", "Logga ut"), ("en", "Log out")])
def test_pages_speak_the_language_of_the_browser(open_page: Open, language: str, word: str) -> None:
    page = open_page(language=language)
    assert page.locator("html").get_attribute("lang") == language
    expect(page.locator("body")).to_contain_text(word)


def test_names_from_a_shop_are_shown_as_text(open_page: Open) -> None:
    order = Transfer.objects.filter(buyer__contains="<b>").first()
    assert order
    page = open_page(f"/admin/flows/transfer/{order.pk}/change/")
    expect(page.locator("dd", has_text="Eva <b>Lund</b>").first).to_be_visible()
