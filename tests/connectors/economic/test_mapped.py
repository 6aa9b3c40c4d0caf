"""What a field mapping fills of a document in e-conomic, and what it never reaches."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connectors.base import Draft
from connectors.economic.connector import System
from connectors.economic.targets import TARGETS
from connectors.errors import InvalidRecord
from connectors.records import Order
from connectors.targets import Kind
from tests.connectors.economic.conftest import Connect
from tests.factories import order


def document(draft: Draft) -> dict[str, Any]:
    return dict(draft.steps[-1].body)


def mapped(*rows: dict[str, str], **fields: str) -> Order:
    """An order with these fields filled; `rows` are those of its rows."""
    plain = order()
    lines = tuple(replace(line, mapped=tuple(row.items())) for line, row in zip(plain.lines, rows, strict=False))
    return replace(plain, mapped=tuple(fields.items()), lines=(*lines, *plain.lines[len(lines) :]))


def test_texts_and_dates_arrive_in_the_document_and_it_is_written_to_the_ore(system: System) -> None:
    written = mapped(
        heading="Webb 1042",
        text_line1="Tack",
        text_line2="Välkommen åter",
        delivery_date="2026-12-02",
        delivery_terms="FOB",
        delivery_city="Lund",
        recipient_name="Anna Å",
        recipient_address="Box 1",
    )
    draft = system.prepare(written, reference="S-1042")
    body = document(draft)
    assert body["notes"] == {"heading": "Webb 1042", "textLine1": "Tack", "textLine2": "Välkommen åter"}
    assert body["delivery"] == {"deliveryDate": "2026-12-02", "deliveryTerms": "FOB", "city": "Lund"}
    assert (body["recipient"]["name"], body["recipient"]["address"]) == ("Anna Å", "Box 1")
    made = system.write(draft, key="k1")
    assert (made.total, made.reference) == (written.total, "S-1042")


def test_numbers_take_the_place_of_the_settings_of_the_flow(connect: Connect) -> None:
    system = connect(payment_terms_by_method="klarna=3", department="2")
    body = document(system.prepare(mapped(layout="21", payment_terms="5.00", department="1"), reference="S"))
    assert body["layout"] == {"layoutNumber": 21}
    assert body["paymentTerms"] == {"paymentTermsNumber": 5}
    assert {line["departmentalDistribution"]["departmentalDistributionNumber"] for line in body["lines"]} == {1}


def test_each_row_has_its_own_description_and_department(connect: Connect) -> None:
    system = connect(department="2")
    body = document(system.prepare(mapped({"line_description": "Kaffe, malet", "line_department": "1"}), reference="S"))
    first, second = body["lines"]
    assert first["description"] == "Kaffe, malet"
    assert first["departmentalDistribution"]["departmentalDistributionNumber"] == 1
    assert second["description"] == "Postnord"
    assert second["departmentalDistribution"]["departmentalDistributionNumber"] == 2


def test_a_new_customer_is_filled_and_what_it_is_recognised_by_stays(system: System) -> None:
    plain = system.prepare(order(), reference="S").steps[0].body
    filled = (
        system.prepare(mapped(customer_name="Åkesson AB", customer_group="2", customer_phone="1"), reference="S").steps[0].body
    )
    assert filled == {
        **plain,
        "name": "Åkesson AB",
        "customerGroup": {"customerGroupNumber": 2},
        "telephoneAndFaxNumber": "1",
    }


def test_a_text_that_is_too_long_is_cut_with_a_notice(system: System) -> None:
    draft = system.prepare(mapped(heading="x" * 300), reference="S")
    assert document(draft)["notes"]["heading"] == "x" * 250
    assert "notes.heading" in str(draft.notices[0])


@pytest.mark.parametrize("value", ["standard", "0", "-1", "1.5", "10000000000", "٣"])
def test_what_is_no_number_is_refused_with_the_field_named(system: System, value: str) -> None:
    with pytest.raises(InvalidRecord, match=r"“Layout” with “"):
        system.prepare(mapped(layout=value), reference="S")


def test_nothing_that_a_document_is_worth_can_be_filled(system: System) -> None:
    everything = {target.key: "2026-12-02" if target.kind is Kind.TIME else "1" for target in TARGETS if not target.per_line}
    rows = [{target.key: "1" for target in TARGETS if target.per_line}] * 2
    plain, filled = system.prepare(order(), reference="S"), system.prepare(mapped(*rows, **everything), reference="S")
    assert (plain.total, plain.total_vat, plain.currency) == (filled.total, filled.total_vat, filled.currency)
    one, other = document(plain), document(filled)
    assert one["references"] == other["references"]
    worth = ("product", "quantity", "unitNetPrice")
    assert [[line[key] for key in worth] for line in one["lines"]] == [[line[key] for key in worth] for line in other["lines"]]
    assert one["recipient"]["vatZone"] == other["recipient"]["vatZone"]
