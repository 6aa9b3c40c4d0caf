"""Reaching a shop: addresses as people write them, the ways to sign in, and what check says."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from connectors.base import Choice, Query, Register
from connectors.errors import AccessError, BadCredentials, ConnectorError, Forbidden, UnexpectedResponse, Unsupported
from connectors.sandbox import Fault
from connectors.woocommerce.client import shop_address
from connectors.woocommerce.connector import System
from connectors.woocommerce.sandbox import Simulator
from tests.connectors.woocommerce.conftest import Clock, Opener

EVERYTHING = Query(register=Register.ORDERS)


def read(connector: System) -> list[str]:
    return [order.source_id for page in connector.read(EVERYTHING) for order in page.records]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("https://shop.example", "https://shop.example"),
        (" https://shop.example/ \n", "https://shop.example"),
        ("shop.example", "https://shop.example"),
        ("HTTP://Shop.Example:8080/butik/", "http://shop.example:8080/butik"),
        ("https://shop.example/wp-json", "https://shop.example"),
        ("https://shop.example/butik/wp-json/wc/v3/orders?per_page=1", "https://shop.example/butik"),
        ("https://shop.example/wp-admin/admin.php?page=wc-settings#x", "https://shop.example"),
        ("https://åäö.example/", "https://åäö.example"),
        ("https://[::1]:8443/", "https://[::1]:8443"),
    ],
)
def test_an_address_is_understood_as_people_write_it(typed: str, meant: str) -> None:
    assert shop_address(typed) == meant


@pytest.mark.parametrize(
    "typed", ["", "ftp://shop.example", "https://", "https://ck:cs@shop.example", "http://[", "http://a:b"]
)
def test_what_is_no_address_is_said_to_be_none(typed: str) -> None:
    with pytest.raises(UnexpectedResponse, match="is not the address of a shop"):
        shop_address(typed)


@pytest.mark.parametrize("tail", ["", "/", "/wp-json/", "/wp-json/wc/v3/", "  "])
def test_a_shop_is_reached_however_its_address_ends(plain_shop: Simulator, connect: Opener, tail: str) -> None:
    number = plain_shop.place_order()
    assert read(connect(plain_shop, address=plain_shop.address + tail)) == [number]


def test_over_plain_http_every_call_is_signed_and_no_secret_is_sent(plain_shop: Simulator, connect: Opener) -> None:
    plain_shop.place_order()
    read(connect(plain_shop))
    [call] = plain_shop.history.calls()
    names = {name for name, _ in call.query}
    assert {"oauth_nonce", "oauth_signature"} <= names
    assert not names & {"consumer_secret", "consumer_key"}


def test_a_retry_is_signed_anew(plain_shop: Simulator, connect: Opener) -> None:
    number = plain_shop.place_order()
    plain_shop.faults.add(Fault("status_after", path="/orders", status=502, times=2))
    assert read(connect(plain_shop)) == [number]
    nonces = [call.param("oauth_nonce") for call in plain_shop.history.calls()]
    assert len(nonces) == len(set(nonces)) == 3


def test_odd_characters_in_the_question_are_signed_as_the_shop_reads_them(plain_shop: Simulator, connect: Opener) -> None:
    placed = [plain_shop.place_order() for _ in range(3)]
    query = Query(register=Register.ORDERS, source_ids=tuple(placed))
    assert [order.source_id for page in connect(plain_shop).read(query) for order in page.records] == placed


@pytest.mark.parametrize("way", ["basic", "query"])
def test_over_tls_keys_work_in_the_header_and_in_the_query(shop: Simulator, connect: Opener, way: str) -> None:
    number = shop.place_order()
    assert read(connect(shop, sign_in=way)) == [number]


@pytest.mark.parametrize("way", ["basic", "query"])
def test_over_plain_http_keys_are_ignored_and_the_error_says_what_to_do(
    plain_shop: Simulator, connect: Opener, way: str
) -> None:
    with pytest.raises(BadCredentials, match="choose another way to sign in"):
        connect(plain_shop, sign_in=way).check()


@pytest.mark.parametrize("way", ["basic", "oauth"])
def test_a_wrong_secret_is_bad_credentials(shop: Simulator, plain_shop: Simulator, connect: Opener, way: str) -> None:
    simulator = shop if way == "basic" else plain_shop
    for changes in ({"consumer_secret": "cs_wrong"}, {"consumer_key": "ck_wrong"}):
        with pytest.raises(BadCredentials) as caught:
            read(connect(simulator, sign_in=way, **changes))
        assert "cs_" not in str(caught.value)


def test_a_key_that_may_only_write_lacks_a_permission(shop: Simulator, connect: Opener) -> None:
    shop.access.permissions = "write"
    with pytest.raises(Forbidden, match="does not have read permissions"):
        connect(shop).check()


def test_a_clock_that_is_wrong_is_called_a_wrong_clock(connect: Opener, clock: Clock) -> None:
    simulator = Simulator(clock=clock)
    with simulator.serve(), pytest.raises(AccessError, match="clock of the shop's server"):
        connect(simulator).check()


def test_credentials_with_spaces_around_them_work(plain_shop: Simulator, connect: Opener) -> None:
    access = plain_shop.access
    connector = connect(plain_shop, consumer_key=f" {access.key}\n", consumer_secret=f"\t{access.secret} ")
    assert read(connector) == []


def test_check_tells_what_the_shop_is_and_which_statuses_it_has(shop: Simulator, connect: Opener) -> None:
    report = connect(shop).check()
    assert report.name == "Testbutiken"
    assert dict(report.facts) == {"Time zone": "Europe/Stockholm", "Currency": "SEK", "WooCommerce version": "10.5.0"}
    assert Choice("packas", "Packas & skickas") in report.choices["statuses"]
    assert "checkout-draft" not in [choice.value for choice in report.choices["statuses"]]


def test_an_older_shop_tells_its_statuses_in_its_report(shop: Simulator, connect: Opener) -> None:
    expected = connect(shop).check().choices
    shop.has_status_route = False
    assert connect(shop).check().choices == expected


def test_check_does_without_what_the_keys_may_not_see(shop: Simulator, connect: Opener) -> None:
    refusal = {"code": "woocommerce_rest_cannot_view", "message": "Sorry, you cannot list resources.", "data": {"status": 403}}
    shop.faults.add(
        Fault("status", path="statuses|reports|system_status|currencies|webhooks", status=403, body=refusal, times=None)
    )
    shop.faults.add(Fault("html", path="/wp-json/$", times=None))
    report = connect(shop).check()
    assert report.name == shop.address
    assert {choice.value for choice in report.choices["statuses"]} >= {"processing", "completed", "refunded"}


def test_check_does_not_hide_that_the_shop_is_down(shop: Simulator, connect: Opener) -> None:
    shop.faults.add(Fault("status", path="system_status", status=503, times=None))
    with pytest.raises(ConnectorError) as caught:
        connect(shop).check()
    assert caught.value.code == "ServerFailed"


def test_check_warns_of_plain_http(plain_shop: Simulator, connect: Opener) -> None:
    assert any("plain http" in str(warning) for warning in connect(plain_shop).check().warnings)


def test_check_warns_of_prices_that_are_entered_without_vat(shop: Simulator, connect: Opener) -> None:
    assert not any("without VAT" in str(warning) for warning in connect(shop).check().warnings)
    shop.prices_include_tax = False
    assert any("without VAT" in str(warning) for warning in connect(shop).check().warnings)


def test_html_in_place_of_the_api_is_no_shop(shop: Simulator, connect: Opener) -> None:
    with pytest.raises(UnexpectedResponse, match="No WooCommerce API answers at"):
        connect(shop, address=f"{shop.address}/fel").check()


def test_another_product_that_answers_json_is_no_shop(shop: Simulator, connect: Opener) -> None:
    shop.faults.add(Fault("status", path="/orders", status=200, body={"status": "ok"}, times=None))
    with pytest.raises(UnexpectedResponse):
        connect(shop).check()


class Mover(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(301)
        self.send_header("Location", "https://www.shop.example/wp-json/wc/v3/orders?consumer_secret=x")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        pass


@pytest.fixture
def moved() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Mover) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_shop_that_has_moved_is_named_and_not_followed(moved: str) -> None:
    options = {"address": moved, "consumer_key": "ck_1", "consumer_secret": "cs_1"}
    with System(options) as connector, pytest.raises(UnexpectedResponse, match=r"https://www\.shop\.example") as caught:
        connector.check()
    assert "consumer_secret" not in str(caught.value)


def test_an_address_that_is_none_fails_when_it_is_used_and_not_before() -> None:
    connector = System({"address": "ftp://shop.example", "consumer_key": "ck_1", "consumer_secret": "cs_1"})
    assert repr(connector) == "<System ftp://shop.example>"
    with pytest.raises(UnexpectedResponse):
        connector.check()


def test_no_secret_shows_in_any_error(shop: Simulator, connect: Opener) -> None:
    echo = {"code": "x", "message": f"{shop.access.secret} {shop.access.key}:{shop.access.secret}", "data": {"status": 400}}
    for way in ("basic", "query"):
        shop.faults.add(Fault("status", status=400, body=echo))
        with pytest.raises(ConnectorError) as caught:
            connect(shop, sign_in=way).check()
        assert shop.access.secret not in f"{caught.value} {caught.value!r} {caught.value.evidence}"


def test_no_order_is_written_to_a_shop(shop: Simulator, connect: Opener) -> None:
    with pytest.raises(Unsupported):
        connect(shop).find(Register.ORDERS, ["1"])


@pytest.mark.parametrize("register", [Register.ORDERS, Register.PRICE_LISTS])
def test_what_a_shop_cannot_hold_is_refused_with_the_reason(shop: Simulator, connect: Opener, register: Register) -> None:
    with pytest.raises(Unsupported) as caught:
        connect(shop).put(register, [])
    assert str(caught.value) == System.capabilities.cannot_write[register]


def test_settings_of_plugins_reach_the_orders(shop: Simulator, connect: Opener) -> None:
    shop.place_order(
        meta_data=[{"id": 1, "key": "_billing_org_nr", "value": "559900-0105"}, {"id": 2, "key": "vat", "value": "SE1"}],
        fee_lines=[{"id": 9, "name": "Presentkort ", "total": "-10.00", "total_tax": "0.00", "taxes": []}],
    )
    [page] = connect(shop, vat_number_field="vat", gift_card_fees="Tillgodo, PRESENTKORT").read(EVERYTHING)
    order = page.records[0]
    assert (order.buyer.organisation_number, order.buyer.vat_number) == ("559900-0105", "SE1")
    assert order.lines[-1].kind == "gift_card"


def test_the_overlap_covers_what_a_read_may_miss() -> None:
    assert System.capabilities.reads[Register.ORDERS].overlap >= timedelta(minutes=1)


def test_what_is_signed_is_not_logged(plain_shop: Simulator, connect: Opener, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    read(connect(plain_shop))
    assert "oauth_signature" not in caplog.text
