"""The verbs of a subscription: start, upgrade, downgrade, pause, grant, give notice. `actor` is the user name of whoever asked.

All days are days in Sweden, all prices kronor without VAT. Whatever is refused raises `Refused` and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.models import Q

from billing import gates, hours
from billing.dates import DAY, last_day, next_month
from billing.models import (
    NEEDED,
    AddOn,
    AddOnKind,
    AddOnPrice,
    Customer,
    Feature,
    Grant,
    Offer,
    Package,
    Pause,
    Subscription,
    Term,
)
from billing.refusals import Refused
from billing.signals import rights_changed
from sharespine.lib.history import because
from sharespine.lib.text import N_


@dataclass(frozen=True, slots=True)
class Agreed:
    """What was agreed instead of what the price list says. Kronor without VAT; None is what the price list says."""

    monthly_price: Decimal | None = None
    installation_price: Decimal | None = None
    order_cap: int | None = None


LISTED = Agreed()


@dataclass(frozen=True, slots=True)
class Change:
    """What a change of package does, told before it is made."""

    package: Package
    begins_on: date
    is_upgrade: bool
    monthly_price: Decimal
    order_cap: int
    gained: list[Feature] = field(default_factory=list)
    lost: list[Feature] = field(default_factory=list)


def start(
    customer: Customer,
    package: Package,
    edition: str,
    *,
    begins_on: date,
    actor: str,
    agreed: Agreed = LISTED,
    start_minutes: int | None = None,
) -> Subscription:
    """Sell a package to a customer who has none from `begins_on` on. The start package's hours go to the service account.

    Raises `Refused`.
    """
    with transaction.atomic():
        Customer.objects.select_for_update().get(pk=customer.pk)
        overlapping = customer.subscriptions.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=begins_on))
        if other := overlapping.first():
            raise Refused(
                N_("%(customer)s has a subscription since %(day)s already. Change that one, or end it first."),
                customer=str(customer),
                day=f"{other.begins_on}",
            )
        offer = _offer(package, edition, begins_on)
        subscription = Subscription(customer=customer, edition=edition, begins_on=begins_on)
        _sign(subscription, "started", actor)
        subscription.save()
        price, cap = _agreed(offer, agreed)
        installation = agreed.installation_price if agreed.installation_price is not None else offer.installation_price
        if installation is None:
            raise Refused(N_("%(package)s is sold on request: enter what was agreed."), package=str(package))
        Term.objects.create(
            subscription=subscription,
            package=package,
            begins_on=begins_on,
            monthly_price=price,
            installation_price=installation,
            order_cap=cap,
            features=offer.features,
            set_by=actor,
        )
        minutes = offer.start_minutes if start_minutes is None else start_minutes
        if minutes:
            hours.start_package(customer, minutes, day=begins_on, by=actor, key=f"start-{subscription.pk}")
        if customer.status in {Customer.Status.PROSPECT, Customer.Status.ENDED}:
            _set_status(customer, Customer.Status.STARTING, actor)
        elif customer.status == Customer.Status.LEAVING:
            # The next contract follows the one that ends: the customer stays.
            _set_status(customer, Customer.Status.ACTIVE, actor)
    _tell(subscription)
    return subscription


def what_if(subscription: Subscription, package: Package, *, today: date, agreed: Agreed = LISTED) -> Change:
    """What a change to `package` would do: an upgrade at once, a downgrade when the month ends. Raises `Refused`."""
    today = max(today, subscription.begins_on)
    term = _term(subscription, today)
    if package.pk == term.package_id and agreed == LISTED:
        raise Refused(N_("The subscription has %(package)s already."), package=str(package))
    is_upgrade = package.rank >= term.package.rank
    begins_on = today if is_upgrade else next_month(today)
    if subscription.ends_on is not None and begins_on > subscription.ends_on:
        raise Refused(N_("The subscription ends on %(day)s, before the change would begin."), day=str(subscription.ends_on))
    offer = _offer(package, subscription.edition, begins_on)
    price, cap = _agreed(offer, agreed)
    before, after = set(term.features), set(offer.features)
    return Change(
        package=package,
        begins_on=begins_on,
        is_upgrade=is_upgrade,
        monthly_price=price,
        order_cap=cap,
        gained=[feature for feature in Feature if feature in after - before],
        lost=[feature for feature in Feature if feature in before - after],
    )


def change_package(subscription: Subscription, package: Package, *, today: date, actor: str, agreed: Agreed = LISTED) -> Term:
    """Upgrade at once, or downgrade when the month ends; a change that was to come is replaced. Raises `Refused`.

    The price list names no price for an installation when a package is changed: it costs what was agreed, else nothing.
    """
    with transaction.atomic():
        Subscription.objects.select_for_update().get(pk=subscription.pk)
        change = what_if(subscription, package, today=today, agreed=agreed)
        subscription.terms.filter(begins_on__gt=max(today, subscription.begins_on)).delete()
        term, _ = Term.objects.update_or_create(
            subscription=subscription,
            begins_on=change.begins_on,
            defaults={
                "package": package,
                "monthly_price": change.monthly_price,
                "order_cap": change.order_cap,
                "features": _offer(package, subscription.edition, change.begins_on).features,
                "set_by": actor,
            }
            | _installation(subscription, change, agreed),
        )
        _note(subscription, f"{package.code} from {change.begins_on}", actor)
    _tell(subscription)
    return term


def keep_package(subscription: Subscription, *, today: date, actor: str) -> None:
    """Take back a change that was to come: the package of today stays. Raises `Refused` where none was to come."""
    with transaction.atomic():
        Subscription.objects.select_for_update().get(pk=subscription.pk)
        taken_back, _ = subscription.terms.filter(begins_on__gt=max(today, subscription.begins_on)).delete()
        if not taken_back:
            raise Refused(N_("No change of the package is to come."))
        _note(subscription, "the package stays", actor)
    _tell(subscription)


def pause(
    subscription: Subscription, *, begins_on: date, actor: str, reason: str, until: date | None = None, charged: bool = False
) -> Pause:
    """Let nothing run from `begins_on` until `until`, or until it is resumed. Raises `Refused`."""
    with transaction.atomic():
        Subscription.objects.select_for_update().get(pk=subscription.pk)
        if until is not None and until < begins_on:
            raise Refused(N_("The last day is before the first."))
        others = subscription.pauses.filter(Q(until__isnull=True) | Q(until__gte=begins_on))
        if until is not None:
            others = others.filter(begins_on__lte=until)
        if others.exists():
            raise Refused(N_("The subscription is paused on some of these days already."))
        made = Pause.objects.create(
            subscription=subscription, begins_on=begins_on, until=until, charged=charged, reason=reason, set_by=actor
        )
        _note(subscription, f"paused from {begins_on}", actor)
    _tell(subscription)
    return made


def resume(subscription: Subscription, *, on: date, actor: str) -> None:
    """End the pause that lasts on `on`: from that day everything runs. A pause that has only begun on it is withdrawn."""
    with transaction.atomic():
        Subscription.objects.select_for_update().get(pk=subscription.pk)
        lasting = subscription.pauses.filter(Q(until__isnull=True) | Q(until__gte=on), begins_on__lte=on).first()
        if lasting is None:
            raise Refused(N_("The subscription is not paused."))
        if lasting.begins_on == on:
            lasting.delete()
        else:
            lasting.until = on - DAY
            lasting.save(update_fields=["until"])
        _note(subscription, f"resumed on {on}", actor)
    _tell(subscription)


def give_notice(subscription: Subscription, *, on: date, actor: str) -> date:
    """Note that the customer gave notice on `on`. Returns the last day: then binding time and notice are both over."""
    with transaction.atomic():
        subscription = Subscription.objects.select_for_update().select_related("customer").get(pk=subscription.pk)
        if subscription.notice_on is not None:
            raise Refused(N_("Notice was given on %(day)s already."), day=str(subscription.notice_on))
        notice_on = max(on, subscription.begins_on)
        subscription.notice_on = on
        subscription.ends_on = last_day(
            subscription.begins_on, subscription.binding_months, notice_on, subscription.notice_months
        )
        _sign(subscription, "notice", actor)
        subscription.save(update_fields=["notice_on", "ends_on"])
        _set_status(subscription.customer, Customer.Status.LEAVING, actor)
    _tell(subscription)
    return subscription.ends_on


def withdraw_notice(subscription: Subscription, *, today: date, actor: str) -> None:
    """The customer stays after all. Raises `Refused` once the last day is over."""
    with transaction.atomic():
        subscription = Subscription.objects.select_for_update().select_related("customer").get(pk=subscription.pk)
        if subscription.notice_on is None:
            raise Refused(N_("No notice was given."))
        if subscription.ends_on is not None and subscription.ends_on < today:
            raise Refused(N_("The subscription ended on %(day)s. Start a new one."), day=str(subscription.ends_on))
        if subscription.customer.subscriptions.filter(begins_on__gt=subscription.begins_on).exists():
            raise Refused(N_("%(customer)s has a later subscription already."), customer=str(subscription.customer))
        subscription.notice_on = subscription.ends_on = None
        _sign(subscription, "notice withdrawn", actor)
        subscription.save(update_fields=["notice_on", "ends_on"])
        _set_status(subscription.customer, Customer.Status.ACTIVE, actor)
    _tell(subscription)


def grant_feature(
    subscription: Subscription,
    feature: Feature | str,
    *,
    begins_on: date,
    reason: str,
    actor: str,
    expires_on: date | None = None,
) -> Grant:
    """Let a customer have one feature that the package has not. Raises `Refused`."""
    return _grant(subscription, Feature(feature), 0, begins_on, expires_on, reason, actor)


def grant_orders(
    subscription: Subscription, number: int, *, begins_on: date, expires_on: date, reason: str, actor: str
) -> Grant:
    """Let a customer have `number` more orders a month, from the month of `begins_on` to that of `expires_on`."""
    if number <= 0:
        raise Refused(N_("How many orders? At least one."))
    return _grant(subscription, "", number, begins_on, expires_on, reason, actor)


def _grant(
    subscription: Subscription,
    feature: Feature | str,
    orders: int,
    begins_on: date,
    expires_on: date | None,
    reason: str,
    actor: str,
) -> Grant:
    if not reason.strip():
        raise Refused(N_("A grant needs a reason: it is seen in the history."))
    if expires_on is not None and expires_on < begins_on:
        raise Refused(N_("The last day is before the first."))
    made = Grant.objects.create(
        subscription=subscription,
        feature=feature,
        extra_orders=orders,
        begins_on=begins_on,
        expires_on=expires_on,
        reason=reason.strip(),
        set_by=actor,
    )
    _tell(subscription)
    return made


def end_grant(grant: Grant, *, on: date, actor: str) -> None:
    """Let a grant end with the day `on`; at the earliest with its first day. It stays visible."""
    grant.expires_on = max(on, grant.begins_on)
    _sign(grant, "ended", actor)
    grant.save(update_fields=["expires_on"])
    _tell(grant.subscription)


def add(
    subscription: Subscription,
    kind: AddOnKind | str,
    label: str,
    *,
    begins_on: date,
    actor: str,
    monthly_price: Decimal | None = None,
) -> AddOn:
    """Sell an extra shop or a gateway from `begins_on` on. Raises `Refused` where the package has no such add-ons."""
    gates.demand(subscription.customer_id, [NEEDED[AddOnKind(kind)]], begins_on)
    listed = AddOnPrice.on(begins_on, kind)
    price = monthly_price if monthly_price is not None else listed.monthly_price if listed else None
    if price is None:
        raise Refused(N_("No price is known for this add-on on %(day)s. Enter one."), day=str(begins_on))
    made = AddOn.objects.create(
        subscription=subscription, kind=kind, label=label, monthly_price=price, begins_on=begins_on, set_by=actor
    )
    _tell(subscription)
    return made


def end_add_on(add_on: AddOn, *, on: date, actor: str) -> None:
    """Let an add-on end with the day `on`, at the earliest with its first day."""
    add_on.ends_on = max(on, add_on.begins_on)
    _sign(add_on, "ended", actor)
    add_on.save(update_fields=["ends_on"])
    _tell(add_on.subscription)


def mark_ended(today: date) -> int:
    """Let customers whose last subscription is over show as ended. Returns how many."""
    lasting = Subscription.objects.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=today)).values("customer")
    over = list(Customer.objects.filter(status=Customer.Status.LEAVING).exclude(pk__in=lasting))
    for customer in over:
        _set_status(customer, Customer.Status.ENDED, "")
    return len(over)


# --- what they have in common -------------------------------------------------------------------------------------------------


def _offer(package: Package, edition: str, day: date) -> Offer:
    offer = Offer.objects.filter(package=package, edition=edition, valid_from__lte=day).order_by("-valid_from").first()
    if offer is None:
        raise Refused(N_("%(package)s is not sold on %(day)s."), package=str(package), day=str(day))
    return offer


def _agreed(offer: Offer, agreed: Agreed) -> tuple[Decimal, int]:
    price = agreed.monthly_price if agreed.monthly_price is not None else offer.monthly_price
    cap = agreed.order_cap if agreed.order_cap is not None else offer.order_cap
    if price is None or cap is None:
        raise Refused(N_("%(package)s is sold on request: enter what was agreed."), package=str(offer.package))
    return price, cap


def _installation(subscription: Subscription, change: Change, agreed: Agreed) -> dict[str, Decimal]:
    """What the installation of a changed package costs; a term that is only corrected on its first day keeps its own."""
    if agreed.installation_price is not None:
        return {"installation_price": agreed.installation_price}
    if subscription.terms.filter(begins_on=change.begins_on).exists():
        return {}
    return {"installation_price": Decimal(0)}


def _term(subscription: Subscription, day: date) -> Term:
    term = subscription.term_on(day)
    if term is None:
        raise Refused(N_("The subscription ended on %(day)s. Start a new one."), day=str(subscription.ends_on))
    return term


def _set_status(customer: Customer, status: Customer.Status, actor: str) -> None:
    customer.status = status
    _sign(customer, status, actor)
    customer.save(update_fields=["status"])


def _note(subscription: Subscription, what: str, actor: str) -> None:
    """Keep in the history of the subscription what was done to what hangs on it."""
    _sign(subscription, what, actor)
    subscription.save(update_fields=["ends_on"])


def _sign(record: Subscription | Customer | Grant | AddOn, what: str, actor: str) -> None:
    because(record, f"{what} ({actor})")


def _tell(subscription: Subscription) -> None:
    transaction.on_commit(lambda: rights_changed.send(Subscription, customer_id=subscription.customer_id))
