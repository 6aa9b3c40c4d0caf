"""A customer whose systems can do nearly everything, for tests of what is configured."""

from __future__ import annotations

from datetime import date

import pytest

from billing import contracts
from billing.models import Customer, Package
from connectors import registry
from flows.models import Connection, Endpoint, Flow
from tests.customers import price_list

STATUSES = [["processing", "Behandlas"], ["completed", "Färdigbehandlad"], ["shipped", "Skickad"]]


@pytest.fixture
def pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The systems of `tests.pairs`, in the registry."""
    for key in ("shop", "list_shop", "erp", "invoice_erp"):
        monkeypatch.setitem(registry.SYSTEMS, key if "_" in key else f"pair_{key}", f"tests.pairs.{key}")


def endpoint(customer: Customer, system: str, name: str) -> Endpoint:
    """One that was tested and works."""
    report = {"name": name, "facts": [], "choices": {"statuses": STATUSES}, "warnings": []}
    return Endpoint.objects.create(customer=customer, system=system, name=name, health=Endpoint.Health.WORKING, report=report)


def connection(package: str = "400", main_flow: str = "", *, edition: str = "cloud", erp: str = "pair_erp") -> Connection:
    """An active connection of a customer with `package`, without shops."""
    price_list()
    customer = Customer.objects.create(name="Ull AB")
    contracts.start(customer, Package.objects.get(code=package), edition, begins_on=date(2026, 1, 1), actor="siv")
    return Connection.objects.create(
        customer=customer,
        name="Ull",
        erp=endpoint(customer, erp, "Bokföringen"),
        main_flow=main_flow,
        state=Connection.State.ACTIVE,
    )


def shop(of: Connection, name: str = "Butiken", system: str = "pair_shop") -> Endpoint:
    return endpoint(of.customer, system, name)


def ways(of: Connection) -> dict[tuple[str, str], str]:
    """Register and direction → state, of all flows of a connection with one shop."""
    return {(flow.register, flow.direction): flow.state for flow in Flow.objects.filter(connection=of)}
