"""The simulator against the recordings: it answers as the real shop did."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count as numbers
from pathlib import Path
from typing import Any

import pytest
import requests
from requests_oauthlib import OAuth1

from connectors.woocommerce.sandbox import Simulator
from connectors.woocommerce.simulator.cart import Cart, Coupon, Fee, Item, count
from connectors.woocommerce.simulator.catalogue import Article
from tests.connectors.woocommerce.conftest import Clock, recorded


class TlsShop(Simulator):
    """Speaks TLS from the start, also while its journal is replayed."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.is_tls = True


@pytest.fixture
def session(shop: Simulator) -> Iterator[requests.Session]:
    with requests.Session() as opened:
        opened.auth = (shop.access.key, shop.access.secret)
        yield opened


def ask(session: requests.Session, shop: Simulator, method: str, path: str, **rest: Any) -> tuple[int, Any]:
    answer = session.request(method, f"{shop.address}/wp-json/wc/v3{path}", timeout=5, **rest)
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    ("recording", "path"),
    [
        ("per_page_101", "/orders?per_page=101"),
        ("per_page_0", "/orders?per_page=0"),
        ("per_page_-1", "/orders?per_page=-1"),
        ("per_page_abc", "/orders?per_page=abc"),
        ("page_0", "/orders?page=0"),
        ("orderby_total", "/orders?orderby=total"),
        ("modified_after_bad", "/orders?modified_after=yesterday"),
        ("modified_after_dateonly", "/orders?modified_after=2026-11-21"),
        ("order_404", "/orders/99999"),
        ("order_id_nonnumeric", "/orders/abc"),
        ("no_route", "/nonsense"),
        ("shipment_tracking", "/orders/1/shipment-trackings"),
    ],
)
def test_a_question_is_refused_in_the_recorded_words(
    shop: Simulator, session: requests.Session, recording: str, path: str
) -> None:
    expected = recorded("errors")[recording]
    status, body = ask(session, shop, "GET", path)
    assert (status, body) == (expected["status"], expected["body"])


def test_statuses_with_the_prefix_of_the_database_are_refused(shop: Simulator, session: requests.Session) -> None:
    status, body = ask(session, shop, "GET", "/orders?status=wc-processing")
    assert (status, body["code"]) == (400, "rest_invalid_param")
    assert body["data"]["params"]["status"].startswith("status[0] is not one of any, trash, auto-draft, pending")


@pytest.mark.parametrize(
    ("recording", "body"),
    [
        ("refund_too_large", {"amount": "100000.00", "api_refund": False}),
        ("refund_negative", {"amount": "-1.00", "api_refund": False}),
        ("refund_float_amount", {"amount": 12.5}),
        ("refund_api_true_bacs", {"amount": "1.00"}),
    ],
)
def test_a_refund_is_refused_in_the_recorded_words(
    shop: Simulator, session: requests.Session, recording: str, body: dict[str, Any]
) -> None:
    expected = recorded("errors")[recording]
    number = shop.place_order()
    assert ask(session, shop, "POST", f"/orders/{number}/refunds", json=body) == (expected["status"], expected["body"])


def test_the_page_after_the_last_has_no_total(shop: Simulator, session: requests.Session) -> None:
    for _ in range(24):
        shop.place_order()
    totals = []
    for page in (1, 5, 6):
        answer = session.get(f"{shop.address}/wp-json/wc/v3/orders?per_page=5&page={page}", timeout=5)
        totals.append((len(answer.json()), answer.headers["X-WP-Total"], answer.headers["X-WP-TotalPages"]))
    assert totals == [(5, "24", "5"), (4, "24", "5"), (0, "0", "0")]


def test_the_link_to_the_next_page_echoes_the_secret(shop: Simulator) -> None:
    """Why links are never followed, so that the simulator is known to have the trap."""
    for _ in range(2):
        shop.place_order()
    keys = {"consumer_key": shop.access.key, "consumer_secret": shop.access.secret, "per_page": "1"}
    answer = requests.get(f"{shop.address}/wp-json/wc/v3/orders", params=keys, timeout=5)
    assert shop.access.secret in answer.headers["Link"]


def test_an_unknown_id_is_404_when_asked_for_and_400_when_changed(shop: Simulator, session: requests.Session) -> None:
    for method, recording in (("GET", "order_404"), ("PUT", "order_put_404")):
        expected = recorded("errors")[recording]
        assert ask(session, shop, method, "/orders/99999", json={}) == (expected["status"], expected["body"])


def test_any_change_moves_the_time_of_modification_even_an_identical_one(
    shop: Simulator, session: requests.Session, clock: Clock
) -> None:
    number = shop.place_order(status="completed")
    seen = set()
    for _ in range(3):
        clock.tick()
        seen.add(ask(session, shop, "PUT", f"/orders/{number}", json={"status": "completed"})[1]["date_modified_gmt"])
    assert len(seen) == 3


def test_json_that_is_not_called_json_is_ignored(shop: Simulator, session: requests.Session) -> None:
    number = shop.place_order()
    headers = {"Content-Type": "text/plain"}
    status, order = ask(session, shop, "PUT", f"/orders/{number}", data='{"status": "completed"}', headers=headers)
    assert (status, order["status"]) == (200, "processing")


def test_what_follows_from_a_change_follows(shop: Simulator, session: requests.Session) -> None:
    number = shop.place_order(status="pending")
    _, paid = ask(
        session,
        shop,
        "PUT",
        f"/orders/{number}",
        json={"set_paid": True, "total": "1.00", "meta_data": [{"key": "k", "value": "1"}]},
    )
    assert (paid["status"], paid["total"], paid["date_paid_gmt"] is not None) == ("processing", "307.00", True)
    _, done = ask(
        session, shop, "PATCH", f"/orders/{number}", json={"status": "completed", "meta_data": [{"key": "k", "value": None}]}
    )
    assert (done["date_completed_gmt"] is not None, done["meta_data"]) == (True, [])
    assert ask(session, shop, "PUT", f"/orders/{number}", json={"status": "wc-completed"})[0] == 400


def test_a_full_refund_changes_the_status_and_never_the_total(shop: Simulator) -> None:
    number = shop.place_order()
    shop.refund_order(number, Decimal("29.00"), reason="Ångrat köp")
    order = shop.orders.by_id[int(number)]
    assert (order["status"], order["refunds"][0]["total"]) == ("processing", "-29.00")
    shop.refund_order(number, Decimal("278.00"))
    assert (order["status"], order["total"]) == ("refunded", "307.00")


def test_the_bin_is_not_in_any_and_takes_an_order_once(shop: Simulator, session: requests.Session) -> None:
    number = shop.place_order()
    assert ask(session, shop, "DELETE", f"/orders/{number}")[0] == 200
    assert ask(session, shop, "DELETE", f"/orders/{number}") == (410, recorded("errors")["order_delete_again"]["body"])
    assert ask(session, shop, "GET", "/orders") == (200, [])
    assert ask(session, shop, "GET", f"/orders/{number}?_fields=status") == (200, {"status": "trash"})
    ask(session, shop, "DELETE", f"/orders/{number}?force=true")
    assert ask(session, shop, "GET", f"/orders/{number}")[0] == 404


def test_an_order_has_the_fields_of_a_recorded_one(shop: Simulator, session: requests.Session) -> None:
    cart = Cart(items=(Item(shop.catalogue[-3]), Item(shop.catalogue[0])), coupon=Coupon("host10", "percent", Decimal(10)))
    number = shop.place_order(cart)
    _, ours = ask(session, shop, "GET", f"/orders/{number}")
    real = recorded("order-checkout-bacs-coupon")
    assert set(ours) == set(real) - {"_links"}
    for rows in ("line_items", "tax_lines", "shipping_lines", "coupon_lines"):
        assert set(ours[rows][0]) == set(real[rows][0])
    for key, value in real.items():
        if value is not None and key != "_links":
            assert type(ours[key]) is type(value), key
    for person in ("billing", "shipping"):
        assert set(ours[person]) == set(real[person])


def article(price: str, tax_class: str = "") -> Article:
    return Article(product_id=1, sku="A", name="A", price=Decimal(price), tax_class=tax_class)


CARTS = {
    "processing-multivat": Cart(
        items=(Item(article("129")), Item(article("79.90", "reduced-rate"), 3), Item(article("299", "bocker-6")))
    ),
    "processing-coupon-percent": Cart(
        items=(Item(article("1299")), Item(article("79.90", "reduced-rate"))), coupon=Coupon("host10", "percent", Decimal(10))
    ),
    "processing-coupon-fixed": Cart(
        items=(Item(article("899")), Item(article("189", "bocker-6"))), coupon=Coupon("minus50", "fixed_cart", Decimal(50))
    ),
    "completed-multivat-customer": Cart(
        items=(
            Item(article("32.50", "reduced-rate"), 4),
            Item(article("149", "bocker-6"), 2),
            Item(article("49")),
        ),
        coupon=Coupon("host10", "percent", Decimal(10)),
    ),
    "processing-fee": Cart(
        items=(Item(article("149")),), fees=(Fee("Inslagning", Decimal("23.20")), Fee("Avgift", Decimal(29), None))
    ),
    "pending-note": Cart(items=(Item(article("45", "reduced-rate"), 6),)),
    "completed-refund-full": Cart(items=(Item(article("229", "bocker-6")),)),
    "completed-free-shipping": Cart(items=(Item(article("1299")),), freight=Decimal(0)),
    "processing-eur-fi": Cart(items=(Item(article("499")),), freight=Decimal(10), taxed=False),
    "processing-virtual": Cart(items=(Item(article("100")),), freight=None),
}


def amounts(order: dict[str, Any]) -> Any:
    sums = ("total", "total_tax", "discount_total", "discount_tax", "shipping_total", "shipping_tax", "cart_tax")
    cells = ("subtotal", "subtotal_tax", "total", "total_tax", "taxes")
    rows = ("line_items", "shipping_lines", "fee_lines")
    taxes = {row["rate_id"]: (row["tax_total"], row["shipping_tax_total"]) for row in order["tax_lines"]}
    return (
        {name: order[name] for name in sums},
        [[{cell: row.get(cell) for cell in cells} for row in order[name]] for name in rows],
        taxes,
    )


@pytest.mark.parametrize("name", CARTS)
def test_the_shop_counts_as_the_real_one_did(name: str) -> None:
    sequence = numbers(1)
    assert amounts(count(CARTS[name], lambda: next(sequence))) == amounts(recorded(f"order-{name}"))


def test_a_shop_comes_back_after_a_restart_with_what_was_changed(tmp_path: Path) -> None:
    shop = TlsShop(seed=3, journal=tmp_path / "journal")
    number = next(iter(shop.orders.by_id))
    with shop.serve(), requests.Session() as session:
        session.auth = (shop.access.key, shop.access.secret)
        ask(session, shop, "PUT", f"/orders/{number}", json={"customer_note": "ändrad"})
    again = TlsShop(seed=3, journal=tmp_path / "journal")
    assert again.orders.by_id[number]["customer_note"] == "ändrad"
    assert again.orders.by_id == shop.orders.by_id


def test_a_signature_is_good_once_and_for_a_quarter_of_an_hour(plain_shop: Simulator) -> None:
    access = plain_shop.access
    signer = OAuth1(access.key, client_secret=access.secret, signature_method="HMAC-SHA256", signature_type="query")
    prepared = requests.Request("GET", f"{plain_shop.address}/wp-json/wc/v3/orders?include=1,2", auth=signer).prepare()
    with requests.Session() as session:
        assert session.send(prepared).status_code == 200
        again = session.send(prepared)
    expected = recorded("errors")["auth_oauth_nonce_reused"]
    assert (again.status_code, again.json()) == (expected["status"], expected["body"])


def test_the_night_the_clock_goes_back_is_in_local_time_twice(shop: Simulator) -> None:
    night = datetime(2026, 10, 25, tzinfo=UTC)
    first = shop.orders.by_id[int(shop.place_order(at=night))]
    second = shop.orders.by_id[int(shop.place_order(at=night + timedelta(hours=1)))]
    assert first["date_created"] == second["date_created"] == "2026-10-25T02:00:00"
