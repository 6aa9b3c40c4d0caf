"""The ERP did it, or did not, and nobody said so: each order is looked up once, and is there once."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.economic.connector import System
from connectors.economic.sandbox import Simulator as Erp
from connectors.http import Answer, Transport
from connectors.sandbox import Fault
from connectors.woocommerce.sandbox import Simulator as Shop
from connectors.woocommerce.simulator.cart import Cart, Item
from flows import services
from flows.models import Run, Transfer
from tests.acceptance.conftest import ACTOR, Rig, rig_of
from tests.acceptance.test_bad_access import closed_port
from tests.clock import Clock
from tests.faults.remote.conftest import Worker, look_ups, place, posts

pytestmark = [pytest.mark.thorough, pytest.mark.django_db]

DOCUMENTS = "^/orders/drafts$"
#: What happens to the call that makes a document, and whether it is made all the same.
LOST = {
    "answered after the deadline": (Fault("delay", seconds=4), True),
    "closed before it was done": (Fault("drop_before"), False),
    "closed after it was done": (Fault("drop_after"), True),
    "reset while the order was sent": (Fault("reset_early"), False),
    "reset before it was done": (Fault("reset_before"), False),
    "reset after it was done": (Fault("reset_after"), True),
    "cut in the middle of the answer": (Fault("truncate"), True),
}
HIT = 4


@pytest.fixture
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A document has to be made within a second."""
    patient = Transport.request

    def request(self: Transport, method: str, path: str, **rest: Any) -> Answer:
        if (method, path) == ("POST", "/orders/drafts"):
            rest["limits"] = replace(rest["limits"], read=1, total=1)
        return patient(self, method, path, **rest)

    monkeypatch.setattr(Transport, "request", request)


@pytest.mark.usefixtures("in_a_hurry")
@pytest.mark.parametrize("name", LOST)
def test_an_order_whose_answer_was_lost_is_looked_up_once_and_is_there_once(rig: Rig, worker: Worker, name: str) -> None:
    fault, was_made = LOST[name]
    place(rig, 12)
    rig.erp.faults.add(Fault(**{**vars(fault), "method": "POST", "path": DOCUMENTS, "times": HIT}))
    worker.live_until_settled(rig, at_most=timedelta(minutes=10))
    assert rig.everything_arrived_once()
    assert sorted(look_ups(rig).values()) == [0] * (12 - HIT) + [1] * HIT
    # Adopted as it is where it was made; sent a second time where it was not.
    assert len(rig.erp.history.calls("POST", DOCUMENTS)) == 12 + (0 if was_made else HIT)


@pytest.mark.usefixtures("in_a_hurry")
def test_an_answer_that_trickles_in_holds_up_no_other_order_of_the_run(rig: Rig, worker: Worker) -> None:
    """A byte a second, for ever: cut at the deadline. One of four calls at once waits for it, the others go on."""
    place(rig, 12)
    rig.erp.faults.add(Fault("slow", method="POST", path=DOCUMENTS, seconds=1))
    worker.look()
    assert Run.objects.count() == 1
    assert sorted(rig.states().values()) == ["sent"] * 11 + ["uncertain"]
    worker.live_until_settled(rig, at_most=timedelta(minutes=10))
    assert rig.everything_arrived_once()
    assert sorted(look_ups(rig).values()) == [0] * 11 + [1]


def test_an_order_that_was_surely_not_sent_goes_without_a_look_up(
    rig: Rig, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No connection could be made: not one byte left this machine."""
    place(rig, 6)
    refused: list[str] = []
    patient = Transport.request

    def request(self: Transport, method: str, path: str, **rest: Any) -> Answer:
        if (method, path) == ("POST", "/orders/drafts") and len(refused) < 3:
            refused.append(path)
            elsewhere = copy.copy(self)
            elsewhere.base = closed_port()
            return patient(elsewhere, method, path, **rest)
        return patient(self, method, path, **rest)

    monkeypatch.setattr(Transport, "request", request)
    worker.live_until_settled(rig, at_most=timedelta(minutes=10))
    assert len(refused) == 3
    assert rig.everything_arrived_once()
    assert set(posts(rig).values()) == {1}
    assert set(look_ups(rig).values()) == {0}


@pytest.fixture
def forgetful(db: None, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """An ERP that keeps no keys and finds a new document after five seconds only, which is what its connector declares."""
    erp = Erp(token_limit=10**9, index_delay=5)
    monkeypatch.setattr(erp.replays, "get", lambda request, at: None)
    with rig_of(Shop(), erp) as made:
        clock.move(timedelta(hours=1))
        yield made


def test_an_erp_that_finds_new_documents_late_gets_none_twice(forgetful: Rig, worker: Worker) -> None:
    place(forgetful, 30)
    forgetful.erp.faults.add(Fault("drop_after", method="POST", path=DOCUMENTS, times=10, share=0.5))
    worker.live_until_settled(forgetful, at_most=timedelta(hours=1))
    assert forgetful.everything_arrived_once()
    assert set(posts(forgetful).values()) == {1}
    assert len([call for call in forgetful.erp.history.calls("POST", DOCUMENTS) if call.fault]) == 10


def test_nobody_who_presses_retry_makes_an_order_twice_while_the_erp_still_hides_it(forgetful: Rig, worker: Worker) -> None:
    place(forgetful, 1)
    forgetful.erp.faults.add(Fault("drop_after", method="POST", path=DOCUMENTS))
    worker.live_until(lambda: set(forgetful.states().values()) == {"uncertain"}, at_most=timedelta(minutes=1))
    services.retry(Transfer.objects.filter(flow=forgetful.flow), actor=ACTOR)
    worker.live_until_settled(forgetful, at_most=timedelta(minutes=10))
    assert forgetful.everything_arrived_once()
    assert posts(forgetful) == {forgetful.placed[0]: 1}


def test_a_bug_of_ours_after_the_write_makes_no_order_twice_while_the_erp_still_hides_it(
    forgetful: Rig, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(forgetful, 3)
    write = System.write
    failed: list[Any] = []

    def stumble(self: System, *arguments: Any, **named: Any) -> Any:
        document = write(self, *arguments, **named)
        if not failed:
            failed.append(document)
            raise ZeroDivisionError
        return document

    monkeypatch.setattr(System, "write", stumble)
    worker.live_until_settled(forgetful, at_most=timedelta(minutes=10))
    assert forgetful.everything_arrived_once()
    assert set(posts(forgetful).values()) == {1}


#: How a call that changes the ERP fails, and whether it had its effect.
FAILURES = {
    "refused": Fault("status", status=503),
    "not answered": Fault("drop_after"),
    "failed after it was done": Fault("status_after", status=500),
    "reset": Fault("reset_before"),
    "asked to wait": Fault("status", status=429, headers={"Retry-After": "20"}),
    "nonsense": Fault("html"),
}
STEPS = {"customer": "^/customers$", "article": "^/products$", "document": DOCUMENTS}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize(
    ("step", "keeps_keys"), [("customer", True), ("article", True), ("document", True), ("document", False)]
)
def test_a_write_that_fails_half_way_is_taken_up_and_leaves_nothing_twice(
    rig: Rig, worker: Worker, step: str, failure: str, keeps_keys: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Customer, articles, document: one by one they fail."""
    if not keeps_keys:
        monkeypatch.setattr(rig.erp.replays, "get", lambda request, at: None)
    rig.place()
    rig.erp.faults.add(Fault(**{**vars(FAILURES[failure]), "method": "POST", "path": STEPS[step]}))
    worker.live_until_settled(rig, at_most=timedelta(hours=1))
    assert [call.fault for call in rig.erp.history.calls("POST", STEPS[step]) if call.fault] == [FAILURES[failure].kind]
    assert rig.everything_arrived_once()
    assert [card["email"] for card in rig.erp.agreement.customers.values()].count("kund1@kund.example") == 1
    numbers = [str(number).casefold() for number in rig.erp.agreement.products]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize(("method", "path"), [("POST", DOCUMENTS), ("PUT", r"^/orders/drafts/\d+$")])
def test_a_document_that_still_has_to_be_corrected_is_put_right_after_any_failure_and_asks_nobody(
    rig: Rig, worker: Worker, method: str, path: str, failure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ERP rounds another way than expected, keeps no keys, and fails before or while the rounding row is made to fit."""
    monkeypatch.setattr(rig.erp.replays, "get", lambda request, at: None)
    rig.erp.round_vat("line")
    wares = [article for article in rig.shop.catalogue if article.sku and not article.deleted][:3]
    rig.place(Cart(items=tuple(Item(article, 1, Decimal("33.33")) for article in wares), prices_include_tax=False))
    rig.erp.faults.add(Fault(**{**vars(FAILURES[failure]), "method": method, "path": path}))
    worker.live_until_settled(rig, at_most=timedelta(hours=1))
    assert [call.fault for call in rig.erp.history.calls(method, path) if call.fault] == [FAILURES[failure].kind]
    assert rig.everything_arrived_once()
    assert set(rig.states().values()) == {"sent"}
    assert len(rig.erp.history.calls("PUT", r"^/orders/drafts/\d+$")) <= 2
