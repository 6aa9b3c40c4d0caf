"""The 500 orders of the simulated shop: they are as promised, and the connector reads each of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count as numbers
from typing import Any

import pytest
import simplejson
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Page, Query, Register
from connectors.records import LineKind, Order
from connectors.woocommerce.connector import System
from connectors.woocommerce.mapping import Rules, order_from
from connectors.woocommerce.sandbox import Simulator
from connectors.woocommerce.simulator.cart import Cart, Coupon, Fee, GiftCard, Item, count
from connectors.woocommerce.simulator.catalogue import catalogue
from tests.connectors.woocommerce.conftest import recorded


@pytest.fixture(scope="module")
def shop() -> Simulator:
    return Simulator(seed=1)


@pytest.fixture(scope="module")
def found(shop: Simulator) -> Iterator[list[Page]]:
    with shop.serve() as address, System(shop.endpoint_options(address)) as connector:
        yield list(connector.read(Query(register=Register.ORDERS)))


@pytest.fixture(scope="module")
def orders(found: list[Page]) -> dict[str, Order]:
    return {order.source_id: order for page in found for order in page.records}


def expected(shop: Simulator, word: str) -> set[str]:
    return {number for number, fate in shop.expectations.items() if word in fate}


def test_the_same_seed_gives_the_same_shop_and_another_one_another() -> None:
    first, second, third = Simulator(seed=1), Simulator(seed=1), Simulator(seed=2)
    assert first.orders.by_id == second.orders.by_id
    assert first.expectations == second.expectations
    assert first.orders.by_id != third.orders.by_id


def test_a_shop_is_empty_until_it_is_seeded() -> None:
    shop = Simulator()
    assert shop.orders.by_id == {}
    shop.seed_orders(40)
    assert len(shop.orders.by_id) == len(shop.expectations) == 40


def test_there_are_500_orders_each_with_a_fate(shop: Simulator) -> None:
    assert len(shop.orders.by_id) == 500
    assert {str(number) for number in shop.orders.by_id} == set(shop.expectations)
    assert len(expected(shop, "arrives")) > 400
    assert len(expected(shop, "stops: ")) >= 12
    assert len(expected(shop, "excluded: ")) >= 28


def test_no_order_tells_its_fate(shop: Simulator) -> None:
    said = simplejson.dumps(list(shop.orders.by_id.values()), use_decimal=True, ensure_ascii=False)
    for fate in set(shop.expectations.values()) - {"arrives"}:
        assert fate not in said
    assert "expect" not in said


def test_one_order_is_placed_in_each_minute_of_the_night_the_clock_goes_back(shop: Simulator) -> None:
    night = datetime(2026, 10, 25, tzinfo=UTC)
    placed = [order["date_created_gmt"][:16] for order in shop.orders.by_id.values()]
    minutes = [(night + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M") for minute in range(180)]
    assert [placed.count(minute) for minute in minutes] == [1] * 180


def test_every_order_but_drafts_and_the_bin_is_read_once(shop: Simulator, found: list[Page], orders: dict[str, Order]) -> None:
    unreadable = {entry.source_id for page in found for entry in page.unreadable}
    unread = expected(shop, "checkout-draft") | expected(shop, "trash")
    assert set(orders) | unreadable == set(shop.expectations) - unread
    assert unreadable == expected(shop, "VAT of a row has no rate")
    assert sum(len(page.records) for page in found) == len(orders)


def test_every_order_that_arrives_adds_up_but_for_whole_kronor(shop: Simulator, orders: dict[str, Order]) -> None:
    arriving = [orders[number] for number in expected(shop, "arrives")]
    off = [order for order in arriving if order.lines_total != order.total]
    assert 1 <= len(off) <= 6
    assert all(abs(order.lines_total - order.total) <= Decimal("0.50") and order.total % 1 == 0 for order in off)
    assert all(sum(line.vat for line in order.lines) == order.total_vat for order in arriving)


def test_every_order_that_stops_has_the_reason_on_it(shop: Simulator, orders: dict[str, Order]) -> None:
    for number in expected(shop, "no article number"):
        assert any(line.kind is LineKind.ARTICLE and not line.article_number for line in orders[number].lines)
    for number in expected(shop, "no name"):
        assert not orders[number].buyer.name
    for number in expected(shop, "do not add up"):
        assert abs(orders[number].lines_total - orders[number].total) > 1
    for number in expected(shop, "the currency is"):
        assert orders[number].currency in ("ISK", "XTS")


def test_the_shop_has_orders_as_they_are(shop: Simulator, orders: dict[str, Order]) -> None:
    arriving = [orders[number] for number in expected(shop, "arrives")]
    lines = [line for order in arriving for line in order.lines]
    assert {line.vat_rate for line in lines} == {Decimal(25), Decimal(12), Decimal(6), Decimal(0)}
    assert {line.kind for line in lines} == set(LineKind)
    assert {order.currency for order in arriving} == {"SEK", "EUR", "DKK"}
    assert {order.buyer.address.country for order in arriving} == {"SE", "FI", "NO", "DK"}
    assert {order.prices_include_vat for order in arriving} == {True, False}
    assert any(order.total == 0 for order in arriving)
    assert any(order.coupons and order.total == 0 for order in arriving)
    assert max(len(order.lines) for order in arriving) == 201
    assert any(order.refunds for order in arriving)
    assert any(order.buyer.organisation_number for order in arriving)
    assert any(order.delivery.street for order in arriving)
    assert any("🎣" in order.buyer.name for order in arriving)
    assert not any("<" in order.buyer.name or "&amp;" in order.buyer.name for order in arriving)
    buyers = [order.buyer.number for order in arriving]
    assert "" in buyers
    assert len(set(buyers)) < len(buyers) / 2


def test_every_article_that_was_sold_is_in_the_catalogue(shop: Simulator, orders: dict[str, Order]) -> None:
    known = {article.sku: article for article in shop.catalogue}
    for number in expected(shop, "arrives"):
        for line in orders[number].lines:
            if line.kind is LineKind.ARTICLE:
                article = known[line.article_number]
                assert line.vat_rate in (article.vat_rate, Decimal(0), None)
    assert len(known) == len(shop.catalogue)


ARTICLES = [article for article in catalogue() if not article.deleted]
MONEY = st.decimals(min_value=0, max_value=50000, places=2)
RULES = Rules(gift_card_fee_names=frozenset({"presentkort"}))


@st.composite
def carts(draw: st.DrawFn) -> Cart:
    """Anything that the shop can sell."""
    item = st.builds(Item, st.sampled_from(ARTICLES), st.integers(1, 40), st.none() | MONEY)
    fee = st.builds(
        Fee,
        st.sampled_from(["Avgift", "Presentkort"]),
        st.decimals(-500, 500, places=2),
        st.sampled_from(["", "bocker-6", None]),
    )
    percent = st.builds(Coupon, st.just("Rea"), st.just("percent"), st.decimals(0, 100, places=1))
    fixed = st.builds(Coupon, st.just("Rea"), st.just("fixed_cart"), MONEY)
    return Cart(
        items=tuple(draw(st.lists(item, min_size=1, max_size=12))),
        freight=draw(st.none() | st.decimals(0, 500, places=2)),
        fees=tuple(draw(st.lists(fee, max_size=3))),
        coupon=draw(st.none() | percent | fixed),
        gift_cards=tuple(draw(st.lists(st.builds(GiftCard, st.just("ABCD-1234"), st.decimals(1, 900, places=2)), max_size=2))),
        taxed=draw(st.booleans()),
        prices_include_tax=draw(st.booleans()),
    )


@given(carts())
def test_whatever_is_sold_the_rows_add_up_to_the_total(cart: Cart) -> None:
    sequence = numbers(1)
    shell: dict[str, Any] = recorded("order-processing-guest-25")
    wire = simplejson.loads(
        simplejson.dumps({**shell, **count(cart, lambda: next(sequence))}, use_decimal=True), use_decimal=True
    )
    order = order_from(wire, RULES)
    assert order.lines_total == order.total
    assert sum(line.vat for line in order.lines) == order.total_vat
    assert order.total_vat == 0 or cart.taxed
    for line in order.lines:
        if line.vat_rate is None:
            assert line.gross == 0
        else:
            # Rounded once per row: never further from the rate than a cent and a half.
            assert abs(line.vat - line.net * line.vat_rate / 100) <= Decimal("0.015")
    assert all(line.discount >= 0 for line in order.lines if line.kind is LineKind.ARTICLE)
    assert sum(line.discount for line in order.lines) == Decimal(wire["discount_total"])
