"""Reading the articles of a shop: few calls, whole, and with the variants that no list of products holds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connectors.base import Query, Register
from connectors.sandbox import Fault
from connectors.woocommerce.connector import System
from connectors.woocommerce.sandbox import Simulator
from tests.connectors.woocommerce.conftest import Clock, Opener


def read(shop: Simulator, connect: Opener, register: Register, **query: Any) -> list[Any]:
    return [record for page in connect(shop).read(Query(register=register, **query)) for record in page.records]


def fill(shop: Simulator, clock: Clock, *, shirts: int, colours: int) -> None:
    for n in range(shirts):
        parent = shop.add_article(f"T-{n}", name=f"Tröja {n}")
        for colour in range(colours):
            options = (("Färg", f"F{colour}"),)
            shop.add_article(f"T-{n}-{colour}", part_of=parent, options=options, regular=Decimal(100), quantity=Decimal(colour))
        clock.tick(1)


def test_variants_of_a_whole_page_come_together(shop: Simulator, connect: Opener, clock: Clock) -> None:
    fill(shop, clock, shirts=40, colours=5)
    products = read(shop, connect, Register.PRODUCTS)
    assert sorted(len(product.variants) for product in products) == [5] * 40
    calls = [call.path.removeprefix("/wp-json/wc/v3") for call in shop.history.calls()]
    assert calls == ["/products", "/variations", "/variations", "/taxes", "/products/categories"]


def test_an_older_shop_tells_variants_product_by_product(shop: Simulator, connect: Opener, clock: Clock) -> None:
    fill(shop, clock, shirts=3, colours=2)
    new = read(shop, connect, Register.PRODUCTS)
    shop.goods_routes.has_variations_route = False
    assert read(shop, connect, Register.PRODUCTS) == new
    assert len(shop.history.calls("GET", r"/products/\d+/variations")) == 3


def test_a_product_with_more_variants_than_a_page_tells_them_all(shop: Simulator, connect: Opener, clock: Clock) -> None:
    fill(shop, clock, shirts=1, colours=230)
    shop.goods_routes.has_variations_route = False
    (product,) = read(shop, connect, Register.PRODUCTS)
    assert len({variant.article_number for variant in product.variants}) == 230


def test_a_shop_that_gives_fewer_than_it_is_asked_for_tells_all_the_same(
    shop: Simulator, connect: Opener, clock: Clock
) -> None:
    fill(shop, clock, shirts=2, colours=30)
    shop.listing.most_per_page = 20
    assert len(read(shop, connect, Register.STOCK)) == 60


def test_a_list_of_variations_that_does_not_do_as_it_is_asked_is_not_used(
    shop: Simulator, connect: Opener, clock: Clock
) -> None:
    fill(shop, clock, shirts=2, colours=3)
    shop.faults.add(Fault("status", path="/wc/v3/variations$", status=200, body=[{"id": 999}], times=None))
    assert len(read(shop, connect, Register.STOCK)) == 6


def test_stock_and_prices_are_of_what_can_be_bought(shop: Simulator, connect: Opener, clock: Clock) -> None:
    fill(shop, clock, shirts=1, colours=2)
    shop.add_article("A-1", name="Mössa", regular=Decimal(50), quantity=Decimal(3))
    shop.add_article("A-2", name="Presentkort")
    shop.add_article("", name="Namnlös", regular=Decimal(50), quantity=Decimal(3))
    assert {record.article_number for record in read(shop, connect, Register.STOCK)} == {"T-0-0", "T-0-1", "A-1"}
    assert {record.article_number for record in read(shop, connect, Register.PRICES)} == {"T-0-0", "T-0-1", "A-1"}
    assert {record.article_number for record in read(shop, connect, Register.PRODUCTS)} == {"T-0", "A-1", "A-2", ""}


def test_stock_by_article_number_takes_one_call_for_a_hundred(shop: Simulator, connect: Opener, clock: Clock) -> None:
    fill(shop, clock, shirts=2, colours=50)
    keys = tuple(f"t-{n}-{colour}" for n in range(2) for colour in range(50))
    assert len(read(shop, connect, Register.STOCK, keys=keys)) == 100
    assert len(shop.history.calls()) == 1


def test_a_variant_asked_for_by_number_brings_its_product_once(shop: Simulator, connect: Opener, clock: Clock) -> None:
    fill(shop, clock, shirts=3, colours=2)
    (product,) = read(shop, connect, Register.PRODUCTS, keys=("T-1-0", "T-1-1"))
    assert (product.article_number, len(product.variants)) == ("T-1", 2)


def test_long_article_numbers_are_asked_for_in_addresses_that_a_server_takes(shop: Simulator, connect: Opener) -> None:
    keys = tuple(f"Å{'Ö' * 80}{n}" for n in range(60))
    for key in keys:
        shop.add_article(key, name="Mössa", quantity=Decimal(1))
    assert {record.article_number for record in read(shop, connect, Register.STOCK, keys=keys)} == set(keys)
    assert all(len(call.param("sku").encode()) < 4000 for call in shop.history.calls())


def test_a_product_is_read_by_its_id_or_that_of_a_variant(shop: Simulator, connect: Opener, clock: Clock) -> None:
    fill(shop, clock, shirts=2, colours=2)
    wire = shop.goods.with_sku("T-1-0")
    assert wire is not None
    for source_id in (str(wire["parent_id"]), f"{wire['parent_id']}/{wire['id']}"):
        (product,) = read(shop, connect, Register.PRODUCTS, source_ids=(source_id,))
        assert product.article_number == "T-1"


def test_a_variant_that_was_sold_or_changed_brings_its_product_again(shop: Simulator, connect: Opener, clock: Clock) -> None:
    fill(shop, clock, shirts=3, colours=2)
    clock.tick(300)
    since = clock()
    shop.sell("T-1-0")
    assert {record.article_number for record in read(shop, connect, Register.STOCK, modified_since=since)} == {"T-1-0", "T-1-1"}


def test_a_category_is_told_with_those_above_it(shop: Simulator, connect: Opener) -> None:
    shop.add_article("A-1", name="Mössa", categories=("Kläder > Mössor", "Nyheter"))
    (product,) = read(shop, connect, Register.PRODUCTS)
    assert product.categories == ("Kläder > Mössor", "Nyheter")


@pytest.mark.parametrize(("said", "includes"), [(True, True), (False, False), ("false", False), ("", True)])
def test_prices_are_with_vat_as_the_flow_says(shop: Simulator, said: object, includes: bool) -> None:
    shop.add_article("A-1", name="Mössa", regular=Decimal(50))
    with System(shop.endpoint_options(shop.address), {"prices_include_vat": said, "currency": " eur "}) as connector:
        ((record,),) = [page.records for page in connector.read(Query(register=Register.PRICES))]
    assert (record.includes_vat, record.currency, record.vat_rate) == (includes, "EUR", Decimal(25))


@pytest.mark.parametrize("register", [Register.PRODUCTS, Register.PRICES])
def test_keys_that_may_not_see_the_rates_lose_no_article(shop: Simulator, connect: Opener, register: Register) -> None:
    shop.add_article("A-1", name="Mössa", regular=Decimal(50))
    shop.faults.add(Fault("status", path="/taxes", status=403, times=None))
    (record,) = read(shop, connect, register)
    assert record.vat_rate is None


def test_one_that_cannot_be_understood_stops_alone(shop: Simulator, connect: Opener) -> None:
    shop.add_article("A-1", name="Mössa", quantity=Decimal(1))
    shop.add_article("A-2", name="Mössa", quantity=Decimal(1))
    wire = shop.goods.with_sku("A-1")
    assert wire is not None
    wire["stock_quantity"] = "många"
    (page,) = connect(shop).read(Query(register=Register.STOCK))
    assert [record.article_number for record in page.records] == ["A-2"]
    assert [unreadable.number for unreadable in page.unreadable] == ["A-1"]
