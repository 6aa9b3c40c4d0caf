"""Errors at once: e-mails to users who want to know when an order stops that the merchant must do something about.

One e-mail a customer, however many orders stopped, and at most one in ten minutes; each order is told of once for each cause.
That it was told is saved after the e-mail has left: a mail server that is down delays it, and a process that dies between the
two may have it sent twice, which is better than never. By one worker at a time (`flows.chores`).
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone, translation

from billing.models import Customer, Membership, Role
from billing.notices import addresses
from connectors.errors import WhoActs
from flows import links, mails, merchants
from flows.models import Alert, Transfer, Webhook
from flows.models.transfers import NEEDS_SOMEBODY
from sharespine.lib.said import said
from sharespine.lib.text import Text

#: A customer gets no second e-mail about stopped orders within this time.
QUIET = timedelta(minutes=10)
#: So many orders of a cause are named by their numbers, so many causes are named, and so many orders are told of in one e-mail.
NAMED, CAUSES, MOST = 20, 20, 5000


@dataclass(frozen=True, slots=True)
class Group:
    """Orders that stopped for the same reason."""

    cause: str
    message: Text
    numbers: Sequence[str]

    @property
    def words(self) -> str:
        """What happened and what to do about it."""
        return merchants.told(self.message, self.cause, orders=len(self.numbers), number=self.numbers[0])

    @property
    def named(self) -> str:
        return ", ".join(self.numbers[:NAMED])

    @property
    def more(self) -> int:
        return max(0, len(self.numbers) - NAMED)


def tell(*, at: datetime, ends: float) -> bool:
    """Send what is to be sent, until the monotonic clock shows `ends`. Returns whether everything was tried.

    Raises `flows.mails.Undeliverable`.
    """
    quiet = Alert.objects.filter(at__gt=at - QUIET).order_by().values_list("transfer__customer", flat=True).distinct()
    waiting = set(_untold().order_by().values_list("customer", flat=True).distinct()) - set(quiet)
    for customer in Customer.objects.filter(pk__in=waiting).order_by("pk"):
        if time.monotonic() > ends:
            return False
        _tell_of_orders(customer)
    for webhook in Webhook.objects.filter(state=Webhook.State.FAILED, told_at__isnull=True).defer("secrets"):
        if time.monotonic() > ends:
            return False
        _tell_of_webhook(webhook)
    return True


def _untold() -> QuerySet[Transfer]:
    """Orders that wait for their merchant, who wants to know it at once and has not been told of that cause."""
    told = Alert.objects.filter(transfer=OuterRef("pk"), cause=OuterRef("cause"))
    stopped = Transfer.objects.filter(NEEDS_SOMEBODY, state=Transfer.State.STOPPED, acts=WhoActs.MERCHANT)
    return stopped.filter(~Exists(told), customer__in=_wanting().values("customer"))


def _wanting() -> QuerySet[Membership]:
    return Membership.objects.filter(errors_at_once=True, user__is_active=True).exclude(user__email="")


def _tell_of_orders(customer: Customer) -> None:
    to = list(dict.fromkeys(_wanting().filter(customer=customer).order_by("pk").values_list("user__email", flat=True)))
    orders = list(
        _untold().filter(customer=customer).only("number", "source_id", "cause", "message", "customer_id").order_by("pk")[:MOST]
    )
    if not (orders and to):
        # Somebody was faster: it was tried again, or nobody wants to know any more.
        return
    groups = _grouped(orders)
    context = {
        "number": len(orders),
        "groups": groups[:CAUSES],
        "others": sum(len(group.numbers) for group in groups[CAUSES:]),
        "page": links.order(customer.pk, orders[0].pk) if len(orders) == 1 else links.orders(customer.pk, view="mine"),
    }
    if mails.send("stopped", customer, to, context):
        told = [Alert(transfer=order, cause=order.cause) for order in orders]
        Alert.objects.bulk_create(told, ignore_conflicts=True, batch_size=500)


def _grouped(orders: Sequence[Transfer]) -> list[Group]:
    """By cause, the most orders first."""
    alike: defaultdict[str, list[Transfer]] = defaultdict(list)
    for order in orders:
        alike[order.cause].append(order)
    groups = [Group(cause, same[0].message, [str(order) for order in same]) for cause, same in alike.items()]
    return sorted(groups, key=lambda group: -len(group.numbers))


def _tell_of_webhook(webhook: Webhook) -> None:
    """A webhook was switched off: those who can do something about it are told, once."""
    customer = webhook.customer
    owners = customer.memberships.filter(role=Role.OWNER, user__is_active=True).exclude(user__email="").order_by("pk")
    to = list(dict.fromkeys(owners.values_list("user__email", flat=True))) or addresses(customer)
    with translation.override(customer.language):
        context = {"webhook": webhook, "trouble": said(webhook.trouble), "page": links.webhooks(customer.pk)}
    if not to or mails.send("webhook_off", customer, to, context):
        off = Webhook.objects.filter(pk=webhook.pk, state=Webhook.State.FAILED)
        off.update(told_at=timezone.now())
