"""Every page of the portal, and of its log-in, for everybody: nothing that axe sees, and no wider than what it is read on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from billing import members
from billing.models import ApiKey, Invitation, Membership, Role
from flows.models import Flow, HookMessage, Item, Run, Transfer
from sharespine.portal.urls import of_customer
from tests.browser.conftest import Open
from tests.browser.merchants import Merchant, merchant
from tests.browser.seed import Seeded
from tests.browser.test_accessible import violations

pytestmark = pytest.mark.thorough

#: What is no page: files, and what is only ever posted.
NO_PAGES = frozenset(
    (
        "orders_export", "items_export", "runs_export", "statement",
        "order_retry", "order_handled", "item_retry", "connection_resume", "system_test", "flow_resume", "flow_start",
         "invite_again", "invitation_withdraw", "webhook_pause", "webhook_resume", "webhook_trial",
        "webhook_resend", "webhook_message_resend",
    )
)  # fmt: skip


def names() -> Iterator[str]:
    """The pages of a customer, by the URL configuration: one that is added is looked at here, or said to be no page."""
    for entry in of_customer:
        for pattern in getattr(entry, "url_patterns", [entry]):
            if pattern.name not in NO_PAGES:
                yield str(pattern.name)


def addresses(ulla: Merchant) -> Iterator[str]:
    """Each page of the portal, with what it shows when there is something to show; some in several states."""
    flow = Flow.objects.filter(connection__customer=ulla.customer).earliest("pk")
    message = HookMessage.objects.filter(webhook__customer=ulla.customer).earliest("pk")
    member = Membership.objects.get(user=ulla.reader)
    given = {
        "order": [ulla.transfer.pk], "item": [Item.objects.get(number="KAFFE-450").pk],
        "run": [Run.objects.filter(flow=flow, state=Run.State.DONE).earliest("pk").pk],
        "connection_pause": [flow.connection_id], "flow": [flow.pk], "flow_pause": [flow.pk],
        "user": [member.pk], "user_remove": [member.pk],
        "key_revoke": [ApiKey.objects.get().pk], "webhook_message": [message.webhook_id, message.pk],
    }  # fmt: skip
    for name in names():
        of_webhook = [message.webhook_id] if name.startswith("webhook_") and name != "webhook_new" else []
        yield ulla.address(name, *given.get(name, [message.webhook_id] if name == "webhook" else of_webhook))
    yield ulla.address("orders") + "?view=mine"
    yield ulla.address("orders") + "?q=nothing-like-this"
    yield ulla.address("orders_handled") + "?view=changed"
    yield ulla.address("order", Transfer.objects.filter(customer=ulla.customer, state=Transfer.State.SENT).earliest("pk").pk)
    yield from (reverse(f"portal:{name}") for name in ("home", "account"))
    yield from (reverse(name) for name in ("mfa_index", "account_change_password", "account_logout"))


def public(invited: str) -> Iterator[str]:
    """What is seen before one has logged in."""
    yield from (reverse(name) for name in ("account_login", "account_reset_password", "account_reset_password_done"))
    yield reverse("portal:invitation", args=[invited])


def wrong(page: Page) -> list[str]:
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return [*violations(page), *([f"{wide} pixels too wide"] if wide > 0 else [])]


def walked(page: Page, paths: Iterator[str]) -> dict[str, list[str]]:
    """What is wrong with each page."""
    found = {}
    home = page.url.split("/portal")[0]
    for path in paths:
        page.goto(home + path)
        assert page.locator("h1").count() == 1, path
        if lines := wrong(page):
            found[path] = lines
    return found


#: Each width and each language, once; the other two by hand.
BOTH = [
    pytest.param("sv", False, id="sv"),
    pytest.param("en", True, id="en phone"),
    pytest.param("en", False, id="en", marks=pytest.mark.deep),
    pytest.param("sv", True, id="sv phone", marks=pytest.mark.deep),
]


@pytest.mark.parametrize(("language", "mobile"), BOTH)
def test_every_page_of_the_portal_can_be_used_by_everybody(
    open_page: Open, seeded: Seeded, language: str, mobile: bool
) -> None:
    ulla = merchant(seeded)
    page = open_page("/portal/", user=ulla.owner, language=language, mobile=mobile)
    paths = list(addresses(ulla))
    assert len(paths) > 25
    assert walked(page, iter(paths)) == {}


@pytest.mark.parametrize(("language", "mobile"), BOTH)
def test_every_page_before_the_log_in_can_be_used_by_everybody(
    open_page: Open, seeded: Seeded, language: str, mobile: bool
) -> None:
    ulla = merchant(seeded)
    _invitation, token = members.invite(ulla.customer, "lars@ull.example", Role.READER, "mia")
    page = open_page("/portal/log-in/", logged_in=False, language=language, mobile=mobile)
    assert walked(page, public(token)) == {}
    assert Invitation.objects.filter(accepted_at=None).count() == 2
