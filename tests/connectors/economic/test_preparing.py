"""An order as a draft: rows, VAT, rounding and what stops it. Nothing is written."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import simplejson

from connectors.base import Draft
from connectors.economic.connector import System
from connectors.economic.sandbox import Simulator
from connectors.errors import InvalidRecord, Missing
from connectors.records import Address, LineKind, OrderLine, to_json
from tests.connectors.economic.conftest import Connect
from tests.factories import address, buyer, line, order


def document(draft: Draft) -> dict[str, Any]:
    return dict(draft.steps[-1].body)


def lines(draft: Draft) -> list[tuple[str, Decimal, Decimal]]:
    return [(row["product"]["productNumber"], row["quantity"], row["unitNetPrice"]) for row in document(draft)["lines"]]


def created(draft: Draft) -> dict[str, int]:
    """Article number → product group, of the articles that would be created."""
    bodies = [step.body for step in draft.steps if step.path == "/products"]
    return {body["productNumber"]: body["productGroup"]["productGroupNumber"] for body in bodies}


def freight(net: str = "40", rate: int | str = 25, **overrides: Any) -> OrderLine:
    return line(net, rate, kind=LineKind.FREIGHT, name="Postnord", article_number="", source_id="9", **overrides)


def test_preparing_changes_nothing_and_can_be_shown(system: System, simulator: Simulator) -> None:
    draft = system.prepare(order(), reference="S-1042")
    assert {call.method for call in simulator.history.calls()} == {"GET"}
    assert [step.path for step in draft.steps] == ["/customers", "/products", "/products", "/orders/drafts"]
    assert json.dumps(to_json(draft))
    assert (draft.total, draft.total_vat, draft.currency) == (Decimal("149.00"), Decimal("29.80"), "SEK")


def test_the_document_says_who_what_and_where_it_came_from(connect: Connect) -> None:
    system = connect(department="2", heading="Webborder {number}")
    written = order(note="Ring på", delivery=address(name="Bo Ek", street="Lilla vägen 2", postcode="111 22", city="Stockholm"))
    body = document(system.prepare(written, reference="S-1042"))
    assert body["date"] == "2026-11-02"
    assert body["paymentTerms"] == {"paymentTermsNumber": 4}
    assert body["recipient"] == {
        "name": "Anna Åkesson",
        "address": "Storgatan 1",
        "zip": "211 34",
        "city": "Malmö",
        "country": "Sweden",
        "vatZone": {"vatZoneNumber": 1},
    }
    assert body["delivery"] == {"address": "Bo Ek\nLilla vägen 2", "zip": "111 22", "city": "Stockholm", "country": "Sweden"}
    assert body["notes"] == {"heading": "Webborder 1042", "textLine1": "Ring på"}
    assert body["references"] == {"other": "S-1042"}
    assert body["lines"][0]["departmentalDistribution"]["departmentalDistributionNumber"] == 2
    assert "exchangeRate" not in body


def test_an_order_near_midnight_is_dated_by_the_clock_on_the_wall(connect: Connect) -> None:
    late = order(placed_at=datetime(2026, 10, 31, 23, 30, tzinfo=UTC))
    assert document(connect().prepare(late, reference="S"))["date"] == "2026-11-01"
    assert document(connect(time_zone="UTC").prepare(late, reference="S"))["date"] == "2026-10-31"
    today = document(connect(document_date="today").prepare(late, reference="S"))["date"]
    assert today > "2026-10-31"


def test_the_same_address_is_not_repeated_as_delivery(system: System) -> None:
    assert "delivery" not in document(system.prepare(order(delivery=address()), reference="S"))


def test_a_row_that_does_not_divide_becomes_two_lines_of_the_same_article(system: System) -> None:
    draft = system.prepare(order(line("100.00", quantity=Decimal(3))), reference="S")
    assert lines(draft) == [("KAFFE-1", Decimal(2), Decimal("33.33")), ("KAFFE-1", Decimal(1), Decimal("33.34"))]


def test_a_quantity_that_cannot_be_priced_is_told_in_the_description(system: System) -> None:
    draft = system.prepare(order(line("10.00", quantity=Decimal("0.333"))), reference="S")
    assert lines(draft) == [("KAFFE-1", Decimal(1), Decimal("10.00"))]
    assert document(draft)["lines"][0]["description"] == "0.333 × Kaffe"
    even = system.prepare(order(line("10.00", quantity=Decimal("2.5"))), reference="S")
    assert lines(even) == [("KAFFE-1", Decimal("2.5"), Decimal("4.00"))]


def test_a_returned_row_has_quantity_one_and_a_negative_price(system: System) -> None:
    draft = system.prepare(order(line("200"), line("-50", quantity=Decimal(2), source_id="2")), reference="S")
    assert lines(draft)[1] == ("KAFFE-1", Decimal(1), Decimal("-50.00"))


def test_discounts_become_one_row_per_vat_rate(connect: Connect) -> None:
    discounted = order(
        line("80", net_before_discount=Decimal("100.00")),
        line("90", 12, article_number="BOK", net_before_discount=Decimal("100.00"), source_id="2"),
        line("40", net_before_discount=Decimal("50.00"), source_id="3"),
        coupons=("HÖST",),
    )
    draft = connect().prepare(discounted, reference="S")
    assert lines(draft) == [
        ("KAFFE-1", Decimal(1), Decimal("100.00")),
        ("BOK", Decimal(1), Decimal("100.00")),
        ("KAFFE-1", Decimal(1), Decimal("50.00")),
        ("RABATT", Decimal(1), Decimal("-30.00")),
        ("RABATT-12", Decimal(1), Decimal("-10.00")),
    ]
    assert document(draft)["lines"][3]["description"] == "Rabatt HÖST"
    priced = connect(discounts="price").prepare(discounted, reference="S")
    assert [price for _, _, price in lines(priced)] == [Decimal("80.00"), Decimal("90.00"), Decimal("40.00")]
    assert priced.total == draft.total


def test_each_kind_of_row_goes_to_its_own_article_in_the_group_of_its_rate(system: System) -> None:
    draft = system.prepare(
        order(
            line("100"),
            freight("40", 12),
            line("10", kind=LineKind.FEE, name="Faktura", article_number="", source_id="3"),
            line("-50", 0, kind=LineKind.GIFT_CARD, name="Presentkort", article_number="", source_id="4"),
            line("-5", 6, kind=LineKind.DISCOUNT, name="Rabatt", article_number="", source_id="5"),
        ),
        reference="S",
    )
    assert created(draft) == {"KAFFE-1": 1, "FRAKT-12": 2, "AVGIFT": 1, "PRESENTKORT": 4, "RABATT-6": 3}


def test_a_rounding_row_takes_up_what_the_shop_rounded(system: System) -> None:
    # Three rows of 9.98: VAT 2.50 each in the shop, 7.49 (7.485) on the document.
    rows = [line("9.98", source_id=str(index)) for index in range(3)]
    draft = system.prepare(order(*rows), reference="S")
    assert lines(draft)[-1] == ("ORESAVRUNDNING", Decimal(1), Decimal("0.01"))
    assert created(draft)["ORESAVRUNDNING"] == 4
    assert (draft.total, draft.total_vat) == (Decimal("37.44"), Decimal("7.49"))
    assert "0.01" in str(draft.notices[0])


def test_without_a_rounding_row_a_difference_stops_the_order_with_both_sums(connect: Connect) -> None:
    rows = [line("9.98", source_id=str(index)) for index in range(3)]
    with pytest.raises(InvalidRecord, match=r"37\.44.*37\.43.*0\.01") as caught:
        connect(rounding_row=False).prepare(order(*rows), reference="S")
    assert caught.value.who_acts == "merchant"


@pytest.mark.parametrize("total", ["125.51", "124.49", "0", "1000"])
def test_a_difference_above_the_tolerance_stops_the_order(system: System, total: str) -> None:
    with pytest.raises(InvalidRecord, match="more than may be rounded"):
        system.prepare(order(line("100"), total=Decimal(total)), reference="S")


def test_the_tolerance_itself_is_allowed_and_follows_the_setting(connect: Connect) -> None:
    assert lines(connect().prepare(order(line("100"), total=Decimal("125.50")), reference="S"))[-1][2] == Decimal("0.50")
    with pytest.raises(InvalidRecord):
        connect(rounding_tolerance="0,05").prepare(order(line("100"), total=Decimal("125.50")), reference="S")


def test_vat_that_the_total_hides_stops_the_order(system: System) -> None:
    """The sums agree, but the shop has no VAT where e-conomic would put 25 %."""
    wrong = line("100", 25, vat=Decimal("20.00"))
    with pytest.raises(InvalidRecord, match=r"VAT 20\.00.*VAT 25\.00"):
        system.prepare(order(wrong, total=Decimal("125.00"), total_vat=Decimal("20.00")), reference="S")


@pytest.mark.parametrize(
    ("country", "zone"), [("SE", 1), ("", 1), ("FI", 2), ("DE", 2), ("NO", 3), ("GB", 3), ("AX", 3), ("US", 3)]
)
def test_an_order_without_vat_goes_to_the_zone_of_its_country(system: System, country: str, zone: int) -> None:
    written = order(line("100", 0), buyer=buyer(address=address(country=country)))
    assert document(system.prepare(written, reference="S"))["recipient"]["vatZone"]["vatZoneNumber"] == zone


def test_where_the_goods_go_decides_the_zone(system: System) -> None:
    written = order(line("100", 0), delivery=address(street="Karl Johan 1", country="NO"))
    assert document(system.prepare(written, reference="S"))["recipient"]["vatZone"]["vatZoneNumber"] == 3


def test_an_order_with_vat_abroad_stays_domestic_unless_the_country_has_a_zone(connect: Connect) -> None:
    finnish = order(line("100"), buyer=buyer(address=address(country="FI")))
    assert document(connect().prepare(finnish, reference="S"))["recipient"]["vatZone"]["vatZoneNumber"] == 1
    oss = order(line("100", "25.5"), freight("10", "13.5"), buyer=buyer(address=address(country="FI")))
    draft = connect(vat_zone_by_country="FI=8 25.5=25 13.5=12").prepare(oss, reference="S")
    assert document(draft)["recipient"]["vatZone"]["vatZoneNumber"] == 8
    assert created(draft) == {"KAFFE-1": 1, "FRAKT-12": 2}
    assert draft.total_vat == Decimal("26.85")


def test_a_rate_that_no_group_carries_is_named(connect: Connect) -> None:
    finnish = order(line("100", "25.5"), buyer=buyer(address=address(country="FI")))
    with pytest.raises(InvalidRecord, match=r"25\.5 %"):
        connect().prepare(finnish, reference="S")
    with pytest.raises(InvalidRecord, match=r"25\.5 % for FI"):
        connect(vat_zone_by_country="FI=8 13.5=12").prepare(finnish, reference="S")
    with pytest.raises(InvalidRecord, match="12 %"):
        connect(product_group_12="").prepare(order(line("100", 12)), reference="S")


def test_an_untaxed_order_at_home_can_go_to_the_exempt_zone(connect: Connect) -> None:
    draft = connect(untaxed_at_home="exempt").prepare(order(line("100", 0)), reference="S")
    assert document(draft)["recipient"]["vatZone"]["vatZoneNumber"] == 4


def test_an_order_of_nothing_is_domestic(system: System) -> None:
    written = order(line("0", None), buyer=buyer(address=address(country="NO")))
    draft = system.prepare(written, reference="S")
    assert document(draft)["recipient"]["vatZone"]["vatZoneNumber"] == 1
    assert draft.total == 0


def test_an_article_in_a_group_of_another_rate_is_named_with_both(system: System, simulator: Simulator) -> None:
    simulator.add_product("KAFFE-1", group=2)
    with pytest.raises(InvalidRecord, match="KAFFE-1 is in product group 2 of e-conomic with 12 % VAT, and has 25 %"):
        system.prepare(order(line()), reference="S")


def test_the_group_does_not_matter_where_nothing_is_charged(system: System, simulator: Simulator) -> None:
    simulator.add_product("KAFFE-1", group=1)
    written = order(line("100", 0), buyer=buyer(address=address(country="NO")))
    assert system.prepare(written, reference="S").total == Decimal("100.00")


@pytest.mark.parametrize("first", [line("0", None), line("0", 25)], ids=["without a rate", "with another"])
def test_a_row_of_nothing_does_not_decide_the_group_of_an_article_that_is_sold_in_another(
    system: System, first: OrderLine
) -> None:
    draft = system.prepare(order(first, line("100", 6, source_id="2")), reference="S")
    assert created(draft) == {"KAFFE-1": 3}
    assert system.write(draft, key="k").total == Decimal("106.00")


def test_a_new_article_with_two_rates_on_one_order_is_named_and_not_created(system: System, simulator: Simulator) -> None:
    with pytest.raises(InvalidRecord, match="KAFFE-1 has 25 % VAT in one row of the order and 6 % in another"):
        system.prepare(order(line("100", 25), line("100", 6, source_id="2")), reference="S")
    assert not simulator.history.calls("POST", "/products")


def test_a_barred_article_is_named(system: System, simulator: Simulator) -> None:
    simulator.add_product("KAFFE-1", barred=True)
    with pytest.raises(InvalidRecord, match="KAFFE-1 is barred in e-conomic"):
        system.prepare(order(line()), reference="S")


def test_an_article_is_found_in_any_case_and_spelled_as_there(system: System, simulator: Simulator) -> None:
    simulator.add_product("Kaffe-1")
    assert lines(system.prepare(order(line()), reference="S"))[0][0] == "Kaffe-1"


@pytest.mark.parametrize("sku", ["a,b", "x(1)", "$5", "100*", "[a]", "a b", "ä/ö&?", "a$and:b"])
def test_article_numbers_with_signs_of_the_filter_are_found(system: System, simulator: Simulator, sku: str) -> None:
    simulator.add_product(sku)
    draft = system.prepare(order(line(article_number=sku)), reference="S")
    assert created(draft) == {}


def test_rows_without_a_usable_article_number_are_named(system: System) -> None:
    with pytest.raises(InvalidRecord, match="“Kaffe” has no article number"):
        system.prepare(order(line(article_number=" ")), reference="S")
    with pytest.raises(InvalidRecord, match="longer than the 25 characters"):
        system.prepare(order(line(article_number="x" * 26)), reference="S")


def test_missing_articles_stop_the_order_when_none_may_be_created(connect: Connect) -> None:
    with pytest.raises(Missing, match="KAFFE-1 does not exist in e-conomic"):
        connect(create_products=False).prepare(order(line()), reference="S")


def test_a_new_article_gets_its_price_in_the_base_currency_only(system: System) -> None:
    def price(currency: str) -> Any:
        draft = system.prepare(order(line("100", quantity=Decimal(3)), currency=currency), reference="S")
        return next(step.body for step in draft.steps if step.path == "/products").get("salesPrice")

    assert price("SEK") == Decimal("33.33")
    assert price("EUR") is None


def test_a_currency_that_the_agreement_lacks_stops_the_order(system: System) -> None:
    with pytest.raises(InvalidRecord, match="currency USD is not set up"):
        system.prepare(order(currency="USD"), reference="S")


def test_what_may_be_cut_is_cut_with_a_notice(system: System) -> None:
    written = order(
        line(name="K" * 301, details="D" * 3000),
        note="N" * 1001,
        buyer=buyer(address=address(street="S" * 600, city="C" * 60, postcode="1" * 40)),
    )
    draft = system.prepare(written, reference="S")
    body = document(draft)
    assert len(body["lines"][0]["description"]) == 2500
    assert len(body["notes"]["textLine1"]) == 1000
    assert len(body["recipient"]["address"]) == 250
    assert len(draft.steps[0].body["city"]) == 50
    assert any("lines.description" in str(notice) for notice in draft.notices)


def test_emoji_count_as_two(system: System) -> None:
    body = document(system.prepare(order(note="🎂" * 501), reference="S"))
    assert body["notes"]["textLine1"] == "🎂" * 500


def test_what_must_not_be_cut_stops_the_order(system: System) -> None:
    with pytest.raises(InvalidRecord, match="email"):
        system.prepare(order(buyer=buyer(email="a" * 251 + "@x.se")), reference="S")


def test_payment_terms_follow_the_payment_method(connect: Connect) -> None:
    system = connect(payment_terms_by_method="klarna=4\nBetalning vid leverans = 2")
    for method, title, terms in (("KLARNA", "", 4), ("cod", "Betalning vid leverans", 2), ("other", "", 1)):
        body = document(system.prepare(order(payment_method=method, payment_title=title), reference="S"))
        assert body["paymentTerms"]["paymentTermsNumber"] == terms


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("layout", "abc"),
        ("layout", ""),
        ("rounding_tolerance", "much"),
        ("rounding_tolerance", "-1"),
        ("time_zone", "Europe/Nowhere"),
        ("payment_terms_by_method", "klarna"),
        ("vat_zone_by_country", "Finland=8"),
        ("vat_zone_by_country", "FI=8 25.5=19"),
        ("vat_zone_by_country", "FI=8 x=25"),
        ("guest_customer_number", "0"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(connect: Connect, setting: str, value: str) -> None:
    label = next(o.label for o in System.manifest.flow_options() if o.key == setting)
    with pytest.raises(InvalidRecord) as caught:
        connect(**{setting: value}).prepare(order(), reference="S")
    assert label in str(caught.value)


def test_amounts_are_sent_exactly(system: System) -> None:
    body = document(system.prepare(order(line("0.10")), reference="S"))
    assert '"unitNetPrice": 0.10' in simplejson.dumps(body, use_decimal=True)


def test_an_empty_delivery_is_no_delivery(system: System) -> None:
    assert "delivery" not in document(system.prepare(order(delivery=Address(name="Bo")), reference="S"))
