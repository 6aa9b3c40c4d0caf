"""Merchants with orders, hours and keys, made by hand and at once: what the endpoints of the API show, and must not show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.test import Client
from django.utils import timezone

from billing import hours, keys
from billing.dates import month_of
from billing.models import Customer, OrderMonth, WorkCategory
from flows.models import Connection, Endpoint, Event, Flow, Transfer
from sharespine.lib.text import N_, Text
from tests.customers import subscribed

ALL = tuple(keys.FOR_CUSTOMERS)
PLACED = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
NO_NUMBER = Text(N_("The article “%(name)s” has no article number in the shop."), {"name": "T-shirt, red"})


@dataclass
class Merchant:
    """A customer with a flow, and a key that opens all of it."""

    customer: Customer
    flow: Flow
    key: str

    def client(self, **headers: str) -> Client:
        return Client(headers={"authorization": f"Bearer {self.key}", "accept-language": "en", **headers})

    def key_for(self, *scopes: str) -> str:
        return keys.make(self.customer, "Screen", scopes, None, "siv")[1]

    def order(self, number: str, **columns: Any) -> Transfer:
        values = {
            "flow": self.flow,
            "customer": self.customer,
            "erp": self.flow.connection.erp,
            "source_id": number,
            "number": number,
            "reference": f"{self.flow.shop.code}-{number}",
            "currency": "SEK",
            "total": Decimal("149.00"),
            "placed_at": PLACED,
            "payload": {"buyer": "secret"},
            "buyer": "Anna Åkesson",
            "state": Transfer.State.SENT,
        }
        return Transfer.objects.create(**{**values, **columns})

    def stopped(self, number: str, **columns: Any) -> Transfer:
        """An order that the merchant must see to."""
        why = {"state": "stopped", "acts": "merchant", "message": NO_NUMBER, "error_code": "MissingArticleNumber"}
        transfer = self.order(number, **{**why, **columns})
        for kind, text in (("captured", Text(N_("Fetched from the shop."))), ("stopped", NO_NUMBER)):
            Event.objects.create(transfer=transfer, at=PLACED, kind=kind, text=text, data={"sent": "for staff only"})
        return transfer


def merchant(name: str = "Ullbutiken AB", *, orders: int = 200, **columns: Any) -> Merchant:
    customer = subscribed(name, orders=orders, **columns)
    shop = Endpoint.objects.create(customer=customer, system="woocommerce", name=f"{name} shop")
    erp = Endpoint.objects.create(customer=customer, system="economic", name="e-conomic")
    connection = Connection.objects.create(customer=customer, name="c", erp=erp, state=Connection.State.ACTIVE)
    flow = Flow.objects.create(connection=connection, shop=shop, state=Flow.State.ACTIVE, trigger_statuses=["processing"])
    return Merchant(customer, flow, keys.make(customer, "Warehouse screen", ALL, None, "siv")[1])


def used(customer: Customer, orders: int, *, months_ago: int = 0) -> None:
    """So many orders count, in this month or one before."""
    month = month_of(timezone.now())
    for _ in range(months_ago):
        month = (month - timedelta(days=1)).replace(day=1)
    OrderMonth.objects.create(customer=customer, month=month, used=orders)


def worked(customer: Customer, minutes: int = 30, text: str = "Looked into orders that stopped", **values: Any) -> None:
    category = WorkCategory.objects.filter(is_free=False).first() or WorkCategory.objects.create(
        key="support", name="Support", name_sv="Support"
    )
    hours.work(customer, category, minutes, text, day=date(2026, 11, 20), by="siv", **values)
