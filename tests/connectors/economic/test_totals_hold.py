"""The promise: what e-conomic adds up to is what the shop charged, however e-conomic rounds, or nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.economic.amounts import pieces
from connectors.economic.connector import System
from connectors.economic.sandbox import Simulator
from connectors.economic.simulator.totals import MODES, add_up
from connectors.errors import RejectedError
from connectors.records import Order
from tests.factories import amounts, line, order, orders, quantities

_references = count(1)


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
@given(order=orders(), discounts=st.sampled_from(["row", "price"]))
def test_any_order_arrives_with_the_shops_own_total_or_leaves_nothing(
    erp: tuple[Simulator, System], order: Order, discounts: str
) -> None:
    simulator, system = erp
    reference = f"S-{next(_references)}"
    system.flow_options["discounts"] = discounts
    system.__dict__.pop("_settings", None)
    before = len(simulator.documents())
    document = refused = None
    try:
        document = system.write(system.prepare(order, reference=reference), key=reference)
    except RejectedError as error:
        refused = error
    assert simulator.violations == []
    if document is None:
        assert refused is not None
        assert not refused.outcome_unknown
        assert len(simulator.documents()) == before
        return
    seen = simulator.documents()[-1]
    assert (seen.reference, seen.total, seen.currency) == (reference, order.total, order.currency)
    assert abs(seen.total_vat - order.total_vat) <= Decimal("0.50")
    assert (document.total, document.total_vat) == (seen.total, seen.total_vat)


@given(quantity=quantities() | st.integers(1, 100_000).map(Decimal), net=amounts())
def test_pieces_come_to_the_row_exactly_and_keep_its_quantity(quantity: Decimal, net: Decimal) -> None:
    found = pieces(quantity, net)
    assert sum(piece.net for piece in found) == net
    assert len(found) <= 2
    if all(piece.whole for piece in found):
        assert sum(piece.quantity for piece in found) == quantity
    assert all(piece.price == round(piece.price, 2) and piece.quantity == round(piece.quantity, 2) for piece in found)


@given(quantity=st.integers(1, 999).map(Decimal), net=amounts())
def test_whole_quantities_never_have_to_be_given_up(quantity: Decimal, net: Decimal) -> None:
    assert all(piece.whole for piece in pieces(quantity, net))


@pytest.mark.parametrize(
    ("lines", "vat"),
    [([("414.29", 25), ("46.00", 25)], "115.07"), ([("9.98", 25)], "2.50"), ([("800.00", 25)], "200.00")],
)
def test_the_recorded_documents_add_up_as_recorded(lines: list[tuple[str, int]], vat: str) -> None:
    nets = [(Decimal(net), Decimal(rate)) for net, rate in lines]
    assert add_up(nets, "document").vat == Decimal(vat)


def test_forty_rows_of_an_ore_stay_exact_where_vat_is_rounded_per_row(erp: tuple[Simulator, System]) -> None:
    simulator, system = erp
    rows = [line("0.10", article_number=f"ORE-{index}", source_id=str(index)) for index in range(40)]
    reference = f"S-{next(_references)}"
    # Per row, 0.025 becomes 0.03: 1.20 in all, while the document has 1.00.
    written = order(*rows, total=Decimal("5.20"), total_vat=Decimal("1.20"))
    document = system.write(system.prepare(written, reference=reference), key=reference)
    assert document.total == simulator.documents()[-1].total == Decimal("5.20")
