"""The checker finds what it looks for: a storm that nothing can spoil would prove nothing."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from connectors.sandbox import SeenDocument
from flows.models import Event, Transfer
from tests.faults.chaos.checker import contradictions, doubled_cards

Kind, State = Event.Kind, Transfer.State


def transfer(state: str = State.SENT, **changes: Any) -> Transfer:
    values = {"reference": "ABCDE-1", "target_id": "7", "target_total": Decimal("125.00"), **changes}
    return Transfer(state=state, **values)


def document(**changes: Any) -> SeenDocument:
    values = {"kind": "order", "target_id": "7", "reference": "ABCDE-1", "total": Decimal("125.00"), **changes}
    return SeenDocument(**{"total_vat": Decimal(25), "currency": "SEK", **values})


def told(*kinds: str) -> list[Event]:
    return [Event(kind=kind) for kind in kinds]


@pytest.mark.parametrize(
    ("row", "events", "documents"),
    [
        (transfer(), told(Kind.CAPTURED, Kind.SENDING, Kind.SENT), [document()]),
        (transfer(), told(Kind.SENDING, Kind.UNCERTAIN, Kind.FOUND, Kind.ATTENTION, Kind.CHANGED), [document()]),
        (transfer(State.STOPPED), told(Kind.CAPTURED, Kind.STOPPED), []),
    ],
)
def test_a_ledger_that_says_what_the_erp_says_is_believed(row: Transfer, events: list[Event], documents: list[Any]) -> None:
    assert contradictions(row, events, documents) == []


@pytest.mark.parametrize(
    ("row", "events", "documents", "found"),
    [
        (transfer(), told(Kind.SENT), [], "the ERP has 0 of it"),
        (transfer(State.STOPPED), told(Kind.STOPPED), [document()], "the ERP has 1 of it"),
        (transfer(), told(Kind.SENT, Kind.SENT), [document()], "arrived 2 times"),
        (transfer(State.WAITING), told(Kind.FOUND), [], "arrived 1 times"),
        (transfer(), told(Kind.SENT), [document(target_id="8")], "no such document"),
        (transfer(), told(Kind.SENT), [document(total=Decimal("125.01"))], "another in the ERP"),
        (transfer(), told(Kind.SENT, Kind.SENDING), [document()], "had arrived and then sending"),
    ],
)
def test_a_ledger_that_says_otherwise_is_found_out(
    row: Transfer, events: list[Event], documents: list[Any], found: str
) -> None:
    assert any(found in line for line in contradictions(row, events, documents))


def test_two_cards_of_one_buyer_or_article_are_found() -> None:
    cards = [{"email": "Kund1@storm.example"}, {"email": "kund1@storm.example"}, {"email": ""}, {"email": ""}]
    products = [{"productNumber": "A-1"}, {"productNumber": "A-2"}]
    agreement = SimpleNamespace(customers=dict(enumerate(cards)), products=dict(enumerate(products)))
    assert doubled_cards(SimpleNamespace(agreement=agreement)) == ["kund1@storm.example"]
