"""Delivery: what is due is sent, several receivers at a time and each one's messages in their order, until nothing is due.

Threads speak HTTP only; the thread that called `deliver` speaks to the database. A message is taken by moving its `due_at`
ahead: when the process dies it is due again by itself, and goes out once more under the same id. A receiver that cannot be
reached is left alone for a while and what waits for it waits together, so that it costs one call however much that is; the
message that was tried goes to the end of the queue, since it may be that one which the receiver cannot take.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import timedelta

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from flows import bugs, dbclock
from flows.ledger.rows import locked
from flows.models import HookMessage, Webhook
from flows.outgoing import settling
from flows.outgoing.sending import Result, send
from sharespine.lib import stopping
from sharespine.lib.checkpoints import reach
from sharespine.lib.text import N_, Text

log = logging.getLogger(__name__)
#: So many receivers are called at the same time, and so many messages of one are taken at a time.
AT_ONCE, LANE = 8, 10
#: Seconds. After so many, nothing more is taken; after so many, the next message of a lane is left to the next lane.
BUDGET, LANE_BUDGET = 20.0, 5.0
#: How long what was taken is nobody else's: longer than a lane takes.
LEASE = timedelta(seconds=45)
BUG = Text(N_("Something in Sharespine failed on this message. Our developers have been told."))
#: How long messages are put off whose secret cannot be read.
UNREADABLE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Lane:
    """Messages of one webhook that this process has taken, in their order."""

    webhook: Webhook
    messages: Sequence[HookMessage]


def due() -> QuerySet[HookMessage]:
    """The messages that are to be sent now."""
    return HookMessage.objects.filter(due_at__lte=dbclock.now())


def deliver(budget: float = BUDGET) -> int:
    """Send what is due, for about so many seconds. Any number of processes may. Returns how many messages arrived."""
    ends = time.monotonic() + budget
    under_way: dict[Future[list[Result]], Lane] = {}
    served: set[int] = set()
    arrived = 0
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        while True:
            while len(under_way) < AT_ONCE and time.monotonic() < ends and not stopping.asked():
                lane = _next_lane({lane.webhook.pk for lane in under_way.values()}, served)
                if lane is None:
                    break
                under_way[pool.submit(_carry_out, lane)] = lane
            if not under_way:
                return arrived
            done, _ = wait(under_way, timeout=1, return_when=FIRST_COMPLETED)
            for future in done:
                lane = under_way.pop(future)
                arrived += settling.settle(lane.webhook.pk, lane.messages, future.result())
                reach("hook_settled")


def _next_lane(busy: set[int], served: set[int]) -> Lane | None:
    """Take messages of the webhook whose turn it is: the one that has waited longest, of those not `served` before others."""
    passed_over = set(busy)
    while True:
        waiting = due().exclude(webhook__in=passed_over).order_by("due_at", "id").values_list("webhook", flat=True)
        chosen = waiting.exclude(webhook__in=served).first()
        if chosen is None:
            served.clear()
            chosen = waiting.first()
        if chosen is None:
            return None
        served.add(chosen)
        if lane := _taken(chosen):
            return lane
        passed_over.add(chosen)


def _taken(webhook_id: int) -> Lane | None:
    """Take what is due of a webhook. None where somebody else was faster, or it is not to be sent any more."""
    with transaction.atomic():
        webhook = Webhook.objects.defer("secrets").get(pk=webhook_id)
        mine = due().filter(webhook=webhook)
        if webhook.state != Webhook.State.ACTIVE:
            # A run that knew it as active wrote them.
            mine.update(due_at=None)
            return None
        try:
            _ = webhook.secrets
        except ImproperlyConfigured as error:
            log.error("The secret of webhook %s: %s", webhook_id, error)
            mine.update(due_at=dbclock.ahead(UNREADABLE))
            return None
        messages = list(locked(mine, skip_locked=True).order_by("due_at", "id")[:LANE])
        for message in messages:
            # Settled only where this still holds.
            message.attempts += 1
            HookMessage.objects.filter(pk=message.pk).update(due_at=dbclock.ahead(LEASE), attempts=message.attempts)
    if messages:
        reach("hook_taken")
    return Lane(webhook, messages) if messages else None


def _carry_out(lane: Lane) -> list[Result]:
    """Send the messages one after the other; fewer results than messages where the rest is not to be tried now."""
    ends = time.monotonic() + LANE_BUDGET
    results: list[Result] = []
    for message in lane.messages:
        if results and (time.monotonic() > ends or stopping.asked() or settling.is_enough(results)):
            break
        results.append(_sent(lane.webhook, message))
        reach("hook_sent")
    return results


def _sent(webhook: Webhook, message: HookMessage) -> Result:
    try:
        return send(webhook.address, webhook.secrets, str(message.uid), message.payload, at=timezone.now())
    except Exception as error:  # noqa: BLE001 - a bug of ours, which is told
        bugs.told(error, f"message {message.uid} to webhook {webhook.pk}")
        return Result(trouble=BUG)
