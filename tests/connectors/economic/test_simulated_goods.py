"""The simulator's articles, stock and price lists against what the vendor and others say of the real ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.economic.sandbox import Simulator
from connectors.economic.simulator import open_api
from connectors.sandbox import SeenArticle
from tests.connectors.economic.test_simulator import call, document, found, line

OPEN = "/productsapi/v2.0.0"
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.fixture
def simulator() -> Simulator:
    simulator = Simulator(clock=lambda: NOON)
    simulator.add_customer("Kund 8", number=8)
    simulator.add_article("15", name="Vara", regular=Decimal("100.00"), unit="st")
    return simulator


def items(simulator: Simulator, path: str) -> list[Any]:
    response = call(simulator, "GET", OPEN + path)
    assert response.status == 200
    return list(response.body["items"])


def stock(simulator: Simulator, number: str = "15") -> Any:
    return call(simulator, "GET", f"/products/{number}").body.get("inventory")


class TestArticles:
    def test_what_is_done_by_hand_is_seen_and_told(self, simulator: Simulator) -> None:
        assert simulator.articles() == [
            SeenArticle(
                target_id="15",
                article_number="15",
                name="Vara",
                regular=Decimal("100.00"),
                unit="st",
                vat_rate=Decimal(25),
            )
        ]
        simulator.change_article("15", name="Sak", vat_rate=Decimal(6), active=False, sale=Decimal(80))
        (held,) = simulator.articles()
        assert (held.name, held.vat_rate, held.active, held.sale) == ("Sak", Decimal(6), False, Decimal(80))
        row = call(simulator, "GET", "/products/15").body
        assert (row["name"], row["productGroup"]["productGroupNumber"], row["barred"]) == ("Sak", 3, True)
        assert row["unit"]["name"] == "st"
        simulator.remove_article("15")
        assert call(simulator, "GET", "/products/15").status == 404

    def test_a_field_that_articles_do_not_have_is_no_field(self, simulator: Simulator) -> None:
        with pytest.raises(TypeError, match="weight"):
            simulator.change_article("15", weight=Decimal(1))

    def test_what_a_replacement_leaves_out_is_gone(self, simulator: Simulator) -> None:
        body = {"productNumber": "15", "name": "Vara", "productGroup": {"productGroupNumber": 1}}
        replaced = call(simulator, "PUT", "/products/15", body)
        assert replaced.status == 200
        assert {"salesPrice", "unit"} & set(replaced.body) == set()
        assert call(simulator, "PUT", "/products/16", {**body, "productNumber": "16"}).status == 201

    def test_stock_cannot_be_written_and_trying_is_noted(self, simulator: Simulator) -> None:
        simulator.change_article("15", quantity=Decimal(4))
        body = {
            "productNumber": "15",
            "name": "Vara",
            "productGroup": {"productGroupNumber": 1},
            "inventory": {"available": 99, "packageVolume": Decimal("0.5")},
        }
        assert call(simulator, "PUT", "/products/15", body).status == 200
        assert (stock(simulator)["available"], stock(simulator)["packageVolume"]) == (4, Decimal("0.5"))
        assert any("inventory.available" in violation for violation in simulator.violations)


class TestStock:
    def test_it_is_told_with_the_module_only(self, simulator: Simulator) -> None:
        assert stock(simulator) is None
        simulator.change_article("15", quantity=Decimal(4))
        assert stock(simulator)["available"] == 4
        assert found(simulator, "products", "productNumber$eq:15")[0]["inventory"] == stock(simulator)
        assert 15 in [module["moduleNumber"] for module in call(simulator, "GET", "/self").body["modules"]]

    def test_orders_take_it_and_drafts_of_invoices_do_not(self, simulator: Simulator) -> None:
        simulator.change_article("15", quantity=Decimal(4))
        order = call(simulator, "POST", "/orders/drafts", document(line(quantity=3))).body["orderNumber"]
        call(simulator, "POST", "/invoices/drafts", document(line(quantity=2)))
        told = stock(simulator)
        assert (told["inStock"], told["orderedByCustomers"], told["available"]) == (4, 3, 1)
        call(simulator, "PUT", f"/orders/drafts/{order}", document(line(quantity=1)))
        assert stock(simulator)["available"] == 3
        call(simulator, "DELETE", f"/orders/drafts/{order}")
        assert stock(simulator)["available"] == 4

    def test_what_is_booked_has_left(self, simulator: Simulator) -> None:
        simulator.change_article("15", quantity=Decimal(4))
        number = call(simulator, "POST", "/orders/drafts", document(line(quantity=3))).body["orderNumber"]
        draft = simulator.invoice_order(number)
        assert stock(simulator)["available"] == 4
        call(simulator, "POST", "/invoices/booked", {"draftInvoice": {"draftInvoiceNumber": draft}})
        assert (stock(simulator)["inStock"], stock(simulator)["available"]) == (1, 1)

    def test_a_change_of_it_counts_as_a_change_of_the_article(self) -> None:
        moment = NOON
        simulator = Simulator(clock=lambda: moment)
        simulator.add_customer("Kund 8", number=8)
        simulator.add_article("15", name="Vara", quantity=Decimal(4))
        simulator.add_article("16", name="Sak", quantity=Decimal(4))
        moment += timedelta(hours=1)
        call(simulator, "POST", "/orders/drafts", document(line()))
        rows = found(simulator, "products", f"lastUpdated$gte:{moment:%Y-%m-%dT%H:%M:%SZ}")
        assert [row["productNumber"] for row in rows] == ["15"]

    def test_it_survives_a_restart_as_far_as_calls_made_it(self, tmp_path: Path) -> None:
        first = Simulator(journal=tmp_path / "journal")
        body = {"productNumber": "15", "name": "P", "productGroup": {"productGroupNumber": 1}, "salesPrice": 5}
        call(first, "POST", "/products", body)
        call(first, "PUT", "/products/15", {**body, "name": "Q", "barred": True})
        assert Simulator(journal=tmp_path / "journal").articles() == first.articles()


class TestPriceLists:
    def test_a_price_group_has_amounts_and_percentages(self, simulator: Simulator) -> None:
        simulator.add_article("16", name="Sak")
        amount = simulator.price_in_group("15", 1, amount=Decimal(80))
        percent = simulator.price_in_group("16", 1, percent=Decimal(10))
        assert [row["name"] for row in items(simulator, "/pricegroups")] == ["Återförsäljare", "Kampanj"]
        rows = items(simulator, "/pricegroups/1/specialprices")
        assert [{name: value for name, value in row.items() if name != "objectVersion"} for row in rows] == [
            {"number": amount, "productNumber": "15", "salesPriceBaseCurrency": 80},
            {"number": percent, "productNumber": "16", "discountPercentage": 10},
        ]
        assert items(simulator, "/pricegroups/1/specialprices?filter=productNumber%24eq:16")[0]["number"] == percent

    def test_a_price_group_that_does_not_exist_has_none(self, simulator: Simulator) -> None:
        assert items(simulator, "/pricegroups/99/specialprices") == []
        assert items(simulator, "/specialprices/99/specialpricesincurrency") == []

    def test_other_currencies_have_prices_of_their_own(self, simulator: Simulator) -> None:
        special = simulator.price_in_group("15", 1, amount=Decimal(80))
        simulator.price_in_currency("15", "EUR", Decimal(9))
        simulator.price_in_currency("15", "EUR", Decimal(8), special=special)
        (row,) = items(simulator, "/salespriceincurrencies?filter=currency%24eq:EUR")
        assert (row["productNumber"], row["currency"], row["salesPrice"]) == ("15", "EUR", 9)
        (row,) = items(simulator, f"/specialprices/{special}/specialpricesincurrency")
        assert (row["currency"], row["salesPrice"]) == ("EUR", 8)

    def test_a_page_ends_with_a_cursor_and_the_last_one_without(
        self, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(open_api, "_PAGE", 1)
        first = call(simulator, "GET", f"{OPEN}/pricegroups").body
        last = call(simulator, "GET", f"{OPEN}/pricegroups?cursor={first['cursor']}").body
        assert [row["number"] for row in (*first["items"], *last["items"])] == [1, 2]
        assert "cursor" not in last

    def test_what_it_cannot_do_it_says_as_a_problem(self, simulator: Simulator) -> None:
        for path, status, code in (
            ("/pricegroups?filter=bogus%24eq:1", 400, "BadFilterRequest"),
            ("/pricegroups?filter=number", 400, "BadFilterRequest"),
            ("/nothing", 404, "ResourceNotFound"),
        ):
            response = call(simulator, "GET", OPEN + path)
            assert (response.status, response.body["errorCode"]) == (status, code)


def test_a_booked_invoice_remains_to_be_paid_until_it_is(simulator: Simulator) -> None:
    draft = call(simulator, "POST", "/invoices/drafts", document(line())).body["draftInvoiceNumber"]
    number = simulator.book_invoice(draft)
    for paid, remains in ((Decimal("25.00"), "100.00"), (None, "0.00")):
        simulator.pay_invoice(number, paid)
        (row,) = found(simulator, "invoices/booked", f"bookedInvoiceNumber$eq:{number}")
        assert (row["remainder"], row["remainderInBaseCurrency"]) == (Decimal(remains), Decimal(remains))
