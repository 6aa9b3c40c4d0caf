"""The simulators and a demo customer: what `make run` and the end-to-end tests stand on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.utils import timezone

from billing import contracts, gates
from billing.dates import month_of, today
from billing.models import Customer, Edition, Feature, Membership, Package, Role
from connectors import base
from connectors.base import Manifest, Register
from connectors.registry import sandbox_class, systems
from connectors.sandbox import Sandbox
from flows import connecting, planner, services
from flows.models import Connection, Endpoint, Flow, Transfer
from sharespine.lib.said import said
from sharespine.proof import Proof, prove

#: Orders with these statuses are transferred in the demo.
TRIGGERS = ("processing", "completed")
ACTOR = "demo"


@dataclass(frozen=True)
class Playground:
    """A simulated shop and a simulated ERP, both served on loopback."""

    shop: Any
    erp: Any
    shop_address: str
    erp_address: str


@contextlib.contextmanager
def playground(journals: Path | None, *, orders: int, seed: int = 1, ports: tuple[int, int] = (0, 0)) -> Iterator[Playground]:
    """Serve the first shop and the first ERP of the registry; the shop has `orders` orders, made from `seed`."""
    shop, erp = (_simulator(systems(role)[0].manifest, journals) for role in (base.Role.SHOP, base.Role.ERP))
    shop.random.seed(seed)
    shop.seed_orders(orders)
    with shop.serve(port=ports[0]) as shop_address, erp.serve(port=ports[1]) as erp_address:
        yield Playground(shop, erp, shop_address, erp_address)


def _simulator(manifest: Manifest, journals: Path | None) -> Any:
    if journals is not None:
        journals.mkdir(parents=True, exist_ok=True)
    made: Sandbox = sandbox_class(manifest.key)(journal=journals / f"{manifest.key}.jsonl" if journals else None)
    return made


def set_up(ground: Playground) -> Flow:
    """A customer with a connection between the two simulators and a flow of orders that runs; made once, then found again.

    The other flows of its main flow are there too, paused: whoever tries the product configures and resumes them.
    """
    customer, _ = Customer.objects.get_or_create(name="Ullbutiken i Skåne AB", defaults={"email": "ull@butiken.example"})
    if gates.live(customer.pk, today(timezone.now())) is None:
        first = month_of(timezone.now())
        sold = contracts.start(customer, Package.objects.get(code="800"), Edition.CLOUD, begins_on=first, actor=ACTOR)
        # Its flow runs every minute, so that whoever tries it need not wait.
        contracts.grant_feature(sold, Feature.SCHEDULING, begins_on=first, reason="Playground", actor=ACTOR)
    shop = _endpoint(customer, ground.shop, ground.shop_address, "Webbutiken")
    erp = _endpoint(customer, ground.erp, ground.erp_address, "Bokföringen")
    connection, _ = Connection.objects.get_or_create(customer=customer, name="Webbutik till bokföring", defaults={"erp": erp})
    connection.modules = [module.key for module in erp.connector_class.manifest.modules]
    connection.save()
    flow, _ = Flow.objects.get_or_create(
        connection=connection,
        shop=shop,
        register=Register.ORDERS,
        defaults={"trigger_statuses": list(TRIGGERS), "interval_minutes": 1},
    )
    flow.source_options, flow.target_options = ground.shop.flow_options(), ground.erp.flow_options()
    flow.save()
    connection.refresh_from_db()
    flow.refresh_from_db()
    if connection.state != Connection.State.ACTIVE:
        services.activate_connection(connection, actor=ACTOR)
    if not connection.main_flow:
        connecting.choose_main_flow(connection, planner.COMBINED, actor=ACTOR)
        connection.refresh_from_db()
    flow.connection = connection
    if flow.state != Flow.State.ACTIVE:
        services.resume_flow(flow, actor=ACTOR)
    return flow


def merchant_of(flow: Flow, password: str) -> str:
    """A user of the demo customer who may do everything in its portal, with `password`. Returns what to log in with."""
    customer = flow.connection.customer
    user, _ = get_user_model().objects.get_or_create(
        username=customer.email, defaults={"email": customer.email, "first_name": "Ulla", "last_name": "Garn"}
    )
    if not user.check_password(password):
        user.set_password(password)
        user.save()
    Membership.objects.get_or_create(customer=customer, user=user, defaults={"role": Role.OWNER})
    return user.get_username()


def _endpoint(customer: Customer, simulator: Any, address: str, name: str) -> Endpoint:
    endpoint, _ = Endpoint.objects.get_or_create(customer=customer, system=simulator.key, defaults={"name": name})
    secret = endpoint.connector_class.manifest.secret_keys
    given = simulator.endpoint_options(address)
    endpoint.options = {key: value for key, value in given.items() if key not in secret}
    endpoint.secrets = {key: value for key, value in given.items() if key in secret}
    endpoint.open_until, endpoint.failures = None, 0
    endpoint.save()
    return services.check_endpoint(endpoint, actor=ACTOR)


def stops(flow: Flow) -> dict[str, str]:
    """Source id → why it was stopped, in the words that a person reads."""
    stopped = Transfer.objects.filter(flow=flow, state=Transfer.State.STOPPED)
    return {transfer.source_id: said(transfer.message) for transfer in stopped}


def proof(ground: Playground, flow: Flow) -> Proof:
    return prove(
        ground.shop.seen_orders(),
        ground.erp.documents(),
        prefix=flow.shop.code,
        trigger_statuses=flow.trigger_statuses,
        stops=stops(flow),
    )
