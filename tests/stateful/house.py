"""Two customers: one with two shops that feed one ERP, one with a shop and an ERP. Their people, and the hands of staff."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any
from unittest import mock

from django.db.models import QuerySet
from django.test import Client
from django_q.models import OrmQ

from billing.models import Customer
from connectors import registry
from connectors.records import Address, LineKind, Order, OrderLine, Party, Refund
from flows import services, tasks
from flows.models import Connection, Endpoint, Flow, Run, Transfer
from tests.customers import subscribed
from tests.stateful.clock import WEB, Clock
from tests.stateful.remote import REMOTES, ErpWorld, Remote, ShopWorld
from tests.stateful.shop.connector import signature
from tests.stateful.workers import Plan, Worker, Workers

TRIGGERS = ("processing", "completed")
#: shop → its ERP
FLOWS = {"wool": "books", "silk": "books", "iron": "ledger"}
#: ERP → its customer
ERPS = {"books": "Ullbutiken AB", "ledger": "Järnhandeln AB"}
MACHINES = ("north", "south")
SYSTEMS = {"stateful_shop": "tests.stateful.shop", "stateful_erp": "tests.stateful.erp"}
MINUTE = timedelta(minutes=1)
NEVER = datetime(2000, 1, 1, tzinfo=UTC)


def _party(name: str, email: str = "", organisation_number: str = "") -> Party:
    return Party(name=name, email=email, organisation_number=organisation_number, address=Address(country="SE"))


#: Private people and companies; the same buyer shows now this, now that of what he is known by.
BUYERS = {
    "Märta": _party("Märta", "marta@kund.example"),
    "Olle": _party("Olle", "olle@kund.example"),
    "Bolaget": _party("Bolaget AB", "inkop@bolaget.example", "5566778899"),
    "Bolaget by number": _party("Bolaget AB", "", "5566778899"),
    "Bolaget by e-mail": _party("Bolaget AB", "inkop@bolaget.example"),
    "its other firm": _party("Firman AB", "inkop@bolaget.example", "5560360793"),
}


@dataclass(frozen=True)
class Placed:
    """An order that was placed at some time, whatever became of it."""

    shop: str
    source_id: str


class House:
    """Everything that there is in one example. `workers` are those of all machines."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.workers = Workers(clock)
        self.shops = {name: ShopWorld(clock=clock, name=name) for name in FLOWS}
        self.erps = {name: ErpWorld(clock=clock, name=name) for name in ERPS}
        REMOTES.clear()
        REMOTES.update({**self.shops, **self.erps})
        self.flows = self._configure()
        self.placed: list[Placed] = []
        self.webhooks: list[tuple[str, bytes]] = []
        self.web = Client()

    def _configure(self) -> dict[str, int]:
        customers = {name: subscribed(owner) for name, owner in ERPS.items()}
        connections = {
            name: Connection.objects.create(
                customer=customers[name],
                name=name,
                erp=self._endpoint(customers[name], "stateful_erp", name),
                state=Connection.State.ACTIVE,
            )
            for name in ERPS
        }
        flows = {
            shop: Flow.objects.create(
                connection=connections[erp],
                shop=self._endpoint(customers[erp], "stateful_shop", shop),
                state=Flow.State.ACTIVE,
                trigger_statuses=list(TRIGGERS),
            )
            for shop, erp in FLOWS.items()
        }
        return {name: flow.pk for name, flow in flows.items()}

    def _endpoint(self, customer: Customer, system: str, name: str) -> Endpoint:
        return Endpoint.objects.create(
            customer=customer,
            system=system,
            name=name,
            code=name.upper(),
            options={"address": name},
            health=Endpoint.Health.WORKING,
        )

    def flow(self, shop: str) -> Flow:
        return Flow.objects.select_related("connection__erp", "shop").get(pk=self.flows[shop])

    def remote(self, name: str) -> Remote:
        return REMOTES[name]

    # --- what happens in the shops ----------------------------------------------------------------------------------------

    def place(self, shop: str, *, buyer: str = "Märta", total: str = "125.00", **changes: Any) -> Placed:
        world = self.shops[shop]
        number = str(len(self.placed) + 1)
        values = {
            "source_id": number,
            "number": number,
            "placed_at": world.now(),
            "modified_at": world.now(),
            "buyer": BUYERS[buyer],
        }
        world.put(replace(order_of(total), **{**values, **changes}))
        self.placed.append(Placed(shop, number))
        return self.placed[-1]

    def change(self, order: Placed, **changes: Any) -> bool:
        """Change the order in the shop; False when it was deleted there."""
        world = self.shops[order.shop]
        if (now := world.orders.get(order.source_id)) is None:
            return False
        world.put(replace(now, **changes))
        return True

    def double(self, order: Placed) -> bool:
        """Twice as much of everything."""
        now = self.shops[order.shop].orders.get(order.source_id)
        if now is None or now.total > 100_000:
            return False
        twice = order_of(str(now.total * 2))
        return self.change(order, lines=twice.lines, total=twice.total, total_vat=twice.total_vat)

    def refund(self, order: Placed) -> bool:
        return self.change(order, refunds=(Refund(source_id="9", gross=Decimal("10.00")),))

    def delete(self, order: Placed) -> None:
        shop = self.shops[order.shop]
        if order.source_id in shop.orders:
            shop.delete(order.source_id)

    def spoil_or_mend(self, order: Placed) -> None:
        """From now on the order cannot be understood; or it can again."""
        self.shops[order.shop].unreadable ^= {order.source_id}
        self.change(order)

    def webhook(self, order: Placed, *, forged: bool = False, code: str = "") -> int:
        """The shop tells of the order. Returns the status that it was answered with."""
        body = json.dumps({"id": int(order.source_id)}).encode()
        self.webhooks.append((order.shop, body))
        return self.deliver(order.shop, body, forged=forged, code=code)

    def deliver(self, shop: str, body: bytes, *, forged: bool = False, code: str = "") -> int:
        signed = signature("gissat" if forged else self.shops[shop].secret, body)
        address = f"/hooks/{code or shop.upper()}/"
        status: int = self.web.post(address, body, "application/json", headers={"X-Signature": signed}).status_code
        return status

    # --- what workers do --------------------------------------------------------------------------------------------------

    def tick(self, machine: str) -> None:
        """A worker's guard looks for flows that are due."""
        self.workers.run(machine, tasks.tick)

    def work(self, machine: str, plan: Plan | None = None) -> Worker:
        """A worker takes tasks from the queue until there are none. What it was given is lost when it dies."""

        def serve() -> None:
            while (queued := OrmQ.objects.order_by("pk").first()) is not None:
                task = queued.task
                queued.delete()
                module, _, name = task["func"].rpartition(".")
                function: Callable[..., Any] = getattr(import_module(module), name)
                function(*task["args"], **task["kwargs"])

        return self.workers.run(machine, serve, plan)

    def settle(self, *, rounds: int = 40) -> None:
        """Let time pass and the workers of all machines do their work until nothing is left to do."""
        for _ in range(rounds):
            for machine in MACHINES:
                self.tick(machine)
                self.work(machine)
            if not self.busy():
                return
            self.clock.advance(10 * MINUTE)

    def busy(self) -> bool:
        """Whether something is left that goes on by itself."""
        by_itself = Transfer.objects.exclude(state__in=["sent", "skipped", "stopped"]).exists()
        return by_itself or Run.objects.filter(state=Run.State.RUNNING).exists() or self.unseen()

    def unseen(self) -> bool:
        rows = set(Transfer.objects.values_list("flow__shop__name", "source_id"))
        return any((name, source_id) not in rows for name, shop in self.shops.items() for source_id in shop.orders)

    # --- what staff do ----------------------------------------------------------------------------------------------------

    def rows(self, order: Placed) -> QuerySet[Transfer]:
        return Transfer.objects.filter(flow=self.flows[order.shop], source_id=order.source_id)

    def pause_or_resume_flow(self, shop: str) -> None:
        flow = self.flow(shop)
        if flow.state == Flow.State.ACTIVE:
            services.pause_flow(flow, actor="anna")
        else:
            services.resume_flow(flow, actor="anna")

    def pause_or_resume_connection(self, shop: str) -> None:
        """Paused it is resumed once its token is right again."""
        connection = self.flow(shop).connection
        if connection.state == Connection.State.ACTIVE:
            services.pause_connection(connection, actor="anna", reason="stock-taking")
            return
        self.remote(connection.erp.name).locked = False
        services.check_endpoint(connection.erp, actor="anna")
        services.resume_connection(connection, actor="anna")

    def mend_everything(self) -> None:
        """Everything outside works again, all clocks are right, and all that was paused is resumed as staff do it."""
        for machine in (WEB, *MACHINES):
            self.clock.set_wrong(machine, timedelta(0))
        for remote in REMOTES.values():
            remote.heal()
        for shop in self.shops.values():
            for source_id in list(shop.unreadable):
                shop.unreadable.discard(source_id)
                if source_id in shop.orders:
                    shop.put(shop.orders[source_id])
        # No system is left alone for longer than an hour.
        self.clock.advance(61 * MINUTE)
        for endpoint in Endpoint.objects.all():
            services.check_endpoint(endpoint, actor="anna")
        for connection in Connection.objects.exclude(state=Connection.State.ACTIVE):
            services.resume_connection(connection, actor="anna")
        for flow in Flow.objects.exclude(state=Flow.State.ACTIVE):
            services.resume_flow(flow, actor="anna")


@contextmanager
def opened(begin: datetime, kind: type[House] = House) -> Iterator[Any]:
    """A house of `kind` at the moment `begin`, with nothing sold yet. All clocks tell its time meanwhile."""
    clock = Clock(begin)
    with ExitStack() as undo:
        undo.enter_context(mock.patch.dict(registry.SYSTEMS, SYSTEMS))
        undo.enter_context(mock.patch.object(tasks, "_next_upkeep", tasks.UPKEEP_EVERY))
        clock.start()
        undo.callback(clock.stop)
        house = kind(clock)
        house.workers.start()
        undo.callback(house.workers.stop)
        # The flows have been there for a while.
        clock.advance(10 * MINUTE)
        yield house


def order_of(total: str) -> Order:
    """An order of one row at 25 % VAT."""
    gross = Decimal(total)
    vat = (gross / 5).quantize(Decimal("0.01"))
    line = OrderLine(
        source_id="1",
        kind=LineKind.ARTICLE,
        name="Ullstrumpa",
        article_number="A-1",
        net=gross - vat,
        vat=vat,
        vat_rate=Decimal(25),
        net_before_discount=gross - vat,
    )
    return Order(
        source_id="0",
        number="0",
        status="processing",
        currency="SEK",
        placed_at=NEVER,
        modified_at=NEVER,
        buyer=BUYERS["Märta"],
        lines=(line,),
        total=gross,
        total_vat=vat,
    )
