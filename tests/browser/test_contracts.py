"""What staff do with contracts every day: sell, change, price, follow up."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from billing.models import Customer, Offer, Subscription, Term
from tests.billing.contracted import contracted, day
from tests.browser.conftest import Open


def choose(page: Page, verb: str) -> None:
    """Open the dialog of a verb of the subscription."""
    page.locator(r"a[x-on\:click*='actionDropdownOpen']").first.click()
    page.click(f"a[hx-get$='/{verb}/']:visible")
    expect(page.locator("#modal-content form")).to_be_visible()


def confirm(page: Page) -> None:
    with page.expect_navigation():
        page.click("#modal-content button[type=submit]")


def test_a_subscription_is_sold_and_its_package_raised(open_page: Open) -> None:
    customer = Customer.objects.create(name="Nya Butiken AB")
    page = open_page(f"/admin/billing/customer/{customer.pk}/change/")
    choose(page, "start")
    page.select_option("#modal-content [name=package]", label="Paket 200")
    page.fill("#modal-content [name=start_minutes]", "150")
    confirm(page)
    expect(page.locator(".bo-card").first).to_contain_text("Paket 200")
    expect(page.locator(".bo-card").first).to_contain_text("495,00 kr")

    page.click(f"a[href$='/customer/{customer.pk}/package/']")
    page.click("a[href='?package=400']")
    expect(page.locator("li.is-gained").first).to_be_visible()
    assert Term.objects.count() == Subscription.objects.count()
    with page.expect_navigation():
        page.click("button[name=confirm]")
    expect(page.locator(".bo-card").first).to_contain_text("Paket 400")
    assert Term.objects.filter(subscription__customer=customer).latest("begins_on").order_cap == 400


def test_a_dialog_with_something_missing_stays_open(open_page: Open) -> None:
    subscription = contracted().near
    page = open_page(f"/admin/billing/customer/{subscription.customer_id}/change/")
    choose(page, "grant_orders")
    page.fill("#modal-content [name=number]", "50")
    page.click("#modal-content button[type=submit]")
    expect(page.locator("#modal-content")).to_contain_text("måste fyllas i")
    assert not subscription.grants.exists()
    page.fill("#modal-content [name=reason]", "Kampanj")
    confirm(page)
    assert subscription.grants.get().extra_orders == 50
    expect(page.locator(".bo-card", has_text="Kampanj").last).to_be_visible()


def test_a_refusal_is_read_where_it_can_be_put_right(open_page: Open) -> None:
    customer = Customer.objects.create(name="Nya Butiken AB")
    page = open_page(f"/admin/billing/customer/{customer.pk}/change/", language="en")
    choose(page, "start")
    page.select_option("#modal-content [name=package]", label="Premium")
    page.fill("#modal-content [name=start_minutes]", "150")
    page.click("#modal-content button[type=submit]")
    expect(page.locator("#modal-content")).to_contain_text("Premium is sold on request")
    expect(page.locator("#modal-content [name=start_minutes]")).to_have_value("150")
    page.fill("#modal-content [name=monthly_price]", "2 495,50")
    page.fill("#modal-content [name=order_cap]", "3000")
    page.fill("#modal-content [name=installation_price]", "12000")
    confirm(page)
    expect(page.locator(".bo-card").first).to_contain_text("2 495.50 kr")


def test_an_add_on_is_ended_where_it_stands(open_page: Open) -> None:
    subscription = contracted().plain
    page = open_page(f"/admin/billing/customer/{subscription.customer_id}/change/")
    page.click("a[hx-get*='/addon/']")
    expect(page.locator("#modal-content form")).to_be_visible()
    confirm(page)
    assert subscription.add_ons.get(label="Butik två").ends_on == day()


def test_a_price_list_is_published(open_page: Open) -> None:
    contracted()
    page = open_page("/admin/billing/package/")
    page.fill("[name='400-monthly_price']", "849,50")
    page.check("[name='200-features'][value=multishop]")
    page.fill("[name=valid_from]", "2099-01-01")
    with page.expect_navigation():
        page.click("main button[type=submit], #main button.is-main")
    expect(page.locator("[aria-current=true]")).to_contain_text("2099-01-01")
    assert {offer.package.code for offer in Offer.objects.filter(valid_from="2099-01-01")} == {"200", "400"}


def test_who_nears_the_cap_is_two_clicks_from_the_start_page(open_page: Open) -> None:
    subscription = contracted().near
    page = open_page("/admin/", mobile=True)
    page.click("a[href$='/follow-up/#nearing']")
    page.click(f"#nearing a[href$='/customer/{subscription.customer_id}/change/']")
    expect(page.locator(".bo-bar.is-warn").first).to_be_visible()


@pytest.mark.thorough
def test_the_pages_are_no_wider_than_a_telephone(open_page: Open) -> None:
    kinds = contracted()
    customer = kinds.plain.customer_id
    for path in (
        f"customer/{customer}/change/",
        f"customer/{customer}/package/",
        "customer/follow-up/",
        "package/",
        f"subscription/{kinds.plain.pk}/change/",
    ):
        page = open_page(f"/admin/billing/{path}", mobile=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
