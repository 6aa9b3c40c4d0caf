"""The verbs of outgoing webhooks, for the portal, the API and the admin. `actor` is the user name of whoever asked.

Each raises `billing.refusals.Refused`, in words for whoever asked, and changes nothing then.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from billing.models import Customer
from billing.refusals import Refused
from flows import dbclock
from flows.models import HookEvent, HookMessage, Webhook
from flows.outgoing import signing
from flows.outgoing.addresses import trouble_with
from flows.outgoing.outbox import MOST, message
from flows.outgoing.timing import LONGEST
from sharespine.lib.text import N_, Text

log = logging.getLogger(__name__)
State = Webhook.State
#: What a webhook may be told of what happens. A trial goes to each of them.
EVENTS = (HookEvent.TRANSFERRED, HookEvent.STOPPED, HookEvent.CAP_NEAR)
_PAUSED = N_("Paused by %(actor)s.")


def of_customer(customer: Customer) -> QuerySet[Webhook]:
    """The webhooks of a customer, without their secrets, which nobody is shown again."""
    return Webhook.objects.filter(customer=customer).exclude(state=State.REMOVED).defer("secrets").order_by("pk")


def messages(webhook: Webhook) -> QuerySet[HookMessage]:
    """The messages of a webhook, the newest first."""
    return HookMessage.objects.filter(webhook=webhook).order_by("-id")


def make(customer: Customer, address: str, events: Iterable[str], *, actor: str) -> tuple[Webhook, str]:
    """A new webhook, and the secret that it signs with, which is shown this once."""
    address, chosen = _address(address), _events(events)
    kept = signing.changed({}, at=timezone.now())
    with transaction.atomic():
        # One at a time, or two at once would both be the last.
        Customer.objects.select_for_update(no_key=True).filter(pk=customer.pk).first()
        if of_customer(customer).count() >= MOST:
            raise Refused(N_("There are %(most)s webhooks already. Remove one that is not needed."), most=str(MOST))
        webhook = Webhook.objects.create(customer=customer, address=address, events=chosen, secrets=kept, created_by=actor)
    _noted("made", webhook, actor)
    return webhook, kept["secret"]


def change(webhook: Webhook, *, address: str, events: Iterable[str], actor: str) -> None:
    """Another address, or other events. What waits goes to the new address."""
    changes = {"address": _address(address), "events": _events(events)}
    _update(webhook, "changed", actor, **changes)


def pause(webhook: Webhook, *, actor: str) -> None:
    """Send nothing until it is resumed. What happens meanwhile is kept."""
    with transaction.atomic():
        _update(webhook, "paused", actor, state=State.PAUSED, trouble=Text(_PAUSED, {"actor": actor}))
        _waiting(webhook).update(due_at=None)


def resume(webhook: Webhook, *, actor: str) -> None:
    """Send again, what waits first; also after it was switched off, with as much patience as at first."""
    now = timezone.now()
    afresh: dict[str, Any] = {"failures": 0, "misses": 0, "resume_at": None, "told_at": None}
    with transaction.atomic():
        _update(webhook, "resumed", actor, state=State.ACTIVE, trouble=Text(""), **afresh)
        _waiting(webhook).update(**_from_the_beginning(now))


def remove(webhook: Webhook, *, actor: str) -> None:
    """Nothing more is sent, and what it said until now is forgotten within a day."""
    with transaction.atomic():
        _update(webhook, "removed", actor, state=State.REMOVED, secrets={}, removed_at=timezone.now())
        _waiting(webhook).update(due_at=None)


def new_secret(webhook: Webhook, *, actor: str) -> str:
    """Another secret, shown this once. For a day the one before signs as well, so that the receiver can be changed in peace."""
    kept = signing.changed(Webhook.objects.get(pk=webhook.pk).secrets, at=timezone.now())
    _update(webhook, "given a new secret", actor, secrets=kept)
    return kept["secret"]


def send_trial(webhook: Webhook, *, actor: str) -> HookMessage:
    """Have a message without meaning sent within seconds, once: it shows what the receiver answers."""
    _demand_active(webhook)
    webhook.resume_at = None
    made = message(webhook, HookEvent.PING, {"webhook": str(webhook.pk)}, at=timezone.now())
    made.save()
    _noted("tried", webhook, actor)
    return made


def resend(one: HookMessage, *, actor: str) -> None:
    """Have a message sent again within seconds, under the same id, whatever became of it before."""
    _demand_active(one.webhook)
    if one.event == HookEvent.PING:
        raise Refused(N_("A trial is not sent again. Send a new one."))
    HookMessage.objects.filter(pk=one.pk).update(**_from_the_beginning(timezone.now()))
    one.refresh_from_db()
    _noted(f"asked to send {one.uid} again", one.webhook, actor)


def resend_given_up(webhook: Webhook, *, actor: str) -> int:
    """Have all messages that were given up sent again, when the receiver has been mended. Returns how many."""
    _demand_active(webhook)
    given_up = HookMessage.objects.filter(webhook=webhook, state=HookMessage.State.FAILED).exclude(event=HookEvent.PING)
    number = given_up.update(**_from_the_beginning(timezone.now()))
    _noted(f"asked to send {number} messages again", webhook, actor)
    return number


def _from_the_beginning(now: datetime) -> dict[str, Any]:
    return {
        "state": HookMessage.State.WAITING,
        "due_at": dbclock.now(),
        "expires_at": now + LONGEST,
        "attempts": 0,
        "delivered_at": None,
    }


def _address(address: str) -> str:
    address = address.strip()
    if (trouble := trouble_with(address)) is not None:
        raise Refused(trouble.message, **trouble.values)
    return address


def _events(events: Iterable[str]) -> list[str]:
    asked = set(events)
    if unknown := sorted(asked - set(EVENTS)):
        raise Refused(N_("There is no event “%(event)s”."), event=unknown[0])
    if not asked:
        raise Refused(N_("Choose at least one thing that it is to be told."))
    return [event.value for event in EVENTS if event in asked]


def _demand_active(webhook: Webhook) -> None:
    if Webhook.objects.filter(pk=webhook.pk, state=State.ACTIVE).exists():
        return
    raise Refused(N_("Nothing is sent to this webhook now. Resume it first."))


def _update(webhook: Webhook, what: str, actor: str, **changes: Any) -> None:
    """Change a webhook that is still there."""
    if not Webhook.objects.filter(pk=webhook.pk).exclude(state=State.REMOVED).update(**changes):
        raise Refused(N_("The webhook has been removed."))
    for name, value in changes.items():
        setattr(webhook, name, value)
    _noted(what, webhook, actor)


def _waiting(webhook: Webhook) -> QuerySet[HookMessage]:
    return HookMessage.objects.filter(webhook=webhook, state=HookMessage.State.WAITING)


def _noted(what: str, webhook: Webhook, actor: str) -> None:
    log.info("Webhook %s of customer %s: %s by %s", webhook.pk, webhook.customer_id, what, actor)
