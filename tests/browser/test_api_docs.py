"""The docs of the API in a browser: complete by themselves, under the strict policy, and good to try things out with."""

from __future__ import annotations

import pytest

from billing import keys
from billing.models import Customer, Scope
from tests.browser.conftest import Open
from tests.browser.test_accessible import violations

pytestmark = pytest.mark.thorough


def test_the_docs_are_complete_by_themselves_and_a_key_can_be_tried_out_in_them(open_page: Open) -> None:
    customer = Customer.objects.earliest("pk")
    plain = keys.make(customer, "Trial", [Scope.TRANSFERS], None, "siv")[1]
    page = open_page("/api/v1/docs/", language="en", logged_in=False)
    page.wait_for_selector("#operations-Transfers-transfers_list")
    assert page.locator(".opblock").count() > 10
    assert "scope_missing" in page.inner_text(".info")
    assert not violations(page)

    page.click(".authorize.unlocked")
    page.fill("#auth-bearer-value", plain)
    page.click(".auth-container:has(#auth-bearer-value) button.authorize")
    page.click(".modal-ux .btn-done")
    operation = page.locator("#operations-Transfers-transfers_list")
    operation.locator(".opblock-summary-control").click()
    operation.locator(".try-out__btn").click()
    # The examples of its parameters are filled in: none of them must be in the way here.
    for name in ("search", "placed_from", "changed_since"):
        operation.locator(f"tr[data-param-name={name}] input").fill("")
    operation.locator(".execute").click()
    answer = operation.locator(".live-responses-table")
    answer.wait_for()
    assert '"can_retry"' in answer.inner_text()
    assert not violations(page)
