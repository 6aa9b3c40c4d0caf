"""What becomes of messages that were sent, and of the webhook that they were sent to."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from flows import dbclock
from flows.models import HookEvent, HookMessage, Webhook
from flows.outgoing.sending import ASKS_FOR_TIME, Result
from flows.outgoing.timing import again_after, pause_after
from sharespine.lib.text import N_, Text

log = logging.getLogger(__name__)
State = HookMessage.State
#: Messages in a row that were given up, after which the webhook is switched off.
TOO_MANY = 20
#: Refusals in a row after which it is the receiver that is wrong, and not the messages.
ENOUGH = 3
UNWANTED = Text(N_("The receiver answered 410: it wants no more messages. So it was switched off."))
HOPELESS = N_("%(times)s messages in a row could not be delivered for days, so it was switched off. The last time: %(trouble)s")
NEVER = Text(N_("The receiver could not be reached for days, so the message was given up."))


def is_enough(results: Sequence[Result]) -> bool:
    """Whether it is the receiver that is wrong, and not one of the messages: then no more of them are tried now."""
    last = results[-ENOUGH:]
    return results[-1].not_reached or results[-1].is_gone or (len(last) == ENOUGH and not any(one.arrived for one in last))


def settle(webhook_id: int, messages: Sequence[HookMessage], results: Sequence[Result]) -> int:
    """Save what became of `messages`, which this process had taken. Returns how many arrived.

    Those beyond the `results` were not tried. What somebody else has taken meanwhile is left to them.
    """
    with transaction.atomic():
        webhook = Webhook.objects.defer("secrets").get(pk=webhook_id)
        failures = webhook.failures
        for message, result in zip(messages, results, strict=False):
            failures = _settled(message, result, failures)
        for message in messages[len(results) :]:
            _held(message).update(due_at=dbclock.now(), attempts=F("attempts") - 1)
        if webhook.misses and any(result.arrived for result in results):
            webhook.misses = 0
            Webhook.objects.filter(pk=webhook.pk).update(misses=0, resume_at=None)
            _bring_forward(webhook)
        if is_enough(results):
            failures += _leave_alone(webhook, results[-1])
        if failures != webhook.failures:
            Webhook.objects.filter(pk=webhook.pk).update(failures=failures)
        if results[-1].is_gone:
            switch_off(webhook, UNWANTED)
        elif failures >= TOO_MANY:
            switch_off(webhook, Text(HOPELESS, {"times": str(failures), "trouble": results[-1].trouble}))
    return sum(result.arrived for result in results)


def switch_off(webhook: Webhook, trouble: Text) -> None:
    """Send nothing more. What waits stays, and goes when somebody switches the webhook on again."""
    off = Webhook.objects.filter(pk=webhook.pk, state=Webhook.State.ACTIVE)
    if off.update(state=Webhook.State.FAILED, trouble=trouble, told_at=None):
        log.warning("Webhook %s of customer %s was switched off: %s", webhook.pk, webhook.customer_id, trouble)
        _waiting(webhook).update(due_at=None)


def _settled(message: HookMessage, result: Result, failures: int) -> int:
    """Save what became of one message. Returns how many in a row were given up with it."""
    answer = {"status_code": result.status or None, "trouble": result.trouble}
    if result.arrived:
        _held(message).update(**answer, state=State.DELIVERED, due_at=None, delivered_at=dbclock.now())
        return 0
    wait = again_after(message.attempts, retry_after=result.retry_after)
    if message.event == HookEvent.PING:
        # Somebody is looking at it, and tries again.
        _held(message).update(**answer, state=State.FAILED, due_at=None)
        return failures
    if wait is None or (message.expires_at is not None and message.expires_at <= timezone.now()):
        return failures + _held(message).update(**answer, state=State.FAILED, due_at=None)
    _held(message).update(**answer, due_at=dbclock.ahead(wait))
    return failures


def _leave_alone(webhook: Webhook, result: Result) -> int:
    """Let the receiver rest, with all that waits for it. Returns how many messages have waited for too long by now."""
    misses = webhook.misses + 1
    pause = pause_after(misses, retry_after=result.retry_after)
    Webhook.objects.filter(pk=webhook.pk).update(misses=misses, resume_at=dbclock.ahead(pause))
    waiting = _waiting(webhook)
    given_up = waiting.filter(expires_at__lte=dbclock.now()).update(state=State.FAILED, due_at=None, trouble=NEVER)
    waiting.filter(due_at__lt=dbclock.ahead(pause)).update(due_at=dbclock.ahead(pause))
    return given_up


def _bring_forward(webhook: Webhook) -> None:
    """The receiver is back: what only waited for that goes at once."""
    not_reached = Q(attempts=0) | Q(status_code__isnull=True) | Q(status_code__in=ASKS_FOR_TIME)
    _waiting(webhook).filter(not_reached, due_at__gt=dbclock.now()).update(due_at=dbclock.now())


def _waiting(webhook: Webhook) -> QuerySet[HookMessage]:
    return HookMessage.objects.filter(webhook=webhook, state=State.WAITING, due_at__isnull=False)


def _held(message: HookMessage) -> QuerySet[HookMessage]:
    """The message, if it is still this process that has it."""
    return HookMessage.objects.filter(pk=message.pk, attempts=message.attempts, state=State.WAITING)
