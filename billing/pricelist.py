"""The price list as a whole: what all packages of an edition are sold at from a date on.

A list is the offers that hold on a day. Publishing one adds offers from its date on, and changes those that are to come; an
offer that something may have been sold from is never touched. Amounts are kronor without VAT.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db import transaction

from billing.models import Feature, Offer, Package
from billing.refusals import Refused
from sharespine.lib.history import because
from sharespine.lib.text import N_


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a package is to be sold at. None is what is agreed with each customer."""

    package: Package
    monthly_price: Decimal | None = None
    installation_price: Decimal | None = None
    order_cap: int | None = None
    start_minutes: int = 0
    features: frozenset[str] = field(default_factory=frozenset)


def dates(edition: str) -> list[date]:
    """The days from which the prices of an edition changed, or will, the latest first."""
    found = Offer.objects.filter(edition=edition).order_by("-valid_from").values_list("valid_from", flat=True)
    return list(found.distinct())


def publish(edition: str, wanted: Sequence[Wanted], *, valid_from: date, today: date, actor: str) -> int:
    """Sell the packages as `wanted` from `valid_from` on. Returns how many offers are new or changed. Raises `Refused`."""
    if valid_from < today:
        raise Refused(N_("A price list cannot begin on a day that is over: packages may have been sold on it."))
    with transaction.atomic():
        # Two who publish at once take turns.
        list(Package.objects.select_for_update().order_by("pk"))
        held = {offer.package_id: offer for offer in Offer.on(valid_from, edition)}
        return sum(_offer(edition, one, held.get(one.package.pk), valid_from, today, actor) for one in wanted)


def _offer(edition: str, wanted: Wanted, held: Offer | None, valid_from: date, today: date, actor: str) -> bool:
    if (wanted.monthly_price is None) != (wanted.order_cap is None):
        raise Refused(
            N_("%(package)s needs both a monthly price and a number of orders, or neither: then it is sold on request."),
            package=str(wanted.package),
        )
    values = {
        "monthly_price": wanted.monthly_price,
        "installation_price": wanted.installation_price,
        "order_cap": wanted.order_cap,
        "start_minutes": wanted.start_minutes,
        "features": [feature.value for feature in Feature if feature in wanted.features],
    }
    if held is not None and all(_same(getattr(held, name), value) for name, value in values.items()):
        return False
    if held is not None and held.valid_from == valid_from:
        if valid_from <= today:
            raise Refused(
                N_("%(package)s is sold by a price list that began today. Choose a later day."), package=str(wanted.package)
            )
        offer = held
    else:
        offer = Offer(package=wanted.package, edition=edition, valid_from=valid_from)
    for name, value in values.items():
        setattr(offer, name, value)
    because(offer, f"price list ({actor})").save()
    return True


def _same(before: object, after: object) -> bool:
    if isinstance(before, list) and isinstance(after, list):
        return sorted(before) == sorted(after)
    return before == after
