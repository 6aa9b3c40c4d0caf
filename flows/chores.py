"""Chores: what is done now and then for everybody, by one worker at a time, however many there are.

A task in the queue only says that there is something to do, as everywhere; whoever gets it takes the chore, or finds that
somebody else has. One whose worker died is free again when its time is up.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import Q

from flows import dbclock
from flows.models import Chore


def wanted(name: str) -> bool:
    """Whether a task for the chore is to be put into the queue: nobody is at it, it does not rest, and none waits there."""
    _known(name)
    forgotten = dbclock.ahead(timedelta(seconds=-settings.LEASE_SECONDS))
    not_queued = Q(queued_at__isnull=True) | Q(queued_at__lt=forgotten)
    return bool(Chore.objects.filter(_free() & not_queued, name=name).update(queued_at=dbclock.now()))


def take(name: str, span: timedelta) -> bool:
    """Take the chore for so long. False when somebody else has it, or it rests."""
    _known(name)
    return bool(Chore.objects.filter(_free(), name=name).update(held_until=dbclock.ahead(span), queued_at=None))


def leave(name: str, *, rest: timedelta = timedelta(0)) -> None:
    """Let go of the chore. Nobody takes it until it has rested for so long."""
    Chore.objects.filter(name=name).update(held_until=dbclock.ahead(rest) if rest else None)


def _known(name: str) -> None:
    """See to it that the chore has a row."""
    if not Chore.objects.filter(name=name).exists():
        Chore.objects.bulk_create([Chore(name=name)], ignore_conflicts=True)


def _free() -> Q:
    return Q(held_until__isnull=True) | Q(held_until__lte=dbclock.now())
