"""A merchant with a simulated shop and a simulated ERP, and the hands that set them up, work them and put things right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from billing.models import Customer
from connectors.economic.sandbox import Simulator as Erp
from connectors.http import Answer, Limits, Transport
from connectors.sandbox import Request, Response, Sandbox
from connectors.woocommerce.sandbox import Simulator as Shop
from flows import engine, services
from flows.models import Connection, Endpoint, Event, Flow, Run, Transfer
from sharespine.lib.clock import utcnow
from tests.customers import subscribed

ACTOR = "anna"
#: So many runs are enough for everything that gets well by itself.
ROUNDS = 12


@dataclass
class Rig:
    """One flow from a shop to an ERP. What arrived is counted in the ERP simulator, never in our own ledger."""

    shop: Shop
    erp: Erp
    shop_address: str
    erp_address: str
    flow: Flow
    placed: list[str] = field(default_factory=list)
    #: How long ago the orders that are placed were placed.
    age: timedelta = timedelta(0)

    # In the shop.

    def place(self, *carts: Any, **overrides: Any) -> str:
        """A new order in the shop, of its own buyer unless told otherwise. Returns its id."""
        number = len(self.placed) + 1
        billing = {"email": f"kund{number}@kund.example", **overrides.pop("billing", {})}
        source_id = self.shop.place_order(
            *carts, **{"at": utcnow() - self.age, "customer_id": number, "billing": billing, **overrides}
        )
        self.placed.append(source_id)
        return source_id

    def move_on(self) -> None:
        """Something else happens in the shop, so that the next polls begin long after what was placed before."""
        self.shop.place_order(status="pending")

    # In the back office.

    def configure(self, endpoint: Endpoint, **given: str) -> Endpoint:
        """Save options or credentials on an endpoint and press Check."""
        endpoint = Endpoint.objects.get(pk=endpoint.pk)
        hidden = endpoint.connector_class.manifest.secret_keys
        endpoint.options |= {key: value for key, value in given.items() if key not in hidden}
        endpoint.secrets = {**endpoint.secrets, **{key: value for key, value in given.items() if key in hidden}}
        endpoint.save()
        return services.check_endpoint(endpoint, actor=ACTOR)

    def set_right(self, endpoint: Endpoint) -> Endpoint:
        """The right address and credentials again."""
        simulator: Sandbox = self.shop if endpoint.pk == self.flow.shop_id else self.erp
        address = self.shop_address if simulator is self.shop else self.erp_address
        return self.configure(endpoint, **simulator.endpoint_options(address))

    def resume(self) -> None:
        """Resume the connection after it paused itself."""
        services.resume_connection(self.connection, actor=ACTOR)

    def retry(self) -> None:
        """Press Retry on everything that stopped."""
        services.retry(Transfer.objects.filter(flow=self.flow, state=Transfer.State.STOPPED), actor=ACTOR)

    # The worker's.

    def run(self, **kwargs: Any) -> Run:
        run = engine.run(self.flow.pk, **kwargs)
        assert run is not None
        return run

    def settle(self) -> None:
        """Run again and again, with time passing in between, until nothing is due any more."""
        for _ in range(ROUNDS):
            self.run()
            due = Transfer.objects.filter(flow=self.flow, due_at__isnull=False)
            if self.connection.state == Connection.State.PAUSED or not due.exists():
                return
            self.let_time_pass()
        raise AssertionError(f"not settled after {ROUNDS} runs: {self.states()}, {self.messages()}")

    def let_time_pass(self) -> None:
        """Every waiting time is over, of orders as of endpoints."""
        Transfer.objects.filter(flow=self.flow, due_at__isnull=False).update(due_at=timezone.now())
        Endpoint.objects.update(open_until=None)

    # What there is to see.

    @property
    def connection(self) -> Connection:
        return Connection.objects.select_related("erp").get(pk=self.flow.connection_id)

    def simulator(self, endpoint: Endpoint) -> Any:
        return self.shop if endpoint.pk == self.flow.shop_id else self.erp

    def endpoint(self, simulator: Sandbox) -> Endpoint:
        return Endpoint.objects.get(pk=self.flow.shop_id if simulator is self.shop else self.connection.erp_id)

    def transfer(self, source_id: str) -> Transfer:
        return Transfer.objects.get(flow=self.flow, source_id=source_id)

    def states(self) -> dict[str, str]:
        return dict(Transfer.objects.filter(flow=self.flow).values_list("source_id", "state"))

    def messages(self) -> dict[str, str]:
        return {t.source_id: str(t.message) for t in Transfer.objects.filter(flow=self.flow) if t.message.message}

    def told(self, source_id: str, kind: str) -> list[str]:
        """What was said of an order, by the kind of event, oldest first."""
        return [str(event.text) for event in Event.objects.filter(transfer=self.transfer(source_id), kind=kind)]

    def arrived(self) -> list[str]:
        """The shop ids of all documents in the ERP: one that is there twice stands here twice."""
        prefix = f"{self.flow.shop.code}-"
        return sorted(d.reference.removeprefix(prefix) for d in self.erp.documents() if d.reference.startswith(prefix))

    def everything_arrived_once(self) -> bool:
        """Whether every order placed by `place` is in the ERP once, with the shop's total, and nothing odd was sent."""
        totals = {order.source_id: (order.total, order.currency) for order in self.shop.seen_orders()}
        there = {d.reference.partition("-")[2]: (d.total, d.currency) for d in self.erp.documents()}
        assert self.erp.violations == []
        assert self.arrived() == sorted(self.placed)
        return there == {source_id: totals[source_id] for source_id in self.placed}

    def assert_stopped(self, source_id: str, code: str, *words: str, acts: str = "merchant") -> None:
        """The order stopped for whoever has to act, with a message that names what it is about."""
        transfer = self.transfer(source_id)
        message = str(transfer.message)
        assert (transfer.state, transfer.error_code, transfer.acts) == (Transfer.State.STOPPED, code, acts), message
        assert [word for word in words if word not in message] == [], message
        assert "%(" not in message


@contextmanager
def rig_of(shop: Shop, erp: Erp, *, customer: Customer | None = None, **flow_options: Any) -> Iterator[Rig]:
    """Both served, checked, connected and running; made with the verbs that the back office has."""
    customer = customer or subscribed("Ullbutiken AB")
    with ExitStack() as stack:
        addresses = [simulator.address or stack.enter_context(simulator.serve()) for simulator in (shop, erp)]
        source, target = (
            _endpoint(customer, simulator, address) for simulator, address in zip((shop, erp), addresses, strict=True)
        )
        modules = [module.key for module in target.connector_class.manifest.modules]
        connection = Connection.objects.create(customer=customer, name="Butik", erp=target, modules=modules)
        flow = Flow.objects.create(
            connection=connection,
            shop=source,
            trigger_statuses=["processing", "completed"],
            source_options=shop.flow_options(),
            target_options={**erp.flow_options(), **flow_options},
        )
        services.activate_connection(connection, actor=ACTOR)
        services.resume_flow(flow, actor=ACTOR)
        yield Rig(shop, erp, addresses[0], addresses[1], flow)


def _endpoint(customer: Customer, simulator: Sandbox, address: str) -> Endpoint:
    endpoint = Endpoint.objects.filter(customer=customer, options__address=address).first()
    if endpoint is not None:
        return endpoint
    given = simulator.endpoint_options(address)
    endpoint = Endpoint(customer=customer, system=simulator.key, name=f"{simulator.key} of Ullbutiken")
    hidden = endpoint.connector_class.manifest.secret_keys
    endpoint.options = {key: value for key, value in given.items() if key not in hidden}
    endpoint.secrets = {key: value for key, value in given.items() if key in hidden}
    endpoint.save()
    return services.check_endpoint(endpoint, actor=ACTOR)


@pytest.fixture
def rig(db: None) -> Iterator[Rig]:
    with rig_of(Shop(), Erp(token_limit=10**9)) as made:
        yield made


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls may take half a second, answers may be 200 kB, and reads are tried twice: faults are to be quick."""
    patient = Transport.request

    def request(self: Transport, method: str, path: str, *, limits: Limits | None = None, **rest: Any) -> Answer:
        short = replace(limits or self._limits, connect=0.5, read=0.5, total=0.8, retries=1, max_bytes=200_000)
        return patient(self, method, path, limits=short, **rest)

    monkeypatch.setattr(Transport, "request", request)


def before_each_call(monkeypatch: pytest.MonkeyPatch, simulator: Sandbox, look: Callable[[Request], Response | None]) -> None:
    """Have `look` see each call first; what it answers is answered instead."""
    handle = simulator.handle
    monkeypatch.setattr(simulator, "handle", lambda request: look(request) or handle(request))
