"""Who sent a webhook, and what it hints at."""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import requests
import simplejson

from connectors.base import Hint, Register
from connectors.errors import Forged
from connectors.woocommerce.sandbox import Simulator
from connectors.woocommerce.webhooks import verify
from tests.connectors.woocommerce.conftest import Opener, recorded

SECRET = "peer-hook-secret"


def signed(body: bytes, topic: str = "order.updated") -> dict[str, str]:
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).digest()
    return {"X-WC-Webhook-Signature": base64.b64encode(digest).decode(), "X-WC-Webhook-Topic": topic}


def delivery() -> tuple[dict[str, str], bytes]:
    recording = recorded("webhook-order.updated")
    return recording["headers"], recording["raw_body"].encode()


def test_a_recorded_delivery_is_believed_and_names_its_order() -> None:
    headers, body = delivery()
    assert verify(SECRET, headers, body) == Hint(Register.ORDERS, ("70",))
    assert verify(SECRET, {name.upper(): value for name, value in headers.items()}, body) is not None


@pytest.mark.parametrize("secret", ["another", "", "peer-hook-secret "])
def test_another_secret_is_a_forgery(secret: str) -> None:
    headers, body = delivery()
    with pytest.raises(Forged) as caught:
        verify(secret, headers, body)
    assert SECRET not in str(caught.value)


def test_a_body_that_was_changed_on_the_way_is_a_forgery() -> None:
    headers, body = delivery()
    with pytest.raises(Forged):
        verify(SECRET, headers, body.replace(b'"id":70', b'"id":71'))


@pytest.mark.parametrize("signature", ["", "é", "AAAA", "=" * 4000])
def test_a_signature_that_is_none_is_a_forgery(signature: str) -> None:
    headers, body = delivery()
    with pytest.raises(Forged):
        verify(SECRET, headers | {"X-WC-Webhook-Signature": signature}, body)


def test_the_ping_at_creation_is_no_event_and_needs_no_signature() -> None:
    assert verify(SECRET, {"Content-Type": "application/x-www-form-urlencoded"}, b"webhook_id=6") is None


def test_nothing_else_goes_without_a_signature() -> None:
    with pytest.raises(Forged):
        verify(SECRET, {}, b"webhook_id=6&id=70")


def test_a_deleted_order_is_hinted_at_by_its_id_alone() -> None:
    body = b'{"id":111}'
    assert verify(SECRET, signed(body, "order.deleted"), body) == Hint(Register.ORDERS, ("111",))


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"id":"1"}', b'{"id":true}', b'{"id":-1}', b"\xff", b"[" * 100_000])
def test_a_signed_body_that_says_nothing_is_no_hint(body: bytes) -> None:
    assert verify(SECRET, signed(body), body) is None


def test_a_product_is_hinted_at_and_a_variation_by_its_product() -> None:
    recording = recorded("webhook-product.updated")
    body = simplejson.dumps(recording["body"], use_decimal=True).encode()
    assert verify(SECRET, signed(body, "product.updated"), body) == Hint(Register.PRODUCTS, ("19",))
    body = b'{"id":42,"parent_id":41}'
    assert verify(SECRET, signed(body, "product.updated"), body) == Hint(Register.PRODUCTS, ("41",))
    body = b'{"id":19}'
    assert verify(SECRET, signed(body, "product.deleted"), body) == Hint(Register.PRODUCTS, ("19",))


@pytest.mark.parametrize("topic", ["customer.updated", "coupon.created", "action.woocommerce_add_to_cart", ""])
def test_other_topics_are_not_ours(topic: str) -> None:
    body = b'{"id":19}'
    assert verify(SECRET, signed(body, topic), body) is None


class Receiver(HTTPServer):
    """Takes what is posted to it, and answers with `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.status = 200


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((dict(self.headers), body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def subscribe(shop: Simulator, receiver: Receiver, topic: str) -> None:
    answer = requests.post(
        f"{shop.address}/wp-json/wc/v3/webhooks",
        json={"topic": topic, "delivery_url": f"http://127.0.0.1:{receiver.server_port}/", "secret": shop.webhook_secret},
        auth=(shop.access.key, shop.access.secret),
        timeout=5,
    )
    assert answer.status_code == 201
    assert "secret" not in answer.json()


def test_what_the_shop_sends_is_understood(shop: Simulator, connect: Opener, receiver: Receiver) -> None:
    subscribe(shop, receiver, "order.updated")
    subscribe(shop, receiver, "order.deleted")
    number = shop.place_order()
    shop.run_cron()
    shop.trash_order(number)
    shop.run_cron()
    hints = [connect(shop).receive(headers, body) for headers, body in receiver.received]
    assert hints == [None, None, Hint(Register.ORDERS, (number,)), Hint(Register.ORDERS, (number,))]


def test_a_webhook_that_fails_is_switched_off_for_good_and_check_says_so(
    shop: Simulator, connect: Opener, receiver: Receiver
) -> None:
    subscribe(shop, receiver, "order.updated")
    connector = connect(shop)
    assert "switched off" not in str(connector.check().warnings)
    receiver.status = 500
    number = shop.place_order()
    for _ in range(10):
        shop.touch_order(number)
    assert shop.run_cron() == 0
    assert len(receiver.received) == 6
    warnings = [str(warning) for warning in connector.check().warnings]
    assert any(warning.startswith("The webhook “order.updated” is switched off in WooCommerce.") for warning in warnings)
