"""What goes to a plugin comes back as it was, and what a plugin may not change is found out."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from connectors import plugin_wire
from connectors.articles import ListPrice, ListPrices, Price, Product, StockLevel, Variant
from connectors.base import Change, Document, Draft, Put, Register, Step
from connectors.plugins import Plugin, hooks_of
from connectors.records import Address, Order
from sharespine.lib.text import Text
from tests.factories import order, orders

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
STOCK = StockLevel(
    source_id="7",
    article_number="A-1",
    quantity=Decimal("12.5"),
    warehouses=(("Malmö", Decimal(2)), ("Umeå", Decimal("10.5"))),
    restock_on=date(2026, 12, 24),
    modified_at=AT,
)
PRODUCT = Product(
    source_id="8",
    article_number="T-1",
    name="T-shirt",
    weight=Decimal("0.2"),
    categories=("Kläder > Tröjor",),
    variants=(Variant(article_number="T-1-S", options=(("Storlek", "S"), ("Färg", "Röd"))),),
)
PRICE = Price(
    source_id="9",
    article_number="A-1",
    currency="SEK",
    includes_vat=True,
    vat_rate=Decimal(25),
    regular=Decimal("99.00"),
    sale=Decimal("79.00"),
    sale_from=date(2026, 11, 27),
)
LISTED = ListPrices(
    source_id="9",
    article_number="A-1",
    includes_vat=False,
    vat_rate=None,
    prices=(ListPrice(list_id="1", list_name="Återförsäljare", currency="SEK", percent=Decimal(20)),),
)
ARTICLES = (STOCK, PRODUCT, PRICE, LISTED)
DRAFT = Draft(
    register=Register.ORDERS,
    reference="BCDFG-1",
    steps=(Step(purpose="Create", method="POST", path="/orders", body={"lines": [{"n": "1"}]}),),
    total=Decimal("125.00"),
    total_vat=Decimal("25.00"),
    currency="SEK",
    notices=(Text("Cut %(what)s", {"what": "a name"}),),
)
DOCUMENT = Document(kind="order", target_id="1", reference="BCDFG-1", total=Decimal(125), total_vat=Decimal(25), currency="SEK")


def there_and_back(value: Any) -> Any:
    return plugin_wire.unpack(json.loads(json.dumps(plugin_wire.pack(value))))


@given(orders())
def test_any_order_comes_back_as_it_was_and_may_be_left_as_it_is(placed: Order) -> None:
    assert there_and_back(placed) == placed
    assert plugin_wire.mapped(placed, plugin_wire.pack(placed)) == placed


@pytest.mark.parametrize("record", ARTICLES, ids=lambda record: type(record).__name__)
def test_articles_come_back_as_they_were_and_may_be_left_as_they_are(record: Any) -> None:
    assert there_and_back(record) == record
    assert plugin_wire.mapped(record, plugin_wire.pack(record)) == record


@pytest.mark.parametrize(
    "value",
    [
        DRAFT,
        DOCUMENT,
        Put(key="A-1", target_id="4", written=False),
        Change(key="A-1", record=STOCK, target_id="4", fields=frozenset({"quantity"})),
        Change(key="T-1", record=PRODUCT, create=True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_about_to_be_sent_and_what_was_comes_back_as_it_was(value: Any) -> None:
    assert there_and_back(value) == value


def test_what_is_no_record_is_not_sent_to_a_plugin() -> None:
    with pytest.raises(TypeError, match="no record: dict"):
        plugin_wire.pack({"source_id": "1"})


def test_a_plugin_may_change_what_neither_identifies_an_order_nor_counts() -> None:
    placed = order()
    changed = replace(
        placed,
        note="Ring först.",
        delivery=Address(street="Lagervägen 2", city="Lund", country="SE"),
        lines=tuple(replace(line, name="Kaffe, mörkrost", article_number="KAFFE-2") for line in reversed(placed.lines)),
    )
    assert plugin_wire.mapped(placed, plugin_wire.pack(changed)) == changed


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"article_number": "A-2"}, "the article number is A-2 in place of A-1"),
        ({"source_id": "0"}, "the id is 0 in place of 7"),
        ({"quantity": "many"}, "not a number"),
        ({"warehouses": (("Malmö", Decimal(2), "x"),)}, "no record"),
        ({"restock_on": "soon"}, "no record"),
        ({"backorders": None}, "values of the wrong type"),
    ],
)
def test_a_plugin_may_not_make_another_article_of_it_or_nonsense(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        plugin_wire.mapped(STOCK, plugin_wire.pack(replace(STOCK, **change)))


@pytest.mark.parametrize(
    "packed", [None, [], "Order", ["Order"], ["Order", {}], ["Put", {"key": 1}], ["File", {}], {"a": 1}, [[], {}]]
)
def test_an_answer_that_is_no_record_is_found_out(packed: Any) -> None:
    with pytest.raises(ValueError, match=r"no record|in place of"):
        plugin_wire.mapped(order(), packed)


def test_another_kind_of_record_is_no_answer() -> None:
    with pytest.raises(ValueError, match="a StockLevel in place of a Order"):
        plugin_wire.mapped(order(), plugin_wire.pack(STOCK))


def test_only_the_hooks_that_a_plugin_fills_in_are_called() -> None:
    class Quiet(Plugin):
        pass

    class Filtering(Plugin):
        def filter(self, record: Any) -> str | None:
            return "no"

    assert hooks_of(Quiet) == ()
    assert hooks_of(Filtering) == ("filter",)
