"""What was given back: rows below zero with their VAT, or an amount alone."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connectors.base import Query, Register
from connectors.errors import ServerFailed
from connectors.records import LineKind, Order
from connectors.sandbox import Fault
from connectors.woocommerce.mapping import Rules, order_from
from connectors.woocommerce.sandbox import Simulator
from connectors.woocommerce.simulator.cart import Cart, Item
from tests.connectors.woocommerce.conftest import Opener, recorded

PARTIAL, FULL = "completed-refund-partial", "completed-refund-full"


def read(shop: Simulator, connect: Opener) -> list[Order]:
    return [order for page in connect(shop).read(Query(register=Register.ORDERS)) for order in page.records]


def test_a_recorded_refund_of_a_row_is_understood_to_the_ore() -> None:
    order = order_from(recorded(f"order-{PARTIAL}"), Rules(), recorded(f"refunds-{PARTIAL}"))
    sock, goodwill = order.refunds
    assert (sock.gross, sock.reason, goodwill.gross, goodwill.lines) == (
        Decimal("129.00"),
        "En strumpa trasig",
        Decimal("20.00"),
        (),
    )
    (line,) = sock.lines
    assert (line.kind, line.article_number, line.quantity) == (LineKind.ARTICLE, "PEER-001", Decimal(-1))
    assert (line.net, line.vat, line.vat_rate, line.gross) == (
        Decimal("-103.20"),
        Decimal("-25.80"),
        Decimal(25),
        -sock.gross,
    )


def test_a_recorded_refund_of_everything_as_an_amount_has_no_rows() -> None:
    order = order_from(recorded(f"order-{FULL}"), Rules(), recorded(f"refunds-{FULL}"))
    assert [(refund.gross, refund.lines) for refund in order.refunds] == [(Decimal("270.55"), ())]


def test_freight_and_fees_that_were_given_back_are_rows_too() -> None:
    (wire,) = [refund for refund in recorded(f"refunds-{PARTIAL}") if refund["line_items"]]
    row = wire["line_items"][0] | {"method_title": "PostNord", "name": "Presentkort", "tax_class": ""}
    wire = wire | {
        "line_items": [row | {"quantity": 0}],
        "shipping_lines": [row],
        "fee_lines": [row | {"name": "Avgift"}, row | {"total": "10.00", "total_tax": "0.00", "taxes": []}],
    }
    rules = Rules(gift_card_fee_names=frozenset({"presentkort"}))
    lines = order_from(recorded(f"order-{PARTIAL}"), rules, [wire]).refunds[0].lines
    assert [(line.kind, line.name, line.quantity) for line in lines] == [
        (LineKind.ARTICLE, "Presentkort", Decimal(-1)),
        (LineKind.FREIGHT, "PostNord", Decimal(-1)),
        (LineKind.FEE, "Avgift", Decimal(-1)),
        (LineKind.GIFT_CARD, "Presentkort", Decimal(-1)),
    ]


def test_rows_are_asked_for_only_where_something_was_given_back(shop: Simulator, connect: Opener) -> None:
    for _ in range(3):
        shop.place_order()
    number = shop.place_order(Cart(items=tuple(Item(article, 2) for article in shop.catalogue[10:12])))
    row = shop.orders.by_id[int(number)]["line_items"][1]
    shop.refund_order(number, rows={row["id"]: 1}, reason="Trasig")
    shop.refund_order(number, Decimal("5.00"))
    order = next(order for order in read(shop, connect) if order.refunds)
    assert [call.path for call in shop.history.calls("GET", "refunds")] == [f"/wp-json/wc/v3/orders/{number}/refunds"]
    rows, amount = order.refunds
    assert [(line.article_number, line.quantity, line.vat_rate) for line in rows.lines] == [
        (row["sku"], Decimal(-1), Decimal(12))
    ]
    assert -sum(line.gross for line in rows.lines) == rows.gross
    assert (amount.gross, amount.lines) == (Decimal("5.00"), ())


def test_an_order_whose_refunds_cannot_be_asked_for_now_waits(shop: Simulator, connect: Opener) -> None:
    """Without its rows a refund would pass for an amount."""
    shop.refund_order(shop.place_order(), Decimal("5.00"))
    shop.faults.add(Fault("status", path="/refunds", status=503, times=None))
    with pytest.raises(ServerFailed):
        read(shop, connect)


def test_refunds_that_make_no_sense_stop_their_order_alone(shop: Simulator, connect: Opener) -> None:
    other = shop.place_order()
    shop.refund_order(shop.place_order(), Decimal("5.00"))
    shop.faults.add(Fault("status", path="/refunds", status=200, body={"no": "list"}, times=None))
    (page,) = connect(shop).read(Query(register=Register.ORDERS))
    assert [order.source_id for order in page.records] == [other]
    assert [unreadable.error.code for unreadable in page.unreadable] == ["ContractChanged"]


def test_the_channel_of_an_order_is_in_the_field_that_is_named(shop: Simulator, connect: Opener) -> None:
    shop.place_order(meta_data=[{"id": 1, "key": "marketplace", "value": "CDON"}])
    assert [order.channel for order in read(shop, connect)] == [""]
    pages = connect(shop, channel_field="marketplace").read(Query(register=Register.ORDERS))
    assert [order.channel for page in pages for order in page.records] == ["CDON"]
