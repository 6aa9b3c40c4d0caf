"""The language of field mappings: what it makes of a record, and that nothing else can come of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.articles import Product
from connectors.capabilities import Register
from connectors.mappable import OWN_TARGETS, SOURCES, Kind, TargetField
from connectors.records import Order, content_hash, document_hash, from_json, to_json
from flows.mapping.catalogue import CONVERSIONS
from flows.mapping.compiling import Vocabulary, tables_in
from flows.mapping.errors import MappingError
from flows.mapping.parsing import quoted
from flows.mapping.rules import Rules
from flows.mapping.tables import Table
from flows.mapping.values import LONGEST, said
from tests import factories

TERMS = Table.of("Terms", [("klarna", "14"), (" Faktura ", "30")])
WORDS = Vocabulary({f.key: f for f in SOURCES[Register.ORDERS]}, {"Terms": TERMS}, extras=True, lines=True)
TARGETS = {
    target.key: target
    for target in (
        TargetField(key="heading", label="Heading"),
        TargetField(key="terms", label="Terms", kind=Kind.NUMBER),
        TargetField(key="day", label="Day", kind=Kind.TIME),
        TargetField(key="row", label="Row", per_line=True),
    )
}
PLACED = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)


def an_order(**changes: Any) -> Order:
    return factories.order(**{"placed_at": PLACED, "note": "  Ring\n på ", "extras": (("po number", "PO-7"),), **changes})


def told(expression: str, **changes: Any) -> str:
    order = an_order(**changes)
    return said(WORDS.compiled(expression).of(order, order.lines[0]))


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("order.number", "1042"),
        ('"Order " + order.number', "Order 1042"),
        ("order.note | trim", "Ring på"),
        ("order.note | trim | upper | cut 4", "RING"),
        ('"åke ek" | title', "Åke Ek"),
        ('"070-12 34" | digits', "0701234"),
        ('"a-b-c" | replace "-" "+"', "a+b+c"),
        ('"a-b-c" | before "-"', "a"),
        ('"a-b-c" | after "-"', "b-c"),
        ("order.channel | default order.number", "1042"),
        ('order.channel | default "none"', "none"),
        ('extra."po number"', "PO-7"),
        ("extra.unknown", ""),
        ('"1 234,50" | number', "1234.50"),
        ('"1.234,5" | number', "1234.5"),
        ('"2.345" | round 2', "2.35"),
        ('"-2.345" | round 2', "-2.35"),
        ("0.1 | add 0.2", "0.3"),
        ("order.total | subtract order.total", "0.00"),
        ('"0.1" | multiply 3', "0.3"),
        ("12.5 | comma", "12,5"),
        ('order.placed_at | date "YYYY-MM-DD HH:MI"', "2026-11-22 00:30"),
        ('order.placed_at | date "DD.MM.YY" "Europe/London"', "21.11.26"),
        ('order.placed_at | days 10 | date "YYYY-MM-DD"', "2026-12-02"),
        ('order.payment_method | table "Terms" stop', "14"),
        ('"FAKTURA" | table Terms', "30"),
        ('"cash" | table Terms empty', ""),
        ('"cash" | table Terms "0"', "0"),
        ('order.payment_method | equals "KLARNA" | yes_no "1" "2"', "1"),
        ('line.vat_rate | equals "25,0" | yes_no "home" "other"', "home"),
        ('order.note | contains "ring" | yes_no "!" ""', "!"),
        ('buyer.is_company | yes_no "30" "10"', "10"),
        ('("a" + "b" | upper) + "c"', "ABc"),
        (r'"say \"hi\"\n\\"', 'say "hi"\n\\'),
        ("line.article_number", "ESP-1"),
    ],
)
def test_an_expression_says_what_it_reads(expression: str, result: str) -> None:
    order = an_order()
    lines = (replace(order.lines[0], article_number="ESP-1", vat_rate=Decimal(25)), *order.lines[1:])
    assert told(expression, lines=lines) == result


@pytest.mark.parametrize(
    ("expression", "position", "why"),
    [
        ("", 0, "empty"),
        ("order.secret", 0, "no field"),
        ("order.__class__", 0, "no field"),
        ("order.number.__class__", 0, "no field"),
        ("order.number | eval", 15, "no conversion"),
        ("order.number | cut", 15, "is written like this"),
        ("order.number | cut 1.5", 19, "a whole number"),
        ("order.number | replace x y", 23, "a text in double quotes"),
        ("order.number |", 14, "missing"),
        ("order.number order.note", 13, "not expected"),
        ("order.number ; x", 13, "not understood"),
        ('"open', 0, "not understood"),
        (r'"\x"', 0, "means nothing"),
        ("order.number | table Other", 21, "no look-up table"),
        ('order.placed_at | date "YYYY" "Mars/Base"', 30, "a time zone"),
        ("((((((order.number))))))", 5, "brackets"),
        ("+".join(["order.number"] * 61), 780, "too many parts"),
        ("x" * 1001, 1000, "longer than"),
    ],
)
def test_what_is_not_understood_is_told_with_its_place(expression: str, position: int, why: str) -> None:
    with pytest.raises(MappingError) as caught:
        WORDS.compiled(expression)
    assert why in str(caught.value.text)
    assert caught.value.position == position


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ('"abc" | number', "no number"),
        ("extra.nothing | required", "empty"),
        ('"cash" | table Terms', "not in the look-up table"),
        ('"yesterday" | date "YYYY"', "no time"),
        ('"2026-11-21T10:00" | date "YYYY"', "time zone"),
        ('"0001-01-01" | date "YYYY"', "no time that can be meant"),
        ("order.placed_at | days 99999", "days can be added"),
        ("99999999999 | multiply 99999999999", "beyond all measure"),
        ("order.total | round 11", "0 to 10"),
        ('order.number | replace "1" ' + quoted("x" * 900) + ' | replace "x" ' + quoted("y" * 40), "longer"),
    ],
)
def test_a_record_that_an_expression_cannot_be_put_to_says_why(expression: str, why: str) -> None:
    with pytest.raises(MappingError, match=why):
        told(expression)


def test_a_field_of_a_row_is_refused_where_the_whole_order_is_filled() -> None:
    with pytest.raises(MappingError, match="belongs to a row") as caught:
        Rules.of([("heading", "order.number"), ("heading", '"x" + line.name')], TARGETS, WORDS)
    assert (caught.value.rule, caught.value.target, caught.value.position) == (2, "Heading", 6)


def test_the_tables_of_an_expression_are_known_without_having_them() -> None:
    assert tables_in('("a" | table One) + order.note | table "Number two" empty') == {"One", "Number two"}


def test_rules_fill_the_document_and_its_rows_and_leave_what_it_is_worth() -> None:
    rules = Rules.of(
        [
            ("heading", '"  " + order.number'),
            ("heading", '"second"'),
            ("terms", '"14,00"'),
            ("day", "order.placed_at"),
            ("row", "line.kind | upper"),
        ],
        TARGETS,
        WORDS,
    )
    order = an_order()
    shaped = rules.of_order(order)
    assert shaped.mapped == (("heading", "1042"), ("terms", "14.00"), ("day", "2026-11-22"))
    assert [line.mapped for line in shaped.lines] == [(("row", "ARTICLE"),), (("row", "FREIGHT"),)]
    assert replace(shaped, mapped=(), lines=tuple(replace(line, mapped=()) for line in shaped.lines)) == order


def test_an_empty_value_fills_nothing_and_leaves_it_to_the_next_rule() -> None:
    rules = Rules.of([("heading", "order.channel"), ("heading", "order.number")], TARGETS, WORDS)
    assert rules.of_order(an_order()).mapped == (("heading", "1042"),)


def test_a_value_of_the_wrong_kind_names_the_rule() -> None:
    rules = Rules.of([("heading", "order.number"), ("terms", "order.note")], TARGETS, WORDS)
    with pytest.raises(MappingError, match="no number") as caught:
        rules.of_order(an_order())
    assert (caught.value.rule, caught.value.target) == (2, "Terms")


def test_an_article_is_filled_as_if_the_source_had_said_so() -> None:
    words = Vocabulary({f.key: f for f in SOURCES[Register.PRODUCTS]}, {})
    targets = {target.key: target for target in OWN_TARGETS[Register.PRODUCTS]}
    pairs = [
        ("name", "product.name | upper"),
        ("weight", "product.weight | multiply 0.001"),
        ("categories", r'"Te > Grönt\nTe"'),
        ("ean", "product.ean"),
    ]
    product = Product(source_id="1", article_number="T-1", name="Te", weight=Decimal("250.0"), ean="123")
    filled = Rules.of(pairs, targets, words).of_article(product)
    assert filled == replace(product, name="TE", weight=Decimal("0.2500"), categories=("Te > Grönt", "Te"))


def test_an_order_without_extra_fields_and_mapping_has_the_hash_that_it_always_had() -> None:
    data = to_json(an_order(extras=()))
    before = {key: value for key, value in data.items() if key not in ("extras", "mapped")}
    before["lines"] = [{key: value for key, value in line.items() if key != "mapped"} for line in data["lines"]]
    assert content_hash(data) == content_hash(before)
    assert document_hash(data) == document_hash(before)
    extra = to_json(an_order())
    assert content_hash(extra) != content_hash(data)
    assert document_hash(extra) == document_hash(data)
    assert from_json(Order, extra) == an_order()
    assert from_json(Order, before) == an_order(extras=())


# --- whatever anybody writes --------------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        *WORDS.fields, *CONVERSIONS, "extra.x", 'extra."a b"', "|", "|", "|", "+", "(", ")", "Terms", "stop", "empty", "0", "1",
        "-3", "12.5", "0.000001", "99999999999", '""', '"a"', '"1 234,5"', '"2026-03-29"', '"Europe/Oslo"', r'"\n"', ".",
    ]
)  # fmt: skip
ANYTHING = st.lists(PIECES, max_size=14).map(" ".join) | st.text(max_size=60)
VALUES = st.text(max_size=50) | st.sampled_from(["", "1e9999999", "NaN", "1,5", "9" * 60, "0001-01-01T00:00:00+14:00"])
CALLS = st.sampled_from([c.example.partition("|")[2] for c in CONVERSIONS.values()]).map(
    lambda call: call.replace("Payment terms", "Terms").replace("buyer.name", "order.note")
)


@settings(deadline=None)
@given(ANYTHING, factories.orders(largest=3), VALUES)
def test_whatever_is_written_nothing_is_raised_but_the_error_of_the_language(text: str, order: Order, value: str) -> None:
    order = replace(order, note=value, extras=(("x", value),))
    try:
        found = WORDS.compiled(text).of(order, order.lines[0])
    except MappingError as error:
        assert error.text.message  # noqa: PT017 - either may happen
    else:
        assert len(said(found)) <= LONGEST


@settings(deadline=None)
@given(st.lists(CALLS, min_size=1, max_size=5), VALUES | st.decimals() | st.datetimes(timezones=st.just(UTC)) | st.none())
def test_no_chain_of_conversions_raises_anything_else(calls: list[str], value: Any) -> None:
    order = an_order(note=value)
    try:
        found = WORDS.compiled("order.note | " + " | ".join(calls)).of(order, order.lines[0])
    except MappingError as error:
        assert error.text.message  # noqa: PT017 - either may happen
    else:
        assert len(said(found)) <= LONGEST
        assert found is None or not isinstance(found, float)


@settings(deadline=None)
@given(factories.amounts(), factories.amounts(), st.integers(0, 6))
def test_numbers_stay_exact(one: Decimal, other: Decimal, decimals: int) -> None:
    assert Decimal(told(f'"{one}" | add {other} | subtract {other}')) == one
    assert Decimal(told(f'"{one}" | multiply {other}')) == one * other
    assert abs(Decimal(told(f'"{one}" | multiply 0.333 | round {decimals}')) - one * Decimal("0.333")) <= (
        Decimal("0.5").scaleb(-decimals)
    )


@settings(deadline=None)
@given(st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1), timezones=st.just(UTC)), st.integers(-3000, 3000))
def test_times_stay_exact_and_aware(moment: datetime, days: int) -> None:
    found = WORDS.compiled(f"order.placed_at | days {days} | days {-days}").of(an_order(placed_at=moment))
    assert isinstance(found, datetime)
    assert found.tzinfo is UTC
    # Days are those of the wall clock: where summer time swallows the hour, it comes back an hour off.
    assert abs((found - moment).total_seconds()) <= 3600
    shown = told('order.placed_at | date "YYYY-MM-DD HH:MI" "UTC"', placed_at=moment)
    assert shown == moment.strftime("%Y-%m-%d %H:%M")


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_can_be_quoted(text: str) -> None:
    assert told(quoted(text)) == text


@settings(deadline=None)
@given(factories.orders(largest=3))
def test_no_expression_reaches_outside_its_record(order: Order) -> None:
    for key, field in WORDS.fields.items():
        found = WORDS.compiled(key).of(order, order.lines[0])
        assert len(said(found)) <= LONGEST
        for beyond in (f"{key}.__class__", f"{key}._", f"{key}.real", key.replace(".", "._")):
            with pytest.raises(MappingError):
                WORDS.compiled(beyond)
        assert "_" not in field.attribute[:1]
