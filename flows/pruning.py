"""Keeps the database small: what nobody needs any more is removed, a little at a time, while the engine works.

A pass is made of steps, each a short transaction of its own over rows chosen by an index, so that no worker ever waits long
for one. Any number of workers may prune at once: they pass over each other's rows, or find that the work is done.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from billing import quoting, sign_ups
from flows.ledger import slimming
from flows.models import Delivery, Run
from flows.outgoing import forgetting

log = logging.getLogger(__name__)
#: How many rows a step changes or removes at most: some 50 ms, during which SQLite has no other writer.
STEP = 100
#: How many rows a step looks at when it walks through a table by its key.
WINDOW = 2000
#: A pass begins this many seconds after the last one did, at the earliest.
EVERY = 3600

#: What was removed, and how much of it: one step of a pass.
Step = tuple[str, int]

_under_way: Iterator[Step] | None = None
_next_pass = 0.0


def prune_some(seconds: float = 0.2) -> Counter[str]:
    """Go on with the pass under way for about so many seconds; begin one when it is time. Returns what was removed.

    Called every few seconds by the worker. Raises `django.db.DatabaseError`: then the next call begins anew.
    """
    global _under_way, _next_pass
    removed: Counter[str] = Counter()
    if _under_way is None:
        if time.monotonic() < _next_pass:
            return removed
        _next_pass = time.monotonic() + EVERY
        _under_way = steps()
    steps_left, _under_way = _under_way, None
    ends = time.monotonic() + seconds
    for what, number in steps_left:
        removed[what] += number
        if time.monotonic() >= ends:
            _under_way = steps_left
            break
    if removed.total():
        log.info("pruned: %s", said(removed))
    return removed


def prune_all() -> Counter[str]:
    """Make a whole pass now. Returns what was removed."""
    removed: Counter[str] = Counter()
    for what, number in steps():
        removed[what] += number
    return removed


def said(removed: Counter[str]) -> str:
    """What was removed in words, for logs and terminals."""
    return ", ".join(f"{number} {what}" for what, number in removed.items() if number) or "nothing"


def steps() -> Iterator[Step]:
    """One pass, step by step."""
    now = timezone.now()
    details, history = _ago(now, settings.KEEP_DETAILS_DAYS), _ago(now, settings.KEEP_HISTORY_DAYS)
    quiet, rest = _ago(now, settings.KEEP_QUIET_RUNS_DAYS), _ago(now, settings.KEEP_DELIVERIES_DAYS)
    while slimmed := slimming.slim(details, STEP):
        yield "orders slimmed", slimmed
    yield from _walk("events", slimming.forgettable(), history, moment="at", forget=slimming.forget_events)
    of_no_use = _saw_nothing() | Q(kind__in=[Run.Kind.DRY, Run.Kind.TRIAL], started_at__lt=details) | Q(started_at__lt=history)
    yield from _walk("runs", Run.objects.filter(of_no_use), quiet, moment="started_at", forget=slimming.forget_runs)
    yield from _clear("webhooks", Delivery.objects.filter(received_at__lt=rest).order_by("received_at"))
    for rows in forgetting.forgettable(now, delivered=rest, history=history):
        yield from _clear("outgoing webhooks", rows)
    yield from _walk("alerts", forgetting.told(), details, moment="at", forget=forgetting.forget_told)
    yield from _clear("sign-ups nobody confirmed", sign_ups.forgettable(now))
    yield from _clear("quotes that led to nothing", quoting.forgettable(now))
    yield from _clear("results of tasks", apps.get_model("django_q", "Task").objects.filter(stopped__lt=rest))
    yield from _clear("wake-ups nobody took", apps.get_model("django_q", "OrmQ").objects.filter(lock__lt=_ago(now, 1)))
    yield from _clear("failed log-ins", apps.get_model("axes", "AccessAttempt").objects.filter(attempt_time__lt=_ago(now, 1)))
    yield from _clear("sessions", Session.objects.filter(expire_date__lt=now).order_by("expire_date"))
    _shorten_the_journal()


def _ago(now: datetime, days: int) -> datetime:
    return now - timedelta(days=days)


def _saw_nothing() -> Q:
    """Runs that went well and found nothing to do: by far the most, and of no interest to anybody."""
    interesting = [counter for counter in Run.COUNTERS if counter not in ("seen", "unchanged")]
    return Q(state=Run.State.DONE, kind__in=[Run.Kind.POLL, Run.Kind.SWEEP], **dict.fromkeys(interesting, 0))


def _walk(
    what: str, wanted: QuerySet[Any], before: datetime, *, moment: str, forget: Callable[[Collection[int]], int]
) -> Iterator[Step]:
    """Have `forget` remove those of the rows `wanted` that are older than `before`, walking from the oldest by the primary key.

    The key grows with time, so the walk ends where the table becomes younger.
    """
    table = wanted.model._default_manager  # noqa: SLF001 - Django's documented API
    last, is_old = 0, True
    while is_old:
        window = list(table.filter(pk__gt=last).order_by("pk").values_list("pk", moment)[:WINDOW])
        old = [pk for pk, at in window if at < before]
        is_old = len(old) == WINDOW
        if not old:
            return
        chosen = list(wanted.filter(pk__gt=last, pk__lte=old[-1], **{f"{moment}__lt": before}).values_list("pk", flat=True))
        yield what, 0
        for start in range(0, len(chosen), STEP):
            yield what, forget(chosen[start : start + STEP])
        last = old[-1]


def _clear(what: str, rows: QuerySet[Any]) -> Iterator[Step]:
    while ids := list(rows.values_list("pk", flat=True)[:STEP]):
        yield what, rows.model._default_manager.filter(pk__in=ids).delete()[0]  # noqa: SLF001 - Django's documented API


def _shorten_the_journal() -> None:
    """Have SQLite write its journal back into the database. Readers in the way are not waited for: there is a next time."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        patience = cursor.fetchone()[0]
        cursor.execute("PRAGMA busy_timeout = 100")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        cursor.fetchone()
        cursor.execute(f"PRAGMA busy_timeout = {int(patience)}")
