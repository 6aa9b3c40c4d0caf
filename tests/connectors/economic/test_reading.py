"""Articles read out of e-conomic: what is told, and that none is lost while others change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.articles import Product, StockLevel
from connectors.base import Page, Query, Register
from connectors.economic import agreement as paging
from connectors.economic.connector import System
from connectors.economic.sandbox import Simulator
from connectors.economic.simulator import collections
from connectors.errors import ContractChanged
from connectors.sandbox import Fault
from tests.connectors.economic.conftest import Connect
from tests.factories import order

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.moment = NOON

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def simulator(clock: Clock) -> Simulator:
    return Simulator(clock=clock)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten articles a page, so that a few of them are many pages."""
    monkeypatch.setattr(paging, "PAGE_SIZE", 10)
    monkeypatch.setattr("connectors.economic.assortment.PAGE_SIZE", 10)
    monkeypatch.setattr(collections, "_LARGEST", 10)


def pages(system: System, register: Register = Register.PRODUCTS, **query: Any) -> Iterator[Page]:
    return system.read(Query(register=register, **query))


def read(system: System, register: Register = Register.PRODUCTS, **query: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for page in pages(system, register, **query):
        assert page.unreadable == ()
        found |= {record.article_number: record for record in page.records}
    return found


class TestProducts:
    def test_an_article_is_told_with_all_that_e_conomic_has(self, system: System, simulator: Simulator) -> None:
        simulator.add_article(
            "M-1", name=" Mössa ", text="Varm\noch skön", ean="7310865004703", unit="kg", vat_rate=Decimal(12), active=False
        )
        assert read(system) == {
            "M-1": Product(
                source_id="M-1",
                article_number="M-1",
                name="Mössa",
                text="Varm\noch skön",
                ean="7310865004703",
                unit="kg",
                vat_rate=Decimal(12),
                active=False,
                modified_at=NOON,
            )
        }

    def test_vat_is_not_guessed_where_the_flow_does_not_name_the_group(self, connect: Connect, simulator: Simulator) -> None:
        simulator.add_article("M-1", name="Mössa", vat_rate=Decimal(6))
        assert read(connect(product_group_6=None))["M-1"].vat_rate is None

    def test_an_article_that_cannot_be_understood_stops_alone(self, system: System, simulator: Simulator) -> None:
        simulator.add_article("M-1", name="Mössa")
        simulator.add_article("M-2", name="Mössa")
        simulator.agreement.products["m-1"]["barCode"] = 7310865004703
        (page,) = pages(system)
        assert [record.article_number for record in page.records] == ["M-2"]
        (unreadable,) = page.unreadable
        assert (unreadable.number, type(unreadable.error)) == ("M-1", ContractChanged)
        assert "M-1" in str(unreadable.error.text)

    def test_an_answer_that_is_no_list_of_articles_stops_the_read(self, system: System, simulator: Simulator) -> None:
        simulator.faults.add(Fault("status_after", path="/products", status=200, body={"collection": {}}))
        with pytest.raises(ContractChanged):
            list(pages(system))


@pytest.mark.usefixtures("small_pages")
class TestWhileArticlesChange:
    def test_an_import_of_many_pages_in_one_minute_arrives_whole(
        self, system: System, simulator: Simulator, clock: Clock
    ) -> None:
        for n in range(5):
            simulator.add_article(f"A-{n}", name="Före")
        clock.moment += timedelta(minutes=1)
        for n in range(57):
            simulator.add_article(f"B-{n:02}", name="Samtidigt")
        clock.moment += timedelta(minutes=1)
        for n in range(5):
            simulator.add_article(f"C-{n}", name="Efter")
        assert len(read(system)) == 67

    @pytest.mark.parametrize("together", [True, False])
    def test_no_article_is_lost_when_others_change_or_go_after_any_page(
        self, connect: Connect, simulator: Simulator, clock: Clock, *, together: bool
    ) -> None:
        numbers = [f"A-{n:02}" for n in range(60)]
        for number in numbers:
            clock.moment += timedelta(seconds=0 if together else 20)
            simulator.add_article(number, name="Mössa")
        clock.moment += timedelta(hours=1)
        calls = self.calls(simulator, lambda: read(connect()))
        for meddled in range(calls):
            seen: set[str] = set()
            touched: set[str] = set()
            for n, page in enumerate(pages(connect())):
                seen |= {record.article_number for record in page.records}
                if n == meddled:
                    clock.moment += timedelta(minutes=1)
                    # Those that are still at the front are what makes the others move up.
                    for number in numbers[:3] + numbers[30:33]:
                        simulator.change_article(number, name=f"Ny {meddled}")
                        touched.add(number)
            assert set(numbers) - seen == set(), (meddled, touched)
            for number in numbers:
                simulator.agreement.products[number.casefold()] |= {
                    "lastUpdated": (NOON if together else NOON + timedelta(seconds=20 * numbers.index(number))).strftime(
                        "%Y-%m-%dT%H:%M:00Z"
                    )
                }

    def calls(self, simulator: Simulator, verb: Callable[[], object]) -> int:
        before = len(simulator.history)
        verb()
        return len(simulator.history) - before

    def test_what_was_reached_has_all_been_told_before(self, system: System, simulator: Simulator, clock: Clock) -> None:
        for n in range(45):
            clock.moment += timedelta(seconds=17)
            simulator.add_article(f"A-{n:02}", name="Mössa")
        changed = {number: row["lastUpdated"] for number, row in simulator.agreement.products.items()}
        seen: set[str] = set()
        for page in pages(system):
            seen |= {record.article_number.casefold() for record in page.records}
            if page.reached is not None:
                edge = page.reached.strftime("%Y-%m-%dT%H:%M:%SZ")
                assert {number for number, moment in changed.items() if moment < edge} <= seen
        assert seen == set(changed)

    def test_a_later_read_asks_only_for_what_has_changed_since(
        self, system: System, simulator: Simulator, clock: Clock
    ) -> None:
        for n in range(30):
            simulator.add_article(f"A-{n:02}", name="Mössa")
        clock.moment += timedelta(hours=1, seconds=40)
        simulator.change_article("A-07", name="Keps")
        # Between the minute that e-conomic tells and the moment of the change.
        assert set(read(system, modified_since=clock.moment - timedelta(seconds=10))) == {"A-07"}

    def test_a_server_that_does_not_sort_is_noticed(
        self, system: System, simulator: Simulator, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for n in range(30):
            clock.moment -= timedelta(minutes=1)
            simulator.add_article(f"A-{n:02}", name="Mössa")
        monkeypatch.setattr(collections, "_sorted", lambda rows, *_, **__: rows)
        with pytest.raises(ContractChanged):
            list(pages(system))


class TestStock:
    def test_what_customers_have_ordered_is_not_for_sale(self, system: System, simulator: Simulator) -> None:
        simulator.add_article("KAFFE-1", name="Kaffe", quantity=Decimal(5))
        system.write(system.prepare(order(), reference="SO-1"), key="SO-1")
        assert read(system, Register.STOCK)["KAFFE-1"] == StockLevel(
            source_id="KAFFE-1", article_number="KAFFE-1", quantity=Decimal(4), modified_at=NOON
        )
        simulator.book_invoice(simulator.invoice_order(int(simulator.documents()[0].target_id)))
        assert read(system, Register.STOCK)["KAFFE-1"].quantity == 4

    def test_a_sale_changes_the_stock_of_its_articles_alone(self, system: System, simulator: Simulator, clock: Clock) -> None:
        simulator.add_article("KAFFE-1", name="Kaffe", quantity=Decimal(5))
        simulator.add_article("TE-1", name="Te", quantity=Decimal(5))
        clock.moment += timedelta(hours=1)
        system.write(system.prepare(order(), reference="SO-1"), key="SO-1")
        assert "TE-1" not in read(system, Register.STOCK, modified_since=clock.moment)
        assert "KAFFE-1" in read(system, Register.STOCK, modified_since=clock.moment)

    def test_articles_of_which_no_stock_is_kept_are_left_out(self, system: System, simulator: Simulator) -> None:
        simulator.add_article("M-1", name="Mössa")
        assert read(system, Register.STOCK) == {}
        simulator.add_article("M-2", name="Mössa", quantity=Decimal(2))
        simulator.add_article("TJANST", name="Montering", vat_rate=Decimal(0))
        assert set(read(system, Register.STOCK)) == {"M-1", "M-2"}

    def test_more_may_be_promised_than_there_is(self, system: System, simulator: Simulator) -> None:
        simulator.add_article("M-1", name="Mössa", quantity=Decimal(-2))
        assert read(system, Register.STOCK)["M-1"].quantity == -2
