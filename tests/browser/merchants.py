"""What a merchant finds in the portal when it is lived in: on top of what `seed` made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from billing import keys, members, requests
from billing.models import Customer, Membership, Package, Role, Scope
from connectors.base import Direction, Register
from connectors.errors import WhoActs
from flows.models import Flow, HookEvent, HookMessage, Item, Run, Transfer, Webhook
from sharespine.lib.text import Text
from tests.browser.seed import Seeded, user

ACTOR = "mia@ull.example"


@dataclass(frozen=True, slots=True)
class Merchant:
    """The administrator of a customer with something of everything, and one who may only look."""

    customer: Customer
    owner: User
    reader: User

    @property
    def transfer(self) -> Transfer:
        """An order that waits for the merchant."""
        return Transfer.objects.get(customer=self.customer, number="2000")

    def address(self, name: str, *args: Any) -> str:
        return reverse(f"portal:{name}", args=[self.customer.pk, *args])


def merchant(seeded: Seeded) -> Merchant:
    """The customer that has the most of everything: its accounts, orders, articles, keys and webhooks."""
    customer, flow = seeded.customers[0], seeded.flows[0]
    owner, reader = (
        user(f"{name}@ull.example", first_name=name.title(), last_name="Garn", is_staff=False, is_superuser=False)
        for name in ("mia", "rut")
    )
    for one, role in ((owner, Role.OWNER), (reader, Role.READER)):
        User.objects.filter(pk=one.pk).update(email=one.username)
        Membership.objects.create(customer=customer, user=one, role=role)
        one.refresh_from_db()
    members.invite(customer, "ny@ull.example", Role.OPERATOR, ACTOR)
    keys.make(customer, "Lagerskärmen", [Scope.TRANSFERS, Scope.USAGE], expires_at=None, actor=ACTOR)
    requests.ask(customer, Package.objects.get(code="800"), "Vi växer.", actor=ACTOR)
    _articles(flow)
    _webhook(customer, flow)
    return Merchant(customer, owner, reader)


def _articles(orders: Flow) -> None:
    stock = Flow.objects.create(
        connection=orders.connection, shop=orders.shop, register=Register.STOCK, direction=Direction.TO_SHOP,
        state=Flow.State.ACTIVE,
    )  # fmt: skip
    now = timezone.now()
    missing = Text("Article %(sku)s is not in the shop. Add it there and press Retry.", {"sku": "KAFFE-450"})
    for number, state in (("MOSSA-1", Item.State.DONE), ("KAFFE-450", Item.State.STOPPED), ("VANTE-2", Item.State.WAITING)):
        stopped = {"message": missing, "cause": missing.message, "acts": WhoActs.MERCHANT, "error_code": "Missing"}
        Item.objects.create(
            flow=stock, source_id=number, key=number.lower(), number=number, name="Mössa, grå", state=state, seen_at=now,
            **(stopped if state == Item.State.STOPPED else {"written": "12", "written_at": now}),
        )  # fmt: skip
    Run.objects.create(
        flow=stock, state=Run.State.DONE, started_at=now - timedelta(minutes=4), ended_at=now - timedelta(minutes=3),
        lease_until=now, seen=3, changed=1, stopped=1,
    )  # fmt: skip


def _webhook(customer: Customer, flow: Flow) -> None:
    webhook = Webhook.objects.create(
        customer=customer, address="https://lager.ull.example/in", events=list(HookEvent.values), created_by=ACTOR,
        secrets={"key": "whsec_c2VjcmV0c2VjcmV0c2VjcmV0"},
    )  # fmt: skip
    transfer = Transfer.objects.filter(flow=flow, state=Transfer.State.SENT).first()
    for state, code in ((HookMessage.State.DELIVERED, 204), (HookMessage.State.FAILED, 500)):
        HookMessage.objects.create(
            webhook=webhook, event=HookEvent.TRANSFERRED, transfer=transfer, state=state, attempts=1, status_code=code,
            payload={"type": "order.transferred", "data": {"number": str(transfer)}},
        )  # fmt: skip
