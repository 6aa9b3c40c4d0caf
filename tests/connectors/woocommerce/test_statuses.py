"""Moving orders on: parcels, the message, the status, each once, and nothing where nothing is to be done."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connectors.base import Change, Put, Register
from connectors.errors import InvalidRecord, Missing, ServerFailed
from connectors.progress import OrderStatus, Parcel
from connectors.sandbox import Fault, Request, Response
from connectors.woocommerce import statuses
from connectors.woocommerce.connector import System
from connectors.woocommerce.sandbox import Simulator
from tests.connectors.woocommerce.conftest import Opener

PARCEL = Parcel(carrier="PostNord", number="RR123456785SE", url="https://tracking.example/RR123456785SE")


def moved(source_id: str, **fields: Any) -> Change:
    record = OrderStatus(source_id=source_id, status="completed", replaces=("processing", "on-hold"))
    return Change(key=source_id, record=replace(record, **fields), target_id=source_id)


def put(connector: System, *changes: Change) -> dict[str, Put]:
    return {made.key: made for made in connector.put(Register.STATUS, changes)}


def calls(shop: Simulator) -> list[tuple[str, str]]:
    return [(call.method, call.path.removeprefix("/wp-json/wc/v3")) for call in shop.history.calls()]


def test_parcels_come_before_the_message_and_the_status_last(shop: Simulator, connect: Opener) -> None:
    number = shop.place_order()
    put(connect(shop), moved(number, message="Ditt paket är på väg.", parcels=(PARCEL,)))
    assert calls(shop) == [
        ("GET", "/orders"),
        ("GET", "/orders/statuses"),
        ("PUT", f"/orders/{number}"),
        ("GET", f"/orders/{number}/notes"),
        ("POST", f"/orders/{number}/notes"),
        ("PUT", f"/orders/{number}"),
    ]
    assert "PostNord RR123456785SE https://tracking.example/RR123456785SE" in shop.told_of(number)
    assert [mail.partition(":")[0] for mail in shop.mails(number)] == ["Note added to your order", "Your order is now complete"]


def test_orders_are_asked_for_together_and_statuses_once(shop: Simulator, connect: Opener) -> None:
    numbers = [shop.place_order() for _ in range(20)]
    connector = connect(shop)
    done = put(connector, *(moved(number) for number in numbers))
    assert all(made.written and not made.error for made in done.values())
    assert len(shop.history.calls("GET")) == 2
    put(connector, *(moved(number) for number in numbers))
    assert len(shop.history.calls("GET")) == 3
    assert len(shop.history.calls("PUT")) == 20


def test_a_message_is_not_sent_again_when_the_shop_has_tidied_its_words(shop: Simulator, connect: Opener) -> None:
    number = shop.place_order()
    message = "Ditt paket\när på väg & framme   snart."
    put(connect(shop), moved(number, message=message))
    shop.letters.notes[int(number)][0]["note"] = "<p>Ditt paket<br />är på väg &amp; framme snart.</p>"
    made = put(connect(shop), moved(number, message=message))[number]
    assert (made.written, made.error) == (False, None)
    assert sum("Ditt paket" in mail for mail in shop.mails(number)) == 1


def test_a_note_of_the_shops_own_with_the_same_words_is_no_message_to_the_buyer(shop: Simulator, connect: Opener) -> None:
    number = shop.place_order()
    shop.letters.note(int(number), "På väg")
    put(connect(shop), moved(number, message="På väg"))
    assert sum("På väg" in mail for mail in shop.mails(number)) == 1


def test_another_message_is_sent_on_an_order_that_is_there_already(shop: Simulator, connect: Opener) -> None:
    number = shop.place_order()
    put(connect(shop), moved(number, message="Ett paket är på väg."))
    made = put(connect(shop), moved(number, message="Ännu ett paket är på väg.", parcels=(PARCEL,)))[number]
    assert (made.written, made.error) == (True, None)
    assert sum("Your order is now complete" in mail for mail in shop.mails(number)) == 1


def test_nothing_is_sent_to_an_order_that_is_left_alone(shop: Simulator, connect: Opener) -> None:
    number = shop.place_order(status="cancelled")
    made = put(connect(shop), moved(number, message="Ditt paket är på väg.", parcels=(PARCEL,)))[number]
    assert (made.written, made.error, shop.mails(number)) == (False, None, [])
    assert str(made.notices[0]) == f"Order {number} has the status cancelled in WooCommerce, which the flow leaves as it is."


def test_no_message_is_sent_for_a_status_that_the_shop_does_not_have(shop: Simulator, connect: Opener) -> None:
    number = shop.place_order()
    made = put(connect(shop), moved(number, status="skickad", message="På väg"))[number]
    assert isinstance(made.error, InvalidRecord)
    assert "skickad" in str(made.error.text)
    assert shop.mails(number) == []


def test_an_order_that_was_cancelled_while_others_were_moved_is_left_alone(
    shop: Simulator, connect: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statuses, "_FRESH", 0.0)
    first, second = shop.place_order(), shop.place_order()
    handle = shop.handle

    def meanwhile(request: Request) -> Response:
        if request.method == "PUT":
            shop.change_order(second, status="cancelled")
        return handle(request)

    monkeypatch.setattr(shop, "handle", meanwhile)
    done = put(connect(shop), moved(first), moved(second))
    assert [(made.written, made.error) for made in done.values()] == [(True, None), (False, None)]
    assert shop.orders.by_id[int(second)]["status"] == "cancelled"


def test_a_status_of_a_plugin_is_as_good_as_any(shop: Simulator, connect: Opener) -> None:
    number = shop.place_order()
    assert put(connect(shop), moved(number, status="packas"))[number].written
    assert shop.orders.by_id[int(number)]["status"] == "packas"


def test_an_order_in_the_bin_or_with_an_id_that_is_none_is_not_there(shop: Simulator, connect: Opener) -> None:
    number = shop.place_order()
    shop.trash_order(number)
    done = put(connect(shop), moved(number), moved("abc"), moved(""))
    assert {type(made.error) for made in done.values()} == {Missing}


def test_an_order_that_goes_while_it_is_moved_stops_alone(shop: Simulator, connect: Opener) -> None:
    first, second = shop.place_order(), shop.place_order()
    refusal = {"code": "woocommerce_rest_shop_order_invalid_id", "message": "Invalid ID.", "data": {"status": 400}}
    shop.faults.add(Fault("status", method="PUT", path=f"/orders/{first}$", status=400, body=refusal))
    done = put(connect(shop), moved(first), moved(second))
    assert isinstance(done[first].error, Missing)
    assert done[second].error is None


def test_a_shop_that_is_down_stops_them_all(shop: Simulator, connect: Opener) -> None:
    first, second = shop.place_order(), shop.place_order()
    shop.faults.add(Fault("status", method="PUT", status=503))
    with pytest.raises(ServerFailed):
        put(connect(shop), moved(first), moved(second))


def test_parcels_go_into_the_field_of_a_plugin_where_there_is_one(shop: Simulator) -> None:
    number = shop.place_order()
    with System(shop.endpoint_options(shop.address), {"parcels_field": "tracking_number"}) as connector:
        put(connector, moved(number, parcels=(PARCEL,)))
    assert "tracking_number: PostNord" in shop.told_of(number)


def test_parcels_that_are_there_are_not_written_again(shop: Simulator, connect: Opener) -> None:
    number = shop.place_order()
    put(connect(shop), moved(number, parcels=(PARCEL,)))
    put(connect(shop), moved(number, parcels=(PARCEL,)))
    assert len(shop.history.calls("PUT")) == 2
    put(connect(shop), moved(number, parcels=(PARCEL, replace(PARCEL, number="RR2"))))
    assert "RR2" in shop.told_of(number)
