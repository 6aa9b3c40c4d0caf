"""A field mapping is written, tried on past orders and used, as somebody at a screen does it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from flows import engine
from flows.models import Connection, Endpoint, FieldMapping, Flow, LookUpTable, Run, Transfer
from sharespine.playground import Playground, playground
from tests.browser.conftest import Open
from tests.browser.seed import Seeded
from tests.browser.test_accessible import violations

#: A folder for pictures of the pages, for people to look at.
PICTURES = os.environ.get("MAPPING_PICTURES", "")


@pytest.fixture
def ground() -> Iterator[Playground]:
    with playground(None, orders=12) as ground:
        yield ground


@pytest.fixture
def flow(seeded: Seeded, ground: Playground) -> Flow:
    """One between the simulators, whose orders have been transferred."""

    def endpoint(simulator: Any, address: str) -> Endpoint:
        made = Endpoint(customer=seeded.customers[0], system=simulator.key, name=simulator.key, health=Endpoint.Health.WORKING)
        options = simulator.endpoint_options(address)
        secret = made.connector_class.manifest.secret_keys
        made.options = {key: value for key, value in options.items() if key not in secret}
        made.secrets = {key: value for key, value in options.items() if key in secret}
        made.save()
        return made

    erp = endpoint(ground.erp, ground.erp_address)
    connection = Connection.objects.create(customer=seeded.customers[0], name="Webb", erp=erp, state=Connection.State.ACTIVE)
    made = Flow.objects.create(
        connection=connection,
        shop=endpoint(ground.shop, ground.shop_address),
        state=Flow.State.ACTIVE,
        trigger_statuses=["processing", "completed"],
        target_options=ground.erp.flow_options(),
        look_up_before=timezone.now().replace(year=2020),
    )
    engine.run(made.pk)
    assert Transfer.objects.filter(flow=made, state=Transfer.State.SENT).exists()
    return made


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)


def press(page: Page, do: str) -> None:
    with page.expect_navigation():
        page.click(f"button[name=do][value='{do}']")


def rule(page: Page, number: int, target: str, expression: str) -> None:
    page.locator("[name=target]").nth(number).select_option(target)
    page.locator("[name=expression]").nth(number).fill(expression)


@pytest.mark.thorough
def test_a_mapping_is_written_tried_and_used(open_page: Open, flow: Flow) -> None:
    sent = Transfer.objects.filter(flow=flow, state=Transfer.State.SENT).order_by("pk").values_list("number", flat=True)
    # All but the first order, which stops.
    LookUpTable.objects.create(customer=flow.connection.customer, name="Terms", rows=[[number, "4"] for number in sent[1:]])
    page = open_page(f"/admin/flows/flow/{flow.pk}/change/")
    page.click(f"a[href='/admin/flows/flow/{flow.pk}/mapping/']")
    expect(page.locator(".bo-rules")).to_have_count(0)
    press(page, "add")
    rule(page, 0, "heading", '"Webborder " + order.number + ", " + buyer.name | rund 2')
    press(page, "try")
    expect(page.locator(".bo-error mark")).to_have_text("rund 2")
    assert violations(page) == []
    rule(page, 0, "heading", '"Webborder " + order.number + ", " + buyer.name | cut 60')
    press(page, "add")
    rule(page, 1, "payment_terms", "order.number | table Terms stop")
    press(page, "add")
    rule(page, 2, "line_description", "line.name | upper")
    press(page, "up-2")
    expect(page.locator("[name=target]").nth(1)).to_have_value("line_description")
    press(page, "try")
    expect(page.locator(".bo-spin")).to_be_visible()
    run = engine.run(flow.pk, kind=Run.Kind.TRIAL)
    assert run is not None
    # The page asks by itself, and shows what was found.
    expect(page.locator(".bo-diff").first).to_be_visible()
    report: Any = Run.objects.get(pk=run.pk).report
    assert report["counts"]["stops"] == 1
    assert report["counts"]["changed"] == len(sent) - 1
    expect(page.locator("tbody tr .bo-label")).to_have_count(len(report["entries"]))
    for details in page.locator("details").all():
        details.evaluate("d => d.open = true")
    assert violations(page) == []
    picture(page, "tried-1440")
    assert not FieldMapping.objects.exists()
    press(page, "use")
    assert [m.target for m in FieldMapping.objects.all()] == ["heading", "line_description", "payment_terms"]
    expect(page.locator(".bo-banner.is-good")).to_be_visible()
    picture(page, "used-1440")


@pytest.mark.thorough
@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_pages_fit_a_phone(open_page: Open, flow: Flow, language: str) -> None:
    table = LookUpTable.objects.create(customer=flow.connection.customer, name="Terms", rows=[["klarna_payments", "4"]])
    page = open_page(f"/admin/flows/flow/{flow.pk}/mapping/", language=language, mobile=True)
    press(page, "add")
    rule(page, 0, "payment_terms", "order.payment_method | table Terms stop")
    press(page, "try")
    engine.run(flow.pk, kind=Run.Kind.TRIAL)
    expect(page.locator(".bo-tiles")).to_be_visible()
    for name, address in (("mapping", page.url), ("table", f"/admin/flows/lookuptable/{table.pk}/change/")):
        page.goto(address if address.startswith("http") else page.url.split("/admin")[0] + address)
        page.wait_for_selector("#content")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, (name, wide)
        assert violations(page) == []
        picture(page, f"{name}-390-{language}")
