"""Pages that everybody can use: no violation of WCAG 2 A or AA that axe can see."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from flows.models import Connection, Endpoint, Flow, Run, Transfer
from tests.billing.contracted import contracted
from tests.browser.conftest import Open

pytestmark = pytest.mark.thorough

#: Only what is wrong comes back: all that axe looked at and found right is some hundred times as much.
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"],
    "resultTypes": ["violations"],
    "preload": False,
}


def violations(page: Page) -> list[str]:
    page.evaluate(Axe().axe_script)
    found: list[dict[str, Any]] = page.evaluate("rules => axe.run(rules).then(found => found.violations)", RULES)
    return [f"{v['id']}: {node['html'][:160]}" for v in found for node in v["nodes"]]


def test_the_main_pages_have_no_violations(open_page: Open) -> None:
    plain = contracted().plain
    page = open_page()
    addresses = [
        "/admin/",
        "/admin/flows/transfer/?view=stopped",
        f"/admin/flows/transfer/{Transfer.objects.get(number='2000').pk}/change/",
        "/admin/flows/transfer/causes/",
        f"/admin/flows/run/{Run.objects.get(kind=Run.Kind.DRY).pk}/change/",
        f"/admin/flows/endpoint/{Endpoint.objects.earliest('pk').pk}/change/",
        f"/admin/flows/connection/{Connection.objects.earliest('pk').pk}/change/",
        f"/admin/flows/flow/{Flow.objects.earliest('pk').pk}/change/",
        f"/admin/billing/customer/{Flow.objects.earliest('pk').connection.customer_id}/change/",
        f"/admin/billing/customer/{plain.customer_id}/change/",
        f"/admin/billing/customer/{plain.customer_id}/package/",
        f"/admin/billing/customer/{plain.customer_id}/package/?package=800",
        "/admin/billing/customer/",
        "/admin/billing/customer/follow-up/",
        "/admin/billing/package/",
        "/admin/billing/package/?day=2025-02-01",
        f"/admin/billing/subscription/{plain.pk}/change/",
    ]
    wrong = {}
    for address in addresses:
        page.goto(page.url.split("/admin")[0] + address)
        page.wait_for_selector("#content")
        if found := violations(page):
            wrong[address] = found
    assert not wrong, "\n".join(f"{address}: {line}" for address, lines in wrong.items() for line in lines)


@pytest.mark.parametrize("language", ["sv", "en"])
def test_a_dialog_has_no_violations(open_page: Open, language: str) -> None:
    page = open_page(f"/admin/flows/transfer/{Transfer.objects.get(number='2000').pk}/change/", language=language)
    page.locator("a[hx-get$='/skip/']").click()
    page.wait_for_selector("#modal-content textarea")
    page.wait_for_timeout(200)
    assert not violations(page)


def test_the_log_in_has_no_violations_and_all_of_it_is_in_a_landmark(open_page: Open) -> None:
    page = open_page("/admin/login/", logged_in=False)
    page.wait_for_selector("[name=username]")
    assert not violations(page)
    page.evaluate(Axe().axe_script)
    landmarks = {"runOnly": ["region", "landmark-one-main", "page-has-heading-one"]}
    assert page.evaluate("rules => axe.run(rules).then(found => found.violations.map(v => v.id))", landmarks) == []
