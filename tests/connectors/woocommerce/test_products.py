"""Writing products: made once, changed in what differs, with their variants, categories and VAT."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connectors.articles import Product, Variant
from connectors.base import Change, Put, Register
from connectors.errors import Conflict, InvalidRecord, ServerFailed
from connectors.sandbox import Fault, Request, Response, SeenArticle
from connectors.woocommerce.sandbox import Simulator
from tests.connectors.woocommerce.conftest import Opener

CAP = Product(
    source_id="77",
    article_number="NY-1",
    name="Ullmössa",
    text="Varm & skön",
    ean="7310865004703",
    weight=Decimal("0.25"),
    vat_rate=Decimal(12),
    categories=("Kläder > Mössor",),
)


def variant(colour: str, **fields: Any) -> Variant:
    return replace(Variant(article_number=f"TR-{colour}", options=(("Färg", colour),)), **fields)


SHIRT = replace(CAP, article_number="TR", name="Tröja", ean="", variants=(variant("Röd"), variant("Blå")))


def put(shop: Simulator, connect: Opener, *products: Product, fields: set[str] | None = None, **options: str) -> list[Put]:
    names = None if fields is None else frozenset(fields)
    changes = [Change(key=product.article_number, record=product, create=True, fields=names) for product in products]
    return list(connect(shop, **options).put(Register.PRODUCTS, changes))


def errors(done: Sequence[Put]) -> list[str]:
    return [str(made.error.text) for made in done if made.error]


def held(shop: Simulator, number: str) -> SeenArticle:
    return next(article for article in shop.articles() if article.article_number == number)


def writes(shop: Simulator) -> list[str]:
    return [call.path.removeprefix("/wp-json/wc/v3") for call in shop.history.calls() if call.method != "GET"]


def test_what_is_as_it_is_to_be_is_not_written_again(shop: Simulator, connect: Opener) -> None:
    assert [made.written for made in put(shop, connect, CAP, SHIRT)] == [True, True]
    before = writes(shop)
    again = put(shop, connect, CAP, SHIRT)
    assert [(made.written, made.error) for made in again] == [(False, None), (False, None)]
    assert writes(shop) == before
    assert shop.violations == []


def test_only_what_differs_is_sent(shop: Simulator, connect: Opener) -> None:
    put(shop, connect, CAP)
    put(shop, connect, replace(CAP, name="Mössa av ull", weight=Decimal("0.250")))
    body = shop.history.calls("POST", "products/batch")[-1].body
    assert body["update"] == [{"id": int(put(shop, connect, CAP)[0].target_id), "name": "Mössa av ull"}]


def test_categories_are_made_once_whoever_asks(shop: Simulator, connect: Opener) -> None:
    connector = connect(shop)
    products = [
        replace(CAP, article_number=f"A-{n}", ean="", categories=("Kläder > mössor", "Kläder > Vantar")) for n in range(8)
    ]

    def work(product: Product) -> None:
        connector.put(Register.PRODUCTS, [Change(key=product.article_number, record=product, create=True)])

    threads = [threading.Thread(target=work, args=(product,)) for product in products]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert writes(shop).count("/products/categories") == 3
    assert {article.categories for article in shop.articles()} == {("Kläder > mössor", "Kläder > Vantar")}


def test_a_category_that_somebody_made_at_the_same_moment_is_used(
    shop: Simulator, connect: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = shop.handle

    def meanwhile(request: Request) -> Response:
        if request.method == "POST" and request.path.endswith("/categories") and len(shop.goods.categories) == 1:
            shop.goods.new_category({"name": "Kläder"})
        return handle(request)

    monkeypatch.setattr(shop, "handle", meanwhile)
    assert errors(put(shop, connect, CAP)) == []
    assert held(shop, "NY-1").categories == ("Kläder > Mössor",)


def test_a_product_without_categories_keeps_those_that_the_merchant_chose(shop: Simulator, connect: Opener) -> None:
    shop.add_article("NY-1", name="Ullmössa", categories=("Nyheter",))
    for categories in ((), ("", " > ")):
        assert errors(put(shop, connect, replace(CAP, categories=categories))) == []
        assert held(shop, "NY-1").categories == ("Nyheter",)
    put(shop, connect, replace(CAP, categories=("Kläder", "kläder")))
    assert held(shop, "NY-1").categories == ("Kläder",)


def test_the_vat_rate_chooses_the_tax_class(shop: Simulator, connect: Opener) -> None:
    for rate in (25, 12, 6, 0):
        assert errors(put(shop, connect, replace(CAP, vat_rate=Decimal(rate)))) == []
        assert held(shop, "NY-1").vat_rate == rate
    put(shop, connect, replace(CAP, vat_rate=None))
    assert held(shop, "NY-1").vat_rate == 0


def test_a_rate_that_the_shop_does_not_have_stops_alone(shop: Simulator, connect: Opener) -> None:
    done = put(shop, connect, replace(CAP, vat_rate=Decimal("25.5")), replace(CAP, article_number="NY-2", ean=""))
    assert [type(made.error) for made in done] == [InvalidRecord, type(None)]
    assert "Article NY-1 has 25.5 % VAT" in errors(done)[0]


def test_without_a_class_for_it_what_has_no_vat_is_not_taxable(shop: Simulator, connect: Opener) -> None:
    """As on the recorded shop, whose class for 0 % has no rate at all."""
    tax = {"country": "SE", "rate": "25.0000", "class": "standard"}
    shop.faults.add(Fault("status", path="/taxes", status=200, body=[tax], times=None))
    assert errors(put(shop, connect, replace(CAP, vat_rate=Decimal(0)))) == []
    assert held(shop, "NY-1").vat_rate == 0
    assert errors(put(shop, connect, replace(CAP, vat_rate=Decimal(25)))) == []
    assert held(shop, "NY-1").vat_rate == 25


def test_a_variant_cannot_be_free_of_vat_without_a_class_for_it(shop: Simulator, connect: Opener) -> None:
    parent = shop.add_article("TR", name="Tröja")
    shop.add_article("NY-1", part_of=parent, options=(("Färg", "Röd"),))
    tax = {"country": "SE", "rate": "25.0000", "class": "standard"}
    shop.faults.add(Fault("status", path="/taxes", status=200, body=[tax], times=None))
    assert "Article NY-1 has 0 % VAT" in errors(put(shop, connect, replace(CAP, vat_rate=Decimal(0))))[0]


@pytest.mark.parametrize(("unit", "shown"), [("kg", "0.25"), ("g", "250"), ("lbs", "0.551156")])
def test_a_weight_is_written_in_the_unit_of_the_shop(shop: Simulator, connect: Opener, unit: str, shown: str) -> None:
    put(shop, connect, CAP, weight_unit=unit)
    assert held(shop, "NY-1").weight == Decimal(shown)
    assert [made.written for made in put(shop, connect, CAP, weight_unit=unit)] == [False]


def test_an_ean_that_another_article_has_stops_alone(shop: Simulator, connect: Opener) -> None:
    shop.add_article("A-1", name="Mössa", ean="7310865004703")
    done = put(shop, connect, CAP, replace(CAP, article_number="NY-2", ean=""))
    assert [type(made.error) for made in done] == [Conflict, type(None)]
    assert "NY-1" in errors(done)[0]


def test_a_product_that_somebody_makes_at_the_same_moment_is_taken_over(
    shop: Simulator, connect: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = shop.handle
    made: list[str] = []

    def meanwhile(request: Request) -> Response:
        if request.path.endswith("/products/batch") and not made:
            made.append(shop.add_article("ny-1", name="Hemmagjord"))
        return handle(request)

    monkeypatch.setattr(shop, "handle", meanwhile)
    (done,) = put(shop, connect, CAP)
    assert (done.error, done.target_id) == (None, made[0])
    assert [article.name for article in shop.articles()] == ["Ullmössa"]


def test_a_new_product_stays_unseen_where_being_active_is_left_to_the_merchant(shop: Simulator, connect: Opener) -> None:
    put(shop, connect, CAP, fields={"name", "ean"})
    assert held(shop, "NY-1").active is False
    put(shop, connect, CAP, fields={"active"})
    assert held(shop, "NY-1").active is True


def test_a_product_that_the_merchant_hides_in_another_way_is_left_hidden_so(shop: Simulator, connect: Opener) -> None:
    number = shop.add_article("NY-1", name="Ullmössa")
    shop.goods.update(shop.goods.by_id[int(number)], {"status": "private"})
    put(shop, connect, replace(CAP, active=False))
    assert shop.goods.by_id[int(number)]["status"] == "private"


def test_a_variant_that_its_product_no_longer_has_is_hidden_and_kept(shop: Simulator, connect: Opener) -> None:
    put(shop, connect, SHIRT)
    fewer = replace(SHIRT, variants=SHIRT.variants[:1])
    assert [made.written for made in put(shop, connect, fewer)] == [True]
    assert (held(shop, "TR-Röd").active, held(shop, "TR-Blå").active) == (True, False)
    assert [made.written for made in put(shop, connect, fewer)] == [False]
    put(shop, connect, SHIRT)
    assert held(shop, "TR-Blå").active is True
    assert shop.violations == []


def test_a_record_without_variants_says_nothing_of_those_in_the_shop(shop: Simulator, connect: Opener) -> None:
    put(shop, connect, SHIRT)
    put(shop, connect, replace(SHIRT, variants=()))
    assert (held(shop, "TR-Röd").active, held(shop, "TR-Blå").active) == (True, True)


def test_what_the_merchant_made_is_taken_over_by_its_options(shop: Simulator, connect: Opener) -> None:
    parent = shop.add_article("TR", name="Tröja")
    shop.add_article("", part_of=parent, options=(("färg", "röd"),), regular=Decimal(249))
    assert errors(put(shop, connect, SHIRT)) == []
    assert (held(shop, "TR-Röd").regular, held(shop, "TR-Röd").part_of) == (Decimal(249), parent)
    assert len(shop.articles()) == 2


def test_attributes_that_the_merchant_keeps_beside_the_options_stay(shop: Simulator, connect: Opener) -> None:
    number = shop.add_article("TR", name="Tröja")
    material = {"name": "Material", "options": ["Ull"], "visible": True, "variation": False}
    shop.goods.update(shop.goods.by_id[int(number)], {"attributes": [material]})
    put(shop, connect, SHIRT)
    rows = shop.goods.by_id[int(number)]["attributes"]
    assert [(row["name"], row["options"], row["variation"]) for row in rows] == [
        ("Material", ["Ull"], False),
        ("Färg", ["Röd", "Blå"], True),
    ]


def test_whichever_answer_is_lost_the_next_attempt_ends_right(shop: Simulator, connect: Opener) -> None:
    put(shop, connect, SHIRT)
    calls, expected = len(writes(shop)), [replace(article, target_id="", part_of="") for article in shop.articles()]
    assert calls == 4
    for n in range(calls):
        again = Simulator(clock=shop.now)
        again.is_tls = True
        with again.serve():
            again.faults.add(Fault("drop_after", method="POST", skip=n))
            with pytest.raises(ServerFailed):
                put(again, connect, SHIRT)
            assert errors(put(again, connect, SHIRT)) == []
            assert [replace(article, target_id="", part_of="") for article in again.articles()] == expected
            assert len(again.goods.categories) == len(shop.goods.categories)


def test_more_variants_than_a_batch_holds_go_in_several(shop: Simulator, connect: Opener) -> None:
    many = replace(SHIRT, variants=tuple(variant(f"F{n}") for n in range(130)))
    assert errors(put(shop, connect, many)) == []
    assert len(shop.articles()) == 130
    assert shop.violations == []


def test_a_variant_that_is_an_article_of_its_own_in_the_shop_stops_its_product_before_anything_is_written(
    shop: Simulator, connect: Opener
) -> None:
    shop.add_article("TR-Blå", name="Blå tröja")
    (done,) = put(shop, connect, SHIRT)
    assert isinstance(done.error, Conflict)
    assert "TR-Blå" in str(done.error.text)
    assert [article.article_number for article in shop.articles()] == ["TR-Blå"]
    assert writes(shop) == []


@pytest.mark.parametrize(
    "variants",
    [
        (variant("Röd"), variant("Röd")),
        (variant("Röd"), variant("Blå", options=(("färg", "RÖD"),))),
        (variant("Röd", article_number="tr"),),
        (variant("Röd", options=()),),
        (variant("Röd", article_number=""),),
    ],
)
def test_variants_that_nobody_could_tell_apart_stop_their_product(
    shop: Simulator, connect: Opener, variants: tuple[Variant, ...]
) -> None:
    (done,) = put(shop, connect, replace(SHIRT, variants=variants))
    assert isinstance(done.error, InvalidRecord)
    assert shop.articles() == []


def test_a_variant_that_cannot_be_made_is_named(shop: Simulator, connect: Opener) -> None:
    shop.add_article("A-1", name="Mössa", ean="4006381333931")
    shirt = replace(SHIRT, variants=(variant("Röd"), variant("Blå", ean="4006381333931")))
    (done,) = put(shop, connect, shirt)
    assert isinstance(done.error, Conflict)
    assert "TR-Blå" in str(done.error.text)


def test_an_article_that_is_a_variant_in_the_shop_is_written_as_one(shop: Simulator, connect: Opener) -> None:
    parent = shop.add_article("TR", name="Tröja")
    shop.add_article("NY-1", part_of=parent, options=(("Färg", "Röd"),), regular=Decimal(249))
    (done,) = put(shop, connect, replace(CAP, active=False))
    article = held(shop, "NY-1")
    assert (done.error, done.target_id) == (None, article.target_id)
    assert (article.ean, article.weight, article.vat_rate, article.active) == (CAP.ean, CAP.weight, CAP.vat_rate, False)
    assert "is a variant in WooCommerce" in str(done.notices[0])
    assert shop.violations == []


def test_a_product_without_a_name_stops_alone(shop: Simulator, connect: Opener) -> None:
    """WooCommerce would call it “Product” (measured 2026-11-21)."""
    (done,) = put(shop, connect, replace(CAP, name=" "))
    assert isinstance(done.error, InvalidRecord)
    assert shop.articles() == []


def test_an_article_number_as_long_as_the_shop_holds_is_taken(shop: Simulator, connect: Opener) -> None:
    done = put(shop, connect, replace(CAP, article_number="X" * 100), replace(CAP, article_number="Y" * 101, ean=""))
    assert [type(made.error) for made in done] == [type(None), InvalidRecord]
