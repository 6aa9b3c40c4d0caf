"""Articles put into e-conomic: what is written, what stays, and what is refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connectors.articles import Product
from connectors.base import Change, Put, Register
from connectors.economic.agreement import Agreement, Row
from connectors.economic.connector import System
from connectors.economic.plain_text import plain_text
from connectors.economic.product_bodies import kept_body
from connectors.economic.sandbox import Simulator
from connectors.errors import InvalidRecord, Missing, Unsupported
from connectors.sandbox import Fault
from tests.connectors.economic.conftest import Connect

CAP = Product(
    source_id="7",
    article_number="M-1",
    name="Keps",
    text="<p>Blå</p>",
    ean="7310865004703",
    unit="st",
    vat_rate=Decimal(25),
)


def change(record: Product = CAP, *fields: str, create: bool = True) -> Change:
    return Change(key=record.article_number, record=record, fields=frozenset(fields) or None, create=create)


def put(system: System, *changes: Change) -> dict[str, Put]:
    return {made.key: made for made in system.put(Register.PRODUCTS, changes)}


def one(system: System, wanted: Change) -> Put:
    (made,) = put(system, wanted).values()
    assert made.error is None
    return made


def held(simulator: Simulator, number: str = "M-1") -> dict[str, Any]:
    return simulator.agreement.products[number.casefold()]


def told(made: Put) -> str:
    return " ".join(map(str, made.notices))


class TestCreating:
    def test_a_new_article_has_what_the_shop_says_and_no_price(self, system: System, simulator: Simulator) -> None:
        made = one(system, change())
        assert (made.target_id, made.written, made.notices) == ("M-1", True, ())
        row = {name: value for name, value in held(simulator).items() if name != "lastUpdated"}
        assert row == {
            "productNumber": "M-1",
            "name": "Keps",
            "description": "Blå",
            "barCode": "7310865004703",
            "barred": False,
            "unit": {"unitNumber": 1},
            "productGroup": {"productGroupNumber": 1},
        }

    def test_its_product_group_is_that_of_its_vat(self, system: System, simulator: Simulator) -> None:
        one(system, change(replace(CAP, vat_rate=Decimal(6))))
        assert held(simulator)["productGroup"] == {"productGroupNumber": 3}

    def test_without_a_product_group_for_its_vat_it_stops_alone(self, connect: Connect, simulator: Simulator) -> None:
        tea = replace(CAP, article_number="TE-1", vat_rate=Decimal(12))
        done = put(connect(product_group_12=None), change(tea), change())
        assert isinstance(done["TE-1"].error, InvalidRecord)
        assert "12 %" in str(done["TE-1"].error.text)
        assert (done["M-1"].error, set(simulator.agreement.products)) == (None, {"m-1"})

    def test_vat_that_the_shop_does_not_tell_is_the_standard_rate_and_said(self, system: System, simulator: Simulator) -> None:
        made = one(system, change(replace(CAP, vat_rate=None)))
        assert "25 %" in told(made)
        assert held(simulator)["productGroup"] == {"productGroupNumber": 1}

    def test_a_unit_that_e_conomic_does_not_know_is_that_of_the_flow(self, connect: Connect, simulator: Simulator) -> None:
        for n, (unit, chosen, expected) in enumerate((("KG", "1", 2), ("låda", "3", 3), ("", "3", 3))):
            one(connect(unit=chosen), change(replace(CAP, article_number=f"M-{n}", unit=unit)))
            assert held(simulator, f"M-{n}")["unit"] == {"unitNumber": expected}
        one(connect(unit=None), change(replace(CAP, article_number="M-9", unit="låda")))
        assert "unit" not in held(simulator, "M-9")

    def test_only_the_fields_of_the_flow_are_told_and_a_name(self, system: System, simulator: Simulator) -> None:
        one(system, change(replace(CAP, active=False), "ean"))
        assert held(simulator)["name"] == "Keps"
        assert held(simulator)["barCode"] == CAP.ean
        assert "description" not in held(simulator)
        assert held(simulator)["barred"] is False

    def test_an_article_that_was_deleted_is_created_again_within_the_hour(self, system: System, simulator: Simulator) -> None:
        one(system, change())
        simulator.remove_article("M-1")
        assert one(system, change()).written
        assert set(simulator.agreement.products) == {"m-1"}

    def test_one_that_somebody_else_made_in_the_meantime_is_changed(
        self, system: System, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        meanwhile(monkeypatch, lambda: simulator.add_product("m-1", "Mössa", price="99.00"))
        assert one(system, change()).written
        assert (held(simulator)["name"], held(simulator)["salesPrice"]) == ("Keps", Decimal("99.00"))

    @pytest.mark.parametrize("number", ["X" * 26, "", "  "])
    def test_a_number_that_cannot_be_one_stops_alone(self, system: System, number: str) -> None:
        done = put(system, change(replace(CAP, article_number=number)), change())
        assert isinstance(done[number].error, InvalidRecord)
        assert done["M-1"].error is None

    def test_prices_and_stock_cannot_be_put(self, system: System) -> None:
        for register in (Register.PRICES, Register.STOCK):
            with pytest.raises(Unsupported):
                system.put(register, [change()])


class TestChanging:
    @pytest.fixture(autouse=True)
    def hat(self, simulator: Simulator) -> None:
        """What a bookkeeper has typed about an article."""
        simulator.add_article(
            "M-1", name="Mössa", text="Grön", ean="4006381333931", regular=Decimal("149.00"), unit="m", quantity=Decimal(4)
        )
        simulator.agreement.products["m-1"] |= {
            "costPrice": Decimal("60.00"),
            "recommendedPrice": Decimal("299.00"),
            "departmentalDistribution": {"departmentalDistributionNumber": 2, "distributionType": "department"},
            "inventory": {"packageVolume": Decimal("0.25"), "recommendedCostPrice": Decimal("55.00")},
        }

    def test_nothing_is_lost_that_the_flow_does_not_write(self, system: System, simulator: Simulator) -> None:
        before = dict(held(simulator))
        one(system, change(CAP, "name"))
        assert held(simulator) == {**before, "name": "Keps", "lastUpdated": held(simulator)["lastUpdated"]}

    def test_it_stays_barred_or_open_unless_the_flow_writes_that(self, system: System, simulator: Simulator) -> None:
        simulator.bar_product("M-1")
        one(system, change(CAP, "name"))
        assert held(simulator)["barred"] is True
        one(system, change(CAP, "active"))
        assert held(simulator)["barred"] is False

    def test_what_somebody_types_while_we_work_is_not_lost(
        self, system: System, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        meanwhile(monkeypatch, lambda: simulator.change_article("M-1", regular=Decimal("99.00")))
        one(system, change(CAP, "name"))
        assert (held(simulator)["name"], held(simulator)["salesPrice"]) == ("Keps", Decimal("99.00"))

    def test_what_the_shop_says_nothing_of_stays(self, system: System, simulator: Simulator) -> None:
        one(system, change(Product(source_id="7", article_number="M-1", name="Keps", text="<p> </p>", unit="låda")))
        assert (held(simulator)["description"], held(simulator)["barCode"]) == ("Grön", "4006381333931")
        assert held(simulator)["unit"] == {"unitNumber": 3}

    def test_another_vat_moves_it_between_the_groups_of_the_flow_only(self, connect: Connect, simulator: Simulator) -> None:
        one(connect(), change(replace(CAP, vat_rate=Decimal(12)), "vat_rate"))
        assert held(simulator)["productGroup"] == {"productGroupNumber": 2}
        # A group that the flow does not name may be the bookkeeper's own.
        assert not one(connect(product_group_12=None), change(CAP, "vat_rate")).written
        assert held(simulator)["productGroup"] == {"productGroupNumber": 2}

    def test_it_is_found_in_whatever_case_and_keeps_its_own_number(self, system: System, simulator: Simulator) -> None:
        assert one(system, change(replace(CAP, article_number="m-1"), "name")).target_id == "M-1"
        assert held(simulator)["productNumber"] == "M-1"

    @pytest.mark.parametrize("number", ["A_0_ 1", "Å<B>*%:&/\\_ ?.#+", "1.", "$(x),[y]", "a'b\"c"])
    def test_a_number_with_signs_in_it_is_changed_too(self, system: System, simulator: Simulator, number: str) -> None:
        simulator.add_article(number, name="Mössa", regular=Decimal(10))
        one(system, change(replace(CAP, article_number=number), "name"))
        assert (held(simulator, number)["name"], held(simulator, number)["salesPrice"]) == ("Keps", 10)

    def test_what_is_as_it_should_be_costs_no_call_that_changes(self, system: System, simulator: Simulator) -> None:
        wanted = change(replace(CAP, name="Å" * 400, text="<p>" + "ö" * 900))
        first = one(system, wanted)
        assert ("300" in told(first), "500" in told(first)) == (True, True)
        before = len(simulator.history)
        second = one(system, wanted)
        assert (second.written, second.notices, second.target_id) == (False, (), "M-1")
        assert [call.method for call in simulator.history.calls()[before:]] == ["GET"]

    def test_a_barcode_is_never_cut(self, system: System, simulator: Simulator) -> None:
        (made,) = put(system, change(replace(CAP, ean="7" * 51))).values()
        assert isinstance(made.error, InvalidRecord)
        assert held(simulator)["name"] == "Mössa"

    def test_one_that_is_gone_by_then_stops_alone(
        self, system: System, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        simulator.add_article("M-2", name="Vante")
        meanwhile(monkeypatch, lambda: simulator.remove_article("M-1"))
        done = put(system, change(create=False), change(replace(CAP, article_number="M-2"), create=False))
        assert isinstance(done["M-1"].error, Missing)
        assert done["M-2"].error is None

    def test_a_refused_article_stops_alone_and_says_why(self, system: System, simulator: Simulator) -> None:
        simulator.add_article("M-2", name="Vante")
        body = {
            "message": "Validation failed.",
            "errorCode": "E04300",
            "errors": {"name": {"errors": [{"errorMessage": "Nej."}]}},
        }
        simulator.faults.add(Fault("status", method="PUT", path="/products/M-1$", status=400, body=body))
        done = put(system, change(), change(replace(CAP, article_number="M-2")))
        assert "Nej." in str(done["M-1"].error and done["M-1"].error.text)
        assert (done["M-2"].error, held(simulator)["name"]) == (None, "Mössa")


def meanwhile(monkeypatch: pytest.MonkeyPatch, deed: Any) -> None:
    """Somebody does this after the articles have been looked up, once."""
    numbered = Agreement.numbered
    left = [deed]

    def and_then(self: Agreement, numbers: Iterable[str]) -> Iterator[Row]:
        found = list(numbered(self, numbers))
        if left:
            left.pop()()
        return iter(found)

    monkeypatch.setattr(Agreement, "numbered", and_then)


def test_what_we_know_nothing_of_is_sent_back_and_what_cannot_be_sent_is_not() -> None:
    current = {
        "productNumber": "M-1",
        "name": "Mössa",
        "minimumStock": 3,
        "lastUpdated": "2026-11-02T12:00:00Z",
        "unit": {"unitNumber": 1, "name": "st", "products": "https://x", "self": "https://x"},
        "productGroup": {"productGroupNumber": 2, "inventoryEnabled": True},
        "inventory": {"available": 3, "inStock": 4, "inventoryLastUpdated": "x", "packageVolume": Decimal("0.5")},
        "metaData": {},
        "self": "https://x",
        "description": None,
    }
    assert kept_body(current) == {
        "productNumber": "M-1",
        "name": "Mössa",
        "minimumStock": 3,
        "unit": {"unitNumber": 1},
        "productGroup": {"productGroupNumber": 2},
        "inventory": {"packageVolume": Decimal("0.5")},
        "barred": False,
    }


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Varm &amp; skön</p>\n<p>Två   färger</p>", "Varm & skön\nTvå färger"),
        ("<ul><li>Ett</li><li>Två</li></ul>", "Ett\nTvå"),
        ("Rad 1<br/>Rad 2", "Rad 1\nRad 2"),
        ("<style>p {}</style>Text<script>x()</script>", "Text"),
        ("5 < 6 &lt; 7", "5 < 6 < 7"),
        ("Bara text\nmed rader", "Bara text\nmed rader"),
        ("<p> &nbsp; </p>", ""),
    ],
)
def test_a_description_is_what_a_browser_shows_of_it(html: str, text: str) -> None:
    assert plain_text(html) == text
