"""A back office with something of everything: customers, endpoints in every health, orders in every state."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django.utils import timezone

from billing.models import Customer
from connectors.errors import BadCredentials, WhoActs
from connectors.records import Address, LineKind, Party, to_json
from flows.models import Connection, Delivery, Endpoint, Event, Flow, Run, Transfer, Worker
from sharespine.lib.text import Text
from tests import factories
from tests.billing import accounts
from tests.customers import subscribed

PASSWORD = "korv med bröd 17"
#: Not a sentence of ours, so that it is the same in every language.
BARRED = "Article %(sku)s is barred in e-conomic. Lift the bar there and press Retry."
ZONE = "The VAT zone for %(country)s is not chosen. Choose it on the flow and press Retry."
CHANGED = "The order changed in the shop after it was sent: the total is now %(total)s."
COMPANIES = ("Ullbutiken i Lund AB", "Kaffebönan Rosteri", "Nordfjäll Cykel AB", "Ölands Keramik HB", "Tjärö Tvål")
BUYERS = ("Anna Åkesson", "Björn Öberg", "Cecilia Ängström", "Måleri & Bygg AB", "Eva <b>Lund</b>", "Göran Häll")


@dataclass(frozen=True, slots=True)
class Seeded:
    user: User
    customers: list[Customer]
    flows: list[Flow]


def endpoint(customer: Customer, system: str, name: str, **values: Any) -> Endpoint:
    """A working endpoint that was tested a moment ago, with what it offered."""
    choices = {
        "statuses": [
            ["processing", "Behandlas"],
            ["completed", "Färdigbehandlad"],
            ["on-hold", "Parkerad"],
            ["pending", "Väntar"],
        ],
        "layouts": [["14", "Standard"], ["19", "Engelsk"]],
        "payment_terms": [["1", "Netto 30 dagar"], ["3", "Klarna"]],
        "vat_zones": [["1", "Inrikes"], ["2", "EU"], ["3", "Utrikes"], ["4", "Inrikes momsfri"]],
        "product_groups": [["1", "Varor 25 %"], ["2", "Livsmedel 12 %"], ["3", "Böcker 6 %"]],
        "customer_groups": [["1", "Webbkunder"]],
        "units": [["1", "st"]],
    }
    defaults: dict[str, Any] = {
        "health": Endpoint.Health.WORKING,
        "checked_at": timezone.now() - timedelta(minutes=3),
        "report": {"name": customer.name, "facts": [["Version", "9.3.3"]], "choices": choices, "warnings": []},
        "options": {"address": "http://127.0.0.1:8801"},
    }
    return Endpoint.objects.create(customer=customer, system=system, name=name, **{**defaults, **values})


def flow(customer: Customer, **values: Any) -> Flow:
    """A live flow from a shop of its own to an ERP of its own."""
    shop = endpoint(customer, "woocommerce", "Webbutiken", secrets={"consumer_secret": "cs_hemlig"})
    erp = endpoint(customer, "economic", "e-conomic", secrets={"app_secret_token": "a", "agreement_grant_token": "b"})
    state = values.pop("connection_state", Connection.State.ACTIVE)
    connection = Connection.objects.create(
        customer=customer, name="Webb till e-conomic", erp=erp, modules=["startup", "api"], state=state
    )
    defaults: dict[str, Any] = {"state": Flow.State.ACTIVE, "trigger_statuses": ["processing"], "cursor": timezone.now()}
    return Flow.objects.create(connection=connection, shop=shop, **{**defaults, **values})


def transfer(
    flow: Flow, number: int, state: str = Transfer.State.SENT, *, at: datetime | None = None, **values: Any
) -> Transfer:
    """One order in `state`, with the events that lead there."""
    at = at or timezone.now()
    order = _order(number, at)
    defaults: dict[str, Any] = {
        "buyer": order.buyer.company or order.buyer.name,
        "currency": order.currency,
        "total": order.total,
        "placed_at": order.placed_at,
        "payload": to_json(order),
        "reference": f"{flow.shop.code}-{number}",
        "attempts": 1,
    }
    if state == Transfer.State.SENT:
        defaults |= {"target_kind": "order", "target_id": str(40_000 + number), "target_total": order.total, "sent_at": at}
    row = Transfer.objects.create(
        flow=flow,
        customer=flow.connection.customer,
        erp=flow.connection.erp,
        source_id=str(number),
        number=str(number),
        state=state,
        **{**defaults, **values},
    )
    _history(row, at)
    return row


def stopped(flow: Flow, number: int, message: str, *, acts: WhoActs = WhoActs.MERCHANT, **values: str) -> Transfer:
    """An order that stopped for `message`."""
    return transfer(
        flow,
        number,
        Transfer.State.STOPPED,
        message=Text(message, values),
        cause=message,
        acts=acts,
        error_code="InvalidRecord",
        attempts=2,
    )


def _order(number: int, at: datetime) -> Any:
    chance = random.Random(number)
    name = BUYERS[number % len(BUYERS)]
    company = name if name.endswith("AB") else ""
    address = Address(name=name, company=company, street="Storgatan 1", postcode="211 34", city="Malmö", country="SE")
    buyer = Party(
        number=str(number % 90), name=name, company=company, email="kund@example.se", phone="070-123 45 67", address=address
    )
    rows = (
        factories.line(chance.randrange(80, 9000), 25, name="Mössa, grå", article_number="MOSSA-1", quantity=Decimal(2)),
        factories.line(chance.randrange(30, 300), 12, source_id="2", name="Kaffe, mörkrost 450 g", article_number="KAFFE-450"),
        factories.line("39.20", 25, source_id="3", kind=LineKind.FREIGHT, name="Postnord, till ombud", article_number=""),
    )
    return factories.order(*rows, source_id=str(number), number=str(number), buyer=buyer, placed_at=at - timedelta(minutes=7))


def _history(row: Transfer, at: datetime) -> None:
    kinds: list[tuple[str, Text, dict[str, Any]]] = [("captured", Text("Fetched from the shop."), {})]
    if row.state in (Transfer.State.SENT, Transfer.State.STOPPED, Transfer.State.UNCERTAIN):
        body = {"heading": f"Order {row.number}", "lines": [{"product": {"productNumber": "MOSSA-1"}, "quantity": 2}]}
        kinds.append(
            ("sending", Text("Sent to e-conomic."), {"steps": [{"method": "POST", "path": "/orders/drafts", "body": body}]})
        )
    if row.state == Transfer.State.SENT:
        kinds.append(
            ("sent", Text("Order %(id)s in e-conomic, total %(total)s.", {"id": row.target_id, "total": str(row.total)}), {})
        )
    elif row.message.message:
        kinds.append((row.state, row.message, {"evidence": 'POST /orders/drafts → 400 {"message": "Validation failed"}'}))
    for index, (kind, text, data) in enumerate(kinds):
        Event.objects.create(transfer=row, at=at + timedelta(seconds=index), kind=kind, text=text, data=data)


def user(name: str = "sara", **values: Any) -> User:
    """A superuser. Its password is hashed once round, not a million times: only one test logs in with it."""
    password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", 1)
    values = {"first_name": "Sara", "last_name": "Lind", "is_staff": True, "is_superuser": True, **values}
    return User.objects.create(username=name, email=f"{name}@example.se", password=password, **values)


def seed(*, orders: int = 60) -> Seeded:
    """Everything: five customers, their flows, `orders` sent orders and some of every other kind."""
    now = timezone.now()
    customers = [subscribed(name, email="info@example.se", phone="031-704 38 00") for name in COMPANIES]
    Customer.objects.filter(pk=customers[0].pk).update(organisation_number="556036-0793", notes="Ring före lunch.")
    flows = [flow(customer) for customer in customers[:3]]
    for index in range(orders):
        transfer(flows[index % 3], 1000 + index, at=now - timedelta(minutes=23 * index))
    for index in range(14):
        stopped(flows[0], 2000 + index, BARRED, sku=f"MOSSA-{index % 4}")
    for index in range(3):
        stopped(flows[1], 2100 + index, ZONE, country="FI", acts=WhoActs.STAFF)
    doubt = Text("e-conomic never answered. The order is looked up there before it is sent again.")
    transfer(flows[1], 2200, Transfer.State.UNCERTAIN, message=doubt, cause=doubt.message, acts=WhoActs.NOBODY)
    again = Text("e-conomic asked us to slow down. We go on by ourselves.")
    transfer(flows[2], 2300, Transfer.State.RETRYING, message=again, cause=again.message, due_at=now + timedelta(minutes=2))
    transfer(flows[2], 2301, Transfer.State.WAITING)
    transfer(flows[2], 2302, Transfer.State.HELD, message=Text("Waiting for room: the order cap of the month is reached."))
    transfer(flows[0], 2303, Transfer.State.SKIPPED, message=Text("The status is not one that triggers transfer."))
    changed = Text(CHANGED, {"total": "99.00"})
    transfer(flows[0], 2304, attention=True, message=changed, cause=changed.message, acts=WhoActs.MERCHANT)
    denied = Text(BadCredentials.default_text)
    endpoint(customers[3], "woocommerce", "Keramikbutiken", health=Endpoint.Health.DENIED, trouble=denied, report={})
    endpoint(
        customers[4], "economic", "Tvålens e-conomic", health=Endpoint.Health.UNKNOWN, checked_at=None, report={}, options={}
    )
    Connection.objects.filter(pk=flows[2].connection_id).update(
        state=Connection.State.PAUSED,
        pause_reason=Text("Paused by %(actor)s: %(reason)s", {"actor": "sara", "reason": "Inventering"}),
    )
    _runs(flows, now)
    accounts.lived_in(customers[1])
    accounts.closed(customers[1])
    for index in range(4):
        Delivery.objects.create(endpoint=flows[0].shop, state="accepted", topic="order.updated", source_ids=[str(1000 + index)])
    for minutes, ended in ((0, None), (50, None), (70, now)):
        seen = now - timedelta(minutes=minutes)
        Worker.objects.create(
            machine=f"app-{minutes}", pid=7, processes=4, started_at=seen, beat_at=seen, stopped_at=ended, release="2026.11"
        )
    return Seeded(user(), customers, flows)


def _runs(flows: list[Flow], now: datetime) -> None:
    for index in range(8):
        began = now - timedelta(minutes=5 * (index + 1))
        Run.objects.create(
            flow=flows[index % 2], state=Run.State.DONE, started_at=began, ended_at=began + timedelta(seconds=4),
            lease_until=began,
            seen=12, new=3, sent=3, unchanged=9, started_by="" if index else "sara",
        )  # fmt: skip
    Run.objects.create(
        flow=flows[1], state=Run.State.FAILED, started_at=now - timedelta(hours=2), ended_at=now - timedelta(hours=2),
        lease_until=now, error_code="UnexpectedResponse", evidence="GET https://butik.example/wp-json → 200 <html>",
        error=Text("What answered at the address is not the system we expected."),
    )  # fmt: skip
    step = {"purpose": "Make the order", "method": "POST", "path": "/orders/drafts", "body": {"heading": "Order 17"}}
    report = [
        {"number": "17", "source_id": "17", "total": "1234.50", "currency": "SEK", "outcome": "would be sent", "text": {},
         "steps": [step], "notices": [Text("The name was cut to %(n)s characters.", {"n": "255"}).to_json()]},
        {"number": "18", "source_id": "18", "total": "99.00", "currency": "SEK", "outcome": "would stop",
         "text": Text(BARRED, {"sku": "MOSSA-1"}).to_json(), "steps": [], "notices": []},
    ]  # fmt: skip
    Run.objects.create(
        flow=flows[0], kind=Run.Kind.DRY, state=Run.State.DONE, started_at=now - timedelta(hours=3), lease_until=now,
        ended_at=now - timedelta(hours=3) + timedelta(seconds=65), report=report, seen=2, started_by="sara",
    )  # fmt: skip
    Run.objects.create(
        flow=flows[0], state=Run.State.RUNNING, started_at=now - timedelta(seconds=20), lease_until=now + timedelta(minutes=1),
        seen=40, new=30, sent=22, owner="worker-1",
    )  # fmt: skip
