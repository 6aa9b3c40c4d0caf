"""Prices: ordinary ones, those of price groups, campaigns, and other currencies."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.articles import ListPrice, Price
from connectors.base import Query, Register
from connectors.economic.connector import System
from connectors.economic.sandbox import Simulator
from connectors.economic.simulator import open_api
from connectors.errors import ContractChanged, InvalidRecord
from connectors.sandbox import Fault
from sharespine.lib.clock import utcnow
from tests.connectors.economic.conftest import Connect


def read(system: System, register: Register = Register.PRICES, **query: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for page in system.read(Query(register=register, **query)):
        assert page.unreadable == ()
        found |= {record.article_number: record for record in page.records}
    return found


def told(price: Price) -> tuple[str, Decimal, Decimal | None]:
    return price.currency, price.regular, price.sale


@pytest.fixture
def simulator(simulator: Simulator) -> Simulator:
    simulator.add_article("A-1", name="Mössa", regular=Decimal("100.00"), vat_rate=Decimal(12))
    simulator.add_article("A-2", name="Vante", regular=Decimal("49.95"))
    return simulator


class TestPrices:
    def test_the_price_is_without_vat_in_the_base_currency(self, system: System) -> None:
        price = read(system)["A-1"]
        assert (price.includes_vat, price.vat_rate, *told(price)) == (False, Decimal(12), "SEK", Decimal("100.00"), None)

    def test_an_article_that_was_never_priced_has_no_price(self, system: System, simulator: Simulator) -> None:
        simulator.add_article("A-3", name="Halsduk", regular=Decimal("0.00"))
        assert set(read(system)) == {"A-1", "A-2"}

    def test_the_shops_own_price_list_goes_before_the_ordinary_price(self, connect: Connect, simulator: Simulator) -> None:
        simulator.price_in_group("a-1", 1, amount=Decimal("80.00"))
        simulator.price_in_group("A-2", 1, percent=Decimal("12.5"))
        prices = read(connect(price_group="1"))
        # 49.95 less an eighth is 43.70625.
        assert [told(prices[n]) for n in ("A-1", "A-2")] == [
            ("SEK", Decimal("80.00"), None),
            ("SEK", Decimal("43.71"), None),
        ]

    def test_a_campaign_lasts_as_long_as_the_article_is_on_its_price_list(self, connect: Connect, simulator: Simulator) -> None:
        simulator.price_in_group("A-1", 2, percent=Decimal(20))
        assert told(read(connect(campaign_price_group="2"))["A-1"]) == ("SEK", Decimal("100.00"), Decimal("80.00"))
        simulator.take_out_of_group("A-1", 2)
        assert told(read(connect(campaign_price_group="2"))["A-1"]) == ("SEK", Decimal("100.00"), None)

    def test_price_lists_are_told_whole_since_nothing_tells_when_they_change(
        self, connect: Connect, simulator: Simulator
    ) -> None:
        later = utcnow() + timedelta(hours=1)
        assert read(connect(), modified_since=later) == {}
        assert set(read(connect(campaign_price_group="2"), modified_since=later)) == {"A-1", "A-2"}
        assert set(read(connect(price_group="1"), modified_since=later)) == {"A-1", "A-2"}

    def test_another_currency_has_prices_of_its_own(self, connect: Connect, simulator: Simulator) -> None:
        simulator.price_in_currency("A-1", "EUR", Decimal("9.50"))
        simulator.price_in_currency("A-1", "NOK", Decimal("99.00"))
        special = simulator.price_in_group("A-1", 1, amount=Decimal("80.00"))
        assert told(read(connect(currency="EUR", price_group="1"))["A-1"]) == ("EUR", Decimal("9.50"), None)
        simulator.price_in_currency("A-1", "EUR", Decimal("7.90"), special=special)
        prices = read(connect(currency="eur", price_group="1"))
        # What has no price in the currency is left out: nothing is converted.
        assert {number: told(price) for number, price in prices.items()} == {"A-1": ("EUR", Decimal("7.90"), None)}

    def test_a_percentage_is_taken_off_the_price_in_the_currency(self, connect: Connect, simulator: Simulator) -> None:
        simulator.price_in_currency("A-1", "EUR", Decimal("9.50"))
        simulator.price_in_group("A-1", 2, percent=Decimal(10))
        prices = read(connect(currency="EUR", campaign_price_group="2"))
        assert told(prices["A-1"]) == ("EUR", Decimal("9.50"), Decimal("8.55"))

    def test_a_price_group_that_is_no_number_is_named(self, connect: Connect) -> None:
        with pytest.raises(InvalidRecord, match="price list"):
            read(connect(price_group="kampanj"))

    def test_a_price_group_that_is_gone_stops_the_read_before_any_price_is_told(
        self, connect: Connect, simulator: Simulator
    ) -> None:
        del simulator.agreement.price_groups[1]
        with pytest.raises(InvalidRecord, match="price list"):
            read(connect(price_group="1"))

    def test_an_agreement_that_does_not_tell_its_currency_tells_no_prices(self, connect: Connect, simulator: Simulator) -> None:
        simulator.agreement.base_currency = ""
        for register in (Register.PRICES, Register.PRICE_LISTS):
            with pytest.raises(ContractChanged):
                read(connect(), register)

    def test_a_currency_that_the_agreement_does_not_have_is_named(self, connect: Connect) -> None:
        with pytest.raises(InvalidRecord, match="USD"):
            read(connect(currency="USD"))

    def test_an_amount_that_is_none_stops_the_read(self, connect: Connect, simulator: Simulator) -> None:
        body = {"items": [{"number": 1, "productNumber": "A-1", "salesPriceBaseCurrency": "gratis"}]}
        simulator.faults.add(Fault("status_after", path="/specialprices$", status=200, body=body))
        with pytest.raises(ContractChanged):
            read(connect(price_group="1"))


class TestPriceLists:
    def test_an_article_is_told_with_all_its_price_lists(self, system: System, simulator: Simulator) -> None:
        simulator.price_in_group("A-1", 1, amount=Decimal("80.00"))
        simulator.price_in_group("A-1", 2, percent=Decimal(20))
        lists = read(system, Register.PRICE_LISTS)
        assert (lists["A-1"].includes_vat, lists["A-1"].vat_rate) == (False, Decimal(12))
        assert lists["A-1"].prices == (
            ListPrice(list_id="1", list_name="Återförsäljare", currency="SEK", amount=Decimal("80.00")),
            ListPrice(list_id="2", list_name="Kampanj", currency="SEK", percent=Decimal(20)),
        )
        # One that is on none is told as well: it may have been on one.
        assert lists["A-2"].prices == ()

    def test_many_special_prices_are_read_page_by_page(
        self, system: System, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(open_api, "_PAGE", 7)
        for n in range(50):
            simulator.add_article(f"B-{n}", name="Sak", regular=Decimal(10))
            simulator.price_in_group(f"B-{n}", 1, amount=Decimal(n + 1))
        lists = read(system, Register.PRICE_LISTS)
        assert {number: prices.prices[0].amount for number, prices in lists.items() if prices.prices} == {
            f"B-{n}": n + 1 for n in range(50)
        }

    def test_pages_that_never_end_are_noticed(self, system: System, simulator: Simulator) -> None:
        body = {"items": [{"number": 1, "name": "Lista"}], "cursor": "1"}
        simulator.faults.add(Fault("status_after", path="/pricegroups$", status=200, body=body, times=None))
        with pytest.raises(ContractChanged):
            read(system, Register.PRICE_LISTS)

    def test_a_check_without_access_to_price_lists_offers_none(self, system: System, simulator: Simulator) -> None:
        problem = {"title": "Missing modules", "status": 403, "errors": [{"message": "No access", "errorCode": "x"}]}
        simulator.faults.add(Fault("status", path="/pricegroups$", status=403, body=problem))
        assert system.check().choices["price_groups"] == ()
        assert [choice.label for choice in system.check().choices["price_groups"]] == ["1 Återförsäljare", "2 Kampanj"]
