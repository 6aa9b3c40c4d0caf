"""A connection gets its main flow, and a flow of stock is configured and resumed, as somebody at a screen does it."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from connectors.errors import WhoActs
from flows import connecting
from flows.models import Connection, Flow, Item, StockProfile
from sharespine.lib.text import Text
from tests.browser import seed
from tests.browser.conftest import Open
from tests.browser.seed import Seeded
from tests.browser.test_accessible import violations
from tests.browser.test_set_up import confirm
from tests.flows.pairs import pairs as _pairs

__all__ = ["_pairs"]

pytestmark = pytest.mark.usefixtures("_pairs")


@pytest.fixture
def connection(seeded: Seeded) -> Connection:
    """One without a shop, with a POS, of a customer that has everything."""
    customer = seeded.customers[0]
    seed.endpoint(customer, "pair_shop", "Butiken på torget")
    erp = seed.endpoint(customer, "pair_erp", "Affärssystemet")
    return Connection.objects.create(customer=customer, name="Torget", erp=erp, has_pos=True, state=Connection.State.ACTIVE)


def go(page: Page, address: str) -> None:
    page.goto(page.url.split("/admin")[0] + address)
    page.wait_for_selector("#content")


def test_a_main_flow_is_chosen_and_a_flow_of_stock_runs(open_page: Open, connection: Connection) -> None:
    StockProfile.objects.create(customer=connection.customer, name="Webblager", warehouses=["Lund"])
    home = f"/admin/flows/connection/{connection.pk}/change/"
    page = open_page(home, language="en")

    page.click("a[hx-get$='/add_shop/']")
    page.select_option("#modal-content [name=shop]", label="Butiken på torget")
    with page.expect_navigation():
        page.click("#modal-content button[type=submit]")
    expect(page.locator(".bo-table tbody tr")).to_have_count(1)

    page.click("text=Choose the main flow")
    expect(page.locator(".bo-choices .bo-card")).to_have_count(3)
    expect(page.locator(".bo-choices .bo-card").first).to_contain_text("A POS is used with the ERP")
    page.locator(".bo-choices .bo-card").nth(1).get_by_role("link").click()
    expect(page.locator(".bo-table tbody tr")).to_have_count(6)
    expect(page.locator(".bo-table")).to_contain_text("It has a regular and a sale price only.")
    assert connection.flows.count() == 1
    with page.expect_navigation():
        page.click("button.is-main")
    expect(page.locator(".bo-card > h2").first).to_contain_text("Main flow #2 The ERP leads")
    assert connection.flows.count() == 5

    page.get_by_role("link", name="Stock", exact=True).click()
    page.select_option("[name=rule_backorders]", "notify")
    page.select_option("[name=source_stock_field]", "in_stock")
    page.select_option("[name=stock_profile]", label="Webblager")
    with page.expect_navigation():
        page.click("[name=_continue]")
    expect(page.locator(".errornote, .errorlist")).to_have_count(0)
    confirm(page, "resume")
    flow = Flow.objects.get(connection=connection, register="stock")
    assert (flow.state, (flow.rules or {})["backorders"], str(flow.stock_profile)) == ("active", "notify", "Webblager")

    go(page, home)
    expect(page.locator(".bo-table tbody tr", has_text="Stock")).to_contain_text("active")


def test_a_stopped_article_is_found_and_tried_again(open_page: Open, connection: Connection, seeded: Seeded) -> None:
    shop = seed.endpoint(connection.customer, "pair_shop", "Andra butiken")
    flow = Flow.objects.create(connection=connection, shop=shop, register="stock", direction="to_shop")
    item = Item.objects.create(
        flow=flow, source_id="1", key="mossa-1", number="MOSSA-1", state=Item.State.STOPPED, acts=WhoActs.MERCHANT,
        message=Text(seed.BARRED, {"sku": "MOSSA-1"}), seen_at=timezone.now(),
    )  # fmt: skip
    page = open_page(f"/admin/flows/flow/{flow.pk}/change/", language="en")
    page.locator("a.bo-tile", has_text="Stopped").click()
    page.get_by_role("link", name="MOSSA-1").click()
    expect(page.locator(".bo-banner.is-bad")).to_contain_text("Article MOSSA-1 is barred")
    confirm(page, "retry")
    item.refresh_from_db()
    assert item.state == Item.State.WAITING


@pytest.mark.thorough
@pytest.mark.parametrize("mobile", [False, True], ids=["wide", "phone"])
def test_the_pages_of_all_registers_have_no_violations(open_page: Open, connection: Connection, mobile: bool) -> None:
    shop = connection.customer.endpoints.get(name="Butiken på torget")
    connecting.add_shop(connection, shop, actor="sara")
    connecting.choose_main_flow(connection, "erp", actor="sara")
    flows = {flow.register: flow.pk for flow in connection.flows.all()}
    item = Item.objects.create(flow_id=flows["stock"], source_id="1", number="MOSSA-1", seen_at=timezone.now())
    profile = StockProfile.objects.create(customer=connection.customer, name="Webblager")
    base = "/admin/flows"
    addresses = [
        f"{base}/connection/{connection.pk}/change/",
        f"{base}/connection/{connection.pk}/main-flow/",
        f"{base}/connection/{connection.pk}/main-flow/?main_flow=combined",
        f"{base}/connection/registers/?shop=pair_shop&erp=pair_erp",
        f"{base}/flow/add/?connection={connection.pk}",
        f"{base}/flow/{flows['stock']}/change/",
        f"{base}/flow/{flows['status']}/change/",
        f"{base}/item/",
        f"{base}/item/{item.pk}/change/",
        f"{base}/stockprofile/{profile.pk}/change/",
    ]
    page = open_page(mobile=mobile)
    wrong: dict[str, Any] = {}
    for address in addresses:
        go(page, address)
        if found := violations(page):
            wrong[address] = found
        width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if width > 0:
            wrong.setdefault(address, []).append(f"wider than the screen by {width} pixels")
    assert not wrong, "\n".join(f"{address}: {line}" for address, lines in wrong.items() for line in lines)
