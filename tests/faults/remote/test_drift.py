"""A shop that changed how it answers, and money of other kinds: such an order stops alone and names the field."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.woocommerce.simulator.cart import Cart, Fee, Item
from tests.acceptance.conftest import Rig
from tests.faults.remote.conftest import Worker, place

pytestmark = pytest.mark.django_db

Wire = dict[str, Any]


def without(name: str) -> Callable[[Wire], None]:
    return lambda wire: wire.pop(name)


def with_value(name: str, value: Any) -> Callable[[Wire], None]:
    return lambda wire: wire.update({name: value})


def in_row(name: str, value: Any) -> Callable[[Wire], None]:
    return lambda wire: wire["line_items"][0].update({name: value})


#: What changed on the wire, and the words that the order must stop with.
DRIFTS: dict[str, tuple[Callable[[Wire], None], str]] = {
    "no total": (without("total"), "total"),
    "a total with a comma": (with_value("total", "348,00"), "total"),
    "a total that is no number": (with_value("total", "NaN"), "total"),
    "no rows": (without("line_items"), "line_items"),
    "rows that are an object": (with_value("line_items", {"0": {}}), "line_items"),
    "no currency": (without("currency"), "currency"),
    "an unknown currency": (with_value("currency", "XXX"), "XXX"),
    "no time": (without("date_created_gmt"), "date_created_gmt"),
    "a time in words": (with_value("date_created_gmt", "igår"), "date_created_gmt"),
    "no buyer": (without("billing"), "billing"),
    "a rate that the shop does not have": (with_value("tax_lines", []), "VAT"),
    "a quantity in words": (in_row("quantity", "två"), "quantity"),
    "a row without a sum": (in_row("total", None), "total"),
}


@pytest.mark.parametrize("name", DRIFTS)
def test_an_order_in_which_a_field_is_gone_or_changed_stops_alone_and_names_it(rig: Rig, worker: Worker, name: str) -> None:
    change, word = DRIFTS[name]
    place(rig, 3)
    drifted = rig.placed[1]
    change(rig.shop.orders.by_id[int(drifted)])
    worker.live_until_settled(rig, at_most=timedelta(minutes=10))
    assert rig.arrived() == sorted(set(rig.placed) - {drifted})
    transfer = rig.transfer(drifted)
    assert transfer.state == "stopped"
    assert word in str(transfer.message)


def test_a_status_that_nobody_knew_is_left_out_visibly_and_stops_nothing(rig: Rig, worker: Worker) -> None:
    place(rig, 3)
    rig.shop.statuses["uthyrd"] = "Uthyrd"
    rig.shop.orders.by_id[int(rig.placed[1])]["status"] = "uthyrd"
    worker.live_until_settled(rig, at_most=timedelta(minutes=10))
    assert rig.states()[rig.placed[1]] == "skipped"
    assert "uthyrd" in rig.messages()[rig.placed[1]]
    assert rig.arrived() == sorted([rig.placed[0], rig.placed[2]])


def with_currency(rig: Rig, code: str) -> None:
    rig.erp.agreement.lists["currencies"][1].append({"code": code, "name": code, "isoNumber": "000"})


def abroad(rig: Rig, currency: str, price: str, **fields: Any) -> str:
    with_currency(rig, currency)
    ware = next(article for article in rig.shop.catalogue if article.sku and not article.deleted)
    cart = Cart(items=(Item(ware, 3, Decimal(price)),), freight=None, taxed=False, prices_include_tax=False)
    where = {"country": "US", "city": "Boston", "postcode": "02101"}
    return rig.place(cart, currency=currency, billing=where, shipping=where, **fields)


def test_a_currency_without_decimals_arrives_whole(rig: Rig, worker: Worker) -> None:
    source_id = abroad(rig, "JPY", "1250")
    worker.live_until_settled(rig, at_most=timedelta(minutes=10))
    assert rig.everything_arrived_once()
    assert [(d.total, d.currency) for d in rig.erp.documents()] == [(Decimal("3750.00"), "JPY")]
    assert rig.states()[source_id] == "sent"


def test_an_amount_of_three_decimals_is_never_rounded_in_silence(rig: Rig, worker: Worker) -> None:
    place(rig, 1)
    source_id = abroad(rig, "KWD", "12.50")
    wire = rig.shop.orders.by_id[int(source_id)]
    wire["line_items"][0] |= {"total": "37.505", "subtotal": "37.505"}
    wire["total"] = "37.505"
    worker.live_until_settled(rig, at_most=timedelta(minutes=10))
    assert rig.states()[source_id] == "stopped"
    assert "37.505" in rig.messages()[source_id]
    assert rig.arrived() == [rig.placed[0]]


def test_rows_below_zero_are_taken_off_to_the_ore(rig: Rig, worker: Worker) -> None:
    ware = next(article for article in rig.shop.catalogue if article.sku and not article.deleted)
    for taxed in (True, False):
        where = {} if taxed else {"country": "NO", "city": "Oslo", "postcode": "0150"}
        fees = (Fee("Stamkundsrabatt", Decimal("-33.33")), Fee("Pant åter", Decimal("-0.01"), None))
        cart = Cart(items=(Item(ware, 7, Decimal("19.99")),), fees=fees, taxed=taxed)
        rig.place(cart, billing=where, shipping=where)
    worker.live_until_settled(rig, at_most=timedelta(minutes=10))
    assert rig.everything_arrived_once()
    assert all(min(line.net for line in document.lines) < 0 for document in rig.erp.documents())
