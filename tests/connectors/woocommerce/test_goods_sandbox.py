"""The simulator's products, stock, notes and mails against the recordings: it answers as the real shop did."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.woocommerce.sandbox import Simulator
from connectors.woocommerce.simulator.cart import Cart, Item
from tests.connectors.woocommerce.conftest import Clock, recorded
from tests.connectors.woocommerce.test_sandbox import TlsShop, ask


@pytest.fixture
def session(shop: Simulator) -> Iterator[requests.Session]:
    with requests.Session() as opened:
        opened.auth = (shop.access.key, shop.access.secret)
        yield opened


@pytest.fixture
def sock(shop: Simulator) -> int:
    """What the recorded shop had under the id 11."""
    with shop.lock:
        fields = {"sku": "PEER-001", "regular_price": "129", "global_unique_id": "7350000000001", "manage_stock": True}
        shop.goods.create({**fields, "stock_quantity": 14}, number=11)
    return 11


@pytest.mark.parametrize(
    ("recording", "method", "path", "body"),
    [
        ("product_404", "GET", "/products/99999", None),
        ("product_put_404", "PUT", "/products/99999", {"name": "x"}),
        ("products_variations_path", "GET", "/products/variations", None),
        ("stock_string_bad", "PUT", "/products/11", {"stock_quantity": "abc"}),
        ("stock_float", "PUT", "/products/11", {"stock_quantity": 3.7}),
        ("price_number", "PUT", "/products/11", {"regular_price": 499}),
        ("sku_dup_create", "POST", "/products", {"name": "x", "sku": "PEER-001"}),
        ("gtin_dup", "POST", "/products", {"name": "x", "global_unique_id": "7350000000001"}),
        ("batch_101", "POST", "/products/batch", {"update": [{"id": 11}] * 101}),
        ("batch_51_50", "POST", "/products/batch", {"update": [{"id": 11}] * 51, "create": [{}] * 50}),
    ],
)
@pytest.mark.usefixtures("sock")
def test_it_is_refused_in_the_recorded_words(
    shop: Simulator, session: requests.Session, recording: str, method: str, path: str, body: Any
) -> None:
    expected = recorded("errors")[recording]
    assert ask(session, shop, method, path, json=body) == (expected["status"], expected["body"])


def test_a_variation_is_found_by_number_and_changed_below_its_product_only(shop: Simulator, session: requests.Session) -> None:
    parent = shop.add_article("TR", name="Tröja")
    _, _, number = shop.add_article("TR-1", part_of=parent, options=(("Färg", "Röd"),)).partition("/")
    other = shop.add_article("BY", name="Byxa")
    _, (found,) = ask(session, shop, "GET", "/products?sku=tr-1")
    assert (found["type"], found["parent_id"]) == ("variation", int(parent))
    assert (
        ask(session, shop, "GET", "/products?per_page=100")[1]
        == ask(session, shop, "GET", f"/products?include={parent},{other}")[1]
    )
    expected = recorded("errors")["stock_variation_via_products"]
    answer = ask(session, shop, "PUT", f"/products/{number}", json={"stock_quantity": 1})
    assert answer == (expected["status"], expected["body"])
    expected = recorded("errors")["variation_wrong_parent"]
    assert ask(session, shop, "GET", f"/products/{other}/variations/{number}") == (expected["status"], expected["body"])


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("499,50", "499.50"), ("gratis", ""), ("0", "0")],
)
def test_a_price_that_is_no_number_erases_it_without_a_word(
    shop: Simulator, session: requests.Session, sock: int, sent: str, kept: str
) -> None:
    status, body = ask(session, shop, "PUT", f"/products/{sock}", json={"regular_price": sent})
    assert (status, body["regular_price"]) == (200, kept)


def test_an_unknown_tax_class_becomes_the_standard_one_without_a_word(
    shop: Simulator, session: requests.Session, sock: int
) -> None:
    shop.goods.update(shop.goods.by_id[sock], {"tax_class": "reduced-rate"})
    status, body = ask(session, shop, "PUT", f"/products/{sock}", json={"tax_class": "nonsense"})
    assert (status, body["tax_class"]) == (200, "")


@pytest.mark.parametrize(
    ("sent", "quantity", "status"),
    [
        ({"stock_quantity": "18"}, 18, "instock"),
        ({"stock_quantity": 0, "stock_status": "instock"}, 0, "outofstock"),
        ({"stock_quantity": None}, 0, "outofstock"),
        ({"stock_quantity": -2}, -2, "outofstock"),
        ({"stock_quantity": 0, "backorders": "notify"}, 0, "onbackorder"),
        ({"manage_stock": False, "stock_quantity": 5}, None, "instock"),
    ],
)
def test_stock_is_taken_as_recorded(
    shop: Simulator, session: requests.Session, sock: int, sent: dict[str, Any], quantity: int | None, status: str
) -> None:
    _, body = ask(session, shop, "PUT", f"/products/{sock}", json=sent)
    assert (body["stock_quantity"], body["stock_status"]) == (quantity, status)


def test_a_batch_checks_nothing_and_answers_for_each_item(shop: Simulator, session: requests.Session, sock: int) -> None:
    items = {"create": [{"sku": "peer-001"}], "update": [{"id": sock, "stock_quantity": "abc"}, {"id": 999999}, {"name": "x"}]}
    status, body = ask(session, shop, "POST", "/products/batch", json=items)
    mixed = recorded("batch-products-mixed")
    assert status == 200
    assert body["create"][0]["id"] == 0
    assert body["create"][0]["error"]["code"] == mixed["create"][1]["error"]["code"]
    assert body["update"][0]["stock_quantity"] == 0
    assert body["update"][1:] == mixed["update"][1:3]
    assert shop.violations == ["stock_quantity is 'abc'"]


@pytest.mark.parametrize("body", [{}, {"nonsense": []}, []])
def test_an_empty_or_malformed_batch_is_answered_with_an_empty_list(
    shop: Simulator, session: requests.Session, body: Any
) -> None:
    assert ask(session, shop, "POST", "/products/batch", json=body) == (200, [])


def test_a_variation_whose_product_keeps_the_stock_shows_that_and_ignores_its_own(
    shop: Simulator, session: requests.Session
) -> None:
    parent = shop.add_article("TR", name="Tröja", quantity=Decimal(40))
    _, _, number = shop.add_article("TR-1", part_of=parent, options=(("Färg", "Röd"),)).partition("/")
    _, body = ask(session, shop, "PUT", f"/products/{parent}/variations/{number}", json={"stock_quantity": 5})
    expected = recorded("variation-managed-by-parent-put")
    assert (body["manage_stock"], body["stock_quantity"]) == (expected["manage_stock"], expected["stock_quantity"])


def test_what_is_sold_is_off_the_shelf_at_once_and_back_when_the_order_is_cancelled(shop: Simulator) -> None:
    shop.add_article("A-1", name="Mössa", regular=Decimal(100), quantity=Decimal(5))
    number = shop.sell("a-1", 2)
    assert shop.articles()[0].quantity == 3
    shop.change_order(number, status="completed")
    assert shop.articles()[0].quantity == 3
    shop.change_order(number, status="cancelled")
    assert shop.articles()[0].quantity == 5
    shop.refund_order(shop.sell("A-1"))
    assert shop.articles()[0].quantity == 4
    shop.sell("A-1", 9, status="pending")
    assert shop.articles()[0].quantity == 4


def test_the_catalogue_on_the_shelf_is_what_its_orders_sell(shop: Simulator) -> None:
    shop.seed_articles(10)
    variation = next(article for article in shop.catalogue if article.variation_id)
    shop.place_order(Cart(items=(Item(variation, 3), Item(shop.catalogue[0]))))
    held = {article.article_number: article.quantity for article in shop.articles()}
    assert [held[article.sku] for article in (variation, *shop.catalogue[:2])] == [Decimal(7), Decimal(9), Decimal(10)]


@pytest.mark.parametrize(
    ("before", "after", "mails"),
    [
        ("pending", "processing", ["Your order has been received"]),
        ("on-hold", "processing", ["Your order has been received"]),
        ("processing", "completed", ["Your order is now complete"]),
        ("completed", "completed", []),
        ("processing", "cancelled", []),
        ("processing", "failed", ["Your order was unsuccessful"]),
        ("processing", "refunded", ["Your order has been refunded"]),
        ("completed", "processing", []),
        ("processing", "on-hold", []),
    ],
)
def test_a_change_of_status_sends_the_mails_that_were_measured(
    shop: Simulator, session: requests.Session, before: str, after: str, mails: list[str]
) -> None:
    number = shop.place_order(status=before)
    ask(session, shop, "PUT", f"/orders/{number}", json={"status": after})
    assert [mail.partition(":")[0] for mail in shop.mails(number)] == mails


def test_a_note_is_mailed_each_time_and_refused_as_recorded(shop: Simulator, session: requests.Session) -> None:
    number = shop.place_order()
    for _ in range(2):
        assert ask(session, shop, "POST", f"/orders/{number}/notes", json={"note": "På väg", "customer_note": True})[0] == 201
    ask(session, shop, "POST", f"/orders/{number}/notes", json={"note": "Internt"})
    assert len(shop.mails(number)) == 2
    assert len(ask(session, shop, "GET", f"/orders/{number}/notes?type=customer")[1]) == 2
    for recording, path, body in (
        ("note_404", "/orders/99999/notes", {"note": "x"}),
        ("note_missing", f"/orders/{number}/notes", {}),
    ):
        expected = recorded("errors")[recording]
        assert ask(session, shop, "POST", path, json=body) == (expected["status"], expected["body"])


def test_the_rows_of_a_refund_have_the_recorded_shape(shop: Simulator) -> None:
    number = shop.place_order()
    order = shop.orders.by_id[int(number)]
    shop.refund_order(number, rows={order["line_items"][0]["id"]: 1})
    (refund,), (_, expected) = shop.orders.refunds[int(number)], recorded("refunds-completed-refund-partial")
    assert refund.keys() >= expected.keys() - {"_links"}
    assert refund["line_items"][0].keys() >= expected["line_items"][0].keys()
    assert refund["tax_lines"][0].keys() == expected["tax_lines"][0].keys()
    assert (refund["amount"], refund["line_items"][0]["total"]) == ("129.00", "-103.20")


@pytest.mark.parametrize("recording", ["product-simple", "product-variable"])
def test_a_product_has_only_fields_that_were_recorded(shop: Simulator, session: requests.Session, recording: str) -> None:
    number = shop.add_article("A-1", name="Mössa", quantity=Decimal(1))
    assert ask(session, shop, "GET", f"/products/{number}")[1].keys() <= recorded(recording).keys()


def test_what_was_done_by_call_is_done_again_from_the_journal(tmp_path: Path, clock: Clock) -> None:
    journal = tmp_path / "journal"
    shop = TlsShop(journal=journal, clock=clock)
    with shop.serve(), requests.Session() as session:
        session.auth = (shop.access.key, shop.access.secret)
        ask(session, shop, "POST", "/products/categories", json={"name": "Kläder"})
        ask(session, shop, "POST", "/products", json={"name": "Mössa", "sku": "A-1", "categories": [{"id": 16}]})
        clock.tick(60)
        number = shop.articles()[0].target_id
        items = {"update": [{"id": int(number), "manage_stock": True, "stock_quantity": 5}]}
        ask(session, shop, "POST", "/products/batch", json=items)
    again = TlsShop(journal=journal, clock=clock)
    assert again.articles() == shop.articles()
    assert again.goods.by_id == shop.goods.by_id
    assert shop.articles()[0].categories == ("Kläder",)
