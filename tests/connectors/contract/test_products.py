"""Products: what is created, what is written of each, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connectors.articles import Product, Variant
from connectors.base import Change, Register
from connectors.errors import RejectedError
from tests.connectors.contract.conftest import Side
from tests.connectors.contract.test_articles import everything, put_all

WHOLE = Product(
    source_id="77",
    article_number="NY-1",
    name="Ullmössa",
    text="<p>Varm &amp; skön</p>",
    short_text="Varm",
    ean="7310865004703",
    weight=Decimal("0.25"),
    unit="st",
    vat_rate=Decimal(25),
    categories=("Kläder > Mössor",),
)


@pytest.fixture(autouse=True)
def of_products(request: pytest.FixtureRequest) -> None:
    name = "target" if "target" in request.fixturenames else "source"
    if request.getfixturevalue(name).register is not Register.PRODUCTS:
        pytest.skip("about products")


def create(side: Side, *products: Product) -> dict[str, Any]:
    return put_all(
        side.connector(), side, [Change(key=product.article_number, record=product, create=True) for product in products]
    )


def test_a_product_is_created_once_with_all_that_the_system_holds(target: Side) -> None:
    done = create(target, WHOLE)
    assert done["NY-1"].error is None
    create(target, WHOLE)
    (held,) = [held for held in target.stage.goods.articles() if held.article_number == "NY-1"]
    assert done["NY-1"].target_id == held.target_id
    lacks = target.stage.cls.capabilities.writes[Register.PRODUCTS].lacks
    for field, wanted in {
        "name": "Ullmössa",
        "ean": "7310865004703",
        "weight": Decimal("0.25"),
        "unit": "st",
        "vat_rate": Decimal(25),
        "categories": ("Kläder > Mössor",),
        "active": True,
    }.items():
        if field not in lacks:
            assert getattr(held, field) == wanted, field
    if "text" not in lacks:
        assert "skön" in held.text


def test_what_was_written_is_read_back_the_same(target: Side) -> None:
    if Register.PRODUCTS not in target.stage.cls.capabilities.reads:
        pytest.skip("this system's products cannot be read")
    create(target, WHOLE)
    record = everything(target.connector(), Register.PRODUCTS, keys=("NY-1",))["NY-1"]
    capabilities = target.stage.cls.capabilities
    lacks = {*capabilities.writes[Register.PRODUCTS].lacks, *capabilities.reads[Register.PRODUCTS].lacks}
    for field in ("name", "ean", "weight", "unit", "vat_rate", "categories", "active"):
        if field not in lacks:
            assert getattr(record, field) == getattr(WHOLE, field), field


def test_a_product_that_may_not_be_created_is_not(target: Side) -> None:
    (put,) = put_all(target.connector(), target, [Change(key="NY-1", record=WHOLE)]).values()
    assert isinstance(put.error, RejectedError)
    assert [held for held in target.stage.goods.articles() if held.article_number == "NY-1"] == []


def test_only_the_fields_that_are_to_be_written_are(target: Side) -> None:
    create(target, WHOLE)
    other = replace(WHOLE, name="Annat namn", ean="4006381333931", text="Annan text", active=False)
    put_all(target.connector(), target, [Change(key="NY-1", record=other, fields=frozenset({"name"}))])
    (held,) = [held for held in target.stage.goods.articles() if held.article_number == "NY-1"]
    assert (held.name, held.ean, held.active) == ("Annat namn", "7310865004703", True)


def test_what_the_merchant_keeps_beside_it_stays(target: Side) -> None:
    """A price or a stock that the product register says nothing of is not lost when the product is written."""
    target.stage.goods.add_article("A-1", name="Mössa", regular=Decimal("149.00"), quantity=Decimal(4))
    (before,) = [held for held in target.stage.goods.articles() if held.article_number == "A-1"]
    change = Change(key="A-1", record=replace(WHOLE, article_number="A-1"), fields=frozenset({"name"}))
    put_all(target.connector(), target, [change])
    (after,) = [held for held in target.stage.goods.articles() if held.article_number == "A-1"]
    assert replace(after, name="Mössa") == before
    assert after.name == "Ullmössa"


def test_a_product_becomes_inactive_and_active_again(target: Side) -> None:
    if "active" in target.stage.cls.capabilities.writes[Register.PRODUCTS].lacks:
        pytest.skip("this system has no inactive articles")
    create(target, WHOLE)
    for active in (False, True):
        change = Change(key="NY-1", record=replace(WHOLE, active=active), fields=frozenset({"active"}))
        put_all(target.connector(), target, [change])
        (held,) = [held for held in target.stage.goods.articles() if held.article_number == "NY-1"]
        assert held.active is active


@pytest.mark.parametrize("number", ["", " ", "X" * 300])
def test_a_number_that_the_system_does_not_take_stops_alone(target: Side, number: str) -> None:
    done = create(target, replace(WHOLE, article_number=number), replace(WHOLE, article_number="NY-2", ean=""))
    assert isinstance(done[number].error, RejectedError)
    assert done["NY-2"].error is None


def test_a_name_that_is_too_long_is_cut_and_said(target: Side) -> None:
    put = create(target, replace(WHOLE, name="Å" * 400))["NY-1"]
    (held,) = [held for held in target.stage.goods.articles() if held.article_number == "NY-1"]
    assert put.error is None
    assert held.name == "Å" * 400 or put.notices


def test_variants_are_created_with_their_product(target: Side) -> None:
    if target.stage.cls.capabilities.writes[Register.PRODUCTS].variant_dimensions == 0:
        pytest.skip("each variant is an article of its own here")
    shirt = replace(
        WHOLE,
        article_number="TR",
        ean="",
        variants=(
            Variant(article_number="TR-R-S", options=(("Färg", "Röd"), ("Storlek", "S"))),
            Variant(article_number="TR-B-M", options=(("Färg", "Blå"), ("Storlek", "M")), ean="4006381333931"),
        ),
    )
    for _ in range(2):
        assert create(target, shirt)["TR"].error is None
    held = {held.article_number: held for held in target.stage.goods.articles() if held.part_of}
    assert {number: article.options for number, article in held.items()} == {
        "TR-R-S": (("Färg", "Röd"), ("Storlek", "S")),
        "TR-B-M": (("Färg", "Blå"), ("Storlek", "M")),
    }
    assert len({article.part_of for article in held.values()}) == 1
    larger = replace(
        shirt, variants=(*shirt.variants, Variant(article_number="TR-B-S", options=(("Färg", "Blå"), ("Storlek", "S"))))
    )
    assert create(target, larger)["TR"].error is None
    assert {held.article_number for held in target.stage.goods.articles() if held.part_of} == {"TR-R-S", "TR-B-M", "TR-B-S"}


def test_variants_are_read_with_their_product(source: Side) -> None:
    if "variants" in source.stage.cls.capabilities.reads[Register.PRODUCTS].lacks:
        pytest.skip("this system has no variants")
    parent = source.stage.goods.add_article("TR", name="Tröja")
    for colour in ("Röd", "Blå"):
        source.stage.goods.add_article(f"TR-{colour}", name="Tröja", part_of=parent, options=(("Färg", colour),))
    record = everything(source.connector(), Register.PRODUCTS)["TR"]
    assert {variant.article_number: variant.options for variant in record.variants} == {
        "TR-Röd": (("Färg", "Röd"),),
        "TR-Blå": (("Färg", "Blå"),),
    }
