"""Outgoing webhooks in processes of their own: the part that runs there."""

from __future__ import annotations

import os
import traceback
from datetime import timedelta
from typing import Any

from django import db
from django.conf import settings
from django.utils import timezone

from flows import webhooks
from flows.models import Flow, HookEvent, HookMessage, Webhook
from flows.outgoing import delivery, outbox


def add(given: dict[str, Any]) -> dict[str, Any]:
    """A webhook at "address" of the customer of the flow "flow", with so many "messages" that wait."""
    customer = Flow.objects.get(pk=given["flow"]).connection.customer
    webhook, secret = webhooks.make(customer, given["address"], webhooks.EVENTS, actor="test")
    for number in range(given.get("messages", 0)):
        outbox.message(webhook, HookEvent.TRANSFERRED, {"number": str(number)}, at=timezone.now()).save()
    return {"webhook": webhook.pk, "secret": secret}


def deliver(webhook: int) -> dict[str, Any]:
    """Send what is due, with claims that run out as soon as those of orders."""
    delivery.LEASE = timedelta(seconds=settings.LEASE_SECONDS)
    delivery.deliver()
    return look(webhook)


def crowd(given: dict[str, Any]) -> dict[str, Any]:
    """So many "workers" send at the same time."""
    db.connections.close_all()
    children = []
    for _ in range(given["workers"]):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                delivery.deliver()
                code = 0
            except BaseException:
                traceback.print_exc()
                raise
            finally:
                os._exit(code)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert codes == [0] * len(children), codes
    return look(given["webhook"])


def look(webhook: int) -> dict[str, Any]:
    """What there is to say of a webhook, and of its messages by their order."""
    found = HookMessage.objects.filter(webhook=webhook).order_by("pk")
    return {
        "state": Webhook.objects.get(pk=webhook).state,
        "messages": [[str(one.uid), one.payload["data"]["number"], one.state, one.attempts] for one in found],
    }


def forget(webhook: int) -> dict[str, Any]:
    """Nothing of it waits any more, so that the next test has the queue for itself."""
    HookMessage.objects.filter(webhook=webhook).delete()
    webhooks.remove(Webhook.objects.get(pk=webhook), actor="test")
    return {}
