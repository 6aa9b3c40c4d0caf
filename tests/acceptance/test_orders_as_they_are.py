"""Orders that are as they should be, and what happens to them before, during and after their transfer."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from connectors.sandbox import Fault
from connectors.woocommerce.simulator.cart import Cart, Coupon, Item
from connectors.woocommerce.simulator.people import ORGANISATION_NUMBER_FIELD
from flows.models import Event, Flow, Transfer
from tests.acceptance.conftest import Rig

pytestmark = pytest.mark.django_db


def company(name: str, number: str) -> dict[str, Any]:
    meta = [{"id": 1, "key": ORGANISATION_NUMBER_FIELD, "value": number}]
    return {"billing": {"company": name}, "meta_data": meta}


def cards(rig: Rig) -> list[dict[str, Any]]:
    return list(rig.erp.agreement.customers.values())


def customer_of(rig: Rig, source_id: str) -> int:
    (held,) = [held for held in rig.erp.agreement.documents if held.reference == rig.transfer(source_id).reference]
    number: int = held.body["customer"]["customerNumber"]
    return number


def test_a_refund_after_the_transfer_asks_for_attention_and_sends_nothing(rig: Rig) -> None:
    source_id = rig.place()
    rig.settle()
    rig.shop.refund_order(source_id, Decimal("129.00"), reason="Ångrat köp")
    rig.settle()
    assert rig.transfer(source_id).attention
    assert "129.00 SEK was refunded" in rig.told(source_id, Event.Kind.ATTENTION)[-1]
    assert rig.everything_arrived_once()


@pytest.mark.parametrize("how", ["cancelled", "refunded in full"])
def test_a_cancellation_after_the_transfer_asks_for_attention_and_sends_nothing(rig: Rig, how: str) -> None:
    source_id = rig.place()
    rig.settle()
    if how == "cancelled":
        rig.shop.change_order(source_id, status="cancelled")
    else:
        rig.shop.refund_order(source_id)
    rig.settle()
    assert rig.arrived() == [source_id]
    assert rig.transfer(source_id).attention
    assert "ancel" in rig.told(source_id, Event.Kind.ATTENTION)[-1]


def test_an_order_put_in_the_bin_after_the_transfer_is_noticed_by_the_next_sweep(rig: Rig) -> None:
    source_id, other = rig.place(), rig.place()
    rig.settle()
    rig.shop.trash_order(source_id)
    Flow.objects.update(swept_at=timezone.now() - timedelta(days=2))
    rig.settle()
    assert rig.arrived() == sorted([source_id, other])
    assert (rig.transfer(source_id).attention, rig.transfer(other).attention) == (True, False)
    assert "deleted" in rig.told(source_id, Event.Kind.ATTENTION)[-1]


def test_an_order_cancelled_before_its_transfer_is_not_sent(rig: Rig) -> None:
    source_id = rig.place(currency="ISK")
    rig.settle()
    assert rig.states() == {source_id: "stopped"}
    rig.shop.change_order(source_id, status="cancelled")
    rig.settle()
    assert rig.states() == {source_id: "skipped"}
    assert "cancelled" in rig.messages()[source_id]
    assert rig.erp.documents() == []


def test_an_order_changed_before_its_transfer_is_sent_as_it_is_now(rig: Rig) -> None:
    source_id = rig.place(status="pending")
    rig.settle()
    other = rig.shop.place_order(Cart(items=(Item(rig.shop.catalogue[6], 3),)), status="pending")
    now = rig.shop.orders.by_id[int(other)]
    rows = {name: now[name] for name in ("line_items", "tax_lines", "total", "total_tax", "cart_tax")}
    rig.shop.change_order(source_id, status="processing", billing={"address_1": "Nygatan 2"}, **rows)
    rig.settle()
    (document,) = rig.erp.documents()
    assert document.total == Decimal(now["total"]) != Decimal("307.00")
    assert document.lines[0].article_number == "SHOP-007"
    (held,) = rig.erp.agreement.documents
    assert held.body["recipient"]["address"] == "Nygatan 2"
    assert not rig.transfer(source_id).attention


def test_an_order_that_only_moves_on_after_the_transfer_needs_no_attention(rig: Rig) -> None:
    source_id = rig.place()
    rig.settle()
    rig.shop.change_order(source_id, status="completed")
    rig.settle()
    assert not rig.transfer(source_id).attention
    assert rig.everything_arrived_once()


def test_a_returning_customer_has_one_card_however_the_address_is_typed(rig: Rig) -> None:
    first = rig.place(customer_id=7, billing={"email": "asa@kund.example"})
    rig.settle()
    again = rig.place(customer_id=7, billing={"email": "Asa@Kund.example ", "address_1": "Nygatan 2"})
    guest = rig.place(customer_id=0, billing={"email": "ASA@KUND.EXAMPLE"})
    rig.settle()
    assert len(cards(rig)) == 1
    assert customer_of(rig, first) == customer_of(rig, again) == customer_of(rig, guest)
    assert rig.everything_arrived_once()


def test_one_buyers_first_orders_at_the_same_time_make_one_card(rig: Rig) -> None:
    """The first two have the company in common, the last two the e-mail address; no two of them have everything."""
    # The first card takes its time to come into being.
    rig.erp.faults.add(Fault("delay_before", method="POST", path="^/customers$", seconds=0.5))
    own = company("Ek AB", "559900-0105")
    rig.place(customer_id=1, meta_data=own["meta_data"], billing={"company": "Ek AB", "email": "bo@ek.example"})
    rig.place(customer_id=2, meta_data=own["meta_data"], billing={"company": "Ek AB", "email": "eva@ek.example"})
    rig.place(customer_id=0, billing={"email": "BO@ek.example"})
    rig.settle()
    numbers = [card["corporateIdentificationNumber"] for card in cards(rig) if "corporateIdentificationNumber" in card]
    addresses = [card["email"].casefold() for card in cards(rig)]
    assert len(numbers) == 1
    assert addresses.count("bo@ek.example") == 1
    assert rig.everything_arrived_once()


def test_a_company_is_found_by_its_organisation_number_however_it_is_written(rig: Rig) -> None:
    known = rig.erp.add_customer("Ek & Söner AB", corporateIdentificationNumber="5599000105", email="faktura@ek.example")
    orders = [rig.place(**company("Ek &amp; Söner", number)) for number in ("559900-0105", "16559900-0105", " 5599000105 ")]
    rig.settle()
    assert {customer_of(rig, order) for order in orders} == {known}
    assert len(cards(rig)) == 1
    assert rig.everything_arrived_once()


def test_a_guest_without_an_email_address_goes_to_the_collective_customer(rig: Rig) -> None:
    rig.erp.add_customer("Kontantkund", number=9000)
    rig.flow.target_options |= {"guest_customer_number": "9000"}
    rig.flow.save()
    source_id = rig.place(customer_id=0, billing={"email": ""})
    rig.settle()
    assert customer_of(rig, source_id) == 9000
    (held,) = rig.erp.agreement.documents
    assert held.body["recipient"]["name"] == "Åsa Öberg"
    assert rig.everything_arrived_once()


def test_an_order_of_nothing_arrives_as_nothing(rig: Rig) -> None:
    items = (Item(rig.shop.catalogue[0], 2),)
    rig.place(Cart(items=items, freight=Decimal(0), coupon=Coupon("allt", "percent", Decimal(100))))
    free = next(article for article in rig.shop.catalogue if article.sku and not article.price)
    rig.place(Cart(items=(Item(free),), freight=None))
    rig.settle()
    assert [document.total for document in rig.erp.documents()] == [Decimal(0)] * 2
    assert rig.everything_arrived_once()


def test_two_hundred_rows_arrive_whole(rig: Rig) -> None:
    sold = [article for article in rig.shop.catalogue if article.sku and not article.deleted]
    rig.place(Cart(items=tuple(Item(sold[number % len(sold)], 1 + number % 7) for number in range(200))))
    rig.settle()
    (document,) = rig.erp.documents()
    assert len(document.lines) >= 201
    assert rig.everything_arrived_once()


@pytest.mark.parametrize(
    ("first", "last", "there"),
    [
        ("Kaj 🎣", "Ström", "Kaj 🎣 Ström"),
        ("<b>Bo</b>", "Ek", "Bo Ek"),
        ("<script>alert(1)</script>Eva", "O&#039;Hara", "Eva O'Hara"),
        ("Åsa\u0000\u0007", "Öberg\r\n", "Åsa Öberg"),
        ("👩‍👩‍👧", "A < B", "👩‍👩‍👧 A < B"),
        ("Ярослав", "x" * 300, "Ярослав " + "x" * 242),
    ],
)
def test_names_arrive_as_people_write_them_without_what_is_no_name(rig: Rig, first: str, last: str, there: str) -> None:
    rig.place(billing={"first_name": first, "last_name": last})
    rig.settle()
    (held,) = rig.erp.agreement.documents
    assert held.body["recipient"]["name"] == there
    assert rig.everything_arrived_once()


def test_nobody_is_asked_for_anything_when_all_is_well(rig: Rig) -> None:
    for _ in range(5):
        rig.place()
    rig.settle()
    assert set(Transfer.objects.filter(flow=rig.flow).values_list("state", "acts", "attention")) == {("sent", "nobody", False)}
    assert rig.messages() == {}
