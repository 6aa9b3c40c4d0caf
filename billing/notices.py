"""E-mails about the orders of a month: to the merchant and to us, once each, before the orders are used up.

A notice is saved before it is sent and marked afterwards. One that could not be sent is tried again at the next look, so a mail
server that is down delays it. A process that dies between the two may have it sent twice, which is better than never.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from billing import caps, mails
from billing.dates import month_of
from billing.mails import Unsent
from billing.models import Customer, Notice, OrderMonth
from billing.signals import cap_noticed

log = logging.getLogger(__name__)
#: Whoever is at sending a notice for longer than this has died over it.
LEFT = timedelta(minutes=15)


def tell(*, at: datetime) -> int:
    """Notice who nears the end of the month's orders, and send what is to be sent. Returns how many e-mails left."""
    month = month_of(at)
    for row in OrderMonth.objects.filter(month=month, used__gt=0).select_related("customer"):
        usage = caps.usage(row.customer_id, at=at)
        if usage.level is not None and usage.cap:
            # What a worse notice of this month's room has said already is not said again.
            said = Notice.objects.filter(customer=row.customer, month=month, cap=usage.cap, kind__in=_worse(usage.level))
            if not said.exists():
                _notice(row.customer, usage)
    unsent = Notice.objects.filter(sent_at__isnull=True, month=month).select_related("customer").order_by("pk")
    return sum(_send(notice, at) for notice in unsent)


def addresses(customer: Customer) -> list[str]:
    """To whom we write: the customer's own address, the contacts that are to get our e-mails, and the users that want these."""
    contacts = customer.contacts.filter(gets_notices=True).values_list("email", flat=True)
    users = (
        customer.memberships.filter(cap_notices=True, user__is_active=True).order_by("pk").values_list("user__email", flat=True)
    )
    # Of two spellings the first: no mail server tells them apart.
    found: dict[str, str] = {}
    for address in filter(None, (customer.email, *contacts, *users)):
        found.setdefault(address.casefold(), address)
    return list(found.values())


def _notice(customer: Customer, usage: caps.Usage) -> None:
    """Note that the customer is to be told, and tell those who want to know at once, in one transaction."""
    with transaction.atomic():
        notice, is_new = Notice.objects.get_or_create(
            customer=customer, month=usage.month, cap=usage.cap, kind=usage.level, defaults={"used": usage.used}
        )
        if is_new:
            cap_noticed.send(Notice, notice=notice)


def _worse(level: str) -> list[str]:
    order = [Notice.Kind.FORECAST, Notice.Kind.NEAR, Notice.Kind.FULL]
    return [kind for kind in order if order.index(kind) >= order.index(Notice.Kind(level))]


def _send(notice: Notice, at: datetime) -> bool:
    nobody_is_at_it = Q(tried_at__isnull=True) | Q(tried_at__lt=at - LEFT)
    if not Notice.objects.filter(nobody_is_at_it, pk=notice.pk, sent_at__isnull=True).update(tried_at=at):
        return False
    customer = notice.customer
    receivers, staff = addresses(customer), list(settings.NOTICES_TO)
    context = {
        "notice": notice,
        "customer": customer,
        "again_at": caps.room_again_at(at),
        "usage": caps.usage(customer.pk, at=at),
        # Somebody of ours has to call them.
        "is_for_staff": not receivers,
    }
    try:
        mails.send(
            "billing/mail/notice",
            notice,
            receivers or staff,
            context,
            language=customer.language,
            bcc=staff if receivers else [],
        )
    except Unsent as unsent:
        log.warning("The notice %s to customer %s is tried again.", notice.kind, customer.pk)
        notice.trouble, notice.tried_at = str(unsent)[:500], None
        notice.save(update_fields=["trouble", "tried_at"])
        return False
    notice.sent_at, notice.trouble = timezone.now(), ""
    notice.save(update_fields=["sent_at", "trouble"])
    return True
