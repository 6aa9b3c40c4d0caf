"""Stock and prices on their way: few calls, each item for itself, and never into the wrong article."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import pytest
import simplejson

from connectors.articles import Price, StockLevel
from connectors.base import Change, Put, Register
from connectors.errors import Conflict, ConnectorError, ContractChanged, InvalidRecord, Missing, ServerFailed
from connectors.sandbox import Fault, Response, SeenArticle
from connectors.woocommerce.batches import batch
from connectors.woocommerce.client import open_api
from connectors.woocommerce.problems import is_gone, of_item
from connectors.woocommerce.sandbox import Simulator
from tests.connectors.echo import Echo
from tests.connectors.woocommerce.conftest import Opener, recorded


def level(number: str, quantity: object = 7, target_id: str = "") -> Change:
    record = StockLevel(source_id="1", article_number=number, quantity=Decimal(str(quantity)))
    return Change(key=number, record=record, target_id=target_id)


def price(number: str, regular: object) -> Change:
    record = Price(
        source_id="1",
        article_number=number,
        currency="SEK",
        includes_vat=True,
        vat_rate=Decimal(25),
        regular=Decimal(str(regular)),
    )
    return Change(key=number, record=record)


def put(shop: Simulator, connect: Opener, changes: Sequence[Change], register: Register = Register.STOCK) -> dict[str, Put]:
    return {made.key: made for made in connect(shop).put(register, changes)}


def shelf(shop: Simulator) -> dict[str, SeenArticle]:
    return {held.article_number: held for held in shop.articles()}


def shirts(shop: Simulator) -> str:
    parent = shop.add_article("TR", name="Tröja", quantity=Decimal(40))
    for colour in ("Röd", "Blå"):
        shop.add_article(f"TR-{colour}", part_of=parent, options=(("Färg", colour),), regular=Decimal(249))
    return parent


def test_a_hundred_articles_take_two_calls_and_one_when_their_ids_are_known(shop: Simulator, connect: Opener) -> None:
    numbers = [f"A-{n}" for n in range(100)]
    for number in numbers:
        shop.add_article(number, name=number, quantity=Decimal(1))
    first = put(shop, connect, [level(number) for number in numbers])
    assert [call.path for call in shop.history.calls()] == ["/wp-json/wc/v3/products", "/wp-json/wc/v3/products/batch"]
    put(shop, connect, [level(number, 8, first[number].target_id) for number in numbers])
    assert len(shop.history.calls()) == 3
    assert {held.quantity for held in shop.articles()} == {Decimal(8)}
    assert shop.violations == []


def test_variations_go_with_their_product_and_get_a_stock_of_their_own(shop: Simulator, connect: Opener) -> None:
    parent = shirts(shop)
    assert shelf(shop)["TR-Röd"].quantity == Decimal(40)
    shop.add_article("A-1", name="Mössa", quantity=Decimal(1))
    done = put(shop, connect, [level("TR-Röd", 3), level("A-1", 4), level("TR-Blå", 5)])
    assert done["TR-Röd"].target_id.startswith(f"{parent}/")
    assert [(shelf(shop)[n].quantity, done[n].error) for n in ("TR-Röd", "A-1", "TR-Blå")] == [
        (Decimal(3), None),
        (Decimal(4), None),
        (Decimal(5), None),
    ]
    assert [call.path.removeprefix("/wp-json/wc/v3") for call in shop.history.calls("POST")] == [
        f"/products/{parent}/variations/batch",
        "/products/batch",
    ]
    assert shop.violations == []


def test_an_article_that_was_made_anew_is_found_although_an_old_id_is_known(shop: Simulator, connect: Opener) -> None:
    old = shop.add_article("A-1", name="Mössa", quantity=Decimal(1))
    shop.remove_article("A-1")
    new = shop.add_article("A-1", name="Mössa", quantity=Decimal(1))
    made = put(shop, connect, [level("A-1", 9, old)])["A-1"]
    assert (made.error, made.target_id, shelf(shop)["A-1"].quantity) == (None, new, Decimal(9))


def test_a_variation_whose_product_is_gone_is_gone(shop: Simulator, connect: Opener) -> None:
    shirts(shop)
    first = put(shop, connect, [level("TR-Röd", 3)])
    shop.remove_article("TR")
    made = put(shop, connect, [level("TR-Röd", 3, first["TR-Röd"].target_id)])["TR-Röd"]
    assert isinstance(made.error, Missing)
    assert "TR-Röd" in str(made.error.text)


@pytest.mark.parametrize("variation", [False, True])
def test_a_route_that_is_not_there_says_nothing_of_the_articles(shop: Simulator, connect: Opener, variation: bool) -> None:
    shirts(shop)
    shop.add_article("A-1", name="Mössa", quantity=Decimal(1))
    shop.faults.add(Fault("status", path="batch", status=404, times=None))
    with pytest.raises(ConnectorError) as caught:
        put(shop, connect, [level("TR-Röd" if variation else "A-1")])
    assert "is not in WooCommerce" not in str(caught.value)


def test_an_id_that_has_another_article_now_is_noticed_and_the_right_one_is_written(shop: Simulator, connect: Opener) -> None:
    first = shop.add_article("A-1", name="Mössa", quantity=Decimal(1))
    shop.change_article("A-1", name="Vante")
    shop.goods.update(shop.goods.by_id[int(first)], {"sku": "B-1"})
    second = shop.add_article("A-1", name="Mössa", quantity=Decimal(1))
    made = put(shop, connect, [level("A-1", 9, first)])["A-1"]
    assert (made.error, made.target_id, shelf(shop)["A-1"].quantity) == (None, second, Decimal(9))
    assert "B-1 was given what was meant for it" in str(made.notices[0])


def test_a_price_on_a_product_with_variants_is_refused(shop: Simulator, connect: Opener) -> None:
    shirts(shop)
    done = put(shop, connect, [price("TR", 100), price("TR-Röd", "199.90")], Register.PRICES)
    assert isinstance(done["TR"].error, InvalidRecord)
    assert "Its variants have" in str(done["TR"].error.text)
    assert shelf(shop)["TR-Röd"].regular == Decimal("199.90")
    assert shop.violations == []


def test_a_stock_that_the_shop_does_not_keep_is_an_error(shop: Simulator, connect: Opener) -> None:
    number = shop.add_article("A-1", name="Mössa")
    row = {"id": int(number), "sku": "A-1", "type": "external", "manage_stock": False, "stock_quantity": None}
    shop.faults.add(Fault("status", path="batch", status=200, body=simplejson.dumps({"update": [row]})))
    made = put(shop, connect, [level("A-1")])["A-1"]
    assert isinstance(made.error, InvalidRecord)
    assert not made.written


def test_one_that_cannot_be_written_leaves_the_others(shop: Simulator, connect: Opener) -> None:
    for number in ("A-1", "A-2"):
        shop.add_article(number, name=number, quantity=Decimal(1))
    done = put(shop, connect, [level("A-1", "1e11"), level("A-2", 5)])
    assert isinstance(done["A-1"].error, InvalidRecord)
    assert (shelf(shop)["A-1"].quantity, shelf(shop)["A-2"].quantity) == (Decimal(1), Decimal(5))


def test_with_no_field_to_write_nothing_is_sent(shop: Simulator, connect: Opener) -> None:
    made = put(shop, connect, [replace(level("A-1"), fields=frozenset())])["A-1"]
    assert (made.written, made.error, shop.history.calls()) == (False, None, [])


def test_the_recorded_answer_to_a_mixed_batch_is_understood_item_for_item() -> None:
    echo = Echo()
    echo.responses = [Response(200, recorded("batch-products-mixed"))]
    with echo.serve() as address:
        api = open_api(Simulator().endpoint_options(address) | {"sign_in": "basic"})
        answer, rows = batch(api, "", {"create": [{}] * 3, "update": [{}] * 5})
        api.close()
    errors = [of_item(row["error"], "A-1", answer) if "error" in row else None for row in rows["update"]]
    assert [type(error) for error in errors] == [type(None), Missing, Missing, type(None), Missing]
    taken = of_item(rows["create"][1]["error"], "PEER-001", answer)
    assert isinstance(taken, Conflict)
    assert "PEER-001" in str(taken.text)


def test_the_recorded_answer_to_a_batch_of_variations_tells_which_are_gone() -> None:
    rows = recorded("batch-variations")["update"]
    assert [is_gone(row.get("error") or {}) for row in rows] == [False, True, True]


def test_an_item_that_the_shop_failed_at_may_be_tried_again() -> None:
    echo = Echo()
    echo.responses = [Response(200, {"update": [{"id": 1}]})]
    with echo.serve() as address:
        api = open_api(Simulator().endpoint_options(address) | {"sign_in": "basic"})
        answer, _ = batch(api, "", {"update": [{}]})
        api.close()
    error = of_item({"code": "db_error", "message": "Deadlock", "data": {"status": 500}}, "A-1", answer)
    assert isinstance(error, ServerFailed)


def test_no_secret_shows_in_the_error_of_an_item(shop: Simulator, connect: Opener) -> None:
    number = shop.add_article("A-1", name="Mössa", quantity=Decimal(1))
    words = f"The keys {shop.access.secret} {shop.access.key}:{shop.access.secret} are not right."
    for status, code in ((400, "x"), (500, "x"), (400, "product_invalid_sku")):
        error = {"code": code, "message": words, "data": {"status": status, "params": {"a": words}}}
        body = simplejson.dumps({"update": [{"id": int(number), "error": error}]})
        shop.faults.add(Fault("status", path="batch", status=200, body=body))
        made = put(shop, connect, [level("A-1")])["A-1"]
        assert made.error is not None
        told = f"{made.error} {made.error.text} {made.error.evidence}"
        assert "are not right" in told
        assert shop.access.secret not in told


def test_several_threads_share_one_connector(shop: Simulator, connect: Opener) -> None:
    numbers = [f"A-{n}" for n in range(80)]
    for number in numbers:
        shop.add_article(number, name=number, regular=Decimal(1), quantity=Decimal(1))
    connector = connect(shop)
    with ThreadPoolExecutor(4) as pool:
        parts = [numbers[start : start + 10] for start in range(0, 80, 10)]
        made = list(pool.map(lambda part: connector.put(Register.STOCK, [level(number) for number in part]), parts))
        made += pool.map(lambda part: connector.put(Register.PRICES, [price(number, 99) for number in part]), parts)
    assert [one.error for part in made for one in part] == [None] * 160
    assert {(held.quantity, held.regular) for held in shop.articles()} == {(Decimal(7), Decimal(99))}


@pytest.mark.parametrize("body", [[], {}, {"update": []}, {"update": [{}, {}]}, {"update": {}}, "x"])
def test_an_answer_that_is_not_for_each_item_is_our_own_error(shop: Simulator, connect: Opener, body: object) -> None:
    shop.add_article("A-1", name="Mössa", quantity=Decimal(1))
    shop.faults.add(Fault("status", path="batch", status=200, body=simplejson.dumps(body)))
    with pytest.raises(ContractChanged) as caught:
        put(shop, connect, [level("A-1")])
    assert caught.value.outcome_unknown
