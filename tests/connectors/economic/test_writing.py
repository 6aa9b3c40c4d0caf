"""A draft carried out: once, with the right total, or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.base import Document
from connectors.economic import writing
from connectors.economic.connector import System
from connectors.economic.sandbox import Simulator
from connectors.errors import (
    BadCredentials,
    Conflict,
    ConnectorError,
    InvalidRecord,
    Missing,
    ModuleMissing,
    RateLimited,
    ServerFailed,
    TimedOut,
    UnexpectedResponse,
)
from connectors.records import Order
from connectors.sandbox import Fault
from tests.connectors.economic.conftest import Connect
from tests.factories import buyer, line, order

DRAFTS = r"^/orders/drafts$"


def write(system: System, record: Order, reference: str = "S-1", key: str = "k-1") -> Document:
    return system.write(system.prepare(record, reference=reference), key=key)


def thirds() -> Order:
    """Three rows of 9.98: VAT 7.49 on the document or per rate, 7.50 per row, 7.48 to the even cent."""
    return order(*(line("9.98", source_id=str(index), article_number=f"A{index}") for index in range(3)))


def test_an_order_arrives_with_its_customer_articles_and_total(system: System, simulator: Simulator) -> None:
    document = write(system, order())
    (seen,) = simulator.documents()
    assert (
        (document.kind, document.target_id, document.reference)
        == (seen.kind, seen.target_id, "S-1")
        == ("order", "1001", "S-1")
    )
    assert (document.total, document.total_vat) == (seen.total, seen.total_vat) == (Decimal("149.00"), Decimal("29.80"))
    assert [row.article_number for row in seen.lines] == ["KAFFE-1", "FRAKT"]
    assert simulator.agreement.customers[int(document.party_number)]["name"] == "Anna Åkesson"
    assert set(simulator.agreement.products) == {"kaffe-1", "frakt"}


def test_an_order_can_become_an_invoice(connect: Connect, simulator: Simulator) -> None:
    document = write(connect(document_kind="invoice"), order())
    assert (document.kind, document.target_id) == ("invoice", "401")
    assert simulator.documents()[0].kind == "invoice"


def test_the_second_order_of_a_buyer_makes_neither_customer_nor_articles(system: System, simulator: Simulator) -> None:
    first, second = (system.prepare(order(), reference=f"S-{number}") for number in (1, 2))
    documents = [system.write(first, key="k-1"), system.write(second, key="k-2")]
    assert len(simulator.agreement.customers) == 1
    assert len({document.party_number for document in documents}) == 1
    assert len(simulator.history.calls("POST", "/products")) == 2


def test_the_same_key_makes_the_same_document(system: System, simulator: Simulator) -> None:
    first, second = write(system, order()), write(system, order())
    assert first.target_id == second.target_id
    assert len(simulator.documents()) == 1


def test_a_retry_after_a_refusal_is_not_answered_from_memory(connect: Connect, simulator: Simulator) -> None:
    """e-conomic keeps what it answered to a key for an hour, refusals too as far as we know."""
    simulator.close_year(2026)
    for _ in range(2):
        with pytest.raises(InvalidRecord, match="Perioden er spærret"):
            write(connect(), order())
    simulator.open_year(2026)
    first = write(connect(), order())
    assert write(connect(), order()).target_id == first.target_id
    assert len(simulator.documents()) == 1


def test_a_retry_after_a_deletion_by_hand_writes_the_order_again(system: System, simulator: Simulator) -> None:
    number = int(write(system, order()).target_id)
    simulator.delete_document("order", number)
    # The number is free again, and somebody else's document gets it.
    other = write(system, order(buyer=buyer(email="bo@example.se")), reference="S-2", key="k-2")
    assert other.target_id == str(number)
    again = write(system, order())
    assert (again.reference, len(simulator.documents())) == ("S-1", 2)
    assert write(system, order()).target_id == again.target_id != other.target_id


@pytest.mark.parametrize("booked", [False, True])
def test_a_retry_finds_what_has_moved_on_and_leaves_it_alone(connect: Connect, simulator: Simulator, *, booked: bool) -> None:
    number = int(write(connect(), order()).target_id)
    simulator.send_order(number)
    invoice = simulator.invoice_order(number)
    if booked:
        simulator.book_invoice(invoice)
    document = write(connect(), order())
    assert (document.target_id, document.total) == (str(number), Decimal("149.00"))
    assert len(simulator.documents()) == 2
    assert simulator.history.calls("PUT") == []


@pytest.mark.parametrize(("mode", "rounding"), [("document", "0.01"), ("rate", "0.01"), ("line", None), ("half-even", "0.02")])
def test_the_rounding_row_is_corrected_once_where_e_conomic_rounds_another_way(
    system: System, simulator: Simulator, mode: str, rounding: str | None
) -> None:
    simulator.round_vat(mode)
    document = write(system, thirds())
    (seen,) = simulator.documents()
    assert document.total == seen.total == Decimal("37.44")
    assert document.total_vat == seen.total_vat
    found = [row.net for row in seen.lines if row.article_number == "ORESAVRUNDNING"]
    assert found == ([Decimal(rounding)] if rounding else [])
    assert len(simulator.history.calls("PUT")) == (0 if mode in ("document", "rate") else 1)


def test_a_rounding_row_and_its_article_are_added_afterwards_when_the_answer_needs_them(
    system: System, simulator: Simulator
) -> None:
    simulator.round_vat("line")
    rows = [line("9.98", source_id=str(index), article_number=f"A{index}") for index in range(3)]
    document = write(system, order(*rows, total=Decimal("37.43"), total_vat=Decimal("7.49")))
    assert document.total == simulator.documents()[0].total == Decimal("37.43")
    assert simulator.agreement.products["oresavrundning"]["productGroup"] == {"productGroupNumber": 4}
    assert "another way" in str(document.notices[-1])


def test_nothing_remains_when_e_conomic_adds_up_to_something_else(connect: Connect, simulator: Simulator) -> None:
    """The article is in a group that the flow does not name, and which carries another rate."""
    simulator.agreement.lists["product-groups"][1].append({"productGroupNumber": 7, "name": "Okänd"})
    simulator.add_product("KAFFE-1", group=7)
    with pytest.raises(InvalidRecord, match=r"129\.00 SEK .*149\.00.*20\.00") as caught:
        write(connect(), order())
    assert not caught.value.outcome_unknown
    assert simulator.documents() == []
    simulator.add_product("KAFFE-1", group=1)
    assert write(connect(), order()).total == Decimal("149.00")
    assert len(simulator.documents()) == 1


def test_without_a_rounding_row_a_differing_draft_is_deleted(connect: Connect, simulator: Simulator) -> None:
    simulator.round_vat("line")
    rows = [line("9.98", source_id=str(index), article_number=f"A{index}") for index in range(3)]
    with pytest.raises(InvalidRecord, match="deleted again"):
        write(connect(rounding_row=False), order(*rows, total=Decimal("37.43"), total_vat=Decimal("7.49")))
    assert simulator.documents() == []


def test_a_draft_that_can_be_neither_corrected_nor_deleted_is_named(connect: Connect, simulator: Simulator) -> None:
    simulator.round_vat("line")
    simulator.faults.add(Fault("status", method="DELETE", status=400, body={"message": "locked"}))
    rows = [line("9.98", source_id=str(index), article_number=f"A{index}") for index in range(3)]
    with pytest.raises(InvalidRecord, match="Delete it there"):
        write(connect(rounding_row=False), order(*rows, total=Decimal("37.43"), total_vat=Decimal("7.49")))


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("drop_after", "POST", DRAFTS), ServerFailed),
        (Fault("drop_before", "POST", DRAFTS), ServerFailed),
        (Fault("truncate", "POST", DRAFTS), ServerFailed),
        (Fault("html", "POST", DRAFTS), UnexpectedResponse),
        (Fault("status_after", "POST", DRAFTS, status=500), ServerFailed),
        (Fault("status_after", "POST", DRAFTS, status=502, body="<html>"), ServerFailed),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_an_answer_that_is_lost_leaves_the_outcome_open_and_a_retry_settles_it(
    system: System, simulator: Simulator, fault: Fault, error: type[ConnectorError]
) -> None:
    simulator.faults.add(fault)
    with pytest.raises(error) as caught:
        write(system, order())
    assert caught.value.outcome_unknown
    write(system, order())
    assert len(simulator.documents()) == 1


def test_a_slow_answer_is_given_up_in_time_and_left_open(
    system: System, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_SECONDS", 0.6)
    monkeypatch.setattr(writing, "_FOR_THE_DOCUMENT", 0.1)
    simulator.faults.add(Fault("delay", "POST", DRAFTS, seconds=2))
    with pytest.raises(TimedOut) as caught:
        write(system, order())
    assert caught.value.outcome_unknown


def test_a_document_is_not_sent_when_too_little_time_is_left(
    system: System, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_SECONDS", 1.0)
    monkeypatch.setattr(writing, "_FOR_THE_DOCUMENT", 0.9)
    simulator.faults.add(Fault("delay", "POST", "/customers", seconds=0.3))
    with pytest.raises(TimedOut) as caught:
        write(system, order())
    assert not caught.value.outcome_unknown
    assert simulator.history.calls("POST", DRAFTS) == []


@pytest.mark.parametrize("path", ["/customers", "/products"])
def test_a_lost_answer_about_customer_or_article_is_no_doubt_about_the_document(
    system: System, simulator: Simulator, path: str
) -> None:
    simulator.faults.add(Fault("drop_after", "POST", path))
    with pytest.raises(ServerFailed) as caught:
        write(system, order())
    assert not caught.value.outcome_unknown
    write(system, order())
    assert (len(simulator.agreement.customers), len(simulator.documents())) == (1, 1)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_lost_correction_leaves_the_outcome_open(connect: Connect, simulator: Simulator, method: str) -> None:
    simulator.round_vat("line")
    simulator.faults.add(Fault("drop_after", method))
    system = connect(rounding_row=method == "PUT")
    rows = [line("9.98", source_id=str(index), article_number=f"A{index}") for index in range(3)]
    with pytest.raises(ServerFailed) as caught:
        write(system, order(*rows, total=Decimal("37.43"), total_vat=Decimal("7.49")))
    assert caught.value.outcome_unknown


def test_a_correction_that_was_turned_away_is_sent_again(
    system: System, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Seconds that a system which does not say for how long it wants none is left alone.
    monkeypatch.setattr("connectors.http._NOT_SAID", 0.5)
    simulator.round_vat("line")
    simulator.faults.add(Fault("status", "PUT", status=429, body={"message": "slow"}))
    rows = [line("9.98", source_id=str(index), article_number=f"A{index}") for index in range(3)]
    document = write(system, order(*rows, total=Decimal("37.43"), total_vat=Decimal("7.49")))
    assert document.total == simulator.documents()[0].total == Decimal("37.43")


def test_a_refused_correction_removes_the_draft(system: System, simulator: Simulator) -> None:
    simulator.round_vat("line")
    simulator.add_product("ORESAVRUNDNING", group=4, barred=True)
    rows = [line("9.98", source_id=str(index), article_number=f"A{index}") for index in range(3)]
    with pytest.raises(InvalidRecord, match="ORESAVRUNDNING is barred"):
        write(system, order(*rows, total=Decimal("37.43"), total_vat=Decimal("7.49")))
    assert simulator.documents() == []


def test_two_at_once_make_one_customer_and_one_of_each_article(connect: Connect, simulator: Simulator) -> None:
    system = connect()
    drafts = [system.prepare(order(), reference=f"S-{number}") for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        documents = list(pool.map(lambda pair: system.write(pair[1], key=f"k-{pair[0]}"), enumerate(drafts)))
    assert len({document.target_id for document in documents}) == len(simulator.documents()) == 8
    assert len(simulator.agreement.customers) == 1
    assert len(simulator.history.calls("POST", "/products")) == 2


def test_an_article_that_somebody_else_made_meanwhile_is_as_good(system: System, simulator: Simulator) -> None:
    draft = system.prepare(order(), reference="S-1")
    simulator.add_product("kaffe-1", group=1)
    assert system.write(draft, key="k").total == Decimal("149.00")


def test_a_customer_number_taken_meanwhile_is_explained(connect: Connect, simulator: Simulator) -> None:
    system = connect(customer_number_from="shop")
    draft = system.prepare(order(), reference="S-1")
    simulator.add_customer("Volvo AB", number=17)
    with pytest.raises((Conflict, InvalidRecord), match="17"):
        system.write(draft, key="k")
    assert simulator.documents() == []


def test_what_is_barred_after_the_check_is_named_and_asked_for_again(system: System, simulator: Simulator) -> None:
    simulator.add_product("KAFFE-1")
    draft = system.prepare(order(), reference="S-1")
    simulator.bar_product("KAFFE-1")
    with pytest.raises(InvalidRecord, match="Article KAFFE-1 is barred"):
        system.write(draft, key="k")
    with pytest.raises(InvalidRecord, match="Article KAFFE-1 is barred"):
        system.prepare(order(), reference="S-1")
    simulator.bar_product("KAFFE-1", barred=False)
    assert write(system, order(), key="k").total == Decimal("149.00")


def test_a_setting_that_leads_nowhere_is_told_in_our_words(connect: Connect) -> None:
    with pytest.raises(Missing, match="does not know layout 4711"):
        write(connect(layout="4711"), order())


def test_an_agreement_with_the_inventory_module_says_what_to_do(connect: Connect, simulator: Simulator) -> None:
    simulator.agreement.inventory_module = True
    system = connect()
    draft = system.prepare(order(), reference="S")
    with pytest.raises(ModuleMissing, match="invoices") as caught:
        system.write(draft, key="k")
    assert not caught.value.outcome_unknown
    assert write(connect(document_kind="invoice"), order()).kind == "invoice"


def test_a_full_bucket_is_no_doubt_about_the_document(system: System, simulator: Simulator) -> None:
    draft = system.prepare(order(), reference="S-1")
    simulator.faults.add(Fault("status", "POST", DRAFTS, status=429, headers={"Retry-After": "7"}, body={"message": "slow"}))
    with pytest.raises(RateLimited) as caught:
        system.write(draft, key="k")
    assert (caught.value.retry_after, caught.value.outcome_unknown) == (7, False)


def test_wrong_tokens_pause_the_connection_and_are_never_shown(simulator: Simulator) -> None:
    with simulator.serve() as address:
        options = {**simulator.endpoint_options(address), "agreement_grant_token": "wrong-grant"}
        with System(options, simulator.flow_options()) as system, pytest.raises(BadCredentials) as caught:
            system.prepare(order(), reference="S-1")
    assert "wrong-grant" not in f"{caught.value} {caught.value.evidence} {system!r}"


def test_a_key_is_good_again_after_an_hour(connect: Connect, simulator: Simulator) -> None:
    moment = datetime.now(UTC)
    simulator._clock = lambda: moment
    write(connect(), order())
    moment += timedelta(hours=2)
    # That is why the engine looks a document up first: the key alone no longer tells.
    assert set(connect().find(next(iter(System.capabilities.writes)), ["S-1"])) == {"S-1"}


def test_a_document_without_its_amounts_leaves_the_outcome_open(system: System, simulator: Simulator) -> None:
    draft = system.prepare(order(), reference="S-1")
    body: dict[str, Any] = {"orderNumber": 1001, "currency": "SEK"}
    simulator.faults.add(Fault("status_after", "POST", DRAFTS, status=201, body=body))
    with pytest.raises(ConnectorError) as caught:
        system.write(draft, key="k")
    assert caught.value.outcome_unknown


def test_the_notices_of_the_draft_are_on_the_document(system: System) -> None:
    draft = system.prepare(thirds(), reference="S-1")
    document = system.write(draft, key="k")
    assert document.notices == draft.notices != ()
    assert replace(document, notices=()) == replace(write(system, thirds(), key="k"), notices=())
