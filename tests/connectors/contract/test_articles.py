"""Registers of articles: what is read, and what `put` does. The same for every system and every register that it has."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.articles import ListPrices, Price, Product, StockLevel
from connectors.base import Change, Connector, Put, Query, Register
from connectors.errors import ConnectorError, RejectedError
from connectors.records import content_hash, from_json, to_json
from connectors.sandbox import Fault, SeenArticle
from tests.connectors.contract.conftest import Side

RECORDS: dict[Register, type[Any]] = {
    Register.PRODUCTS: Product,
    Register.PRICES: Price,
    Register.PRICE_LISTS: ListPrices,
    Register.STOCK: StockLevel,
}
#: What somebody changes by hand so that the register has something new to tell.
NEWS: dict[Register, dict[str, Any]] = {
    Register.PRODUCTS: {"name": "Ny mössa"},
    Register.PRICES: {"regular": Decimal("217.00")},
    Register.PRICE_LISTS: {"regular": Decimal("217.00")},
    Register.STOCK: {"quantity": Decimal(3)},
}


def everything(connector: Connector, register: Register, **query: Any) -> dict[str, Any]:
    """All records by article number, as they came last. None may be unreadable."""
    found: dict[str, Any] = {}
    for page in connector.read(Query(register=register, **query)):
        assert page.unreadable == ()
        found |= {record.article_number: record for record in page.records}
    return found


def add(side: Side, count: int, *, first: int = 1) -> list[str]:
    """Articles A-1 … as a merchant makes them, each a second later than the one before."""
    numbers = [f"A-{n}" for n in range(first, first + count)]
    for n, number in enumerate(numbers, first):
        side.stage.goods.add_article(number, name=f"Mössa {n}", regular=Decimal(100 + n), quantity=Decimal(n))
        side.stage.clock.tick(1)
    return numbers


class TestRead:
    def test_every_article_is_told_once_exact_and_aware(self, source: Side) -> None:
        numbers = add(source, 3)
        records = everything(source.connector(), source.register)
        assert set(numbers) <= set(records)
        for record in records.values():
            assert isinstance(record, RECORDS[source.register])
            assert record.source_id
            assert record.modified_at is None or record.modified_at.utcoffset() == timedelta(0)
            assert from_json(type(record), json.loads(json.dumps(to_json(record)))) == record

    def test_it_tells_what_the_system_holds(self, source: Side) -> None:
        add(source, 2)
        held = {article.article_number: article for article in source.stage.goods.articles()}
        for number, record in everything(source.connector(), source.register).items():
            _assert_says(record, held[number])

    def test_it_changes_nothing(self, source: Side) -> None:
        add(source, 2)
        everything(source.connector(), source.register)
        assert source.stage.changes() == []

    def test_two_reads_agree(self, source: Side) -> None:
        add(source, 2)
        first, second = (everything(source.connector(), source.register) for _ in range(2))
        assert first == second
        assert {n: content_hash(to_json(r)) for n, r in first.items()} == {
            n: content_hash(to_json(r)) for n, r in second.items()
        }

    def test_more_than_two_pages_arrive_complete(self, source: Side) -> None:
        numbers = add(source, 240)
        assert set(numbers) <= set(everything(source.connector(), source.register))

    def test_named_articles_are_read_in_whatever_case_and_strangers_are_left_out(self, source: Side) -> None:
        add(source, 5)
        found = everything(source.connector(), source.register, keys=("A-2", "a-4", "NIL-1"))
        assert set(found) == {"A-2", "A-4"}

    def test_many_named_articles_cost_few_calls(self, source: Side) -> None:
        numbers = add(source, 120)
        before = len(source.stage.sandbox.history)
        assert set(everything(source.connector(), source.register, keys=tuple(numbers))) == set(numbers)
        assert len(source.stage.sandbox.history) - before <= 20

    @pytest.mark.parametrize("number", ["A 1,2", "A(1)", "A$1*", "A'1\"", "ÅÄÖ-1", "A&x=%20#", "A+B/C?", "[A]"])
    def test_an_article_number_with_signs_in_it_is_found_too(self, source: Side, number: str) -> None:
        add(source, 1)
        source.stage.goods.add_article(number, name="Vante", regular=Decimal(50), quantity=Decimal(2))
        assert set(everything(source.connector(), source.register, keys=(number,))) == {number}

    def test_what_changed_since_is_told_and_little_else(self, source: Side) -> None:
        reads = source.stage.cls.capabilities.reads[source.register]
        if not reads.incremental:
            pytest.skip("this register is always read whole")
        add(source, 3)
        source.stage.clock.tick(600)
        since = source.stage.clock() - timedelta(minutes=1)
        source.stage.goods.change_article("A-2", **NEWS[source.register])
        source.stage.clock.tick(5)
        assert set(everything(source.connector(), source.register, modified_since=since - reads.overlap)) == {"A-2"}

    def test_an_article_that_changes_while_it_is_read_is_not_lost(self, source: Side) -> None:
        if not source.stage.cls.capabilities.reads[source.register].incremental:
            pytest.skip("this register is always read whole")
        numbers = add(source, 240)
        seen: set[str] = set()
        for n, page in enumerate(source.connector().read(Query(register=source.register))):
            seen |= {record.article_number for record in page.records}
            if n == 0:
                source.stage.goods.change_article(numbers[0], **NEWS[source.register])
                source.stage.goods.change_article(numbers[-1], **NEWS[source.register])
        assert set(numbers) <= seen


def _assert_says(record: Any, held: SeenArticle) -> None:
    if isinstance(record, Product):
        assert (record.name, record.ean, record.active) == (held.name, held.ean, held.active)
    elif isinstance(record, StockLevel):
        assert record.quantity == held.quantity
    elif isinstance(record, Price):
        assert (record.regular, record.sale) == (held.regular, held.sale)


def changes(side: Side, numbers: Sequence[str], **fields: Any) -> list[Change]:
    """What these articles are to be brought to, in the register of the case."""
    made: dict[Register, Callable[[str], Any]] = {
        Register.PRODUCTS: lambda number: Product(
            source_id=number, article_number=number, name=f"Keps {number}", vat_rate=Decimal(25), active=True
        ),
        Register.PRICES: lambda number: Price(
            source_id=number,
            article_number=number,
            currency="SEK",
            includes_vat=True,
            vat_rate=Decimal(25),
            regular=Decimal("199.50"),
        ),
        Register.STOCK: lambda number: StockLevel(source_id=number, article_number=number, quantity=Decimal(7)),
    }
    return [Change(key=number, record=replace(made[side.register](number), **fields)) for number in numbers]


#: What tells that a change was made.
SHOWS: dict[Register, Callable[[SeenArticle], object]] = {
    Register.PRODUCTS: lambda held: held.name.startswith("Keps"),
    Register.PRICES: lambda held: held.regular == Decimal("199.50"),
    Register.STOCK: lambda held: held.quantity == Decimal(7),
}


def put_all(connector: Connector, side: Side, wanted: Sequence[Change]) -> dict[str, Put]:
    size = side.stage.cls.capabilities.writes[side.register].batch_size
    done = [put for n in range(0, len(wanted), size) for put in connector.put(side.register, wanted[n : n + size])]
    assert sorted(put.key for put in done) == sorted(change.key for change in wanted)
    return {put.key: put for put in done}


def shown(side: Side) -> set[str]:
    """The articles that are as `changes` wants them."""
    return {held.article_number for held in side.stage.goods.articles() if SHOWS[side.register](held)}


class TestPut:
    def test_what_is_put_is_there(self, target: Side) -> None:
        numbers = add(target, 3)
        done = put_all(target.connector(), target, changes(target, numbers[:2]))
        ids = {held.article_number: held.target_id for held in target.stage.goods.articles()}
        assert {put.key: (put.target_id, put.written, put.error) for put in done.values()} == {
            number: (ids[number], True, None) for number in numbers[:2]
        }
        assert shown(target) == set(numbers[:2])

    def test_the_same_again_leaves_everything_as_it_is(self, target: Side) -> None:
        numbers = add(target, 3)
        put_all(target.connector(), target, changes(target, numbers))
        before = target.stage.goods.articles()
        put_all(target.connector(), target, changes(target, numbers))
        assert target.stage.goods.articles() == before

    def test_the_id_that_was_given_saves_looking_for_the_article(self, target: Side) -> None:
        numbers = add(target, 3)
        first = put_all(target.connector(), target, changes(target, numbers))
        known = [replace(change, target_id=first[change.key].target_id) for change in changes(target, numbers)]
        before = len(target.stage.sandbox.history)
        assert all(put.error is None for put in put_all(target.connector(), target, known).values())
        size = target.stage.cls.capabilities.writes[target.register].batch_size
        if target.register is not Register.PRODUCTS and size > 1:
            assert len(target.stage.sandbox.history) - before == 1

    def test_an_article_that_is_not_there_stops_alone(self, target: Side) -> None:
        numbers = add(target, 2)
        done = put_all(target.connector(), target, changes(target, [numbers[0], "NIL-1", numbers[1]]))
        assert isinstance(done["NIL-1"].error, RejectedError)
        assert "NIL-1" in str(done["NIL-1"].error.text)
        assert [number for number in numbers if done[number].error] == []
        assert shown(target) == set(numbers)

    def test_an_article_that_is_gone_although_its_id_is_known_stops_alone(self, target: Side) -> None:
        numbers = add(target, 2)
        first = put_all(target.connector(), target, changes(target, numbers))
        target.stage.goods.remove_article(numbers[0])
        known = [replace(change, target_id=first[change.key].target_id) for change in changes(target, numbers)]
        done = put_all(target.connector(), target, known)
        assert isinstance(done[numbers[0]].error, RejectedError)
        assert done[numbers[1]].error is None

    def test_a_batch_that_fails_whole_raises_and_may_be_made_again(self, target: Side, impatient: None) -> None:
        numbers = add(target, 3)
        target.stage.sandbox.faults.add(Fault("status", status=503, times=None))
        with pytest.raises(ConnectorError):
            put_all(target.connector(), target, changes(target, numbers))
        target.stage.sandbox.faults.clear()
        put_all(target.connector(), target, changes(target, numbers))
        assert shown(target) == set(numbers)

    def test_whichever_answer_is_lost_the_next_attempt_ends_right(self, target: Side, impatient: None) -> None:
        numbers = add(target, 3)
        wanted = [replace(change, create=target.register is Register.PRODUCTS) for change in changes(target, [*numbers, "B-1"])]
        if target.register is not Register.PRODUCTS:
            wanted = wanted[:-1]
        target.stage.sandbox.faults.add(Fault("drop_after", method="POST|PUT", times=1))
        with suppress(ConnectorError):
            put_all(target.connector(), target, wanted)
        put_all(target.connector(), target, wanted)
        assert shown(target) == {change.key for change in wanted}
        numbers_there = [held.article_number for held in target.stage.goods.articles()]
        assert len(numbers_there) == len(set(numbers_there))

    def test_no_secret_is_in_an_error(self, target: Side) -> None:
        (put,) = put_all(target.connector(), target, changes(target, ["NIL-1"])).values()
        assert put.error is not None
        told = f"{put.error} {put.error.text} {put.error.evidence}"
        assert [secret for secret in target.stage.secrets if secret in told] == []
