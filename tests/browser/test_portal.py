"""A day of a merchant in the portal, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.utils import timezone
from playwright.sync_api import Page, expect

from billing import members
from billing.models import ApiKey, Membership, PackageRequest, Role
from connectors.errors import WhoActs
from flows.models import Connection, Flow, HookMessage, Item, Transfer, Webhook
from tests.browser.conftest import Open
from tests.browser.merchants import Merchant, merchant
from tests.browser.seed import PASSWORD, Seeded
from tests.browser.test_everyday import tab_to

LANGUAGES = pytest.mark.parametrize(("language", "mobile"), [("sv", False), ("en", True)], ids=["sv", "en phone"])


@pytest.fixture
def ulla(seeded: Seeded) -> Merchant:
    return merchant(seeded)


def log_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.fill("[name=login]", name)
    page.fill("[name=password]", password)
    page.click("main form button.is-main")


def code_of(secret: str) -> str:
    """What an app shows now for `secret`: the middle of the codes that are taken, neither the last one nor the next."""
    counters = list(yield_hotp_counters_from_time())
    return str(format_hotp_value(hotp_value(secret, counters[len(counters) // 2])))


def menu(page: Page, mobile: bool) -> None:
    if mobile:
        page.locator(".menu-fold summary").click()


@LANGUAGES
def test_one_logs_in_and_finds_what_waits_and_has_it_tried_again(
    open_page: Open, ulla: Merchant, language: str, mobile: bool
) -> None:
    page = open_page("/", language=language, mobile=mobile, logged_in=False)
    log_in(page, ulla.owner.email)
    expect(page.locator("h1")).to_have_text("Översikt" if language == "sv" else "Overview")
    expect(page.locator("html")).to_have_attribute("lang", language)
    page.locator(".todo li", has_text="14").locator("a").click()
    expect(page.locator(".list tbody tr")).to_have_count(14)
    page.locator(".tools .is-main").click()
    expect(page.locator("main")).to_contain_text("14")
    page.locator("main form button.is-main").click()
    expect(page.locator(".messages")).to_be_visible()
    stopped = Transfer.objects.filter(customer=ulla.customer, state=Transfer.State.STOPPED, acts=WhoActs.MERCHANT)
    assert not stopped.exists()
    menu(page, mobile)
    page.locator(".menu a", has_text="Körningar" if language == "sv" else "Runs").click()
    expect(page.locator(".list tbody tr").first).to_be_visible()
    page.locator(".me form button").click()
    expect(page.locator("[name=login]")).to_be_visible()


def test_an_order_is_found_read_and_tried_again_with_the_keyboard_alone(open_page: Open, ulla: Merchant) -> None:
    page = open_page(ulla.address("orders"), user=ulla.owner)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    tab_to(page, ".filters input[type=search], .filters input[name=q]")
    page.keyboard.type("2000")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("=2000"))
    tab_to(page, ".list tbody a")
    page.keyboard.press("Enter")
    expect(page.locator(".steps li")).to_have_count(3)
    expect(page.locator("main")).to_contain_text(re.compile("\\d,\\d\\d\xa0kr"))
    tab_to(page, "[name=reason]")
    page.keyboard.type("Artikeln är upplåst")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".messages")).to_be_visible()
    expect(page.locator(".steps")).to_contain_text("Artikeln är upplåst")
    assert Transfer.objects.get(pk=ulla.transfer.pk).state == Transfer.State.WAITING


@LANGUAGES
def test_the_days_are_shown_as_bars_and_told_as_a_table(open_page: Open, ulla: Merchant, language: str, mobile: bool) -> None:
    today = Transfer.objects.filter(customer=ulla.customer, sent_at__date=timezone.localdate()).count()
    page = open_page(ulla.address("overview"), user=ulla.owner, language=language, mobile=mobile)
    size = page.locator(".per-day rect").last.bounding_box()
    assert size
    assert size["width"] > 5
    assert size["height"] > 50
    cell = page.locator("main details td").first
    expect(cell).to_be_hidden()
    page.locator("main details summary").click()
    expect(cell).to_have_text(str(today))


def test_orders_are_ticked_and_marked_as_handled_with_the_keyboard_alone(open_page: Open, ulla: Merchant) -> None:
    changed = Transfer.objects.filter(customer=ulla.customer, attention=True)
    assert changed.count() == 1
    page = open_page(ulla.address("orders") + "?view=mine", user=ulla.owner)
    expect(page.locator(".tick")).to_have_count(15)
    tab_to(page, ".tick")
    page.keyboard.press("Space")
    tab_to(page, ".ticked button[formaction$='/handled/']")
    page.keyboard.press("Enter")
    expect(page.locator(".list tbody tr")).to_have_count(1)
    tab_to(page, "[name=reason]")
    page.keyboard.type("Rättad för hand")
    page.keyboard.press("Enter")
    expect(page.locator(".messages")).to_contain_text("1 order är markerad som åtgärdad.")
    expect(page.locator(".tick")).to_have_count(14)
    assert not changed.exists()


@LANGUAGES
def test_lists_are_narrowed_and_taken_along(
    open_page: Open, ulla: Merchant, language: str, mobile: bool, tmp_path: Path
) -> None:
    page = open_page(ulla.address("orders"), user=ulla.owner, language=language, mobile=mobile)
    page.select_option("[name=state]", "skipped")
    page.locator(".filters button").click()
    expect(page.locator(".list tbody tr")).to_have_count(1)
    for kind in ("csv", "xlsx"):
        with page.expect_download() as download:
            page.locator(f".tools a[href*='/{kind}/']").click()
        download.value.save_as(tmp_path / f"orders.{kind}")
        assert (tmp_path / f"orders.{kind}").stat().st_size > 100
    assert (tmp_path / "orders.csv").read_text("utf-8-sig").count("2303") >= 1
    page.goto(page.url.split("/portal")[0] + ulla.address("items") + "?state=stopped")
    page.locator(".list tbody a").first.click()
    page.locator("main form button.is-main").click()
    expect(page.locator(".messages")).to_be_visible()
    assert not Item.objects.filter(state=Item.State.STOPPED).exists()


def test_a_flow_and_a_connection_are_paused_and_go_on(open_page: Open, ulla: Merchant) -> None:
    flow = Flow.objects.filter(connection__customer=ulla.customer).earliest("pk")
    page = open_page(ulla.address("flow", flow.pk), user=ulla.owner)
    page.locator(".tools a[href$='/pause/']").click()
    page.fill("[name=reason]", "Nya artikelnummer")
    page.locator("main form button").click()
    expect(page.locator("#flow-now .state").first).to_have_text("pausat")
    expect(page.locator("#flow-now")).to_contain_text("Nya artikelnummer")
    assert Flow.objects.get(pk=flow.pk).state == Flow.State.PAUSED
    page.locator(".tools form[action$='/resume/'] button").click()
    expect(page.locator("#flow-now .state").first).to_have_text("aktivt")
    page.goto(page.url.split("/portal")[0] + ulla.address("connections"))
    page.locator("a[href$='/pause/']").first.click()
    page.fill("[name=reason]", "Inventering")
    page.locator("main form button").click()
    expect(page.locator("main")).to_contain_text("Inventering")
    assert Connection.objects.get(pk=flow.connection_id).state == Connection.State.PAUSED
    page.locator("form[action$='/resume/'] button").first.click()
    expect(page.locator(".messages")).to_be_visible()
    assert Connection.objects.get(pk=flow.connection_id).state == Connection.State.ACTIVE


def test_hours_are_read_and_their_statement_is_fetched(open_page: Open, seeded: Seeded, ulla: Merchant) -> None:
    lived_in = seeded.customers[1]
    Membership.objects.create(customer=lived_in, user=ulla.reader, role=Role.READER)
    page = open_page(f"/portal/{lived_in.pk}/hours/", user=ulla.reader, language="en")
    expect(page.locator("main")).to_contain_text(re.compile(r"\d\xa0h"))
    with page.expect_download() as download:
        page.locator("a[href*='statement.pdf']").click()
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")


@LANGUAGES
def test_a_package_is_asked_for(open_page: Open, ulla: Merchant, language: str, mobile: bool) -> None:
    PackageRequest.objects.all().delete()
    page = open_page(ulla.address("package"), user=ulla.owner, language=language, mobile=mobile)
    page.fill("[name=text]", "Vad kostar mer?")
    page.locator("main form button.is-main").click()
    expect(page.locator(".steps")).to_contain_text("Vad kostar mer?")
    assert PackageRequest.objects.get().asked_by == ulla.owner.username


def test_somebody_is_invited_and_comes_in_with_less_to_do(open_page: Open, ulla: Merchant) -> None:
    page = open_page(ulla.address("users"), user=ulla.owner)
    page.fill("[name=email]", "lars@ull.example")
    page.select_option("[name=role]", Role.READER)
    page.locator("main form.filters button").click()
    expect(page.locator("main")).to_contain_text("lars@ull.example")
    link = re.search(r"/portal/invitation/\S+", str(mail.outbox[-1].body))
    assert link
    guest = open_page(link[0], logged_in=False)
    guest.fill("[name=name]", "Lars Lund")
    guest.fill("[name=password]", PASSWORD)
    guest.locator("main form button.is-main").click()
    expect(guest.locator("h1")).to_have_text("Översikt")
    guest.locator(".menu a", has_text="Inställningar").click()
    expect(guest.locator(".views a")).to_have_count(1)
    assert Membership.objects.get(user__email="lars@ull.example").role == Role.READER


def test_a_second_factor_is_switched_on_and_asked_for(open_page: Open, ulla: Merchant) -> None:
    page = open_page("/portal/log-in/", logged_in=False)
    log_in(page, ulla.owner.email)
    page.locator(".me a").click()
    page.locator("a[href='/portal/account/two-factor/']").first.click()
    page.locator("a[href$='/totp/activate/']").click()
    # Whoever sits down at somebody else's desk does not get far.
    page.fill("[name=password]", PASSWORD)
    page.locator("main form button.is-main").click()
    expect(page.locator("main img")).to_be_visible()
    secret = page.locator("#key").inner_text()
    page.fill("[name=code]", code_of(secret))
    page.locator("main form button.is-main").click()
    page.wait_for_url(re.compile("/recovery-codes/"))
    expect(page.locator("main")).to_contain_text(re.compile("[A-Za-z0-9]{8}"))
    assert secret not in str(Authenticator.objects.filter(user=ulla.owner).values_list("data", flat=True))
    page.locator(".me form button").click()
    log_in(page, ulla.owner.email)
    expect(page.locator("[name=code]")).to_be_visible()
    # The code that was used to switch it on opens nothing more: one of the recovery codes does.
    codes = Authenticator.objects.get(user=ulla.owner, type=Authenticator.Type.RECOVERY_CODES).wrap().get_unused_codes()
    page.fill("[name=code]", codes[0])
    page.locator("main form button.is-main").click()
    expect(page.locator("h1")).to_have_text("Översikt")


def test_a_key_is_shown_once_and_revoked(open_page: Open, ulla: Merchant) -> None:
    page = open_page(ulla.address("key_new"), user=ulla.owner, language="en")
    page.fill("[name=name]", "Warehouse screen")
    page.locator("[name=scopes]").first.check()
    page.locator("main form button.is-main").click()
    shown = page.locator(".secret code").inner_text()
    made = ApiKey.objects.get(name="Warehouse screen")
    assert shown.startswith("shs_")
    assert shown not in (made.key_hash, made.prefix)
    page.locator("main a.is-main").click()
    expect(page.locator(".list")).to_contain_text("Warehouse screen")
    assert shown not in page.content()
    page.locator(f"a[href$='/{made.pk}/revoke/']").click()
    page.locator("main form button").click()
    expect(page.locator(".messages")).to_be_visible()
    made.refresh_from_db()
    assert made.revoked_at


def test_a_webhook_is_added_tried_and_its_messages_are_sent_again(open_page: Open, ulla: Merchant) -> None:
    page = open_page(ulla.address("webhook_new"), user=ulla.owner)
    # Of the sandbox, where this machine may be called.
    page.fill("[name=address]", "http://127.0.0.1:9/in")
    page.locator("[name=events]").first.check()
    page.locator("main form button.is-main").click()
    expect(page.locator(".secret code")).to_contain_text("whsec_")
    webhook = Webhook.objects.latest("pk")
    page.goto(page.url.split("/portal")[0] + ulla.address("webhook", webhook.pk))
    page.locator("form[action$='/trial/'] button").click()
    expect(page.locator(".list tbody tr")).to_have_count(1)
    failed = HookMessage.objects.filter(state=HookMessage.State.FAILED).latest("pk")
    page.goto(page.url.split("/portal")[0] + ulla.address("webhook_message", failed.webhook_id, failed.pk))
    page.locator("form[action$='/resend/'] button").click()
    expect(page.locator(".messages")).to_be_visible()
    failed.refresh_from_db()
    assert failed.state == HookMessage.State.WAITING


@LANGUAGES
def test_each_chooses_its_own_emails(open_page: Open, ulla: Merchant, language: str, mobile: bool) -> None:
    page = open_page(ulla.address("notifications"), user=ulla.reader, language=language, mobile=mobile)
    page.locator("[name=errors_at_once]").check()
    page.locator("[name=daily_summary]").uncheck()
    page.locator("main form button.is-main").click()
    expect(page.locator(".messages")).to_be_visible()
    own = Membership.objects.get(user=ulla.reader)
    assert (own.errors_at_once, own.daily_summary, own.cap_notices) == (True, False, True)


def test_staff_see_what_the_merchant_sees_and_change_nothing(open_page: Open, seeded: Seeded, ulla: Merchant) -> None:
    page = open_page(ulla.address("orders") + "?view=mine", user=seeded.user)
    expect(page.locator(".looks-on")).to_be_visible()
    expect(page.locator(".list tbody tr")).to_have_count(15)
    expect(page.locator(".tools .is-main")).to_have_count(0)
    page.locator(".list tbody a", has_text="2000").click()
    expect(page.locator(".steps")).to_be_visible()
    expect(page.locator("main form")).to_have_count(0)
    page.locator(".looks-on a").click()
    page.wait_for_url(re.compile("/admin/billing/customer/"))
    page.locator(".bo-button", has_text="Visa som kund").click()
    expect(page.locator("h1")).to_have_text("Översikt")
    expect(page.locator(".looks-on")).to_be_visible()


def test_the_language_is_changed_by_a_press_and_stays(open_page: Open, ulla: Merchant) -> None:
    page = open_page(ulla.address("overview"), user=ulla.reader)
    page.locator(".languages button[lang=en]").click()
    expect(page.locator("h1")).to_have_text("Overview")
    page.goto(page.url.split("/portal")[0] + ulla.address("hours"))
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_who_was_put_out_is_out_at_once(open_page: Open, ulla: Merchant) -> None:
    page = open_page(ulla.address("overview"), user=ulla.reader)
    members.remove(Membership.objects.get(user=ulla.reader), actor="mia")
    page.goto(page.url.split("/portal")[0] + "/portal/")
    expect(page.locator(".menu")).to_have_count(0)
