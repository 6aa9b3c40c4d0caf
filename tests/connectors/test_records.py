from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings

from connectors import errors
from connectors.errors import ConnectorError, Evidence, WhoActs
from connectors.records import Address, LineKind, Order, OrderLine, Party, content_hash, document_hash, from_json, to_json
from sharespine.lib.money import is_cents
from sharespine.lib.text import Text
from tests.factories import line, order, orders

any_order = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


class TestJson:
    @any_order
    @given(record=orders())
    def test_any_order_comes_back_from_the_database_as_it_went_in(self, record: Order) -> None:
        assert from_json(Order, json.loads(json.dumps(to_json(record)))) == record

    def test_amounts_keep_their_decimals(self) -> None:
        back = from_json(OrderLine, to_json(line("1.10", quantity=Decimal("2.50"))))
        assert (str(back.net), str(back.quantity)) == ("1.10", "2.50")

    def test_times_come_back_in_utc(self) -> None:
        stockholm = datetime(2026, 10, 25, 2, 30, tzinfo=timezone(timedelta(hours=1)))
        back = from_json(Order, to_json(order(placed_at=stockholm)))
        assert back.placed_at == stockholm
        assert back.placed_at.tzinfo is UTC

    def test_a_row_written_before_a_field_was_added_is_still_readable(self) -> None:
        data = to_json(order())
        del data["channel"], data["refunds"], data["lines"][0]["details"]
        assert from_json(Order, data) == order()

    def test_a_field_that_no_longer_exists_is_passed_over(self) -> None:
        assert from_json(Order, {**to_json(order()), "colour": "red"}) == order()

    @pytest.mark.parametrize("field", ["total", "placed_at", "lines", "buyer"])
    def test_data_without_what_an_order_must_have_is_refused(self, field: str) -> None:
        data = to_json(order())
        del data[field]
        with pytest.raises((ValueError, KeyError)):
            from_json(Order, data)

    @pytest.mark.parametrize(("field", "value"), [("total", "mycket"), ("placed_at", "igår"), ("lines", 5), ("buyer", "Anna")])
    def test_data_of_another_kind_is_refused(self, field: str, value: object) -> None:
        with pytest.raises((ValueError, KeyError)):
            from_json(Order, {**to_json(order()), field: value})


class TestContentHash:
    def test_it_does_not_depend_on_when_the_record_was_modified(self) -> None:
        later = replace(order(), modified_at=order().modified_at + timedelta(days=1))
        assert content_hash(to_json(later)) == content_hash(to_json(order()))

    @pytest.mark.parametrize(
        "changed",
        [
            order(status="completed"),
            order(line("80.01")),
            order(buyer=Party(name="Bo")),
            order(note="Ring på"),
            order(paid_at=None),
        ],
        ids=["status", "amount", "buyer", "note", "payment"],
    )
    def test_it_changes_with_what_the_record_says(self, changed: Order) -> None:
        assert content_hash(to_json(changed)) != content_hash(to_json(order()))

    @any_order
    @given(record=orders())
    def test_a_stored_record_has_the_hash_of_the_one_that_was_read(self, record: Order) -> None:
        assert content_hash(to_json(from_json(Order, to_json(record)))) == content_hash(to_json(record))


class TestDocumentHash:
    def test_an_order_that_only_moves_on_makes_the_same_document(self) -> None:
        moved = replace(order(), status="completed", paid_at=order().placed_at + timedelta(days=1), transaction_id="T-1")
        assert document_hash(to_json(moved)) == document_hash(to_json(order()))

    @pytest.mark.parametrize(
        "changed",
        [order(line("80.01")), order(buyer=Party(name="Bo")), order(delivery=Address(city="Lund"))],
        ids=["amount", "buyer", "delivery"],
    )
    def test_it_changes_with_what_the_document_says(self, changed: Order) -> None:
        assert document_hash(to_json(changed)) != document_hash(to_json(order()))


class TestOrders:
    @any_order
    @given(record=orders())
    def test_rows_and_total_differ_by_less_than_a_krona_of_rounding(self, record: Order) -> None:
        assert abs(record.lines_total - record.total) <= Decimal("0.50")
        assert record.total >= 0
        assert all(is_cents(amount) for row in record.lines for amount in (row.net, row.vat, row.net_before_discount))

    def test_discount_is_what_was_taken_off_the_row(self) -> None:
        assert line(80, net_before_discount=Decimal(100)).discount == 20

    def test_an_address_without_a_place_is_empty(self) -> None:
        assert Address(name="Anna", country="SE").is_empty
        assert not Address(city="Malmö").is_empty

    def test_a_buyer_with_an_organisation_number_is_a_company(self) -> None:
        assert Party(organisation_number="556677-8899").is_company
        assert not Party(name="Anna").is_company

    def test_the_plain_order_is_what_it_says(self) -> None:
        assert (order().total, order().total_vat, order().lines_total) == (
            Decimal("149.00"),
            Decimal("29.80"),
            Decimal("149.00"),
        )
        assert [row.kind for row in order().lines] == [LineKind.ARTICLE, LineKind.FREIGHT]


def error_classes(base: type[ConnectorError] = ConnectorError) -> list[type[ConnectorError]]:
    return [cls for sub in base.__subclasses__() for cls in (sub, *error_classes(sub))]


class TestErrors:
    def test_the_tree_in_the_docstring_is_the_tree(self) -> None:
        names = {cls.__name__ for cls in error_classes() if cls.__module__ == errors.__name__}
        assert errors.__doc__ is not None
        drawn = {line.split()[1] for line in errors.__doc__.replace("│", " ").splitlines() if "──" in line}
        assert drawn == names

    @pytest.mark.parametrize(
        ("base", "who"),
        [
            (errors.TemporaryError, WhoActs.NOBODY),
            (errors.RejectedError, WhoActs.MERCHANT),
            (errors.AccessError, WhoActs.MERCHANT),
            (errors.ProtocolError, WhoActs.US),
        ],
    )
    def test_the_class_says_who_acts(self, base: type[ConnectorError], who: WhoActs) -> None:
        assert {cls.who_acts for cls in error_classes(base)} == {who}

    def test_an_error_prints_its_evidence_for_staff_and_keeps_its_words_for_people(self) -> None:
        evidence = Evidence("POST", "https://shop.example.se/orders", 422, '{"code": "x"}')
        error = errors.Missing(Text("Article %(sku)s is gone.", {"sku": "A-1"}), evidence=evidence)
        assert str(error.text) == "Article A-1 is gone."
        assert str(error) == 'Article A-1 is gone. [POST https://shop.example.se/orders → 422 {"code": "x"}]'
        assert error.code == "Missing"

    @pytest.mark.parametrize("cls", error_classes(), ids=lambda cls: cls.__name__)
    def test_every_error_has_words_of_its_own(self, cls: type[ConnectorError]) -> None:
        assert str(cls().text)
        assert not cls().outcome_unknown
