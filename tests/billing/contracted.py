"""Customers with contracts of every kind, for pages that show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.utils import timezone

from billing import contracts, hours
from billing.dates import add_months, month_of, today
from billing.models import AddOnKind, Customer, Edition, Feature, OrderMonth, Package, Subscription
from tests.billing import inbox
from tests.customers import price_list

ACTOR = "sara"


@dataclass(frozen=True, slots=True)
class Contracted:
    """A customer of each kind. What all are called is their kind."""

    plain: Subscription
    near: Subscription
    full: Subscription
    leaving: Subscription
    paused: Subscription
    premium: Subscription
    prospect: Customer


def day() -> date:
    return today(timezone.now())


def sold(
    name: str,
    code: str = "200",
    *,
    months: int = 5,
    edition: str = Edition.CLOUD,
    agreed: contracts.Agreed = contracts.LISTED,
    used: int = 0,
) -> Subscription:
    """A customer called `name` with a package for `months` months, and so many orders `used` this month."""
    price_list()
    customer = Customer.objects.create(name=name)
    package = Package.objects.get(code=code)
    began = add_months(day(), -months)
    subscription = contracts.start(customer, package, edition, begins_on=began, actor=ACTOR, agreed=agreed, start_minutes=180)
    if used:
        OrderMonth.objects.create(customer=customer, month=month_of(timezone.now()), used=used)
    return subscription


def contracted() -> Contracted:
    """All of them."""
    now, week = day(), timedelta(days=7)
    plain = sold("Adas Antikviteter AB", "400", months=3, used=1)
    contracts.add(plain, AddOnKind.SHOP, "Butik två", begins_on=now - week, actor=ACTOR)
    contracts.end_add_on(
        contracts.add(plain, AddOnKind.SHOP, "Butik tre", begins_on=now - 2 * week, actor=ACTOR), on=now - week, actor=ACTOR
    )
    contracts.grant_feature(
        plain, Feature.FIELD_MAPPING, begins_on=now - week, expires_on=now + week, reason="Prövar före köp", actor=ACTOR
    )
    contracts.change_package(plain, Package.objects.get(code="100"), today=now, actor=ACTOR)
    near = sold("Bodils Blommor", used=170)
    for back, used in ((1, 190), (2, 204), (3, 120)):
        OrderMonth.objects.create(customer=near.customer, month=add_months(now.replace(day=1), -back), used=used)
    full = sold("Cykel & Co HB", "100", used=100)
    contracts.grant_orders(
        full, 50, begins_on=add_months(now, -2), expires_on=add_months(now, -1), reason="Kampanj", actor=ACTOR
    )
    leaving = sold("Dalsjö Dun AB", "100")
    contracts.give_notice(leaving, on=now, actor=ACTOR)
    paused = sold("Edlas Éclairer", "200", edition=Edition.CLIENT)
    contracts.pause(paused, begins_on=now - week, actor=ACTOR, reason="Semesterstängt")
    agreed = contracts.Agreed(monthly_price=Decimal("2495.50"), installation_price=Decimal(12_000), order_cap=3000)
    premium = sold("Fjällräv & Söner AB", "premium", agreed=agreed, used=900)
    hours.adjust(premium.customer, -240, day=now, by=ACTOR, reason="Flyttat från gamla systemet")
    inbox.filled([plain.customer, near.customer, full.customer])
    return Contracted(plain, near, full, leaving, paused, premium, Customer.objects.create(name="Gustavs Glas"))
