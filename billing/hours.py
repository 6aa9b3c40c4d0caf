"""The service account: hours that were bought and hours that were worked, in minutes.

The balance is changed only together with an entry, under a lock on the account: never wrong, whoever writes at the same time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext

from billing.models import Customer, Entry, HourPack, ServiceAccount, WorkCategory
from billing.refusals import Refused
from sharespine.lib.text import N_

INITIAL_SYNC = "initial-sync"
START = N_("Start package")
LONG_SYNC = N_("The initial product sync took longer than the hours that were left.")


@dataclass(frozen=True, slots=True)
class About:
    """What work was for: a connection, and the transfer it was about, named as people know them."""

    connection_id: int | None = None
    transfer_id: int | None = None
    name: str = ""


NOTHING = About()


def start_package(customer: Customer, minutes: int, *, day: date, by: str, key: str = "") -> Entry:
    """Hours of a start package come in."""
    return _enter(customer, Entry.Kind.START, minutes, minutes, day=day, text=START, by=by, key=key)


def buy(customer: Customer, pack: HourPack, *, day: date, by: str, key: str = "") -> Entry:
    """An hour pack comes in, and goes on the invoice of the month of `day` at the price it has now."""
    return _enter(
        customer, Entry.Kind.PACK, pack.minutes, pack.minutes, day=day, text=pack.name, by=by, key=key, price=pack.price
    )


def work(
    customer: Customer,
    category: WorkCategory,
    minutes: int,
    text: str,
    *,
    day: date,
    by: str,
    user: Any = None,
    about: About = NOTHING,
    reason: str = "",
    key: str = "",
) -> Entry:
    """Work that was done: drawn from the balance unless its category is free.

    Raises `Refused` when it would leave a debt and no `reason` says why that is right.
    """
    if minutes <= 0:
        raise Refused(N_("How long did it take? At least one minute."))
    if not text.strip():
        raise Refused(N_("Say what was done: the customer reads it."))
    change = 0 if category.is_free else -minutes
    return _enter(
        customer,
        Entry.Kind.WORK,
        minutes,
        change,
        day=day,
        text=text.strip(),
        by=by,
        by_user=user,
        category=category,
        reason=reason,
        connection_id=about.connection_id,
        transfer_id=about.transfer_id,
        about=about.name[:200],
        key=key,
    )


def initial_sync(customer: Customer, minutes: int, *, day: date, by: str, about: About, key: str, reason: str = "") -> Entry:
    """The time of an initial product sync, drawn once for each `key`. It may leave a debt: the sync was wanted.

    `reason` is what was said of that before it began, if anything.
    """
    category = WorkCategory.objects.get(key=INITIAL_SYNC)
    return work(customer, category, minutes, category.name, day=day, by=by, about=about, reason=reason or LONG_SYNC, key=key)


def adjust(customer: Customer, change: int, *, day: date, by: str, reason: str) -> Entry:
    """Minutes in or out that are neither bought nor worked: goodwill, hours of an older system. Raises `Refused`."""
    if not reason.strip():
        raise Refused(N_("An adjustment needs a reason: it is seen in the account."))
    if not change:
        raise Refused(N_("How many minutes? More or less than nought."))
    return _enter(
        customer, Entry.Kind.ADJUSTMENT, change, change, day=day, text=reason.strip(), by=by, reason=reason.strip(), key=""
    )


def reverse(entry: Entry, *, day: date, by: str, reason: str) -> Entry:
    """Take an entry back by one that does the opposite. Raises `Refused` if that was done, or if it is a reversal itself."""
    if not reason.strip():
        raise Refused(N_("A reversal needs a reason: it is seen in the account."))
    if entry.kind == Entry.Kind.REVERSAL:
        raise Refused(N_("This entry is a reversal itself. Enter anew what is right."))
    with transaction.atomic():
        account = _locked(entry.account.customer)
        if Entry.objects.filter(reverses=entry).exists():
            raise Refused(N_("The entry was reversed already."))
        return _add(
            account,
            kind=Entry.Kind.REVERSAL,
            minutes=-entry.minutes,
            change=-entry.change,
            category=entry.category,
            day=day,
            text=entry.text,
            reason=reason.strip(),
            by=by,
            reverses=entry,
            connection_id=entry.connection_id,
            transfer_id=entry.transfer_id,
            about=entry.about,
            price=None if entry.price is None else -entry.price,
        )


def balance(customer: Customer) -> int:
    """What is left, in minutes."""
    found = ServiceAccount.objects.filter(customer=customer).values_list("balance", flat=True).first()
    return found or 0


def wording(entry: Entry) -> str:
    """What an entry is about, in the reader's language where the words are ours and not somebody's."""
    if entry.kind == Entry.Kind.START or (entry.reverses_id and entry.text == START):
        return gettext(entry.text)
    if entry.category is not None and entry.text == entry.category.name:
        return str(entry.category)
    return entry.text


def because(entry: Entry) -> str:
    """The reason of an entry, in the reader's language where the words are ours."""
    return gettext(entry.reason) if entry.reason == LONG_SYNC else entry.reason


def _enter(customer: Customer, kind: str, minutes: int, change: int, *, key: str, **values: Any) -> Entry:
    with transaction.atomic():
        account = _locked(customer)
        if key and (there := Entry.objects.filter(key=key).first()):
            return there
        return _add(account, kind=kind, minutes=minutes, change=change, key=key or None, **values)


def _add(account: ServiceAccount, **values: Any) -> Entry:
    after = account.balance + values["change"]
    if after < 0 and values["change"] < 0 and not values.get("reason", "").strip():
        raise Refused(
            N_("Only %(left)s minutes are left. Say why the account may go below nought, or sell an hour pack first."),
            left=str(max(0, account.balance)),
        )
    entry = Entry(account=account, balance=after, **values)
    entry.save(force_insert=True)
    account.balance = after
    account.save(update_fields=["balance"])
    return entry


def _locked(customer: Customer) -> ServiceAccount:
    ServiceAccount.objects.bulk_create([ServiceAccount(customer=customer)], ignore_conflicts=True)
    return ServiceAccount.objects.select_for_update().get(customer=customer)
