"""What is sent of stock and prices: nothing that the shop would take amiss without a word."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.articles import Price, StockLevel
from connectors.base import Change, Register
from connectors.errors import InvalidRecord
from connectors.woocommerce.forms import Form
from tests.connectors.woocommerce.test_goods import around

PRICE = Price(
    source_id="1", article_number="A-1", currency="SEK", includes_vat=True, vat_rate=Decimal(25), regular=Decimal("199.5")
)
LEVEL = StockLevel(source_id="1", article_number="A-1", quantity=Decimal(3))


def price(record: Price = PRICE, *, fields: set[str] | None = None, **options: Any) -> dict[str, Any]:
    change = Change(key="A-1", record=record, fields=None if fields is None else frozenset(fields))
    return Form(Register.PRICES, around(**options).settings).body(change)[0]


def stock(record: StockLevel, *, fields: set[str] | None = None) -> tuple[dict[str, Any], list[str]]:
    change = Change(key="A-1", record=record, fields=None if fields is None else frozenset(fields))
    body, notices = Form(Register.STOCK, around().settings).body(change)
    return body, [str(notice) for notice in notices]


def test_a_stock_is_whole_and_the_shop_is_told_to_keep_it() -> None:
    assert stock(LEVEL) == ({"manage_stock": True, "stock_quantity": 3}, [])


@pytest.mark.parametrize(("quantity", "given"), [("3.7", 3), ("0.99", 0), ("-0.5", -1)])
def test_a_part_of_a_piece_is_not_for_sale_and_that_is_said(quantity: str, given: int) -> None:
    body, (notice,) = stock(replace(LEVEL, quantity=Decimal(quantity)))
    assert body["stock_quantity"] == given
    assert f"{quantity} in stock" in notice


def test_a_stock_without_needless_decimals_is_no_part_of_a_piece() -> None:
    assert stock(replace(LEVEL, quantity=Decimal("7.000"))) == ({"manage_stock": True, "stock_quantity": 7}, [])


def test_orders_beyond_the_stock_are_set_only_where_they_are_to_be() -> None:
    level = replace(LEVEL, backorders="notify")
    assert stock(level)[0]["backorders"] == "notify"
    assert "backorders" not in stock(level, fields={"quantity"})[0]
    assert stock(level, fields={"backorders"})[0] == {"manage_stock": True, "backorders": "notify"}
    with pytest.raises(InvalidRecord, match="maybe"):
        stock(replace(LEVEL, backorders="maybe"))


def test_a_stock_beyond_all_measure_is_refused() -> None:
    with pytest.raises(InvalidRecord, match="A-1"):
        stock(replace(LEVEL, quantity=Decimal("1e11")))


def test_prices_are_text_with_two_decimals() -> None:
    assert price() == {"regular_price": "199.50", "sale_price": "", "date_on_sale_from": "", "date_on_sale_to": ""}


def test_a_campaign_holds_from_the_beginning_of_its_first_day_to_the_end_of_its_last() -> None:
    campaign = replace(PRICE, sale=Decimal(150), sale_from=date(2026, 11, 27), sale_to=date(2026, 11, 30))
    assert price(campaign) == {
        "regular_price": "199.50",
        "sale_price": "150.00",
        "date_on_sale_from": "2026-11-27T00:00:00",
        "date_on_sale_to": "2026-11-30T23:59:59",
    }
    assert price(campaign, fields={"regular"}) == {"regular_price": "199.50"}
    with pytest.raises(InvalidRecord, match="ends before it begins"):
        price(replace(campaign, sale_to=date(2026, 11, 26)))


def test_a_campaign_that_is_no_gain_is_left_out_and_said() -> None:
    change = Change(key="A-1", record=replace(PRICE, sale=Decimal("199.50"), sale_from=date(2026, 11, 27)))
    body, (notice,) = Form(Register.PRICES, around().settings).body(change)
    assert (body["sale_price"], body["date_on_sale_from"]) == ("", "")
    assert "A-1" in str(notice)


@pytest.mark.parametrize(
    ("includes", "shop_includes", "sent"),
    [(True, True, "199.50"), (False, True, "249.38"), (True, False, "159.60"), (False, False, "199.50")],
)
def test_a_price_is_counted_as_the_shop_enters_prices(includes: bool, shop_includes: bool, sent: str) -> None:
    assert price(replace(PRICE, includes_vat=includes), prices_include_vat=shop_includes)["regular_price"] == sent


def test_a_price_that_cannot_be_counted_is_refused() -> None:
    unknown = replace(PRICE, includes_vat=False, vat_rate=None)
    with pytest.raises(InvalidRecord, match="VAT rate is not known"):
        price(unknown)
    assert price(replace(unknown, includes_vat=True))["regular_price"] == "199.50"


def test_a_price_in_another_currency_is_never_taken_for_one_of_the_shops() -> None:
    with pytest.raises(InvalidRecord, match="price in EUR, but the shop sells in SEK"):
        price(replace(PRICE, currency="EUR"))
    assert price(replace(PRICE, currency="eur"), currency="EUR")["regular_price"] == "199.50"


def test_a_price_below_zero_is_refused() -> None:
    with pytest.raises(InvalidRecord, match=r"below zero \(-1 SEK\)"):
        price(replace(PRICE, sale=Decimal(-1)))
