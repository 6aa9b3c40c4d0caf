"""What WooCommerce sends → canonical records, to the öre."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.errors import ContractChanged, InvalidRecord
from connectors.records import Address, LineKind, Order, content_hash, from_json, to_json
from connectors.woocommerce.mapping import Rules, order_from
from tests.connectors.woocommerce.conftest import recorded, recorded_orders

# Of each recording: total with VAT, the VAT in it, and its rows as kind, article number, quantity, net, VAT, rate in percent.
EXPECTED: dict[str, tuple[str, str, tuple[tuple[str, str, int, str, str, int], ...]]] = {
    "cancelled": (
        "63.80",
        "6.83",
        (
            ("article", "PEER-015", 1, "17.77", "2.13", 12),
            ("freight", "", 1, "39.20", "4.70", 12),
        ),
    ),
    "checkout-bacs-coupon": (
        "407.20",
        "81.44",
        (
            ("article", "PEER-V1-ROD-S", 1, "179.28", "44.82", 25),
            ("article", "PEER-003", 1, "107.28", "26.82", 25),
            ("freight", "", 1, "39.20", "9.80", 25),
        ),
    ),
    "checkout-cheque": (
        "1348.00",
        "269.60",
        (
            ("article", "PEER-007", 1, "1039.20", "259.80", 25),
            ("freight", "", 1, "39.20", "9.80", 25),
        ),
    ),
    "checkout-cod-multivat": (
        "685.90",
        "86.88",
        (
            ("article", "PEER-001", 2, "206.40", "51.60", 25),
            ("article", "PEER-011", 1, "71.34", "8.56", 12),
            ("article", "PEER-021", 1, "282.08", "16.92", 6),
            ("freight", "", 1, "39.20", "9.80", 25),
        ),
    ),
    "checkout-draft": ("129.00", "25.80", (("article", "PEER-001", 1, "103.20", "25.80", 25),)),
    "completed-free-shipping": (
        "1299.00",
        "259.80",
        (
            ("article", "PEER-007", 1, "1039.20", "259.80", 25),
            ("freight", "", 1, "0.00", "0.00", 25),
        ),
    ),
    "completed-guest": (
        "447.00",
        "89.40",
        (
            ("article", "PEER-004", 1, "199.20", "49.80", 25),
            ("article", "PEER-005", 1, "119.20", "29.80", 25),
            ("freight", "", 1, "39.20", "9.80", 25),
        ),
    ),
    "completed-multivat-customer": (
        "478.30",
        "46.34",
        (
            ("article", "PEER-012", 4, "104.46", "12.54", 12),
            ("article", "PEER-023", 2, "253.02", "15.18", 6),
            ("article", "PEER-026", 1, "35.28", "8.82", 25),
            ("freight", "", 1, "39.20", "9.80", 25),
        ),
    ),
    "completed-refund-full": (
        "270.55",
        "15.31",
        (
            ("article", "PEER-024", 1, "216.04", "12.96", 6),
            ("freight", "", 1, "39.20", "2.35", 6),
        ),
    ),
    "completed-refund-partial": (
        "595.80",
        "104.32",
        (
            ("article", "PEER-001", 3, "309.60", "77.40", 25),
            ("article", "PEER-011", 2, "142.68", "17.12", 12),
            ("freight", "", 1, "39.20", "9.80", 25),
        ),
    ),
    "empty-create": ("0.00", "0.00", ()),
    "onhold-bacs": (
        "228.00",
        "45.60",
        (
            ("article", "PEER-006", 1, "143.20", "35.80", 25),
            ("freight", "", 1, "39.20", "9.80", 25),
        ),
    ),
    "onhold-customer": (
        "576.00",
        "98.67",
        (
            ("article", "PEER-010", 1, "279.20", "69.80", 25),
            ("article", "PEER-016", 2, "158.93", "19.07", 12),
            ("freight", "", 1, "39.20", "9.80", 25),
        ),
    ),
    "pending-note": (
        "313.90",
        "33.63",
        (
            ("article", "PEER-014", 6, "241.07", "28.93", 12),
            ("freight", "", 1, "39.20", "4.70", 12),
        ),
    ),
    "pending": (
        "112.90",
        "12.09",
        (
            ("article", "PEER-013", 1, "61.61", "7.39", 12),
            ("freight", "", 1, "39.20", "4.70", 12),
        ),
    ),
    "processing-coupon-fixed": (
        "1087.00",
        "193.88",
        (
            ("article", "PEER-009", 1, "699.20", "174.80", 25),
            ("article", "PEER-022", 1, "154.72", "9.28", 6),
            ("freight", "", 1, "39.20", "9.80", 25),
        ),
    ),
    "processing-coupon-percent": (
        "1290.01",
        "251.32",
        (
            ("article", "PEER-007", 1, "935.28", "233.82", 25),
            ("article", "PEER-011", 1, "64.21", "7.70", 12),
            ("freight", "", 1, "39.20", "9.80", 25),
        ),
    ),
    "processing-custom-total": (
        "178.30",
        "19.10",
        (
            ("article", "PEER-018", 3, "120.00", "14.40", 12),
            ("freight", "", 1, "39.20", "4.70", 12),
        ),
    ),
    "processing-customer-25": (
        "847.00",
        "169.40",
        (
            ("article", "PEER-002", 1, "399.20", "99.80", 25),
            ("article", "PEER-008", 1, "239.20", "59.80", 25),
            ("freight", "", 1, "39.20", "9.80", 25),
        ),
    ),
    "processing-eur-fi": (
        "409.20",
        "0.00",
        (
            ("article", "PEER-002", 1, "399.20", "0.00", 0),
            ("freight", "", 1, "10.00", "0.00", 0),
        ),
    ),
    "processing-fee": (
        "256.00",
        "45.40",
        (
            ("article", "PEER-003", 1, "119.20", "29.80", 25),
            ("freight", "", 1, "39.20", "9.80", 25),
            ("fee", "", 1, "23.20", "5.80", 25),
            ("fee", "", 1, "29.00", "0.00", 0),
        ),
    ),
    "processing-guest-25": (
        "307.00",
        "61.40",
        (
            ("article", "PEER-001", 2, "206.40", "51.60", 25),
            ("freight", "", 1, "39.20", "9.80", 25),
        ),
    ),
    "processing-meta": (
        "113.90",
        "12.20",
        (
            ("article", "PEER-017", 2, "62.50", "7.50", 12),
            ("freight", "", 1, "39.20", "4.70", 12),
        ),
    ),
    "processing-multivat": (
        "716.70",
        "78.20",
        (
            ("article", "PEER-001", 1, "103.20", "25.80", 25),
            ("article", "PEER-011", 3, "214.02", "25.68", 12),
            ("article", "PEER-021", 1, "282.08", "16.92", 6),
            ("freight", "", 1, "39.20", "9.80", 25),
        ),
    ),
    "processing-variation": (
        "1246.00",
        "249.20",
        (
            ("article", "PEER-V1-BLA-S", 2, "398.40", "99.60", 25),
            ("article", "PEER-V2-ROD-M", 1, "559.20", "139.80", 25),
            ("freight", "", 1, "39.20", "9.80", 25),
        ),
    ),
    "processing-virtual": ("100.00", "20.00", (("article", "PEER-030", 1, "80.00", "20.00", 25),)),
}


def guest() -> dict[str, Any]:
    wire: dict[str, Any] = deepcopy(recorded("order-processing-guest-25"))
    return wire


def test_every_recording_has_expected_amounts() -> None:
    assert recorded_orders() == sorted(f"order-{name}" for name in EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_recorded_order_keeps_every_amount(name: str) -> None:
    total, total_vat, rows = EXPECTED[name]
    order = order_from(recorded(f"order-{name}"))
    assert (order.total, order.total_vat) == (Decimal(total), Decimal(total_vat))
    assert [
        (str(line.kind), line.article_number, line.quantity, line.net, line.vat, line.vat_rate) for line in order.lines
    ] == [
        (kind, sku, Decimal(quantity), Decimal(net), Decimal(vat), Decimal(rate))
        for kind, sku, quantity, net, vat, rate in rows
    ]


@pytest.mark.parametrize("name", EXPECTED)
def test_the_rows_of_a_recorded_order_add_up(name: str) -> None:
    order = order_from(recorded(f"order-{name}"))
    assert order.lines_total == order.total
    assert sum(line.vat for line in order.lines) == order.total_vat


@pytest.mark.parametrize("name", EXPECTED)
def test_a_recorded_order_survives_the_database(name: str) -> None:
    order = order_from(recorded(f"order-{name}"))
    assert from_json(Order, to_json(order)) == order


def test_a_guest_order_is_read_whole() -> None:
    order = order_from(recorded("order-checkout-bacs-coupon"))
    assert (order.source_id, order.number, order.status, order.currency) == ("93", "93", "on-hold", "SEK")
    assert order.placed_at == datetime(2026, 11, 21, 16, 41, 1, tzinfo=UTC)
    assert order.modified_at == datetime(2026, 11, 21, 16, 41, 2, tzinfo=UTC)
    assert order.paid_at is None
    assert order.buyer.number == ""
    assert order.buyer.name == "Öyvind Åkesson"
    assert order.buyer.email == "oyvind@kund.example"
    assert order.buyer.address == Address(
        name="Öyvind Åkesson",
        street="Hamngatan 2",
        street2="lgh 1102",
        postcode="211 34",
        city="Malmö",
        country="SE",
        phone="0709876543",
        email="oyvind@kund.example",
    )
    assert (order.payment_method, order.payment_title) == ("bacs", "Direct bank transfer")
    assert (order.delivery_method, order.coupons, order.note) == ("PostNord Ombud", ("host10",), "Lämna vid dörren")
    assert order.lines[0].details == "Färg: Röd, Storlek: S"


def test_a_coupon_is_in_the_rows_and_nowhere_else() -> None:
    order = order_from(recorded("order-processing-coupon-fixed"))
    assert [line.discount for line in order.lines] == [Decimal("20.00"), Decimal("23.58"), Decimal("0.00")]
    assert {line.kind for line in order.lines} == {LineKind.ARTICLE, LineKind.FREIGHT}


def test_a_total_lowered_by_hand_is_a_discount_without_a_coupon() -> None:
    order = order_from(recorded("order-processing-custom-total"))
    assert (order.lines[0].discount, order.coupons) == (Decimal("27.05"), ())


def test_refunds_come_oldest_first_and_lower_nothing() -> None:
    order = order_from(recorded("order-completed-refund-partial"))
    assert [(refund.source_id, refund.gross, refund.reason) for refund in order.refunds] == [
        ("89", Decimal("129.00"), "En strumpa trasig"),
        ("90", Decimal("20.00"), "Gottgörelse"),
    ]
    assert (order.total, order.refunded) == (Decimal("595.80"), Decimal("149.00"))


def test_a_registered_customer_has_the_shops_number() -> None:
    assert order_from(recorded("order-processing-customer-25")).buyer.number == "3"


def test_another_delivery_address_is_kept_and_the_same_one_is_not() -> None:
    order = order_from(recorded("order-processing-meta"))
    assert (order.buyer.company, order.buyer.is_company) == ("Ek & Söner AB", True)
    assert (order.delivery.company, order.delivery.street) == ("", "Storgatan 1")
    assert order_from(recorded("order-processing-guest-25")).delivery == Address()


def test_a_postcode_written_in_two_ways_is_the_same_place() -> None:
    wire = guest()
    wire["billing"]["postcode"], wire["shipping"]["postcode"] = "21134", "211 34"
    assert order_from(wire).delivery == Address()


@pytest.mark.parametrize("value", ["559900-0105", 5599000105])
def test_the_organisation_number_comes_from_the_field_that_is_named(value: object) -> None:
    wire = guest()
    wire["meta_data"] = [{"id": 1, "key": "_org", "value": value}, {"id": 2, "key": "_vat", "value": "SE559900010501"}]
    buyer = order_from(wire, Rules(organisation_number_field="_org", vat_number_field="_vat")).buyer
    assert (buyer.organisation_number, buyer.vat_number) == (str(value), "SE559900010501")
    assert order_from(wire).buyer.organisation_number == ""


def test_a_field_that_holds_an_object_gives_no_organisation_number() -> None:
    order = order_from(recorded("order-processing-meta"), Rules(organisation_number_field="_peer_obj"))
    assert order.buyer.organisation_number == ""


def test_a_buyer_is_called_what_the_company_is_called_when_nobody_is_named() -> None:
    wire = guest()
    wire["billing"] |= {"first_name": " ", "last_name": "", "company": "Utan Namn AB"}
    assert order_from(wire).buyer.name == "Utan Namn AB"


def test_an_email_address_in_capitals_is_the_same_buyer() -> None:
    wire = guest()
    wire["billing"]["email"] = " Anna@Kund.Example "
    assert order_from(wire).buyer.email == "anna@kund.example"


def test_a_deleted_product_leaves_the_row_without_an_article_number() -> None:
    wire = guest()
    wire["line_items"][0] |= {"product_id": 0, "variation_id": 0, "sku": None, "global_unique_id": None}
    line = order_from(wire).lines[0]
    assert (line.article_number, line.name) == ("", "Ullstrumpa")


def test_fields_that_move_by_themselves_do_not_change_the_hash() -> None:
    wire = guest()
    before = content_hash(to_json(order_from(wire)))
    wire |= {"payment_url": "https://other.example", "needs_payment": True, "version": "10.6.0", "total": "307"}
    wire["date_modified_gmt"] = "2026-11-21T19:00:00"
    assert content_hash(to_json(order_from(wire))) == before


def test_a_new_status_changes_the_hash() -> None:
    wire = guest()
    before = content_hash(to_json(order_from(wire)))
    assert content_hash(to_json(order_from(wire | {"status": "completed"}))) != before


def test_rates_on_one_row_add_up_and_a_compound_one_is_charged_on_top() -> None:
    wire = guest()
    wire["tax_lines"] = [
        {"id": 1, "rate_id": 1, "rate_percent": 5, "compound": False},
        {"id": 2, "rate_id": 7, "rate_percent": Decimal("9.975"), "compound": False},
    ]
    wire["line_items"][0]["taxes"] = [{"id": 1, "total": "10.32"}, {"id": 7, "total": "20.59"}]
    wire["shipping_lines"] = []
    assert order_from(wire).lines[0].vat_rate == Decimal("14.975")
    wire["tax_lines"][1]["compound"] = True
    assert order_from(wire).lines[0].vat_rate == Decimal("15.47375")


def test_a_rate_of_another_row_that_is_listed_empty_does_not_count() -> None:
    wire = guest()
    wire["tax_lines"].append({"id": 9, "rate_id": 2, "rate_percent": 12, "compound": False})
    for other in ("", "0.00", None):
        wire["line_items"][0]["taxes"] = [{"id": 1, "total": "51.60"}, {"id": 2, "total": other}]
        assert order_from(wire).lines[0].vat_rate == 25


def test_a_free_row_that_lists_no_rate_has_none() -> None:
    wire = guest()
    wire["shipping_lines"][0] |= {"total": "0.00", "total_tax": "0.00", "taxes": []}
    assert order_from(wire).lines[1].vat_rate is None


def test_vat_without_a_rate_stops_the_order_and_names_the_row() -> None:
    wire = guest() | {"tax_lines": []}
    with pytest.raises(InvalidRecord, match=r"row “Ullstrumpa” of order 68 has its VAT of 51\.60"):
        order_from(wire)


def test_a_negative_fee_is_a_gift_card_only_if_it_is_named_as_one() -> None:
    wire = guest()
    fee = {"id": 40, "name": "Presentkort", "total": "-100.00", "total_tax": "0.00", "taxes": []}
    wire |= {"fee_lines": [fee], "total": "207.00"}
    assert order_from(wire).lines[-1].kind is LineKind.DISCOUNT
    card = order_from(wire, Rules(gift_card_fee_names=frozenset({"presentkort"}))).lines[-1]
    assert (card.kind, card.net, card.vat, card.vat_rate) == (LineKind.GIFT_CARD, Decimal(-100), Decimal(0), Decimal(0))


def test_gift_cards_of_the_extension_become_rows_and_their_codes_stay_secret() -> None:
    wire = guest() | {"gift_cards": [{"id": 5, "code": "ABCD-EFGH-IJKL-MNOP", "amount": Decimal(100)}], "total": "207.00"}
    order = order_from(wire)
    assert order.lines_total == order.total
    assert (order.lines[-1].kind, order.lines[-1].gross) == (LineKind.GIFT_CARD, Decimal("-100.00"))
    assert "ABCD" not in str(to_json(order))


def test_gift_cards_that_do_not_lower_the_total_are_a_way_of_paying() -> None:
    order = order_from(guest() | {"gift_cards": [{"id": 5, "code": "ABCD", "amount": "100.00"}]})
    assert {line.kind for line in order.lines} == {LineKind.ARTICLE, LineKind.FREIGHT}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"total": "307.001"}, "total has more than two decimals"),
        ({"total": Decimal("NaN")}, "not a finite number"),
        ({"total": None}, "not an exact number"),
        ({"billing": None}, "billing"),
        ({"line_items": [None]}, "line_items"),
        ({"date_created_gmt": None}, "date_created_gmt"),
        ({"date_modified_gmt": "yesterday"}, "date_modified_gmt"),
        ({"currency": ""}, "the field 'currency' is empty"),
    ],
)
def test_an_order_that_cannot_be_understood_says_why(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ContractChanged, match=reason) as caught:
        order_from(guest() | changes)
    assert "Order 68" in str(caught.value)


def test_a_missing_field_is_named() -> None:
    wire = guest()
    del wire["shipping_lines"]
    with pytest.raises(ContractChanged, match="the field 'shipping_lines' is missing"):
        order_from(wire)


def test_an_article_sold_without_vat_tells_the_rate_that_it_has_at_home() -> None:
    rates = {"": Decimal(25), "reduced-rate": Decimal(12)}
    abroad = order_from(recorded("order-processing-eur-fi"), Rules(home_rates=rates))
    assert [line.home_vat_rate for line in abroad.lines] == [Decimal(25), None]
    at_home = order_from(recorded("order-processing-multivat"), Rules(home_rates=rates))
    assert {line.home_vat_rate for line in at_home.lines} == {None}


@pytest.mark.parametrize(
    ("name", "cancelled"), [("order-cancelled", True), ("order-completed-refund-full", True), ("order-pending", False)]
)
def test_an_order_that_will_not_be_delivered_says_so(name: str, cancelled: bool) -> None:
    assert order_from(recorded(name)).cancelled is cancelled


def test_only_the_extra_fields_that_are_asked_for_go_along() -> None:
    wire = recorded("order-processing-meta")
    wire["meta_data"] = [
        {"id": 1, "key": "po", "value": " PO-7 <b>x</b> "},
        {"id": 2, "key": "secret", "value": "not asked for"},
        {"id": 3, "key": "list", "value": ["a"]},
        {"id": 4, "key": "count", "value": 3},
    ]
    assert order_from(wire).extras == ()
    rules = Rules(extra_fields=("po", "list", "count", "unknown"))
    assert order_from(wire, rules).extras == (("po", "PO-7 x"), ("count", "3"))
