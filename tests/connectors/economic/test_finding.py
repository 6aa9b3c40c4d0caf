"""Documents found again by our reference, wherever they are by now."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connectors.base import Register
from connectors.economic.connector import System
from connectors.economic.sandbox import Simulator
from connectors.errors import ServerFailed
from connectors.sandbox import Fault
from tests.connectors.economic.conftest import Connect
from tests.factories import order

ORDERS = Register.ORDERS


def placed(system: System, reference: str = "S-1") -> int:
    return int(system.write(system.prepare(order(), reference=reference), key=f"k {reference}").target_id)


def test_a_document_is_found_in_every_state_with_its_true_totals(system: System, simulator: Simulator) -> None:
    number = placed(system)
    expected = ("order", str(number), Decimal("149.00"), Decimal("29.80"), "SEK", "1")
    for state in ("open", "sent", "invoiced"):
        if state == "sent":
            simulator.send_order(number)
        elif state == "invoiced":
            simulator.invoice_order(number)
        (found,) = system.find(ORDERS, ["S-1"])["S-1"]
        assert (found.kind, found.target_id, found.total, found.total_vat, found.currency, found.party_number) == expected


def test_an_invoice_keeps_its_number_when_it_is_booked(connect: Connect, simulator: Simulator) -> None:
    system = connect(document_kind="invoice")
    number = placed(system)
    booked = simulator.book_invoice(number)
    (found,) = system.find(ORDERS, ["S-1"])["S-1"]
    assert (found.kind, found.target_id) == ("invoice", str(number))
    assert str(booked) in str(found.notices[0])


def test_an_order_that_was_invoiced_without_being_sent_is_found_as_the_invoice(system: System, simulator: Simulator) -> None:
    invoice = simulator.invoice_order(placed(system))
    (found,) = system.find(ORDERS, ["S-1"])["S-1"]
    assert (found.kind, found.target_id) == ("invoice", str(invoice))


def test_two_documents_with_one_reference_are_both_told(connect: Connect) -> None:
    placed(connect())
    invoice = connect(document_kind="invoice")
    invoice.write(invoice.prepare(order(), reference="S-1"), key="other")
    assert [document.kind for document in invoice.find(ORDERS, ["S-1"])["S-1"]] == ["order", "invoice"]


def test_references_not_found_have_no_entry_and_case_matters(system: System) -> None:
    placed(system, "s-1")
    assert system.find(ORDERS, ["S-1", "S-2"]) == {}
    assert set(system.find(ORDERS, ["s-1"])) == {"s-1"}
    assert system.find(ORDERS, []) == {}


@pytest.mark.parametrize("reference", ["S-[1]", "S-1,2", "S-(1)", "S-$eq:1", "S-*", "Å 1", "S-" + "x" * 240])
def test_any_reference_can_be_found(system: System, reference: str) -> None:
    placed(system, reference)
    placed(system, "S-1")
    assert set(system.find(ORDERS, [reference, "nothing"])) == {reference}


def test_many_references_take_few_calls(system: System, simulator: Simulator) -> None:
    placed(system, "S-117")
    before = len(simulator.history)
    assert set(system.find(ORDERS, [f"S-{number}" for number in range(120)])) == {"S-117"}
    assert len(simulator.history) - before == 15


def test_more_than_a_page_is_read_to_its_end(system: System, simulator: Simulator) -> None:
    placed(system)
    first = simulator.agreement.documents[0]
    for number in range(2000, 3000):
        simulator.agreement.documents.append(type(first)(**{**vars(first), "number": number}))
    assert len(system.find(ORDERS, ["S-1"])["S-1"]) == 1001


def test_a_search_that_fails_is_an_error(system: System, simulator: Simulator) -> None:
    simulator.faults.add(Fault("status", path="/invoices/booked", status=503, times=None))
    with pytest.raises(ServerFailed):
        system.find(ORDERS, ["S-1"])
