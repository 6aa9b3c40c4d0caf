"""Hours are registered where the work is done, in two clicks."""

from __future__ import annotations

from datetime import date

import pytest
from playwright.sync_api import expect

from billing import hours
from billing.models import Entry, InvoiceBasis, ServiceAccount
from flows.models import Transfer
from tests.billing.accounts import lived_in
from tests.browser.conftest import Open
from tests.browser.seed import Seeded
from tests.browser.test_accessible import violations


def test_hours_of_an_order_are_registered_in_two_clicks(open_page: Open, seeded: Seeded) -> None:
    order = Transfer.objects.get(number="2000")
    hours.start_package(order.customer, 60, day=date(2026, 9, 1), by="sara")
    page = open_page(f"/admin/flows/transfer/{order.pk}/change/")
    page.locator("a[hx-get$='/register_hours/']").first.click()
    expect(page.locator("#modal-content .bo-left")).to_contain_text("1\xa0h")
    page.locator("#modal-content [type=submit]").click()
    expect(page.locator("body")).to_contain_text("45\xa0min")
    entry = Entry.objects.latest("pk")
    assert (entry.change, entry.text, entry.transfer_id) == (-15, "Order 2000", order.pk)


def test_a_debt_is_asked_about_without_leaving_the_dialog(open_page: Open, seeded: Seeded) -> None:
    customer = seeded.customers[0]
    page = open_page(f"/admin/billing/customer/{customer.pk}/change/")
    page.locator("a[hx-get$='/register_hours/']").first.click()
    page.locator("#modal-content label", has_text="30").click()
    page.fill("#modal-content [name=text]", "Momszonen för Finland")
    expect(page.locator("#modal-content [name=reason]")).to_be_hidden()
    page.locator("#modal-content [type=submit]").click()
    reason = page.locator("#modal-content textarea[name=reason]")
    expect(reason).to_be_visible()
    expect(page.locator("#modal-content [name=text]")).to_have_value("Momszonen för Finland")
    theirs = Entry.objects.filter(account__customer=customer)
    assert not theirs.exists()
    reason.fill("Avtalat med kunden")
    page.locator("#modal-content [type=submit]").click()
    expect(page.locator("#modal-content textarea[name=reason]")).to_be_hidden()
    entry = theirs.get()
    assert (entry.balance, entry.reason, entry.about) == (-30, "Avtalat med kunden", "Webb till e-conomic")


def test_an_entry_is_taken_back_from_the_page_of_the_account(open_page: Open, seeded: Seeded) -> None:
    entries = lived_in(seeded.customers[0])
    account = ServiceAccount.objects.get(customer=seeded.customers[0])
    page = open_page(f"/admin/billing/serviceaccount/{account.pk}/change/")
    page.locator(f".bo-table a[hx-get$='/entry/{entries[0].pk}/reverse/']").click()
    page.fill("#modal-content [name=reason]", "Bokat dubbelt")
    with page.expect_navigation():
        page.locator("#modal-content [type=submit]").click()
    expect(page.locator(".bo-table")).to_contain_text("Bokat dubbelt")
    account.refresh_from_db()
    assert account.balance == 385 - 180


def test_a_statement_is_fetched_as_a_file(open_page: Open, seeded: Seeded) -> None:
    lived_in(seeded.customers[0])
    account = ServiceAccount.objects.get(customer=seeded.customers[0])
    page = open_page(f"/admin/billing/serviceaccount/{account.pk}/change/")
    page.locator("a[hx-get$='/statement/']").first.click()
    page.fill("#modal-content [name=first]", "2026-10-01")
    page.fill("#modal-content [name=last]", "2026-10-31")
    with page.expect_navigation():
        page.locator("#modal-content [type=submit]").click()
    expect(page.locator(".bo-tile").last).to_contain_text("5\xa0h\xa025\xa0min")
    with page.expect_download() as download:
        page.locator(".bo-button.is-main").click()
    assert download.value.suggested_filename.endswith("2026-10-01-2026-10-31.pdf")


@pytest.mark.thorough
def test_the_pages_and_dialogs_of_hours_and_invoices_have_no_violations(open_page: Open, seeded: Seeded) -> None:
    account = ServiceAccount.objects.get(customer=seeded.customers[1])
    base = "/admin/billing"
    pages = [
        f"{base}/serviceaccount/",
        f"{base}/serviceaccount/{account.pk}/statement/show/?first=2026-10-01&last=2026-11-30",
        f"{base}/entry/",
        f"{base}/entry/{account.entries.latest('pk').pk}/change/",
        f"{base}/workcategory/",
        f"{base}/invoicebasis/",
        f"{base}/invoicebasis/{InvoiceBasis.objects.latest('pk').pk}/change/",
        f"{base}/invoicebasis/month/?month=2026-10",
        f"{base}/serviceaccount/{account.pk}/change/",
    ]
    page = open_page()
    wrong = {}
    for address in pages:
        page.goto(page.url.split("/admin")[0] + address)
        page.wait_for_selector("#content")
        wrong[address] = violations(page)
    for verb in ("register_hours", "sell_pack", "adjust", "statement"):
        page.locator(f"a[hx-get$='/{verb}/']").first.click()
        page.wait_for_selector("#modal-content #dialog [type=submit]")
        page.wait_for_timeout(200)
        wrong[verb] = violations(page)
        page.keyboard.press("Escape")
    assert {address: found for address, found in wrong.items() if found} == {}
