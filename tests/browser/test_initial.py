"""A flow gets times of its own, and an initial sync is begun and followed, as somebody at a screen does it."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from connectors.base import Direction, Register
from flows.ledger import initial
from flows.ledger.initial import Outcome
from flows.ledger.items import Told
from flows.models import Connection, Flow, InitialSync
from sharespine.lib.text import Text
from tests.browser import seed
from tests.browser.conftest import Open
from tests.browser.seed import Seeded
from tests.browser.test_accessible import violations
from tests.flows.pairs import pairs as _pairs

__all__ = ["_pairs"]

pytestmark = pytest.mark.usefixtures("_pairs")
WHY = Text("The number %(sku)s is longer than the shop takes.", {"sku": "A-3"})


@pytest.fixture
def flow(seeded: Seeded) -> Flow:
    """Products from an ERP to a shop, paused, of a customer that has everything."""
    customer = seeded.customers[0]
    shop = seed.endpoint(customer, "pair_shop", "Butiken på torget")
    erp = seed.endpoint(customer, "pair_erp", "Affärssystemet")
    connection = Connection.objects.create(customer=customer, name="Torget", erp=erp, state=Connection.State.ACTIVE)
    return Flow.objects.create(
        connection=connection, shop=shop, register=Register.PRODUCTS, direction=Direction.TO_SHOP, state=Flow.State.PAUSED
    )


def told(sync: InitialSync) -> None:
    """A worker has dealt with three articles, one of which was refused."""
    outcomes = {"A-1": Outcome.CREATED, "A-2": Outcome.SAME, "A-3": Outcome.REFUSED}
    made = [initial.article(sync, Told(number, number, f"Vara {number}"), how, WHY) for number, how in outcomes.items()]
    initial.record(sync, made)


def hold_on(page: Page, flow: Flow) -> None:
    page.goto(page.url.split("/admin")[0] + f"/admin/flows/flow/{flow.pk}/change/")
    page.wait_for_selector("#content")


def test_a_flow_gets_times_of_its_own_and_shows_when_it_runs_next(open_page: Open, flow: Flow) -> None:
    page = open_page(f"/admin/flows/flow/{flow.pk}/change/", language="en")
    expect(page.locator("#timetable")).to_contain_text("It runs at the standard interval: every 5 minutes.")
    page.fill("[name=cron]", "0 6,18 * * *")
    page.fill("[name=quiet_from]", "22:00")
    page.fill("[name=quiet_to]", "05:30")
    with page.expect_navigation():
        page.locator("button[name=_continue], button[name=_save]").first.click()
    hold_on(page, flow)
    expect(page.locator("#timetable")).to_contain_text("It reads at its own times: 0 6,18 * * *.")
    expect(page.locator("#timetable")).to_contain_text("06:00")
    expect(page.locator("#timetable")).to_contain_text("It is quiet from 22:00 until 05:30")
    assert violations(page) == []


@pytest.mark.thorough
def test_an_initial_sync_is_begun_followed_and_read_about(open_page: Open, flow: Flow) -> None:
    page = open_page(f"/admin/flows/flow/{flow.pk}/change/", language="en")
    page.click("a[hx-get$='/initial_sync/']")
    expect(page.locator("#modal-content [name=how]")).to_have_value("dry")
    with page.expect_navigation():
        page.click("#modal-content button[type=submit]")
    expect(page.locator(".bo-banner")).to_contain_text("Running · dry run")
    sync = InitialSync.objects.get()
    told(sync)
    expect(page.locator(".bo-tiles")).to_contain_text("3")
    InitialSync.objects.update(state=InitialSync.State.DONE, read_at=timezone.now(), ended_at=timezone.now())
    expect(page.locator(".bo-banner")).to_contain_text("Done · dry run")
    expect(page.locator(".bo-table")).to_contain_text("The number A-3 is longer than the shop takes.")
    assert violations(page) == []
    page.get_by_role("link", name="All its articles").click()
    expect(page.locator("#result_list tbody tr")).to_have_count(3)
    assert violations(page) == []
