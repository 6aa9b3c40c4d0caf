"""The proof counts in the two systems: each way of being wrong is found."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from connectors.sandbox import SeenDocument, SeenOrder
from sharespine.proof import Proof, prove


def order(source_id: str, *, total: str = "100.00", status: str = "processing", currency: str = "SEK") -> SeenOrder:
    return SeenOrder(source_id, source_id, status, Decimal(total), currency)


def document(source_id: str, *, total: str = "100.00", currency: str = "SEK", prefix: str = "K7QFX") -> SeenDocument:
    return SeenDocument("order", "1", f"{prefix}-{source_id}", Decimal(total), Decimal("20.00"), currency)


def proof(orders: list[SeenOrder], documents: list[SeenDocument], **stops: str) -> Proof:
    given: dict[str, Any] = {"prefix": "K7QFX", "trigger_statuses": ["processing"], "stops": stops}
    return prove(orders, documents, **given)


def test_it_holds_when_every_order_is_there_once_or_stopped_with_a_reason() -> None:
    result = prove(
        [order("1"), order("2"), order("3", status="pending")],
        [document("1")],
        prefix="K7QFX",
        trigger_statuses=["processing"],
        stops={"2": "no article number"},
    )
    assert result.holds
    assert result.figures() == {
        "orders_included": "2",
        "orders_in_erp": "1",
        "orders_missing": "0",
        "orders_double": "0",
        "orders_differing": "0",
        "orders_stopped": "1",
        "difference_sek": "0.00",
    }


def test_an_order_that_is_nowhere_is_missing() -> None:
    result = proof([order("1"), order("2")], [document("1")])
    assert (result.missing, result.holds) == (("2",), False)


def test_a_stop_without_a_reason_does_not_count() -> None:
    result = prove([order("1")], [], prefix="K7QFX", trigger_statuses=["processing"], stops={"1": ""})
    assert result.missing == ("1",)


def test_a_document_too_many_is_double() -> None:
    result = proof([order("1")], [document("1"), document("1")])
    assert (result.double, result.holds) == (("1",), False)


def test_an_ore_too_much_differs_in_either_direction_and_does_not_cancel_out() -> None:
    result = proof([order("1"), order("2")], [document("1", total="100.01"), document("2", total="99.99")])
    assert (result.differing, result.difference, result.holds) == (("1", "2"), Decimal("0.02"), False)


def test_the_right_amount_in_the_wrong_currency_differs() -> None:
    assert proof([order("1")], [document("1", currency="EUR")]).differing == ("1",)


def test_a_document_for_an_order_that_the_rules_leave_out_is_uncalled_for() -> None:
    result = proof([order("1", status="pending")], [document("1")])
    assert (result.uncalled_for, result.holds) == (("1",), False)


def test_documents_of_other_shops_do_not_count() -> None:
    assert proof([], [document("1", prefix="OTHER")]).holds
