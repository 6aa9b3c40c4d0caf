"""Recorded products and variations, understood to the piece and the öre."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.articles import Variant
from connectors.errors import ContractChanged
from connectors.woocommerce.connector import System
from connectors.woocommerce.goods import Surroundings, price_from, product_from, stock_from
from connectors.woocommerce.sandbox import Simulator
from connectors.woocommerce.settings import settings_of
from tests.connectors.woocommerce.conftest import recorded


def around(**options: Any) -> Surroundings:
    connector = System({**Simulator().endpoint_options("http://shop.example"), **options}, options)
    return Surroundings(
        settings=settings_of(connector.options, connector.flow_options),
        rates={"": Decimal(25), "reduced-rate": Decimal(12)},
        categories={16: "Sortiment > Kläder"},
    )


def test_a_simple_product_is_understood() -> None:
    product = product_from(recorded("product-simple"), (), around())
    assert (product.source_id, product.article_number, product.name) == ("11", "PEER-001", "Ullstrumpa")
    assert (product.ean, product.weight, product.vat_rate) == ("7350000000001", Decimal("0.1"), Decimal(25))
    assert product.short_text == "<p>Ullstrumpa – testvara &amp; prov</p>"
    assert (product.categories, product.active, product.variants) == (("Sortiment > Kläder",), True, ())
    assert product.modified_at is not None
    assert product.modified_at.isoformat() == "2026-11-21T16:41:01+00:00"


def test_its_stock_and_price_are_understood() -> None:
    stock = stock_from(recorded("product-simple"))
    price = price_from(recorded("product-simple"), around())
    assert stock is not None
    assert price is not None
    assert (stock.source_id, stock.article_number, stock.quantity) == ("11", "PEER-001", Decimal(14))
    assert (price.regular, price.sale, price.currency, price.includes_vat) == (Decimal(129), None, "SEK", True)
    assert price.vat_rate == Decimal(25)


def test_a_campaign_price_is_told_beside_the_regular_one() -> None:
    price = price_from(recorded("product-simple-sale"), around())
    assert price is not None
    assert (price.regular, price.sale, price.sale_from, price.sale_to) == (Decimal(199), Decimal(149), None, None)


def test_the_days_of_a_campaign_are_those_of_the_shop() -> None:
    """Midnight in Stockholm is the day before in UTC."""
    wire = recorded("product-simple-sale") | {
        "date_on_sale_from": "2026-11-27T00:00:00",
        "date_on_sale_from_gmt": "2026-11-26T23:00:00",
        "date_on_sale_to": "2026-11-30T23:59:59",
    }
    price = price_from(wire, around())
    assert price is not None
    assert (price.sale_from, price.sale_to) == (date(2026, 11, 27), date(2026, 11, 30))


def test_a_product_with_variants_tells_them_and_has_neither_price_nor_stock() -> None:
    wire = recorded("product-variable")
    product = product_from(wire, recorded("variations"), around())
    assert len(product.variants) == 9
    assert product.variants[0] == Variant(
        source_id="41/50", article_number="PEER-V1-GRO-L", options=(("Färg", "Grön"), ("Storlek", "L"))
    )
    assert (stock_from(wire), price_from(wire, around())) == (None, None)


def test_a_variation_whose_product_keeps_the_stock_has_that_stock() -> None:
    levels = [stock_from(wire) for wire in recorded("variations-parent-stock")]
    assert [(level.source_id, level.article_number, level.quantity) for level in levels if level] == [
        ("61/65", "PEER-V3-BAM-LANG", Decimal(8)),
        ("61/64", "PEER-V3-BAM-KORT", Decimal(7)),
        ("61/63", "PEER-V3-BOM-LANG", Decimal(6)),
        ("61/62", "PEER-V3-BOM-KORT", Decimal(40)),
    ]


def test_what_the_shop_keeps_no_stock_of_or_has_no_price_for_is_left_out() -> None:
    wire = recorded("product-simple")
    assert stock_from(wire | {"manage_stock": False, "stock_quantity": None}) is None
    assert stock_from(wire | {"sku": ""}) is None
    assert price_from(wire | {"regular_price": ""}, around()) is None
    assert price_from(wire | {"sku": ""}, around()) is None


def test_an_article_without_a_number_is_still_a_product() -> None:
    assert product_from(recorded("product-simple") | {"sku": ""}, (), around()).article_number == ""


@pytest.mark.parametrize(
    ("unit", "wire", "kilograms"), [("kg", "0.10", "0.1"), ("g", "250", "0.25"), ("lbs", "2", "0.90718474")]
)
def test_a_weight_is_in_kilograms_whatever_the_shop_weighs_in(unit: str, wire: str, kilograms: str) -> None:
    product = product_from(recorded("product-simple") | {"weight": wire}, (), around(weight_unit=unit))
    assert product.weight == Decimal(kilograms)


def test_a_weight_that_is_not_given_is_not_zero() -> None:
    assert product_from(recorded("product-simple") | {"weight": ""}, (), around()).weight is None


def test_what_is_not_taxable_has_no_vat_and_an_unknown_class_no_rate() -> None:
    wire = recorded("product-simple")
    assert product_from(wire | {"tax_status": "none"}, (), around()).vat_rate == 0
    assert product_from(wire | {"tax_class": "bocker-6"}, (), around()).vat_rate is None


def test_a_variation_that_leaves_a_choice_open_has_the_other_one() -> None:
    open_one = recorded("variations")[0] | {"attributes": [{"id": 1, "name": "Färg", "option": "Grön"}]}
    shapeless = recorded("variations")[1] | {"attributes": []}
    product = product_from(recorded("product-variable"), [open_one, shapeless], around())
    assert [variant.options for variant in product.variants] == [(("Färg", "Grön"),)]


@pytest.mark.parametrize("status", ["draft", "private", "pending", "future"])
def test_only_what_is_published_is_active(status: str) -> None:
    assert product_from(recorded("product-simple") | {"status": status}, (), around()).active is False


@pytest.mark.parametrize(
    "changes", [{"stock_quantity": "x"}, {"id": 0}, {"manage_stock": True, "stock_quantity": []}, {"sku": "A-1", "id": None}]
)
def test_a_stock_that_cannot_be_understood_is_our_own_error_and_names_the_article(changes: dict[str, Any]) -> None:
    with pytest.raises(ContractChanged, match=r"PEER-001|A-1"):
        stock_from(recorded("product-simple") | changes)
