"""A new customer, from nothing to a flow that runs, against the simulators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from flows import engine
from flows.models import Connection, Endpoint, Flow, Run, Transfer
from sharespine.playground import Playground, playground
from tests.browser.conftest import Open


@pytest.fixture
def ground() -> Iterator[Playground]:
    with playground(None, orders=3) as ground:
        yield ground


def save(page: Page) -> None:
    with page.expect_navigation():
        page.click("[name=_save]")
    expect(page.locator(".errornote, .errorlist")).to_have_count(0)


def confirm(page: Page, action: str) -> None:
    """Press an action and its dialog's button."""
    page.click(f"a[hx-get$='/{action}/']")
    with page.expect_navigation():
        page.click("#modal-content button[type=submit]")


def fill(page: Page, prefix: str, values: dict[str, Any]) -> None:
    for key, value in values.items():
        field = page.locator(f"[name={prefix}_{key}]")
        if field.count() > 1:
            for box in field.all():
                box.set_checked(box.get_attribute("value") in value)
        elif field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(str(value))
        elif field.get_attribute("type") == "checkbox":
            field.set_checked(value, force=True)
        else:
            field.fill(str(value))


def add_endpoint(page: Page, customer: int, simulator: Any, address: str) -> Endpoint:
    page.goto(page.url.split("/admin")[0] + f"/admin/flows/endpoint/add/?customer={customer}")
    page.select_option("[name=system]", simulator.key)
    page.fill("[name=name]", f"Min {simulator.key}")
    save(page)
    fill(page, "option", simulator.endpoint_options(address))
    save(page)
    confirm(page, "test")
    expect(page.locator(".bo-banner.is-good")).to_be_visible()
    return Endpoint.objects.get(name=f"Min {simulator.key}")


def test_a_new_customer_is_connected_and_its_flow_runs(open_page: Open, ground: Playground) -> None:
    page = open_page("/admin/billing/customer/add/")
    page.fill("[name=name]", "Nya Butiken AB")
    page.fill("[name=organisation_number]", "5560360793")
    with page.expect_navigation():
        page.click("[name=_continue]")
    customer = int(page.url.split("/customer/")[1].split("/")[0])

    page.locator("a[hx-get$='/start/']").first.click(force=True)
    page.select_option("#modal-content [name=package]", label="Paket 200")
    page.select_option("#modal-content [name=edition]", "cloud")
    with page.expect_navigation():
        page.click("#modal-content button[type=submit]")
    expect(page.locator("#main")).to_contain_text("Paket 200")

    shop = add_endpoint(page, customer, ground.shop, ground.shop_address)
    erp = add_endpoint(page, customer, ground.erp, ground.erp_address)

    page.goto(page.url.split("/admin")[0] + f"/admin/flows/connection/add/?customer={customer}")
    page.fill("[name=name]", "Webb till bokföring")
    page.select_option("[name=erp]", str(erp.pk))
    save(page)
    confirm(page, "activate")
    expect(page.locator("#main")).to_contain_text("StartUp")
    connection = Connection.objects.get(name="Webb till bokföring")
    assert connection.state == Connection.State.DRAFT

    page.goto(page.url.split("/admin")[0] + f"/admin/flows/connection/{connection.pk}/change/")
    for box in page.locator("[name=modules]").all():
        box.check()
    with page.expect_navigation():
        page.click("[name=_continue]")
    confirm(page, "activate")

    page.click(f"a[href$='/flows/flow/add/?connection={connection.pk}']")
    page.select_option("[name=shop]", str(shop.pk))
    save(page)
    page.check("[name=trigger_statuses][value=processing]")
    fill(page, "target", ground.erp.flow_options())
    with page.expect_navigation():
        page.click("[name=_continue]")
    confirm(page, "resume")

    flow = Flow.objects.get(connection=connection)
    assert flow.is_live
    assert flow.trigger_statuses == ["processing"]
    given = ground.erp.flow_options()
    assert {key: flow.target_options[key] for key in given} == given
    assert "cs_" not in page.content()

    dry = engine.run(flow.pk, kind=Run.Kind.DRY)
    assert dry
    page.goto(page.url.split("/admin")[0] + f"/admin/flows/run/{dry.pk}/change/")
    expect(page.locator(".bo-table tbody tr")).to_have_count(len(Run.objects.get(pk=dry.pk).report))
    assert not Transfer.objects.filter(flow=flow).exists()
    engine.run(flow.pk)
    page.goto(page.url.split("/admin")[0] + f"/admin/flows/transfer/?flow__id__exact={flow.pk}")
    expect(page.locator("#result_list tbody tr")).to_have_count(Transfer.objects.filter(flow=flow).count())
    assert Transfer.objects.filter(flow=flow, state=Transfer.State.SENT).exists()
