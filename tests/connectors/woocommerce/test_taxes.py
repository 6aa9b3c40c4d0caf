"""Which VAT an article has at home: asked for once, and only where something was sold without VAT."""

from __future__ import annotations

from decimal import Decimal

from connectors.base import Query, Register
from connectors.sandbox import Fault, Response
from connectors.woocommerce.client import open_api
from connectors.woocommerce.sandbox import Simulator
from connectors.woocommerce.simulator.cart import Cart, Item
from connectors.woocommerce.taxes import home_rates
from tests.connectors.echo import Echo
from tests.connectors.woocommerce.conftest import Opener, recorded


def test_the_recorded_rates_of_a_real_shop_are_understood() -> None:
    echo = Echo()
    echo.responses = [Response(200, recorded("taxes"))]
    with echo.serve() as address:
        api = open_api(Simulator().endpoint_options(address) | {"sign_in": "basic"})
        assert home_rates(api, "SE") == {"": Decimal(25), "reduced-rate": Decimal(12), "bocker-6": Decimal(6)}
        api.close()


def test_rates_are_asked_for_once_and_only_when_something_was_sold_without_vat(shop: Simulator, connect: Opener) -> None:
    shop.place_order()
    list(connect(shop).read(Query(register=Register.ORDERS)))
    assert not shop.history.calls("GET", "/taxes")
    for _ in range(3):
        shop.place_order(Cart(items=(Item(shop.catalogue[0]),), taxed=False))
    pages = list(connect(shop).read(Query(register=Register.ORDERS)))
    assert len(shop.history.calls("GET", "/taxes")) == 1
    assert Decimal(25) in {line.home_vat_rate for page in pages for order in page.records for line in order.lines}


def test_keys_that_may_not_see_the_rates_lose_no_order(shop: Simulator, connect: Opener) -> None:
    shop.place_order(Cart(items=(Item(shop.catalogue[0]),), taxed=False))
    shop.faults.add(Fault("status", path="/taxes", status=403, times=None))
    pages = list(connect(shop).read(Query(register=Register.ORDERS)))
    assert [line.home_vat_rate for page in pages for order in page.records for line in order.lines if line.article_number] == [
        None
    ]
