"""Answers that are wrong, broken, late or missing: orders get there by themselves afterwards, each once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from connectors.sandbox import Fault
from flows.models import Endpoint, Run, Transfer
from tests.acceptance.conftest import Rig

pytestmark = [pytest.mark.thorough, pytest.mark.django_db, pytest.mark.usefixtures("impatient")]

DOCUMENTS = r"^/orders/drafts$"
FAULTS = {
    "a web page": Fault("html"),
    "half an answer": Fault("truncate"),
    "an endless answer": Fault("huge"),
    "an answer that comes too late": Fault("delay", seconds=2),
    "a closed connection before": Fault("drop_before"),
    "a closed connection after": Fault("drop_after"),
    "an internal error": Fault("status", status=500),
    "an internal error after it was done": Fault("status_after", status=500),
    "maintenance": Fault("status", status=503, body="<h1>Maintenance</h1>"),
    "a redirect": Fault("status", status=302, headers={"Location": "https://elsewhere.example/"}),
    "too many calls": Fault("status", status=429, headers={"Retry-After": "30"}),
}
#: Those that are over by themselves; the others mean that something else answers there.
PASSING = {"an internal error", "maintenance", "too many calls", "half an answer", "an answer that comes too late"} | {
    "a closed connection before",
    "a closed connection after",
    "an internal error after it was done",
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_write_answered_with_nonsense_once_ends_with_one_document(rig: Rig, name: str) -> None:
    for _ in range(3):
        rig.place()
    rig.erp.faults.add(replace(FAULTS[name], method="POST", path=DOCUMENTS))
    rig.run()
    # One was hit. The others went, or wait where the answer told to leave the ERP alone: without a call, but with a time.
    states = list(rig.states().values())
    assert len([call for call in rig.erp.history.calls("POST", DOCUMENTS) if call.fault]) == 1
    assert 1 <= states.count("retrying") + states.count("uncertain") <= (3 if name == "too many calls" else 1)
    assert set(states) <= {"retrying", "uncertain", "sent", "waiting"}
    assert set(Transfer.objects.filter(flow=rig.flow).values_list("acts", flat=True)) == {"nobody"}
    rig.let_time_pass()
    rig.settle()
    assert rig.everything_arrived_once()
    assert set(rig.states().values()) == {"sent"}


@pytest.mark.parametrize("name", FAULTS)
def test_writes_answered_with_nonsense_for_long_end_with_one_document_each(rig: Rig, name: str) -> None:
    for _ in range(3):
        rig.place()
    rig.erp.faults.add(replace(FAULTS[name], method="POST", path=DOCUMENTS, times=None))
    for _ in range(6):
        rig.run()
        rig.let_time_pass()
    stopped = list(Transfer.objects.filter(flow=rig.flow, state=Transfer.State.STOPPED))
    if name in PASSING:
        assert stopped == []
    # What nobody has seen before and what lasts is for our developers, never for the merchant.
    assert {(t.acts, bool(str(t.message))) for t in stopped} <= {("us", True)}
    rig.erp.faults.clear()
    rig.retry()
    rig.settle()
    assert rig.everything_arrived_once()
    assert set(rig.states().values()) == {"sent"}


@pytest.mark.parametrize("name", FAULTS)
def test_a_shop_that_answers_nonsense_for_long_loses_no_order(rig: Rig, name: str) -> None:
    rig.place()
    rig.settle()
    rig.place()
    rig.shop.faults.add(replace(FAULTS[name], times=None))
    for _ in range(3):
        run = rig.run()
        assert run.state == Run.State.FAILED
        assert str(run.error)
        rig.let_time_pass()
    assert len(rig.arrived()) == 1
    rig.shop.faults.clear()
    rig.place()
    rig.settle()
    assert rig.everything_arrived_once()
    assert rig.run().state == Run.State.DONE


def test_an_erp_that_asks_for_time_gets_it_and_no_order_is_told_to_anybody(rig: Rig) -> None:
    for _ in range(8):
        rig.place()
    rig.erp.faults.add(Fault("status", method="POST", path=DOCUMENTS, status=429, headers={"Retry-After": "120"}))
    began = timezone.now()
    rig.run()
    endpoint = rig.endpoint(rig.erp)
    assert endpoint.open_until is not None
    assert timedelta(seconds=115) < endpoint.open_until - began < timedelta(seconds=150)
    assert endpoint.health == Endpoint.Health.WORKING
    assert "stopped" not in rig.states().values()
    before = len(rig.erp.history)
    rig.run()
    assert len(rig.erp.history) == before
    rig.let_time_pass()
    rig.settle()
    assert rig.everything_arrived_once()


def test_a_storm_of_internal_errors_opens_the_circuit_and_every_order_arrives_once(rig: Rig) -> None:
    for _ in range(30):
        rig.place()
    # Everything fails, and half of it was carried out all the same.
    for kind, share in (("status", 0.5), ("status_after", 1.0)):
        rig.erp.faults.add(Fault(kind, method="POST", path=DOCUMENTS, times=None, share=share, status=500))
    rig.run()
    endpoint = rig.endpoint(rig.erp)
    assert endpoint.open_until is not None
    assert endpoint.health == Endpoint.Health.DOWN
    assert "internal error" in str(endpoint.trouble)
    assert len(rig.erp.history.calls("POST", DOCUMENTS)) < 30
    assert "stopped" not in rig.states().values()
    rig.erp.faults.clear()
    rig.let_time_pass()
    rig.settle()
    assert rig.everything_arrived_once()
    assert rig.endpoint(rig.erp).health == Endpoint.Health.WORKING
