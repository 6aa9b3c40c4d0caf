"""Credit notes: drafts of invoices with quantities below zero, to the öre."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings

from connectors.base import Register
from connectors.economic.amounts import pieces
from connectors.economic.connector import System
from connectors.economic.sandbox import Simulator
from connectors.economic.simulator.totals import MODES
from connectors.errors import RejectedError
from connectors.records import LineKind, Order
from tests.connectors.economic.conftest import Connect
from tests.factories import line, order, orders

_references = count(1)


def taken_back(sold: Order) -> Order:
    """All of `sold`, given back."""
    rows = tuple(
        replace(row, quantity=-row.quantity, net=-row.net, vat=-row.vat, net_before_discount=-row.net_before_discount)
        for row in sold.lines
    )
    return replace(sold, source_id="R1", credits=sold.source_id, lines=rows, total=-sold.total, total_vat=-sold.total_vat)


@pytest.fixture(scope="module", params=MODES)
def erp(request: pytest.FixtureRequest) -> Iterator[tuple[Simulator, System]]:
    simulator = Simulator(token_limit=10**9)
    simulator.add_customer("Kontantkund", number=9000)
    for number in range(1, 31):
        # An order from abroad would create them for 25 %.
        simulator.add_product(f"A0-{number}", group=4)
    simulator.round_vat(request.param)
    with simulator.serve() as address:
        options = {**simulator.flow_options(), "guest_customer_number": "9000"}
        with System(simulator.endpoint_options(address), options) as system:
            yield simulator, system


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sold=orders())
def test_any_order_is_taken_back_with_its_own_total_or_not_at_all(erp: tuple[Simulator, System], sold: Order) -> None:
    simulator, system = erp
    reference, before = f"K-{next(_references)}", len(simulator.documents())
    try:
        system.write(system.prepare(taken_back(sold), reference=reference), key=reference)
    except RejectedError:
        assert len(simulator.documents()) == before
        return
    seen = simulator.documents()[-1]
    assert (seen.reference, seen.kind, seen.total) == (reference, "invoice", -sold.total)
    assert simulator.violations == []


def test_thirds_of_an_ore_are_taken_back_however_vat_is_rounded(erp: tuple[Simulator, System]) -> None:
    simulator, system = erp
    reference = f"K-{next(_references)}"
    sold = order(line("100.00", quantity=Decimal(3)), line("9.98", 12, article_number="TE-1", source_id="2"))
    written = system.write(system.prepare(taken_back(sold), reference=reference), key=reference)
    assert written.total == simulator.documents()[-1].total == -sold.total


def test_a_credit_note_is_a_draft_of_an_invoice_whatever_orders_become(connect: Connect, simulator: Simulator) -> None:
    system = connect(document_kind="order")
    sold = order(line(80, quantity=Decimal(2)))
    written = system.write(system.prepare(taken_back(sold), reference="K-1"), key="K-1")
    assert written.kind == "invoice"
    (document,) = system.find(Register.ORDERS, ["K-1"])["K-1"]
    assert (document.kind, document.target_id, document.total) == ("invoice", written.target_id, Decimal("-100.00"))
    assert [(row.quantity, row.net) for row in simulator.documents()[-1].lines] == [(Decimal(-2), Decimal("-80.00"))]


def test_a_discount_that_is_taken_back_is_in_the_price_of_the_row(system: System, simulator: Simulator) -> None:
    sold = order(line(80, quantity=Decimal(2), net_before_discount=Decimal(100)))
    system.write(system.prepare(taken_back(sold), reference="K-1"), key="K-1")
    (document,) = simulator.documents()
    assert [(row.article_number, row.quantity, row.net) for row in document.lines] == [
        ("KAFFE-1", Decimal(-2), Decimal("-80.00"))
    ]


def test_a_gift_card_is_given_back_as_what_it_took_off(system: System, simulator: Simulator) -> None:
    card = line(-30, 0, kind=LineKind.GIFT_CARD, name="Presentkort", article_number="", source_id="2")
    system.write(system.prepare(taken_back(order(line(80), card)), reference="K-1"), key="K-1")
    (document,) = simulator.documents()
    assert (document.total, document.lines[-1].net) == (Decimal("-70.00"), Decimal("30.00"))


@pytest.mark.parametrize(("quantity", "net"), [("-3", "-100.00"), ("-2", "-0.01"), ("-0.5", "-10.00"), ("-1", "-7.77")])
def test_pieces_below_zero_come_to_the_row(quantity: str, net: str) -> None:
    found = pieces(Decimal(quantity), Decimal(net))
    assert sum(piece.net for piece in found) == Decimal(net)
    assert all(piece.quantity < 0 <= piece.price for piece in found)
    assert sum(piece.quantity for piece in found) == Decimal(quantity)
