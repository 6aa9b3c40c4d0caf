"""Orders arrive: all of them, whatever their times, their numbers and what happens to them meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.base import Page, Query, Register
from connectors.errors import ContractChanged, InvalidRecord, ServerFailed
from connectors.sandbox import Fault, Request, Response
from connectors.woocommerce.connector import System
from connectors.woocommerce.sandbox import Simulator
from connectors.woocommerce.simulator.cart import Cart, Item
from tests.connectors.woocommerce.conftest import Clock, Opener

NIGHT = datetime(2026, 10, 25, tzinfo=UTC)


def pages(connector: System, since: datetime | None = None, ids: Sequence[str] = ()) -> list[Page]:
    return list(connector.read(Query(register=Register.ORDERS, modified_since=since, source_ids=tuple(ids))))


def ids_of(found: list[Page]) -> list[str]:
    return [order.source_id for page in found for order in page.records]


def place(shop: Simulator, count: int, at: Callable[[int], datetime]) -> list[str]:
    return [shop.place_order(at=at(number)) for number in range(count)]


def meanwhile(shop: Simulator, monkeypatch: pytest.MonkeyPatch, act: Callable[[int], None]) -> None:
    """Call `act` with the number of the call after each answer to a question for orders."""
    handle, calls = shop.handle, [0]

    def handle_and_act(request: Request) -> Response:
        answer = handle(request)
        if request.path.endswith("/orders"):
            calls[0] += 1
            act(calls[0])
        return answer

    monkeypatch.setattr(shop, "handle", handle_and_act)


def test_an_empty_shop_gives_no_page(shop: Simulator, connect: Opener) -> None:
    assert pages(connect(shop)) == []


def test_two_and_a_half_pages_come_complete_once_each_and_oldest_first(shop: Simulator, connect: Opener) -> None:
    placed = place(shop, 250, lambda number: NIGHT + timedelta(seconds=number))
    found = pages(connect(shop), NIGHT)
    assert ids_of(found) == placed
    assert [page.reached for page in found] == [NIGHT + timedelta(seconds=second) for second in (99, 198, 249)]


def test_500_orders_edited_in_one_second_all_arrive(shop: Simulator, connect: Opener) -> None:
    before = place(shop, 30, lambda number: NIGHT - timedelta(minutes=30 - number))
    bulk = place(shop, 500, lambda _: NIGHT)
    after = place(shop, 30, lambda number: NIGHT + timedelta(seconds=1 + number))
    found = pages(connect(shop), NIGHT - timedelta(days=1))
    assert set(ids_of(found)) == {*before, *bulk, *after}
    reached = [page.reached for page in found if page.reached]
    assert reached == sorted(reached)


def test_nothing_is_said_to_be_reached_before_it_was_given(shop: Simulator, connect: Opener) -> None:
    place(shop, 130, lambda number: NIGHT + timedelta(seconds=number // 3))
    place(shop, 250, lambda _: NIGHT + timedelta(seconds=60))
    everything = {number: order["date_modified_gmt"] for number, order in shop.orders.by_id.items()}
    given: set[str] = set()
    for page in pages(connect(shop), NIGHT):
        given |= {order.source_id for order in page.records}
        if page.reached:
            said = page.reached.strftime("%Y-%m-%dT%H:%M:%S")
            assert {str(number) for number, modified in everything.items() if modified < said} <= given


@pytest.mark.parametrize("offset", [timedelta(0), timedelta(milliseconds=999)])
def test_the_second_that_is_asked_for_is_included(shop: Simulator, connect: Opener, offset: timedelta) -> None:
    place(shop, 1, lambda _: NIGHT - timedelta(seconds=1))
    number = shop.place_order(at=NIGHT)
    assert ids_of(pages(connect(shop), NIGHT + offset)) == [number]


def test_an_order_changed_in_the_hour_that_comes_twice_is_found(shop: Simulator, connect: Opener) -> None:
    placed = place(shop, 180, lambda minute: NIGHT + timedelta(minutes=minute))
    connector = connect(shop)
    for minute in (0, 59, 60, 61, 119, 120, 179):
        assert ids_of(pages(connector, NIGHT + timedelta(minutes=minute))) == placed[minute:]


def test_a_time_with_a_z_and_the_flag_would_lose_an_hour_in_this_shop(shop: Simulator) -> None:
    """The trap that the bare time avoids, so that the simulator is known to have it."""
    moment = datetime(2026, 11, 21, 16, 19, 18, tzinfo=UTC)
    read = [
        shop.listing.moment(text, are_gmt=are_gmt)
        for text, are_gmt in (
            ("2026-11-21T16:19:18", True),
            ("2026-11-21T16:19:18+00:00", False),
            ("2026-11-21T17:19:18", False),
            ("2026-11-21T16:19:18", False),
            ("2026-11-21T16:19:18+00:00", True),
        )
    ]
    hour = timedelta(hours=1)
    assert read == [moment, moment, moment, moment - hour, moment + hour]


def test_times_go_out_bare_with_the_flag(shop: Simulator, connect: Opener) -> None:
    pages(connect(shop), NIGHT)
    [call] = shop.history.calls("GET", "/orders$")
    assert (call.param("modified_after"), call.param("dates_are_gmt")) == ("2026-10-24T23:59:59", "true")


def test_an_order_modified_while_paging_pushes_no_other_over_the_edge(
    shop: Simulator, connect: Opener, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = place(shop, 350, lambda number: NIGHT + timedelta(seconds=number))
    meanwhile(shop, monkeypatch, lambda call: shop.touch_order(placed[call]))
    assert set(ids_of(pages(connect(shop), NIGHT))) == set(placed)


def test_orders_that_leave_the_second_while_it_is_swept_hide_no_other(
    shop: Simulator, connect: Opener, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = place(shop, 400, lambda _: NIGHT)

    def leave(call: int) -> None:
        if call <= 6:
            shop.touch_order(placed[call])
            clock.tick()

    meanwhile(shop, monkeypatch, leave)
    assert set(ids_of(pages(connect(shop), NIGHT))) == set(placed)


def test_orders_thrown_away_while_they_are_read_do_no_harm(
    shop: Simulator, connect: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = place(shop, 300, lambda _: NIGHT)
    meanwhile(shop, monkeypatch, lambda call: shop.trash_order(placed[call - 1]) if call <= 8 else None)
    found = set(ids_of(pages(connect(shop), NIGHT)))
    assert set(placed[8:]) <= found


def test_a_shop_that_keeps_changing_is_asked_again_later(
    shop: Simulator, connect: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(shop, 150, lambda _: NIGHT)

    def keep_changing(_: int) -> None:
        place(shop, 3, lambda _: NIGHT)

    meanwhile(shop, monkeypatch, keep_changing)
    with pytest.raises(ServerFailed, match="changed faster"):
        pages(connect(shop), NIGHT)


def test_a_shop_too_old_to_sort_by_modification_gives_all_oldest_first(shop: Simulator, connect: Opener) -> None:
    shop.listing.sorts_by_modified = False
    placed = place(shop, 230, lambda number: NIGHT + timedelta(seconds=number))
    shop.touch_order(placed[0], at=NIGHT + timedelta(hours=1))
    found = ids_of(pages(connect(shop), NIGHT + timedelta(seconds=10)))
    assert found == [*placed[10:], placed[0]]


def test_a_shop_older_still_that_ignores_the_time_gives_no_more_than_was_asked_for(shop: Simulator, connect: Opener) -> None:
    shop.listing.sorts_by_modified = shop.listing.filters_by_modified = False
    placed = place(shop, 130, lambda number: NIGHT + timedelta(seconds=number))
    assert ids_of(pages(connect(shop), NIGHT + timedelta(seconds=120))) == placed[120:]


def test_a_shop_that_sorts_by_its_wall_clock_loses_nothing_in_the_night_it_goes_back(shop: Simulator, connect: Opener) -> None:
    shop.listing.sorts_by_local_time = True
    placed = place(shop, 180, lambda minute: NIGHT + timedelta(minutes=minute))
    found = pages(connect(shop), NIGHT)
    assert ids_of(found) == placed


def test_a_plugin_that_gives_fewer_per_page_than_asked_hides_none(shop: Simulator, connect: Opener) -> None:
    shop.listing.most_per_page = 20
    spread = place(shop, 90, lambda number: NIGHT + timedelta(seconds=number))
    bulk = place(shop, 70, lambda _: NIGHT + timedelta(seconds=200))
    connector = connect(shop)
    assert set(ids_of(pages(connector, NIGHT))) == {*spread, *bulk}
    assert set(ids_of(pages(connector, ids=spread))) == set(spread)


def test_a_shop_that_ignores_the_time_window_is_noticed_instead_of_read_for_ever(shop: Simulator, connect: Opener) -> None:
    shop.listing.filters_by_modified = False
    place(shop, 250, lambda number: NIGHT + timedelta(seconds=number))
    with pytest.raises(ContractChanged, match="were not asked for"):
        pages(connect(shop), NIGHT)


def test_a_shop_that_ignores_page_numbers_is_noticed_instead_of_read_for_ever(
    shop: Simulator, connect: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(shop, 150, lambda _: NIGHT)
    handle = shop.handle

    def ignore_page(request: Request) -> Response:
        query = [(name, value) for name, value in request.query if name != "page"]
        return handle(Request(request.method, request.path, query, request.headers, request.body))

    monkeypatch.setattr(shop, "handle", ignore_page)
    with pytest.raises(ContractChanged, match="nothing that the pages before it did not have"):
        pages(connect(shop), NIGHT)


def test_drafts_and_the_bin_are_no_orders_and_all_other_statuses_are(shop: Simulator, connect: Opener) -> None:
    statuses = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "packas")
    placed = [shop.place_order(status=status) for status in statuses]
    for status in ("checkout-draft", "trash"):
        shop.place_order(status=status)
    found = pages(connect(shop))
    assert sorted(ids_of(found)) == placed
    assert {order.status for page in found for order in page.records} == set(statuses)


def test_a_page_of_nothing_but_drafts_still_moves_on(shop: Simulator, connect: Opener) -> None:
    for number in range(120):
        shop.place_order(at=NIGHT + timedelta(seconds=number), status="checkout-draft")
    real = shop.place_order(at=NIGHT + timedelta(hours=1))
    found = pages(connect(shop), NIGHT)
    assert ids_of(found) == [real]
    assert found[0].reached == NIGHT + timedelta(seconds=99)


def test_orders_are_found_by_id_in_hundreds_and_unknown_ones_stay_away(shop: Simulator, connect: Opener) -> None:
    placed = place(shop, 230, lambda number: NIGHT + timedelta(seconds=number))
    shop.trash_order(placed[0])
    found = ids_of(pages(connect(shop), ids=[*placed, placed[5], "999999", "abc", "½", ""]))
    assert sorted(found) == placed[1:]
    assert all(len(call.param("include").split(",")) <= 100 for call in shop.history.calls("GET", "/orders$"))


def test_one_order_that_cannot_be_understood_stops_alone(shop: Simulator, connect: Opener) -> None:
    good = shop.place_order()
    odd = shop.place_order(tax_lines=[], number="2026-17")
    broken = shop.place_order(total="a lot")
    [page] = pages(connect(shop))
    assert [order.source_id for order in page.records] == [good]
    assert [(entry.source_id, entry.number) for entry in page.unreadable] == [(odd, "2026-17"), (broken, broken)]
    assert [type(entry.error) for entry in page.unreadable] == [InvalidRecord, ContractChanged]


def test_an_order_with_no_time_of_modification_stops_alone(shop: Simulator, connect: Opener) -> None:
    placed = place(shop, 3, lambda number: NIGHT + timedelta(seconds=number))
    timeless = shop.place_order()
    shop.listing.filters_by_modified = False
    shop.orders.by_id[int(timeless)]["date_modified_gmt"] = ""
    [page] = pages(connect(shop), NIGHT)
    assert [order.source_id for order in page.records] == placed
    assert [entry.source_id for entry in page.unreadable] == [timeless]


@pytest.mark.parametrize("body", [{"orders": []}, [1], [{"number": "1"}], "null"])
def test_something_else_than_a_list_of_orders_is_noticed(shop: Simulator, connect: Opener, body: Any) -> None:
    shop.faults.add(Fault("status", path="/orders$", status=200, body=body, times=None))
    with pytest.raises(ContractChanged):
        pages(connect(shop))


def test_a_clock_ahead_of_ours_is_never_reached(shop: Simulator, connect: Opener) -> None:
    shop.place_order(at=datetime(2099, 1, 1, tzinfo=UTC))
    [page] = pages(connect(shop))
    assert page.reached is not None
    assert page.reached.year < 2099


def test_only_what_is_needed_is_asked_for(shop: Simulator, connect: Opener) -> None:
    shop.place_order()
    pages(connect(shop))
    [call] = shop.history.calls("GET", "/orders$")
    assert "customer_ip_address" not in call.answer[0]
    assert "payment_url" not in call.answer[0]
    assert call.param("dp") == "2"


def test_reading_changes_nothing(shop: Simulator, connect: Opener) -> None:
    place(shop, 120, lambda _: NIGHT)
    pages(connect(shop))
    assert {call.method for call in shop.history.calls()} == {"GET"}


def test_a_large_order_arrives_whole(shop: Simulator, connect: Opener) -> None:
    shop.place_order(Cart(items=tuple(Item(article, 3) for article in shop.catalogue * 4)))
    [page] = pages(connect(shop))
    assert len(page.records[0].lines) == 4 * len(shop.catalogue) + 1
    assert page.records[0].lines_total == page.records[0].total
