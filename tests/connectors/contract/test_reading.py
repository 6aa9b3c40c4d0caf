from __future__ import annotations

import json
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from connectors.base import Query, Reads, Register
from connectors.records import Order, content_hash, from_json, to_json
from sharespine.lib.money import is_cents
from tests.connectors.contract.stage import Stage, everything


def reads(shop: Stage) -> Reads:
    return shop.cls.capabilities.reads[Register.ORDERS]


def ids(records: list[Order]) -> set[str]:
    return {record.source_id for record in records}


def test_orders_are_complete_exact_and_aware(shop: Stage) -> None:
    placed = {shop.shop.place_order() for _ in range(3)}
    records = everything(shop.connector())
    assert ids(records) == placed
    for record in records:
        assert record.source_id
        assert record.number
        assert record.status
        assert record.currency.isupper()
        assert record.lines
        assert record.total == record.lines_total
        assert record.total_vat == sum(line.vat for line in record.lines)
        for moment in (record.placed_at, record.modified_at, record.paid_at):
            assert moment is None or moment.utcoffset() == timedelta(0)
        for line in record.lines:
            assert line.source_id
            assert line.name
            for amount in (line.net, line.vat, line.net_before_discount):
                assert isinstance(amount, Decimal)
                assert is_cents(amount)
            assert isinstance(line.quantity, Decimal)
            assert isinstance(line.vat_rate, Decimal) or (line.vat_rate is None and line.gross == 0)


def test_reading_changes_nothing(shop: Stage) -> None:
    shop.shop.place_order()
    everything(shop.connector())
    assert shop.changes() == []


def test_what_was_read_survives_the_database(shop: Stage) -> None:
    shop.shop.place_order()
    for record in everything(shop.connector()):
        assert from_json(Order, json.loads(json.dumps(to_json(record)))) == record


def test_two_reads_of_unchanged_orders_agree(shop: Stage) -> None:
    shop.shop.place_order()
    first, second = (everything(shop.connector()) for _ in range(2))
    assert first == second
    assert [content_hash(to_json(record)) for record in first] == [content_hash(to_json(record)) for record in second]


def test_an_order_that_was_only_touched_has_the_same_hash(shop: Stage) -> None:
    source_id = shop.shop.place_order()
    (before,) = everything(shop.connector())
    shop.clock.tick(5)
    shop.shop.touch_order(source_id)
    (after,) = everything(shop.connector())
    assert after.modified_at > before.modified_at
    assert content_hash(to_json(after)) == content_hash(to_json(before))


@pytest.mark.parametrize("apart", [0, 1])
def test_two_and_a_half_pages_arrive_complete_and_oldest_first(shop: Stage, apart: int) -> None:
    placed = set()
    for _ in range(reads(shop).page_size * 5 // 2):
        placed.add(shop.shop.place_order())
        shop.clock.tick(apart)
    records = everything(shop.connector())
    assert ids(records) == placed
    assert [record.modified_at for record in records] == sorted(record.modified_at for record in records)


def test_orders_that_change_while_they_are_read_are_not_lost(shop: Stage) -> None:
    placed = []
    for _ in range(reads(shop).page_size * 5 // 2):
        placed.append(shop.shop.place_order())
        shop.clock.tick(1)
    seen: set[str] = set()
    for number, page in enumerate(shop.connector().read(Query(register=Register.ORDERS, modified_since=start(shop)))):
        seen |= {record.source_id for record in page.records}
        if number == 0:
            # Those already seen and those still to come move to the end, as when an order is paid just now.
            for source_id in (placed[0], placed[reads(shop).page_size + 1], placed[-1]):
                shop.shop.touch_order(source_id)
            placed.append(shop.shop.place_order())
    assert set(placed[:-1]) <= seen


def start(shop: Stage) -> datetime:
    return shop.clock.moment - timedelta(days=30)


def test_everything_before_the_moment_reached_has_been_seen(shop: Stage) -> None:
    modified = {}
    for _ in range(reads(shop).page_size * 3 // 2):
        modified[shop.shop.place_order()] = shop.clock.moment
        shop.clock.tick(0.5)
    seen: set[str] = set()
    reached: list[datetime] = []
    for page in shop.connector().read(Query(register=Register.ORDERS, modified_since=start(shop))):
        seen |= {record.source_id for record in page.records}
        if page.reached is not None:
            reached.append(page.reached)
            assert {source_id for source_id, at in modified.items() if at < page.reached} <= seen
    assert reached == sorted(reached)
    assert reached


def test_reading_on_from_where_the_last_read_ended_finds_what_came_since(shop: Stage) -> None:
    shop.shop.place_order()
    pages = list(shop.connector().read(Query(register=Register.ORDERS, modified_since=start(shop))))
    reached = max(page.reached for page in pages if page.reached)
    later = {shop.shop.place_order()}
    shop.clock.tick(1)
    later.add(shop.shop.place_order())
    assert later <= ids(everything(shop.connector(), reached))


def test_modified_since_takes_the_edge_with_it_and_leaves_what_is_older_than_the_overlap(shop: Stage) -> None:
    old = shop.shop.place_order()
    changed = shop.shop.place_order()
    edge_at = shop.clock.tick(reads(shop).overlap.total_seconds() + 60)
    at_edge = shop.shop.place_order()
    shop.clock.tick(1)
    after = shop.shop.place_order()
    shop.shop.touch_order(changed)
    found = ids(everything(shop.connector(), edge_at))
    assert {changed, at_edge, after} <= found
    assert old not in found


@pytest.mark.parametrize("part", [0.001, 0.5, 0.999])
def test_a_moment_within_a_second_loses_nothing_of_that_second(shop: Stage, part: float) -> None:
    source_id = shop.shop.place_order()
    assert source_id in ids(everything(shop.connector(), shop.clock.moment + timedelta(seconds=part)))


def test_orders_are_read_by_id_whatever_their_age_and_unknown_ids_are_passed_over(shop: Stage) -> None:
    placed = [shop.shop.place_order() for _ in range(4)]
    query = Query(register=Register.ORDERS, source_ids=(placed[2], "999999999", placed[0]))
    found = [record.source_id for page in shop.connector().read(query) for record in page.records]
    assert sorted(found) == sorted([placed[0], placed[2]])


def test_more_ids_than_a_page_holds_are_all_read(shop: Stage) -> None:
    placed = tuple(shop.shop.place_order() for _ in range(reads(shop).page_size + 5))
    query = Query(register=Register.ORDERS, source_ids=placed)
    found = [record.source_id for page in shop.connector().read(query) for record in page.records]
    assert set(found) == set(placed)


def test_an_empty_shop_has_no_orders(shop: Stage) -> None:
    assert everything(shop.connector()) == []
    assert everything(shop.connector(), start(shop)) == []
