"""Webhooks that come again, late and out of order; workers that were away for a day; runs that take longer than planned."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any

import pytest
import simplejson
from django.test import Client

from flows import engine, tasks
from flows.execution import Execution
from flows.ledger import runs as live
from flows.models import Delivery, Flow, Run, Transfer
from tests.acceptance.conftest import Rig
from tests.faults.remote.conftest import LOOK, Worker, place

pytestmark = pytest.mark.django_db

SECRET = "w3bh00k"


@pytest.fixture
def hooked(rig: Rig) -> Rig:
    rig.configure(rig.flow.shop, webhook_secret=SECRET)
    return rig


def told(rig: Rig, source_id: str, event: str = "updated") -> bytes:
    """The body of the webhook that the shop sends about an order as it is now."""
    return simplejson.dumps({**rig.shop.orders.by_id[int(source_id)], "event": event}, use_decimal=True).encode()


def deliver(rig: Rig, body: bytes, *, delivery: str = "d1", event: str = "updated") -> int:
    headers = {
        "X-WC-Webhook-Topic": f"order.{event}",
        "X-WC-Webhook-Delivery-ID": delivery,
        "X-WC-Webhook-Signature": base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode(),
    }
    address = f"/hooks/{rig.flow.shop.code}/"
    return Client().post(address, body, "application/json", headers=headers).status_code


def test_a_webhook_that_comes_ten_times_out_of_order_and_again_a_day_later_has_one_effect(hooked: Rig, worker: Worker) -> None:
    worker.look()
    source_id = hooked.place(status="pending")
    bodies = [told(hooked, source_id, "created")]
    for status in ("on-hold", "processing"):
        worker.clock.move(timedelta(seconds=1))
        hooked.shop.change_order(source_id, status=status)
        bodies.append(told(hooked, source_id))
    newest_first = [*reversed(bodies)]
    statuses = [deliver(hooked, body) for body in newest_first for _ in range(10)]
    assert set(statuses) == {200}
    before = len(worker.worked)
    worker.clock.move(timedelta(seconds=1))
    worker.look()
    worker.look()
    assert len(worker.worked) - before == 1
    # What the oldest one says came last; the order is as the shop has it.
    assert hooked.transfer(source_id).payload["status"] == "processing"
    assert hooked.everything_arrived_once()
    worker.clock.move(timedelta(hours=24))
    worker.look()
    runs = len(worker.worked)
    again = [deliver(hooked, body, delivery=delivery) for body in bodies for delivery in ("d1", "d2")]
    assert set(again) == {200}
    worker.clock.move(timedelta(seconds=1))
    worker.look()
    worker.look()
    assert len(worker.worked) - runs == 1
    assert hooked.everything_arrived_once()
    assert hooked.transfer(source_id).payload["status"] == "processing"
    assert not hooked.transfer(source_id).attention
    # One row per call, and none of the ledger.
    assert Delivery.objects.count() == len(statuses) + len(again)
    assert Transfer.objects.count() == 1


def test_a_webhook_about_an_older_state_takes_nothing_back(hooked: Rig, worker: Worker) -> None:
    source_id = hooked.place(status="processing")
    old = told(hooked, source_id)
    worker.look()
    worker.clock.move(timedelta(minutes=1))
    hooked.shop.change_order(source_id, status="cancelled")
    worker.live(timedelta(minutes=6))
    assert hooked.transfer(source_id).attention
    assert deliver(hooked, old) == 200
    worker.clock.move(timedelta(seconds=1))
    worker.look()
    assert hooked.transfer(source_id).payload["status"] == "cancelled"
    assert hooked.arrived() == [source_id]


def test_a_day_without_workers_is_made_up_for_in_one_run_and_nothing_is_lost_at_its_edges(rig: Rig, worker: Worker) -> None:
    rig.flow.interval_minutes = 1
    rig.flow.save()
    place(rig, 3)
    worker.look()
    # Just before the worker went, stamped earlier than what it saw last, and in the same second.
    rig.place(at=worker.clock.now() - timedelta(seconds=90))
    rig.place(at=worker.clock.now())
    runs = Run.objects.count()
    for _ in range(24):
        worker.clock.move(timedelta(hours=1))
        rig.place(at=worker.clock.now() - timedelta(minutes=30))
    rig.place(at=worker.clock.now())
    worker.look()
    assert Run.objects.count() - runs == 1
    worker.look()
    worker.look()
    assert Run.objects.count() - runs == 1
    assert rig.everything_arrived_once()


def test_a_run_that_takes_longer_than_its_interval_is_never_joined_by_a_second(
    rig: Rig, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers look all the time; while a run is under way none of them reads the shop or speaks to the ERP."""
    rig.flow.interval_minutes = 1
    rig.flow.save()
    place(rig, 10)
    joined: list[Any] = []
    began: list[datetime] = []
    carry_out = Execution._claim_more

    def slowly(self: Any, *arguments: Any) -> Any:
        began.append(worker.clock.now())
        for _ in range(12 if len(began) <= 3 else 0):
            worker.clock.move(3 * LOOK)
            live.beat(self.run)
            tasks.tick()
            joined.extend([tasks.work(), engine.run(rig.flow.pk)])
        return carry_out(self, *arguments)

    monkeypatch.setattr(Execution, "_claim_more", slowly)
    lists = len(rig.shop.history.calls(path="/orders$"))
    worker.look()
    assert began[-1] - began[0] > timedelta(minutes=2)
    assert len(joined) >= 2
    assert set(joined) == {0, None}
    assert Run.objects.count() == 1
    assert len(rig.shop.history.calls(path="/orders$")) - lists == 1
    assert rig.everything_arrived_once()
    monkeypatch.undo()
    assert Flow.objects.get().next_run_at is not None
