"""Customers as tests need them: with a subscription that has everything, unless a test is about what one has not."""

from __future__ import annotations

from datetime import date
from importlib import import_module
from typing import Any

from django.apps import apps

from billing.models import Customer, Package, Subscription, Term
from billing.models.packages import Edition, Feature

SINCE = date(2020, 1, 1)


def price_list() -> None:
    """The price list of the migration, also where an earlier test has emptied the database."""
    if not Package.objects.exists():
        import_module("billing.migrations.0003_price_list").fill(apps, None)


def subscribed(name: str = "Ullbutiken AB", *, orders: int = 1_000_000, **columns: Any) -> Customer:
    """A customer that has had Premium for years, with every feature and so many `orders` a month."""
    price_list()
    customer = Customer.objects.create(name=name, **columns)
    subscription = Subscription.objects.create(customer=customer, edition=Edition.CLIENT, begins_on=SINCE)
    Term.objects.create(
        subscription=subscription,
        package=Package.objects.get(code="premium"),
        begins_on=SINCE,
        monthly_price=0,
        installation_price=0,
        order_cap=orders,
        features=list(Feature.values),
    )
    return customer
