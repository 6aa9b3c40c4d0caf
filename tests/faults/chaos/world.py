"""The world of a storm: merchants with simulated shops and ERPs, flows between them, buyers who go on ordering.

Needs Django set up. What arrived is noted at the ERP, the moment that it did.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random
from typing import Any

import waitress
from django.core.wsgi import get_wsgi_application
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from billing.models import Customer
from connectors.base import Role
from connectors.registry import sandbox_class, systems
from connectors.woocommerce.simulator.cart import Cart, Item
from flows import services
from flows.models import Connection, Endpoint, Flow
from tests.customers import subscribed

TRIGGERS = ["processing", "completed"]
#: Buyers whose cards are counted: of the orders that a storm places itself.
DOMAIN = "storm.example"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A document that came into being in an ERP. `at` is monotonic, in seconds."""

    at: float
    reference: str


@dataclass
class Lane:
    """A flow, the shop that it reads and the ERP that it writes to."""

    flow: int
    code: str
    shop: Any
    erp: Any
    placed: list[str] = field(default_factory=list)
    #: Our references to those that were not in the ERP when somebody last looked.
    missing: set[str] = field(default_factory=set)

    def place(self, cart: Cart, status: str, billing: dict[str, str]) -> str:
        source_id: str = self.shop.place_order(cart, status=status, billing=billing)
        self.missing.add(f"{self.code}-{source_id}")
        self.placed.append(source_id)
        return source_id


@dataclass
class World:
    """`arrived` is what the ERPs have taken, in the order it came."""

    random: Random
    lanes: list[Lane] = field(default_factory=list)
    erps: list[Any] = field(default_factory=list)
    arrived: list[Arrival] = field(default_factory=list)
    there: set[str] = field(default_factory=set)
    buyers: int = 0
    lock: Any = field(default_factory=threading.Lock)

    def order(self, lane: Lane) -> None:
        """An order, from a new buyer or one who has bought before, in either shop of the merchant; some of something new."""
        with self.lock:
            if self.random.random() < 0.5 or self.buyers < 10:
                self.buyers += 1
                buyer = self.buyers
            else:
                buyer = self.random.randint(max(1, self.buyers - 40), self.buyers)
            waits = self.random.random() < 0.1
            article = self.random.choice([article for article in lane.shop.catalogue if article.sku and not article.deleted])
            if self.random.random() < 0.1:
                article = replace(article, sku=f"NY-{self.buyers}-{len(lane.placed)}")
            price = Decimal(self.random.randrange(100, 500_000)) / 100 if self.random.random() < 0.5 else None
            cart = Cart(items=(Item(article, self.random.randint(1, 5), price),))
        # What both shops of a merchant know of a buyer is the e-mail address.
        billing = {"email": f"kund{buyer}@{DOMAIN}", "first_name": "Kund", "last_name": f"nr {buyer}"}
        source_id = lane.place(cart, "pending" if waits else "processing", billing)
        if waits:
            lane.shop.change_order(source_id, status="processing")

    def burst(self, number: int) -> None:
        """So many orders in every shop."""
        for lane in self.lanes:
            for _ in range(number):
                self.order(lane)

    def stir(self) -> None:
        """A shop changes an order that it has, in a way that moves no money."""
        lane = self.random.choice(self.lanes)
        if lane.placed:
            source_id = self.random.choice(lane.placed[-50:])
            with self.lock:
                if self.random.random() < 0.5:
                    lane.shop.touch_order(source_id)
                else:
                    lane.shop.change_order(source_id, status="completed")

    def waiting(self, lane: Lane) -> int:
        """How many of the orders that the storm placed are not in the ERP yet."""
        lane.missing -= self.there
        return len(lane.missing)

    def orders(self) -> int:
        return sum(len(lane.placed) for lane in self.lanes)

    def arrivals(self, since: float, lane: Lane | None = None) -> list[float]:
        """When documents came after the moment `since`: of any order, or of those of a lane. The latest first."""
        found = []
        for arrival in reversed(self.arrived):
            if arrival.at <= since:
                break
            if lane is None or arrival.reference.startswith(f"{lane.code}-"):
                found.append(arrival.at)
        return found


@contextlib.contextmanager
def world(random: Random, *, merchants: tuple[int, ...], seeded: int = 0, keeps_keys: bool = True) -> Iterator[World]:
    """Merchants with so many shops each and one ERP. Each merchant's first shop has `seeded` orders of all kinds, some bad.

    Without `keeps_keys`, the ERPs remember no idempotency keys: what is sent twice is there twice.
    """
    made = World(random)
    with contextlib.ExitStack() as stack:
        for number, shops in enumerate(merchants, start=1):
            customer = subscribed(f"Handlare {number}")
            simulator = sandbox_class(systems(Role.ERP)[0].manifest.key)
            erp: Any = simulator(token_limit=100_000_000)  # type: ignore[call-arg]
            erp.latency = 0.03
            if not keeps_keys:
                erp.replays.keep = lambda *_: None
            _note_arrivals(made, erp)
            made.erps.append(erp)
            connection = Connection.objects.create(
                customer=customer,
                name=f"Koppling {number}",
                erp=_endpoint(customer, erp, stack.enter_context(erp.serve())),
                state=Connection.State.ACTIVE,
            )
            for place in range(shops):
                shop: Any = sandbox_class(systems(Role.SHOP)[0].manifest.key)()
                shop.random.seed(random.random())
                if seeded and not place:
                    shop.seed_orders(seeded)
                made.lanes.append(_lane(connection, shop, erp, stack.enter_context(shop.serve())))
        yield made


def _note_arrivals(made: World, erp: Any) -> None:
    handle = erp.handle

    def noting(request: Any) -> Any:
        before = len(erp.agreement.documents)
        response = handle(request)
        # Called under the simulator's lock: nothing else came in between.
        for document in erp.documents()[before:] if len(erp.agreement.documents) > before else []:
            made.arrived.append(Arrival(time.monotonic(), document.reference))
            made.there.add(document.reference)
        return response

    erp.handle = noting


def _endpoint(customer: Customer, simulator: Any, address: str) -> Endpoint:
    options = simulator.endpoint_options(address)
    endpoint = Endpoint.objects.create(customer=customer, system=simulator.key, name=simulator.key, secrets=options)
    checked = services.check_endpoint(endpoint, actor="storm")
    assert checked.health == Endpoint.Health.WORKING, str(checked.trouble)
    return checked


def _lane(connection: Connection, shop: Any, erp: Any, address: str) -> Lane:
    endpoint = _endpoint(connection.customer, shop, address)
    flow = Flow.objects.create(
        connection=connection,
        shop=endpoint,
        state=Flow.State.ACTIVE,
        trigger_statuses=TRIGGERS,
        interval_minutes=1,
        source_options=shop.flow_options(),
        target_options=erp.flow_options(),
        # Before all orders: what is older would be looked up first.
        look_up_before=timezone.now().replace(year=2020),
    )
    return Lane(flow.pk, endpoint.code, shop, erp)


class Bustle:
    """What goes on all the time beside a storm: orders come in, some change, and the shops send their webhooks to our door."""

    def __init__(self, around: World, *, orders_a_second: float) -> None:
        self._world, self._pace = around, 1 / orders_a_second
        self._stopping = threading.Event()
        self._door = waitress.create_server(
            get_wsgi_application(), host="127.0.0.1", port=0, threads=2, clear_untrusted_proxy_headers=True
        )
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._door.run, self._go_on)]
        for lane in around.lanes:
            for topic in ("order.created", "order.updated"):
                address = f"http://127.0.0.1:{self._door.effective_port}/hooks/{lane.code}/"
                lane.shop._new_webhook({"topic": topic, "delivery_url": address, "secret": lane.shop.webhook_secret})

    def __enter__(self) -> Bustle:
        for thread in self._threads:
            thread.start()
        return self

    def quieten(self) -> None:
        """No more orders; the last webhooks go out."""
        if not self._stopping.is_set():
            self._stopping.set()
            self._threads[1].join()
            self._deliver()

    def __exit__(self, *_: object) -> None:
        self.quieten()
        self._door.close()

    def _go_on(self) -> None:
        due = time.monotonic()
        while not self._stopping.wait(0.2):
            while due < time.monotonic():
                due += self._pace
                self._world.order(self._world.random.choice(self._world.lanes))
            self._world.stir()
            self._deliver()

    def _deliver(self) -> None:
        for lane in self._world.lanes:
            with contextlib.suppress(DatabaseError):
                lane.shop.run_cron()
            # After five refusals in a row a shop gives a webhook up, as WooCommerce does; storms are longer than that.
            for hook in lane.shop.hooks.values():
                hook.status, hook.failures = "active", 0
        close_old_connections()
