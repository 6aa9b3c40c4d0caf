"""A customer with a shop and an ERP in memory, and a flow between them."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from connectors import registry
from connectors.base import Register
from flows import engine, tasks
from flows.models import Connection, Endpoint, Flow, Item, Run, Transfer
from tests.billing.contracted import contracted
from tests.browser import seed
from tests.customers import subscribed
from tests.twins.world import EPOCH, WORLDS, World

_numbers = itertools.count(1)


@dataclass
class Rig:
    """A flow between two twins, and the hands to work it with."""

    flow: Flow
    world: World

    def run(self, *, kind: str = Run.Kind.POLL) -> Run | None:
        return engine.run(self.flow.pk, kind=kind)

    def transfer(self, source_id: str) -> Transfer:
        return Transfer.objects.get(flow=self.flow, source_id=source_id)

    def states(self) -> dict[str, str]:
        return dict(Transfer.objects.filter(flow=self.flow).values_list("source_id", "state"))

    def another(self, register: Register, direction: str = Flow.Direction.TO_SHOP, **columns: Any) -> Rig:
        """A further flow between the same two systems."""
        flow = Flow.objects.create(
            connection=self.flow.connection,
            shop=self.flow.shop,
            register=register,
            direction=direction,
            state=Flow.State.ACTIVE,
            **columns,
        )
        return Rig(flow, self.world)

    def item(self, number: str) -> Item:
        return Item.objects.get(flow=self.flow, number=number)

    def items(self) -> dict[str, str]:
        return dict(Item.objects.filter(flow=self.flow).values_list("number", "state"))

    def make_due(self) -> None:
        """Let the waiting time of every retry pass."""
        Item.objects.filter(flow=self.flow, due_at__isnull=False).update(due_at=timezone.now())
        Transfer.objects.filter(flow=self.flow, due_at__isnull=False).update(due_at=timezone.now())
        Endpoint.objects.update(open_until=None)


def make_rig(name: str = "", *, orders: int = 1_000_000) -> Rig:
    """`orders`: how many of a month the customer's package lets go."""
    name = name or f"twin-{next(_numbers)}"
    world = WORLDS[name] = World()
    customer = subscribed("Ullbutiken AB", orders=orders)
    options = {"address": name}
    working = Endpoint.Health.WORKING
    shop = Endpoint.objects.create(customer=customer, system="twin_shop", name="Shop", options=options, health=working)
    erp = Endpoint.objects.create(customer=customer, system="twin_erp", name="ERP", options=options, health=working)
    connection = Connection.objects.create(customer=customer, name="Ull", erp=erp, state=Connection.State.ACTIVE)
    flow = Flow.objects.create(
        connection=connection, shop=shop, state=Flow.State.ACTIVE, trigger_statuses=["processing"], look_up_before=EPOCH
    )
    return Rig(flow, world)


@pytest.fixture(autouse=True)
def _twins(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(registry.SYSTEMS, "twin_shop", "tests.twins.shop")
    monkeypatch.setitem(registry.SYSTEMS, "twin_erp", "tests.twins.erp")
    # By the clock of this process, however old it is by now, upkeep and a look whether e-mails are due would come at any time.
    for name in ("_next_telling", "_next_upkeep"):
        monkeypatch.setattr(tasks, name, math.inf)
    yield
    WORLDS.clear()


@pytest.fixture
def rig(db: None) -> Rig:
    return make_rig()


@pytest.fixture(scope="module")
def _once(_kept: None) -> seed.Seeded:
    """A back office with something of everything, made once for a module."""
    contracted()
    return seed.seed(orders=6)


@pytest.fixture
def seeded(_once: seed.Seeded, db: None) -> seed.Seeded:
    # What a test changes of a record is undone in the database, not in the object.
    return copy.deepcopy(_once)


@pytest.fixture
def chief(seeded: seed.Seeded) -> Client:
    client = Client()
    client.force_login(seeded.user)
    return client
