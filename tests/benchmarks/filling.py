"""Fills a database as a year of business would: many customers of very different size, orders in every state, runs, events.

The same rows on SQLite and PostgreSQL, for the same number of orders always the same. Names and numbers are made up.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import accumulate, islice
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db import connection, transaction
from django.db.models import Count, Model
from django.utils import timezone

from billing.models import Customer
from connectors.base import Register
from connectors.records import to_json
from flows.models import Connection, Delivery, Endpoint, Event, Flow, Run, Transfer
from sharespine.lib.counting import CEILING
from sharespine.lib.text import Text
from tests.browser import seed

#: How many orders a customer has, on average; the largest one has a twentieth of all.
ORDERS_PER_CUSTOMER = 500
PERIOD = timedelta(days=396)
#: Of everything rare there are at least so many, so that a page of few orders is as full as one of many.
FULL = 40
FIRST = ("Anna", "Björn", "Cecilia", "David", "Eva", "Fredrik", "Göran", "Hanna", "Inga", "Johan", "Karin", "Lars", "Maria")
LAST = ("Åkesson", "Berg", "Carlsson", "Dahl", "Ek", "Forsberg", "Gran", "Häll", "Isaksson", "Jonsson", "Krantz", "Öberg")
TRADES = ("Ull", "Kaffe", "Cykel", "Keramik", "Tvål", "Böcker", "Trädgård", "Båt", "Leksaker", "Lampor")
CAUSES = tuple(
    (f"{cause} Put it right and press Retry.", acts)
    for cause, acts in (
        ("Article %(sku)s is barred in the ERP.", "merchant"),
        ("The VAT zone for %(sku)s is not chosen.", "staff"),
        ("The buyer of order %(sku)s has no name.", "merchant"),
        ("The currency %(sku)s is not set up in the ERP.", "merchant"),
        ("The total differs from the shop's by %(sku)s.", "us"),
    )
)


def fill(orders: int) -> None:
    """Fill an empty, migrated database with `orders` transfers and what belongs to them."""
    chance = random.Random(orders)
    with transaction.atomic():
        flows = _flows(max(FULL, orders // ORDERS_PER_CUSTOMER), chance)
        # Both databases take a moment without zone, in UTC, as they are spoken to by Django.
        now = timezone.now().replace(tzinfo=None)
        insert(Run, _runs(flows, orders // 5, now))
        insert(Transfer, _transfers(flows, orders, now, chance))
        # Those of older orders are removed with time. Read here: while rows are copied in, PostgreSQL answers nothing else.
        newest = list(Transfer.objects.order_by("-pk").values_list("pk", flat=True)[: orders // 20])
        insert(Event, _events(newest, now))
        insert(Delivery, _deliveries(flows, orders // 20, now))
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")


def facts() -> dict[str, Any]:
    """Ids and numbers that there are in the database, for whoever opens pages: those of the largest customer."""
    orders = Transfer.objects.order_by("-pk")
    largest = orders.order_by().values("customer").annotate(n=Count("pk")).order_by("-n")[0]["customer"]
    flow = Flow.objects.select_related("connection").get(connection__customer=largest, register=Register.ORDERS)
    sent = orders.filter(state="sent", customer=largest)[0]
    stopped = orders.filter(state="stopped")[0]
    day = timezone.localdate() - timedelta(days=200)
    return {
        "customer": largest, "flow": flow.pk, "connection": flow.connection_id, "endpoint": flow.shop_id,
        "transfer": sent.pk, "number": sent.number, "target": sent.target_id, "reference": sent.reference,
        "cause": stopped.cause, "from": str(day), "to": str(day + timedelta(days=30)),
        "last_page": min(orders.count(), CEILING) // 25,
        "column": list(admin.site._registry[Transfer].list_display).index("fetched") + 1,
    }  # fmt: skip


def _flows(customers: int, chance: random.Random) -> list[Flow]:
    """Each customer with a shop, an ERP, a connection and a flow; a few of them in trouble."""
    Customer.objects.bulk_create(
        Customer(
            name=f"{chance.choice(LAST)}s {chance.choice(TRADES)} {n} AB",
            email=f"info@butik{n}.example",
            organisation_number=f"{556000 + n % 1000}-{n:04}",
        )
        for n in range(customers)
    )
    everybody = list(Customer.objects.order_by("pk"))
    template = {"name": "Butiken", "facts": [["Version", "9.3.3"]], "choices": {"statuses": [["processing", "Behandlas"]]}}
    for system, name in (("woocommerce", "Webbutik"), ("economic", "e-conomic")):
        Endpoint.objects.bulk_create(
            Endpoint(
                customer=customer,
                system=system,
                name=name,
                code=_code(n * 2 + (system == "economic")),
                health=Endpoint.Health.DENIED if n % 200 == 17 else Endpoint.Health.WORKING,
                checked_at=timezone.now(),
                report=template,
            )
            for n, customer in enumerate(everybody)
        )
    shops = {e.customer_id: e for e in Endpoint.objects.filter(system="woocommerce")}
    erps = {e.customer_id: e for e in Endpoint.objects.filter(system="economic")}
    Connection.objects.bulk_create(
        Connection(
            customer=customer,
            name=f"Webb till e-conomic {customer.pk}",
            erp=erps[customer.pk],
            modules=["startup", "api"],
            state=Connection.State.PAUSED if n % 300 == 5 else Connection.State.ACTIVE,
        )
        for n, customer in enumerate(everybody)
    )
    Flow.objects.bulk_create(
        Flow(
            connection=c, shop=shops[c.customer_id], state=Flow.State.ACTIVE, trigger_statuses=["processing"],
            cursor=timezone.now(), next_run_at=timezone.now() + timedelta(minutes=3),
        )
        for c in Connection.objects.order_by("pk")
    )  # fmt: skip
    return list(Flow.objects.select_related("shop", "connection").order_by("pk"))


def _code(n: int) -> str:
    letters = "BCDFGHJKLMNPQRSTVWXZ23456789"
    return "".join(letters[n // len(letters) ** place % len(letters)] for place in range(5))


def _moments(count: int, now: datetime, period: timedelta = PERIOD) -> Iterator[tuple[int, datetime]]:
    return ((n, now - period * (1 - n / count)) for n in range(count))


def _runs(flows: list[Flow], count: int, now: datetime) -> Iterator[dict[str, Any]]:
    for n, at in _moments(count, now):
        failed = n % 97 == 3
        yield {
            "flow_id": flows[n * 7919 % len(flows)].pk,
            "kind": "sweep" if n % 40 == 0 else "dry" if n % 4001 == 0 else "poll",
            "state": "failed" if failed else "done",
            "started_at": str(at), "ended_at": str(at + timedelta(seconds=4)), "lease_until": str(at),
            "seen": 12, "new": 5, "sent": 5, "unchanged": 7,
            "error_code": "UnexpectedResponse" if failed else "",
            "evidence": "GET /wp-json → 200 <html>" if failed else "",
        }  # fmt: skip


def _transfers(flows: list[Flow], count: int, now: datetime, chance: random.Random) -> Iterator[dict[str, Any]]:
    weights = list(accumulate(1 / (rank + 3) for rank in range(len(flows))))
    sold = [chance.randrange(1000, 90_000) for _ in flows]
    rare = max(0.01, FULL / count)
    whole = json.dumps(to_json(seed._order(7777777, timezone.now())), ensure_ascii=False)
    slim = json.dumps({"cancelled": False, "refunded": "0"})
    kept_from = now - timedelta(days=settings.KEEP_DETAILS_DAYS)
    soon = [str(now + timedelta(minutes=minutes)) for minutes in range(15)]
    for (n, at), index in zip(
        _moments(count, now), chance.choices(range(len(flows)), cum_weights=weights, k=count), strict=True
    ):
        flow = flows[index]
        sold[index] += 1
        number, total = str(sold[index]), f"{chance.randrange(4900, 900_000) / 100:.2f}"
        state, cause, acts, sku = _state(n / count, rare, chance)
        buyer = f"{FIRST[n * 31 % len(FIRST)]} {LAST[n * 17 % len(LAST)]}"
        done = str(at + timedelta(seconds=20))
        row = {
            "flow_id": flow.pk, "customer_id": flow.connection.customer_id, "erp_id": flow.connection.erp_id,
            "source_id": number, "number": number, "reference": f"{flow.shop.code}-{number}",
            "buyer": buyer if n % 6 else f"{buyer.split()[1]}s {TRADES[n % len(TRADES)]} AB",
            "party_key": f"{flow.connection.erp_id}:{n * 2654435761 % 2**32:032x}",
            "currency": "SEK", "total": total,
            "placed_at": str(at - timedelta(minutes=n % 57 + 3)), "modified_at": str(at),
            "payload": whole.replace("7777777", number),
            "content_hash": f"{n:064x}", "document_hash": f"{n:064x}",
            "state": state, "created_at": str(at), "updated_at": done, "attempts": 1,
        }  # fmt: skip
        if state == "sent":
            row |= {
                "target_kind": "order", "target_id": str(int(number) + 300_000), "target_total": total,
                "sent_hash": f"{n:064x}", "sent_at": done, "attention": chance.random() < rare / 5,
            }  # fmt: skip
        elif state in ("waiting", "retrying", "held", "uncertain"):
            row |= {"due_at": soon[n % 15]}
        if at < kept_from and state in ("sent", "skipped"):
            row |= {"payload": slim, "buyer": "", "party_key": "", "slimmed_at": done}
        if cause:
            row |= {"message": told(cause, sku=sku), "cause": cause, "acts": acts, "error_code": "InvalidRecord"}
        yield row


def _state(age: float, rare: float, chance: random.Random) -> tuple[str, str, str, str]:
    """State, cause, who acts and what the message names, for an order at `age`: 0 for the oldest, 1 for the newest.

    `rare` is the share of orders that stop.
    """
    luck = chance.random()
    if age > 1 - rare and luck < 0.5:
        waiting = "uncertain" if luck < 0.02 else "retrying" if luck < 0.06 else "held" if luck < 0.2 else "waiting"
        return waiting, "The ERP never answered." if waiting == "uncertain" else "", "nobody", ""
    if luck < rare:
        cause, acts = chance.choice(CAUSES)
        return "stopped", cause, acts, f"MOSSA-{chance.randrange(400)}"
    if luck < rare + 0.03:
        return "skipped", "The status is not one that triggers transfer.", "nobody", ""
    return "sent", "", "nobody", ""


def _events(orders: list[int], now: datetime) -> Iterator[dict[str, Any]]:
    """Three or four of each of the transfers `orders`."""
    steps = [{"method": "POST", "path": "/orders/drafts", "body": {"heading": "Order 17", "lines": [{"quantity": 2}] * 3}}]
    kinds = {
        "captured": (told("The order was fetched from the shop."), "{}"),
        "sending": (told("The order is being sent."), json.dumps({"steps": steps})),
        "notice": (told("The name was cut to %(n)s characters.", n="255"), "{}"),
        "sent": (told("The order is in the ERP."), json.dumps({"document": {"target_id": "1", "kind": "order"}})),
    }
    moments = [str(now - timedelta(seconds=60 - second)) for second in range(4)]
    for pk in orders:
        for second, (kind, (text, data)) in enumerate(kinds.items()):
            if kind != "notice" or pk % 2:
                yield {"transfer_id": pk, "at": moments[second], "kind": kind, "text": text, "data": data}


def _deliveries(flows: list[Flow], count: int, now: datetime) -> Iterator[dict[str, Any]]:
    for n, at in _moments(count, now, timedelta(days=30)):
        shop = flows[n * 7919 % len(flows)].shop_id
        state = "refused" if n % 500 == 3 else "accepted"
        ids = json.dumps([str(n)])
        yield {"endpoint_id": shop, "received_at": str(at), "state": state, "topic": "order.updated", "source_ids": ids}


def insert(model: type[Model], rows: Iterable[dict[str, Any]]) -> None:
    """Insert `rows`: plain values by column. Columns that are not named get the model's default."""
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    place = {field.column: index for index, field in enumerate(fields)}
    blank = [field.get_db_prep_save(field.get_default(), connection) for field in fields]
    blank = [json.dumps(value.obj) if hasattr(value, "obj") else value for value in blank]
    columns = ", ".join(f'"{column}"' for column in place)

    def values() -> Iterator[list[Any]]:
        for row in rows:
            line = blank.copy()
            for column, value in row.items():
                line[place[column]] = value
            yield line

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f'COPY "{model._meta.db_table}" ({columns}) FROM STDIN') as copy:
                for line in values():
                    copy.write_row(line)
            return
        places = ", ".join(["%s"] * len(place))
        lines = values()
        while chunk := list(islice(lines, 20_000)):
            cursor.executemany(f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES ({places})', chunk)  # noqa: S608 - names of ours


def told(message: str, **values: str) -> str:
    """A text as its column keeps it."""
    return json.dumps(Text(message, values).to_json(), ensure_ascii=False)
