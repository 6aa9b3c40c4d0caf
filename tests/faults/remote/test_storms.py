"""Systems that ask for time, or fail for minutes or half of the time: left alone as long as they want, and nothing is lost."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest

from connectors.http import Answer, Transport
from connectors.sandbox import Call, Fault, Sandbox
from flows.models import Endpoint, Flow
from flows.retry import PATIENCE
from tests.acceptance.conftest import Rig
from tests.faults.remote.conftest import LOOK, Worker, calls_since, place

pytestmark = [pytest.mark.thorough, pytest.mark.django_db]

#: How the ERP asks for time, and for how many seconds; None where it does not say.
PAUSES: dict[str, tuple[str | None, int | None]] = {
    "seconds": ("40", 40),
    "nothing": (None, None),
    "ten years": ("315360000", 3600),
    "a thousand years": ("31536000000", 3600),
}


def too_early(simulator: Sandbox, pause: timedelta) -> list[Call]:
    """The calls that came while the simulator wanted to be left alone. At one moment, those may be under way already."""
    calls = simulator.history.calls()
    asked = [call.at for call in calls if call.status == 429]
    return [call for call in calls if any(at < call.at < at + pause for at in asked)]


@pytest.fixture
def refusals_read(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many calls the ERP had got, each time that one of our threads had read that it is to be left alone."""
    noted: list[int] = []
    keep_away = Transport._keep_away

    def note(transport: Transport, answer: Answer) -> None:
        keep_away(transport, answer)
        noted.append(len(rig.erp.history.calls()))

    monkeypatch.setattr(Transport, "_keep_away", note)
    return noted


@pytest.mark.parametrize(("name", "at_once"), [*((name, 1) for name in PAUSES), ("seconds", 4)])
def test_an_erp_that_asks_for_time_in_three_answers_of_ten_is_not_called_before_it_is_over(
    rig: Rig, worker: Worker, refusals_read: list[int], name: str, at_once: int
) -> None:
    said, seconds = PAUSES[name]
    Endpoint.objects.filter(pk=rig.connection.erp_id).update(max_in_flight=at_once)
    Flow.objects.update(interval_minutes=600)
    place(rig, 6)
    headers = {"Retry-After": said} if said else {}
    rig.erp.faults.add(Fault("status", method="POST", status=429, headers=headers, times=None, share=0.3))
    worker.live_until_settled(rig, at_most=timedelta(days=7))
    assert rig.everything_arrived_once()
    # Not said how long: two seconds at least.
    assert too_early(rig.erp, timedelta(seconds=seconds or 2)) == []
    # Of the calls of that moment, only those that were under way when the answer was read.
    calls = rig.erp.history.calls()
    assert sum(call.status == 429 for call in calls) >= 3
    read = {calls[number - 1].at: number for number in sorted(refusals_read, reverse=True)}
    after = Counter(call.at for call in calls if call.number > read.get(call.at, call.number))
    assert max(after.values(), default=0) <= at_once - 1


def test_an_erp_that_names_the_hour_is_left_alone_until_then(rig: Rig, worker: Worker) -> None:
    place(rig, 20)
    began = worker.clock.now()
    rig.erp.faults.add(Fault("status", status=429, headers={"Retry-After": "Mon, 23 Nov 2026 09:20:00 GMT"}, times=1))
    worker.live_until_settled(rig, at_most=timedelta(minutes=30))
    assert rig.everything_arrived_once()
    first, then = sorted({call.at for call in calls_since(rig.erp, began)})[:2]
    assert first <= began + LOOK
    assert began + timedelta(minutes=20) <= then <= began + timedelta(minutes=20) + 2 * LOOK


def test_an_absurd_pause_is_an_hour_and_somebody_is_told(rig: Rig, worker: Worker, caplog: pytest.LogCaptureFixture) -> None:
    place(rig, 3)
    began = worker.clock.now()
    rig.erp.faults.add(Fault("status", status=429, headers={"Retry-After": "315360000"}, times=1))
    worker.live(timedelta(hours=2))
    assert rig.everything_arrived_once()
    first, then = sorted({call.at for call in calls_since(rig.erp, began)})[:2]
    assert timedelta(hours=1) <= then - first <= timedelta(hours=1) + 2 * LOOK
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [text for text in warnings if "315360000" in text]


@pytest.mark.parametrize("role", ["shop", "erp"])
def test_ten_minutes_of_internal_errors_are_probed_now_and_then_and_stop_no_order(rig: Rig, worker: Worker, role: str) -> None:
    simulator: Sandbox = rig.shop if role == "shop" else rig.erp
    rig.flow.interval_minutes = 1
    rig.flow.save()
    place(rig, 40)
    began = worker.clock.now()
    simulator.faults.add(Fault("status", status=500, times=None))
    worker.live(timedelta(minutes=10))
    endpoint = rig.endpoint(simulator)
    assert endpoint.health == Endpoint.Health.DOWN
    moments = sorted(Counter(call.at for call in calls_since(simulator, began)).items())
    # Until the circuit opens: the ERP is called by several at once, the shop once a run.
    probes = moments[1 if role == "erp" else PATIENCE :]
    assert 5 <= len(probes) <= 60
    assert all(later - earlier >= timedelta(seconds=10) for (earlier, _), (later, _) in pairwise(probes))
    # One call, and its two repetitions.
    assert max(calls for _, calls in probes) <= 3
    assert "stopped" not in rig.states().values()
    simulator.faults.clear()
    worker.live_until(lambda: len(rig.arrived()) == len(rig.placed), at_most=timedelta(seconds=120))
    assert rig.everything_arrived_once()
    assert rig.endpoint(simulator).health == Endpoint.Health.WORKING


@pytest.mark.deep
def test_an_erp_that_fails_half_of_the_time_gets_every_order_once_and_stops_none(rig: Rig, worker: Worker) -> None:
    place(rig, 8)
    began = worker.clock.now()
    rig.erp.faults.add(Fault("status", status=502, body="<html><h1>Bad gateway</h1></html>", times=None, share=0.25))
    rig.erp.faults.add(Fault("status", status=503, body="<html>Underhåll</html>", times=None, share=1 / 3))
    worker.live_until_settled(rig, at_most=timedelta(days=1))
    assert rig.everything_arrived_once()
    assert set(rig.states().values()) == {"sent"}
    calls = calls_since(rig.erp, began)
    assert 0.3 < sum(bool(call.fault) for call in calls) / len(calls) < 0.7
    # Measured: 30 for each of 20. What an order needs is four; with half of all calls lost it could be done in eight.
    assert len(calls) <= 60 * len(rig.placed)
