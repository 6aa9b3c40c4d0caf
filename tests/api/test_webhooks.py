"""Incoming webhooks: genuine ones wake the flow, forged ones change nothing, and none is believed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest
from django.test import Client
from django_q.models import OrmQ

from flows.models import Connection, Delivery, Endpoint, Flow, Transfer
from tests.customers import subscribed

pytestmark = pytest.mark.django_db
SECRET = "s3cret"


@pytest.fixture
def shop() -> Endpoint:
    customer = subscribed("Ullbutiken AB")
    shop = Endpoint.objects.create(
        customer=customer,
        system="woocommerce",
        name="Shop",
        options={"address": "https://shop.example", "consumer_key": "ck"},
        secrets={"consumer_secret": "cs", "webhook_secret": SECRET},
    )
    erp = Endpoint.objects.create(customer=customer, system="economic", name="ERP")
    connection = Connection.objects.create(customer=customer, name="c", erp=erp, state=Connection.State.ACTIVE)
    Flow.objects.create(connection=connection, shop=shop, state=Flow.State.ACTIVE, trigger_statuses=["processing"])
    return shop


def deliver(shop: Endpoint, body: bytes, *, secret: str = SECRET, **headers: str) -> int:
    signature = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    signed = {"X-WC-Webhook-Topic": "order.updated", "X-WC-Webhook-Resource": "order", "X-WC-Webhook-Signature": signature}
    response = Client().post(f"/hooks/{shop.code}/", body, "application/json", headers={**signed, **headers})
    return response.status_code


def test_a_genuine_webhook_wakes_the_flow_and_believes_nothing_it_says(shop: Endpoint) -> None:
    assert deliver(shop, json.dumps({"id": 70, "status": "completed", "total": "1.00"}).encode()) == 200
    assert OrmQ.objects.count() == 1
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.source_ids) == ("accepted", ["70"])
    assert not Transfer.objects.exists()


def test_ten_webhooks_in_a_row_wake_the_flow_once(shop: Endpoint) -> None:
    for _ in range(10):
        assert deliver(shop, b'{"id": 70}') == 200
    assert OrmQ.objects.count() == 1
    assert Delivery.objects.count() == 10


def test_a_forged_webhook_is_refused_kept_and_changes_nothing(shop: Endpoint) -> None:
    assert deliver(shop, b'{"id": 70}', secret="guessed") == 401
    assert OrmQ.objects.count() == 0
    assert Delivery.objects.get().state == "refused"
    assert Connection.objects.get().state == Connection.State.ACTIVE
    assert Endpoint.objects.get(pk=shop.pk).health == Endpoint.Health.UNKNOWN


def test_the_ping_of_a_new_webhook_is_answered_and_wakes_nothing(shop: Endpoint) -> None:
    response = Client().post(f"/hooks/{shop.code}/", "webhook_id=6", "application/x-www-form-urlencoded")
    assert response.status_code == 200
    assert OrmQ.objects.count() == 0


def test_a_webhook_for_nobody_or_for_a_system_without_webhooks_is_not_found(shop: Endpoint) -> None:
    assert Client().post("/hooks/XXXXX/", b"{}", "application/json").status_code == 404
    erp = Endpoint.objects.get(system="economic")
    assert Client().post(f"/hooks/{erp.code}/", b"{}", "application/json").status_code == 404


def test_only_post_is_answered(shop: Endpoint) -> None:
    assert Client().get(f"/hooks/{shop.code}/").status_code == 405


def test_a_webhook_wakes_only_the_flows_that_read_what_it_is_about(shop: Endpoint) -> None:
    orders = Flow.objects.get()
    beside = {"connection": orders.connection, "shop": shop, "state": Flow.State.ACTIVE}
    products = Flow.objects.create(**beside, register="products", direction="to_erp")
    Flow.objects.create(**beside, register="stock", direction="to_shop")
    woken = Flow.objects.filter(wanted_at__isnull=False)
    deliver(shop, b'{"id": 70}', **{"X-WC-Webhook-Topic": "product.updated", "X-WC-Webhook-Resource": "product"})
    assert list(woken.all()) == [products]
    deliver(shop, b'{"id": 70}')
    assert set(woken.all()) == {products, orders}
