"""A customer with a cap and many workers: the part that runs in a process of its own, on a database of its own."""

from __future__ import annotations

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django import db
from django.conf import settings
from django.db.models import Max, Min

from billing.models import OrderMonth, OrderUse
from connectors import registry
from connectors.errors import ServerFailed, TimedOut
from flows import engine
from flows.models import Connection, Endpoint, Flow, Transfer
from tests.clock import Clock, standing_still
from tests.customers import subscribed
from tests.twins.world import EPOCH, WORLDS, World

State = Transfer.State
NOVEMBER = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
DECEMBER = datetime(2026, 11, 30, 23, 0, 1, tzinfo=UTC)


def send(given: dict[str, int]) -> dict[str, Any]:
    """Send `orders` by `workers` at once against a `cap`, in November and then in December. Returns what came of it."""
    registry.SYSTEMS.update(twin_shop="tests.twins.shop", twin_erp="tests.twins.erp")
    settings.LEASE_SECONDS = 24
    with pytest.MonkeyPatch.context() as monkeypatch, standing_still(monkeypatch, NOVEMBER) as clock:
        flows = flows_of_one_customer(given["workers"], cap=given["cap"], orders=given["orders"])
        erp, trouble = WORLDS["erp"], Trouble(seed=given["orders"])
        erp.before_write, erp.after_write = trouble.before, trouble.after
        until_nothing_is_due(flows, clock)
        november = found(flows, erp)
        clock.move_to(DECEMBER)
        until_nothing_is_due(flows, clock)
        return {"november": november, "december": found(flows, erp), "failures": trouble.times}


def found(flows: list[Flow], erp: World) -> dict[str, Any]:
    """What the ERP has, by its own account, and what we say and count."""
    ours = Transfer.objects.filter(flow__in=flows)
    customer = flows[0].connection.customer
    return {
        "documents": len(erp.documents),
        "references": len(set(erp.references())),
        "states": Counter(ours.values_list("state", flat=True)),
        "used": list(OrderMonth.objects.filter(customer=customer).order_by("month").values_list("used", flat=True)),
        "counted": OrderUse.objects.filter(customer=customer).count(),
        "last_in_december": ours.filter(sent_at__gte=DECEMBER).aggregate(last=Max("pk"))["last"],
        "first_held": ours.filter(state=State.HELD).aggregate(first=Min("pk"))["first"],
    }


class Trouble:
    """An ERP of which every tenth call fails: half of those before anything was done, half after it."""

    def __init__(self, seed: int) -> None:
        self.random, self.lock, self.times = random.Random(seed), threading.Lock(), 0

    def strikes(self) -> bool:
        with self.lock:
            struck = self.random.random() < 0.05
            self.times += struck
            return struck

    def before(self, reference: str) -> None:
        if self.strikes():
            raise ServerFailed

    def after(self, reference: str) -> None:
        if self.strikes():
            raise TimedOut(outcome_unknown=True)


def flows_of_one_customer(number: int, *, cap: int, orders: int) -> list[Flow]:
    """A customer with `number` shops into one ERP, and `orders` new orders in all of them together."""
    customer = subscribed("Ullbutiken AB", orders=cap)
    working = Endpoint.Health.WORKING
    erp = Endpoint.objects.create(
        customer=customer, system="twin_erp", name="ERP", options={"address": "erp"}, health=working, max_in_flight=number
    )
    connection = Connection.objects.create(customer=customer, name="Ull", erp=erp, state=Connection.State.ACTIVE)
    WORLDS["erp"] = World()
    made = []
    for shop in range(number):
        address = f"shop-{shop}"
        world = WORLDS[address] = World()
        for order in range(shop, orders, number):
            world.place(str(order))
        made.append(
            Flow.objects.create(
                connection=connection,
                shop=Endpoint.objects.create(
                    customer=customer, system="twin_shop", name=address, options={"address": address}, health=working
                ),
                state=Flow.State.ACTIVE,
                trigger_statuses=["processing"],
                look_up_before=EPOCH,
            )
        )
    return made


def carry_out(flow: Flow) -> None:
    try:
        engine.run(flow.pk)
    finally:
        db.connections.close_all()


def until_nothing_is_due(flows: list[Flow], clock: Clock) -> None:
    """Run all flows at once, each by a worker of its own, again and again, while time passes."""
    for _ in range(200):
        with ThreadPoolExecutor(len(flows)) as workers:
            list(workers.map(carry_out, flows))
        if not Transfer.objects.filter(state__in=[State.WAITING, State.RETRYING, State.UNCERTAIN, State.SENDING]).exists():
            return
        clock.move(timedelta(minutes=2))
    raise AssertionError(Counter(Transfer.objects.values_list("state", flat=True)))
