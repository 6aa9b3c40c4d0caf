"""Features: what a customer may configure and run, and which package has what it may not.

The same question is asked at three places: before something is configured, before it is run, and by the API that says what is
offered. It is answered here only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef, Q, Subquery

from billing.models import CLIENT_ONLY, Edition, Feature, Grant, Offer, Pause, Subscription, Term
from billing.refusals import Refused
from sharespine.lib.text import N_, Text, TextValue

NO_SUBSCRIPTION = Text(N_("There is no subscription on this day. Sales starts one: then everything goes on by itself."))
ALLOWED = Text("")
PAUSED = Text(N_("The subscription is paused. Nothing is lost: what happens meanwhile is fetched when it goes on."))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a customer has a feature. If not, `reason` says why, and `package` is the cheapest that has it ("" if none)."""

    feature: Feature
    allowed: bool
    reason: Text = ALLOWED
    package: str = ""
    #: The feature was granted, not sold with the package.
    granted: bool = False


@dataclass(frozen=True, slots=True)
class Rights:
    """What a customer may use on a day. `stopped` says why nothing at all runs."""

    edition: str
    package: str
    features: frozenset[str]
    granted: frozenset[str]
    offers: tuple[tuple[str, frozenset[str]], ...]
    stopped: Text | None = None

    def of(self, feature: Feature | str) -> Verdict:
        feature = Feature(feature)
        if self.stopped is not None:
            return Verdict(feature, allowed=False, reason=self.stopped)
        if feature in self.features:
            return Verdict(feature, allowed=True)
        if feature in self.granted:
            return Verdict(feature, allowed=True, granted=True)
        label = Text(str(_label(feature)))
        package = next((name for name, features in self.offers if feature in features), "")
        values: dict[str, TextValue] = {"feature": label, "package": self.package, "needed": package}
        if package:
            reason = Text(N_("%(feature)s is not part of %(package)s. %(needed)s has it."), values)
        elif self.edition == Edition.CLOUD and feature in CLIENT_ONLY:
            reason = Text(
                N_("%(feature)s belongs to the Client edition and is not part of %(package)s. The helpdesk can grant it."),
                values,
            )
        else:
            reason = Text(N_("%(feature)s is not part of %(package)s. Ask sales what can be done."), values)
        return Verdict(feature, allowed=False, reason=reason, package=package)

    def missing(self, features: Iterable[Feature | str]) -> list[Verdict]:
        """The verdicts of those that the customer has not."""
        return [verdict for verdict in map(self.of, features) if not verdict.allowed]


def rights(customer_id: int, day: date) -> Rights:
    """What a customer may use on `day`."""
    subscription = live(customer_id, day)
    term = subscription.term_on(day) if subscription else None
    if subscription is None or term is None:
        return Rights("", "", frozenset(), frozenset(), (), stopped=NO_SUBSCRIPTION)
    open_on = Q(expires_on__isnull=True) | Q(expires_on__gte=day)
    granted = subscription.grants.filter(open_on, begins_on__lte=day).exclude(feature="").values_list("feature", flat=True)
    return Rights(
        edition=subscription.edition,
        package=str(term.package),
        features=frozenset(term.features),
        granted=frozenset(granted),
        offers=tuple((str(offer.package), frozenset(offer.features)) for offer in Offer.on(day, subscription.edition)),
        stopped=PAUSED if subscription.is_paused_on(day) else None,
    )


def has(customer_id: int, features: Iterable[Feature | str], day: date) -> bool:
    """Whether the customer has all `features` on `day`: one question to the database where the package has them."""
    open_on = Q(ends_on__isnull=True) | Q(ends_on__gte=day)
    term = Term.objects.filter(subscription=OuterRef("pk"), begins_on__lte=day).order_by("-begins_on", "-pk")
    paused = Pause.objects.filter(Q(until__isnull=True) | Q(until__gte=day), subscription=OuterRef("pk"), begins_on__lte=day)
    sold = Subscription.objects.filter(open_on, ~Exists(paused), customer=customer_id, begins_on__lte=day)
    found = sold.order_by("-begins_on").values_list("pk", Subquery(term.values("features")[:1])).first()
    if found is None or found[1] is None:
        return False
    missing = set(features) - set(found[1])
    if not missing:
        return True
    lasting = Q(expires_on__isnull=True) | Q(expires_on__gte=day)
    granted = Grant.objects.filter(lasting, subscription=found[0], begins_on__lte=day, feature__in=missing)
    return missing <= set(granted.values_list("feature", flat=True))


def demand(customer_id: int, features: Iterable[Feature | str], day: date) -> None:
    """Raises `Refused`, naming the package that has it, when the customer lacks one of `features` on `day`."""
    for verdict in rights(customer_id, day).missing(features):
        raise Refused(verdict.reason.message, **verdict.reason.values)


def live(customer_id: int, day: date) -> Subscription | None:
    """The subscription that a customer has on `day`, paused or not."""
    open_on = Q(ends_on__isnull=True) | Q(ends_on__gte=day)
    return Subscription.objects.filter(open_on, customer=customer_id, begins_on__lte=day).order_by("-begins_on").first()


#: As they stand on the price list. Marked here, since labels of choices are translated when they are made into text.
LABELS = {
    Feature.ORDERS: N_("Order information"),
    Feature.CUSTOMERS: N_("Customer information"),
    Feature.PRODUCTS: N_("Product information"),
    Feature.ORDER_STATUS: N_("Order status"),
    Feature.STOCK: N_("Stock"),
    Feature.STOCK_PROFILES: N_("Stock profiles"),
    Feature.PRICE_LISTS: N_("Price structures"),
    Feature.SCHEDULING: N_("Scheduling"),
    Feature.FIELD_MAPPING: N_("Field mapping"),
    Feature.PLUGINS: N_("Plugins"),
    Feature.RECONCILIATION: N_("Payment reconciliation"),
    Feature.MULTISHOP: N_("Multishop"),
    Feature.KEY_ACCOUNT_MANAGER: N_("Own key account manager"),
}


def _label(feature: Feature) -> str:
    return LABELS[feature]
