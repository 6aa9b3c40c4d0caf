"""A merchant's log as tests need it: two shops, orders in every state and of every age, and another merchant's beside it."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from billing.models import Customer
from connectors.base import Register
from connectors.errors import WhoActs
from flows.models import Flow, Item, Run, Transfer
from sharespine.lib.text import Text
from tests.browser import seed

CAUSES = ("Article %(sku)s is barred.", "The buyer has no name.")
BUYERS = ("Anna Åkesson", "Björn Öberg", "Måleri & Bygg AB", "")


def flows(customer: Customer) -> list[Flow]:
    """A flow of orders from each of two shops into one ERP, and one of stock back to the first."""
    first = seed.flow(customer)
    second = Flow.objects.create(
        connection=first.connection, shop=seed.endpoint(customer, "woocommerce", "Andra butiken"), state=Flow.State.ACTIVE
    )
    return [first, second, another(first, Register.STOCK)]


def another(flow: Flow, register: Register) -> Flow:
    way = Flow.Direction.TO_SHOP
    return Flow.objects.create(
        connection=flow.connection, shop=flow.shop, register=register, direction=way, state=Flow.State.ACTIVE
    )


def orders(of: list[Flow], count: int, **values: Any) -> list[Transfer]:
    """`count` orders by turns in the flows, in any state and of any day of two months."""
    chance, there = random.Random(count), Transfer.objects.count()
    made = [_order(of[n % len(of)], str(1000 + (there + n) * 7), chance, values) for n in range(count)]
    return Transfer.objects.bulk_create(made)


def _order(flow: Flow, number: str, chance: random.Random, values: dict[str, Any]) -> Transfer:
    state = values.get("state") or chance.choice(Transfer.State.values)
    stopped = state == Transfer.State.STOPPED
    cause = chance.choice(CAUSES) if stopped else ""
    sent = state == Transfer.State.SENT
    columns: dict[str, Any] = {
        "source_id": number,
        "number": number,
        "reference": f"{flow.shop.code}-{number}",
        "state": state,
        "acts": chance.choice([WhoActs.MERCHANT, WhoActs.STAFF, WhoActs.US]) if stopped else WhoActs.NOBODY,
        "message": Text(cause, {"sku": number}),
        "cause": cause,
        "attention": sent and chance.random() < 0.3,
        "target_kind": "order" if sent else "",
        "target_id": str(400_000 + int(number)) if sent else "",
        "total": Decimal(chance.randrange(100, 999_999)) / 100,
        "currency": "SEK",
        "buyer": chance.choice(BUYERS),
        "placed_at": chance.choice([None, *moments()]),
    }
    return Transfer(flow=flow, customer_id=flow.connection.customer_id, erp_id=flow.connection.erp_id, **(columns | values))


def moments() -> list[datetime]:
    """Around midnight and at noon, on days of two months."""
    zone = timezone.get_default_timezone()
    days = [datetime(2026, 10, 1, tzinfo=zone) + timedelta(days=n) for n in range(0, 60, 4)]
    return [day.replace(hour=hour, minute=minute) for day in days for hour, minute in ((0, 0), (12, 30), (23, 59))]


def items(of: list[Flow], count: int, **values: Any) -> list[Item]:
    chance = random.Random(count)
    return Item.objects.bulk_create(_items(of, count, chance, values))


def _items(of: list[Flow], count: int, chance: random.Random, values: dict[str, Any]) -> Iterator[Item]:
    for n in range(count):
        state = values.get("state") or chance.choice(Item.State.values)
        stopped = state == Item.State.STOPPED
        acts = chance.choice([WhoActs.MERCHANT, WhoActs.US]) if stopped else WhoActs.NOBODY
        columns = {
            "source_id": str(n), "key": f"art-{n}", "number": f"ART-{n}", "name": "Mössa", "state": state, "acts": acts,
            "message": Text(CAUSES[0], {"sku": f"ART-{n}"}) if stopped else Text(""), "cause": CAUSES[0] if stopped else "",
            "error_code": chance.choice(["", "", "Gone"]) if stopped else "", "seen_at": timezone.now(),
        }  # fmt: skip
        yield Item(flow=of[n % len(of)], **(columns | values))


def runs(of: list[Flow], count: int) -> list[Run]:
    chance, made = random.Random(count), []
    for n, at in zip(range(count), itertools.cycle(moments()), strict=False):
        kind = chance.choice(Run.Kind.values)
        state = chance.choice([Run.State.DONE, Run.State.FAILED, Run.State.LOST])
        made.append(
            Run(
                flow=of[n % len(of)],
                kind=kind,
                state=state,
                started_at=at,
                ended_at=at + timedelta(seconds=75),
                lease_until=at,
                seen=n,
                sent=n % 3,
                stopped=n % 2,
                owner="worker-7",
                evidence="GET /hemligt → 500",
                error=Text("What answered is not the system we expected.") if state == Run.State.FAILED else Text(""),
            )
        )
    return Run.objects.bulk_create(made)
