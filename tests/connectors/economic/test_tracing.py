"""What became of orders: told by the places where their documents are found."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connectors.base import Query, Register
from connectors.economic.connector import System
from connectors.economic.sandbox import Simulator
from connectors.errors import ContractChanged, ServerFailed
from connectors.progress import Milestone, Progress
from connectors.sandbox import Fault
from tests.connectors.economic.conftest import Connect
from tests.connectors.economic.test_credits import taken_back
from tests.factories import buyer, line, order

DELIVERED, INVOICED, PAID, CANCELLED = Milestone.DELIVERED, Milestone.INVOICED, Milestone.PAID, Milestone.CANCELLED


def placed(system: System, reference: str = "SO-1") -> int:
    return int(system.write(system.prepare(order(), reference=reference), key=f"k {reference}").target_id)


def told(system: System, *references: str) -> dict[str, Progress]:
    pages = system.read(Query(register=Register.STATUS, keys=references or ("SO-1",)))
    return {record.reference: record for page in pages for record in page.records}


def milestones(system: System, reference: str = "SO-1") -> tuple[Milestone, ...]:
    return told(system, reference)[reference].milestones


def test_an_open_order_has_come_nowhere_yet(system: System) -> None:
    number = placed(system)
    record = told(system)["SO-1"]
    assert (record.source_id, record.milestones, record.parcels, record.delivered) == (str(number), (), (), ())
    assert record.modified_at is not None


@pytest.mark.parametrize(
    ("delivered_when", "open_", "sent", "drafted", "booked"),
    [
        ("never", (), (), (), (INVOICED,)),
        ("sent", (), (DELIVERED,), (DELIVERED,), (DELIVERED, INVOICED)),
        ("invoiced", (), (), (), (DELIVERED, INVOICED)),
    ],
)
def test_the_flow_says_what_counts_as_delivered(
    connect: Connect,
    simulator: Simulator,
    delivered_when: str,
    open_: tuple[Milestone, ...],
    sent: tuple[Milestone, ...],
    drafted: tuple[Milestone, ...],
    booked: tuple[Milestone, ...],
) -> None:
    system = connect(delivered_when=delivered_when)
    number = placed(system)
    assert milestones(system) == open_
    simulator.send_order(number)
    assert milestones(system) == sent
    draft = simulator.invoice_order(number)
    assert milestones(system) == drafted
    simulator.book_invoice(draft)
    assert milestones(system) == booked


def test_it_is_paid_once_nothing_remains(connect: Connect, simulator: Simulator) -> None:
    system = connect(delivered_when="never", document_kind="invoice")
    booked = simulator.book_invoice(placed(system))
    assert told(system)["SO-1"].source_id == str(booked)
    simulator.pay_invoice(booked, Decimal("148.99"))
    assert milestones(system) == (INVOICED,)
    simulator.pay_invoice(booked)
    assert milestones(system) == (INVOICED, PAID)


def test_an_order_that_was_deleted_counts_as_cancelled_if_the_flow_says_so(connect: Connect, simulator: Simulator) -> None:
    number = placed(connect())
    simulator.delete_document("order", number)
    assert milestones(connect()) == (CANCELLED,)
    assert told(connect(missing_is_cancelled=False)) == {}


def test_an_open_order_that_was_invoiced_is_not_taken_for_deleted(system: System, simulator: Simulator) -> None:
    draft = simulator.invoice_order(placed(system))
    assert milestones(system) == ()
    simulator.book_invoice(draft)
    assert CANCELLED not in milestones(system)


def test_a_sent_order_that_is_archived_without_an_invoice_tells_nothing(connect: Connect, simulator: Simulator) -> None:
    system = connect(delivered_when="sent")
    number = placed(system)
    simulator.send_order(number)
    simulator.delete_document("order", number)
    assert milestones(system) == ()


def test_an_order_that_is_opened_again_while_we_look_is_not_taken_for_deleted(
    system: System, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = placed(system)
    simulator.send_order(number)
    documents = simulator._documents

    def opened_again(kind: str, state: str, *rest: object) -> object:
        if (kind, state) == ("order", "sent"):
            simulator.agreement.documents[0].state = "drafts"
        return documents(kind, state, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(simulator, "_documents", opened_again)
    assert milestones(system) == ()


def test_a_credit_note_by_hand_does_not_hide_the_invoice_that_it_takes_back(connect: Connect, simulator: Simulator) -> None:
    system = connect(delivered_when="never", document_kind="invoice")
    booked = simulator.book_invoice(placed(system))
    simulator.pay_invoice(booked)
    by_hand = system.write(system.prepare(taken_back(order()), reference="SO-1"), key="by hand")
    simulator.book_invoice(int(by_hand.target_id))
    assert milestones(system) == (INVOICED, PAID)


def test_our_own_credit_note_is_followed_by_its_own_reference(connect: Connect, simulator: Simulator) -> None:
    system = connect(delivered_when="never")
    placed(system)
    credit = system.write(system.prepare(taken_back(order()), reference="SO-1-1"), key="c")
    simulator.book_invoice(int(credit.target_id))
    found = told(system, "SO-1", "SO-1-1")
    assert (found["SO-1"].milestones, found["SO-1-1"].milestones) == ((), (INVOICED,))


def test_a_hundred_orders_cost_ten_calls(connect: Connect, simulator: Simulator) -> None:
    system = connect()
    references = [f"SO-{n}" for n in range(100)]
    for n, reference in enumerate(references):
        record = order(line(), source_id=str(n), buyer=buyer(number=str(n), email=f"{n}@example.se"))
        system.write(system.prepare(record, reference=reference), key=reference)
    before = len(simulator.history)
    assert set(told(system, *references)) == set(references)
    assert len(simulator.history) - before == 10


def test_a_search_that_fails_says_nothing_of_any_order(system: System, simulator: Simulator) -> None:
    placed(system)
    simulator.faults.add(Fault("status", path="/invoices/booked", status=503, times=None))
    with pytest.raises(ServerFailed):
        told(system, "SO-1", "SO-2")


def test_an_invoice_that_does_not_tell_what_remains_is_our_error(connect: Connect, simulator: Simulator) -> None:
    system = connect(document_kind="invoice")
    simulator.book_invoice(placed(system))
    row = {"bookedInvoiceNumber": 1, "grossAmount": 149, "references": {"other": "SO-1"}}
    body = {"collection": [row], "pagination": {}}
    simulator.faults.add(Fault("status_after", path="/invoices/booked", status=200, body=body))
    with pytest.raises(ContractChanged):
        told(system)
