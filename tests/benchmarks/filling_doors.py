"""Fills in what the two doors show beside what `tests.benchmarks.filling` has made: users, keys, contracts, hours, articles.

In proportion to the orders: half as many articles and statuses, a tenth as many messages to webhooks, and a year of hours and
months of each customer.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone

from billing.dates import add_months, today
from billing.models import (
    ApiKey,
    Entry,
    Feature,
    Invitation,
    Membership,
    OrderMonth,
    Package,
    Quote,
    ServiceAccount,
    SignUp,
    Subscription,
    Term,
    WorkCategory,
)
from billing.models.packages import Edition
from connectors.base import Register
from connectors.registry import connector_class
from flows.models import Flow, HookMessage, Item, Run, Transfer, Webhook
from sharespine import sales
from tests.benchmarks.filling import FULL, PERIOD, told
from tests.benchmarks.filling import insert as copied

#: Entries of the service account and months of each customer; the largest has been in touch far more.
ENTRIES, ENTRIES_OF_THE_LARGEST, MONTHS = 24, 500, 13
ROLES = ("owner", "operator", "reader")
#: What keys are called, and what stands behind it.
SECRET = "k" * 43


def fill(orders: int) -> None:
    """Fill in what belongs to `orders` orders that are there."""
    chance = random.Random(orders)
    now = timezone.now().replace(tzinfo=None)
    with transaction.atomic():
        flows = list(Flow.objects.select_related("connection").order_by("pk"))
        _people(flows)
        _contracts(flows, now.date())
        _sales(flows[0].connection.customer_id)
        moved = _more_flows(flows)
        webhooks = _webhooks(flows)
        copied(OrderMonth, _months(flows, now.date()))
        # Read here: while rows are copied in, PostgreSQL answers nothing else.
        accounts = list(ServiceAccount.objects.order_by("customer").values_list("pk", flat=True))
        copied(Entry, _entries(accounts, WorkCategory.objects.filter(is_free=False)[0].pk, now))
        copied(Item, _items(moved, orders // 2, now, chance))
        copied(HookMessage, _messages(webhooks, orders // 10, now, chance))
        copied(Run, _runs_of(moved, orders // 5, now))
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")


def facts() -> dict[str, dict[str, Any]]:
    """What there is of the largest customer, and of an ordinary one, which has enough for a page of each list."""
    counts = Transfer.objects.order_by().values("customer").annotate(n=Count("pk")).filter(n__gte=FULL).order_by("n")
    told_of = Webhook.objects.values("customer")
    found = [row["customer"] for row in counts.filter(customer__in=told_of)]
    return {"largest": _facts(found[-1]), "ordinary": _facts(found[0])}


def _facts(customer: int) -> dict[str, Any]:
    orders = Transfer.objects.filter(customer=customer).order_by("-pk")
    sent = orders.filter(state="sent")[0]
    flows = {flow.register: flow for flow in Flow.objects.filter(connection__customer=customer)}
    item = Item.objects.filter(flow=flows[Register.STOCK]).order_by("-pk")[0]
    webhook = Webhook.objects.filter(customer=customer).order_by("pk")[0]
    key = ApiKey.objects.get(customer=customer)
    buyer = orders.exclude(buyer="")[0].buyer
    day = timezone.localdate() - timedelta(days=200)
    return {
        "customer": customer,
        "owner": Membership.objects.get(customer=customer, role="owner").user_id,
        "bearer": f"{key.prefix}_{SECRET}",
        "order": sent.pk, "number": sent.number, "target": sent.target_id, "buyer": buyer[:5],
        "part": buyer[2:6],
        "flow": flows[Register.ORDERS].pk, "connection": flows[Register.ORDERS].connection_id,
        "stock": flows[Register.STOCK].pk, "item": item.pk, "sku": item.number,
        "run": Run.objects.filter(flow=flows[Register.ORDERS]).exclude(kind="dry").order_by("-pk")[0].pk,
        "key": key.pk, "webhook": webhook.pk, "message": HookMessage.objects.filter(webhook=webhook).order_by("-pk")[0].pk,
        "member": Membership.objects.get(customer=customer, role="reader").pk,
        "quote": Quote.objects.order_by("pk")[0].number, "sign_up": SignUp.objects.order_by("pk")[0].public_id,
        "from": str(day), "to": str(day + timedelta(days=30)), "since": f"{day:%Y-%m-%d}T00:00:00Z",
        "last_order": orders.order_by("pk")[0].pk,
    }  # fmt: skip


def _people(flows: list[Flow]) -> None:
    customers = [flow.connection.customer_id for flow in flows]
    User.objects.bulk_create(User(username=f"{role}{pk}@butik.example", password="!") for pk in customers for role in ROLES)
    users = {user.username: user for user in User.objects.filter(username__endswith="@butik.example")}
    Membership.objects.bulk_create(
        Membership(customer_id=pk, user=users[f"{role}{pk}@butik.example"], role=role) for pk in customers for role in ROLES
    )
    hashed = {pk: hashlib.sha256(f"shs_{pk:08x}_{SECRET}".encode()).hexdigest() for pk in customers}
    scopes = ["transfers", "usage", "hours"]
    ApiKey.objects.bulk_create(
        ApiKey(customer_id=pk, name="Lagerskärmen", prefix=f"shs_{pk:08x}", key_hash=hashed[pk], scopes=scopes)
        for pk in customers
    )
    Invitation.objects.bulk_create(
        Invitation(customer_id=pk, email=f"ny{pk}@butik.example", token_hash=f"{pk:064x}", expires_at=timezone.now())
        for pk in customers
    )


def _contracts(flows: list[Flow], day: date) -> None:
    """Each customer has had the package of 800 orders for a year, and no cap worth speaking of."""
    first, package = add_months(day.replace(day=1), -12), Package.objects.get(code="800")
    customers = [flow.connection.customer_id for flow in flows]
    Subscription.objects.bulk_create(Subscription(customer_id=pk, edition=Edition.CLOUD, begins_on=first) for pk in customers)
    features = list(Feature.values)
    Term.objects.bulk_create(
        Term(
            subscription=one, package=package, begins_on=first, monthly_price=1495, installation_price=0, order_cap=100_000,
            features=features,
        )
        for one in Subscription.objects.all()
    )  # fmt: skip
    ServiceAccount.objects.bulk_create(ServiceAccount(customer_id=pk, balance=60) for pk in customers)


def _sales(customer: int) -> None:
    wanted = sales.Ask(shops=(connector_class("woocommerce"),), erp=connector_class("economic"), orders=700)
    quote = sales.quote(wanted, wishes={}, today=today(timezone.now()))
    package = Package.objects.get(code="800")
    SignUp.objects.create(public_id="s-1", quote=quote, package=package, company="Ny", contact="N", customer_id=customer)


def _more_flows(flows: list[Flow]) -> list[Flow]:
    """Stock and order status of each customer."""
    made = [
        Flow(
            connection_id=flow.connection_id, shop_id=flow.shop_id, register=register, direction=Flow.Direction.TO_SHOP,
            state=Flow.State.ACTIVE, cursor=timezone.now(), next_run_at=timezone.now() + timedelta(minutes=3),
        )
        for flow in flows
        for register in (Register.STOCK, Register.STATUS)
    ]  # fmt: skip
    Flow.objects.bulk_create(made)
    return list(Flow.objects.exclude(register=Register.ORDERS).order_by("pk"))


def _webhooks(flows: list[Flow]) -> list[int]:
    """Two of every fourth customer, the largest and each that is small among them."""
    customers = [flow.connection.customer_id for n, flow in enumerate(flows) if n % 4 == 0 or n == len(flows) // 2]
    Webhook.objects.bulk_create(
        Webhook(customer_id=pk, address=f"https://butik{pk}.example/hak/{n}", events=["order.stopped"])
        for pk in customers
        for n in range(2)
    )
    return list(Webhook.objects.order_by("pk").values_list("pk", flat=True))


def _months(flows: list[Flow], day: date) -> Iterator[dict[str, Any]]:
    for flow in flows:
        for back in range(MONTHS):
            month = add_months(day.replace(day=1), -back)
            yield {"customer_id": flow.connection.customer_id, "month": str(month), "used": 40 + back}


def _entries(accounts: list[int], work: int, now: datetime) -> Iterator[dict[str, Any]]:
    for n, account in enumerate(accounts):
        count = ENTRIES_OF_THE_LARGEST if n == 0 else ENTRIES
        for entry in range(count):
            minutes = 180 if entry % 12 == 0 else -15
            at = now - PERIOD * (1 - entry / count)
            yield {
                "account_id": account, "kind": "work" if minutes < 0 else "pack", "category_id": work if minutes < 0 else None,
                "day": str(at.date()), "minutes": abs(minutes), "change": minutes, "balance": 60 + entry,
                "text": "Felsökte momszonen", "by": "sara", "created_at": str(at),
            }  # fmt: skip


def _by_weight(count: int, of: int, chance: random.Random) -> Iterator[tuple[int, int]]:
    """A place in a list of so many for each of `count` rows: the first have most."""
    weights = list(accumulate(1 / (rank + 3) for rank in range(of)))
    return enumerate(chance.choices(range(of), cum_weights=weights, k=count))


def _items(flows: list[Flow], count: int, now: datetime, chance: random.Random) -> Iterator[dict[str, Any]]:
    record = json.dumps({"number": "ART", "quantity": "17", "name": "Mössa, grå"})
    # Where there are few, more of them: a page of a few is as full as one of many.
    rare = min(200, max(4, count // 200))
    for n, pair in _by_weight(count, len(flows) // 2, chance):
        flow = flows[pair * 2 + n % 2]
        state = "stopped" if n % rare == 1 else "retrying" if n % 500 == 3 else "skipped" if n % 40 == 9 else "done"
        cause = "Article %(sku)s is barred in the ERP." if state == "stopped" else ""
        yield {
            "flow_id": flow.pk, "source_id": str(n), "key": f"art-{n}", "number": f"ART-{n}", "name": "Mössa, grå",
            "payload": record, "state": state, "acts": "merchant" if cause else "nobody", "cause": cause,
            "message": told(cause, sku=f"ART-{n}") if cause else "", "written": "17", "written_at": str(now),
            "seen_at": str(now), "created_at": str(now), "updated_at": str(now),
        }  # fmt: skip


def _messages(webhooks: list[int], count: int, now: datetime, chance: random.Random) -> Iterator[dict[str, Any]]:
    payload = json.dumps({"type": "order.transferred", "data": {"number": "1042", "erp_number": "301042"}})
    for n, index in _by_weight(max(count, FULL * len(webhooks)), len(webhooks), chance):
        at = str(now - timedelta(days=30) * (1 - n / count))
        yield {
            "webhook_id": webhooks[index], "uid": f"{n:032x}", "event": "order.transferred", "payload": payload, "attempts": 1,
            "state": "failed" if n % 100 == 3 else "delivered", "status_code": 200, "created_at": at, "delivered_at": at,
        }  # fmt: skip


def _runs_of(flows: list[Flow], count: int, now: datetime) -> Iterator[dict[str, Any]]:
    for n in range(count):
        at = now - PERIOD * (1 - n / count)
        # The first of each flow failed, and now and then another.
        failed = n // len(flows) % 97 == 0
        yield {
            "flow_id": flows[n * 7919 % len(flows)].pk, "kind": "poll", "state": "failed" if failed else "done",
            "started_at": str(at), "ended_at": str(at), "lease_until": str(at), "seen": 12, "written": 5,
        }  # fmt: skip
