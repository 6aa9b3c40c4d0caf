"""The outbox: messages are written in the transaction of what they tell of, so that none is lost and none is of nothing.

A customer without webhooks costs one question a run, and only a run in which something happens to an order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone, translation

from billing import caps
from billing.models import Notice
from connectors.base import Document
from connectors.errors import WhoActs
from flows.ledger.inserting import insert
from flows.models import HookEvent, HookMessage, Transfer, Webhook
from flows.outgoing import people
from flows.outgoing.timing import LONGEST
from sharespine.lib.text import Text

#: So many webhooks a customer may have; what happens is told to each of them.
MOST = 10


class Outbox:
    """What the webhooks of one customer are to be told, until it is saved. They are looked up once, when it is first asked for.

    `clock` tells the time by which the messages are due.
    """

    def __init__(self, customer_id: int, clock: Callable[[], datetime] = timezone.now) -> None:
        self._customer, self._clock = customer_id, clock
        self._webhooks: Sequence[Webhook] | None = None
        self._messages: list[HookMessage] = []

    def transferred(self, transfer: Transfer, document: Document, *, found: bool) -> None:
        for webhook in self._told(HookEvent.TRANSFERRED):
            data = {
                **_about(transfer),
                "document": document.kind,
                "erp_number": document.target_id,
                "erp_total": _amount(document.total),
                "found": found,
            }
            self._put(webhook, HookEvent.TRANSFERRED, data, transfer)

    def stopped(self, transfer: Transfer, text: Text, *, code: str, acts: WhoActs) -> None:
        for webhook in self._told(HookEvent.STOPPED):
            with translation.override(webhook.customer.language):
                message = people.told(text, transfer.payload)
            data = {**_about(transfer), "error_code": code, "message": message, "who_acts": acts.value}
            self._put(webhook, HookEvent.STOPPED, data, transfer)

    def cap_near(self, notice: Notice) -> None:
        usage = caps.Usage(notice.month, notice.used, notice.cap, caps.forecast(notice.used, self._clock()))
        for webhook in self._told(HookEvent.CAP_NEAR):
            data = {
                "month": f"{notice.month:%Y-%m}",
                "level": notice.kind,
                "used": usage.used,
                "cap": usage.cap,
                "forecast": usage.forecast,
            }
            self._put(webhook, HookEvent.CAP_NEAR, data)

    def save(self) -> None:
        """Write the messages, as part of the caller's transaction."""
        if self._messages:
            insert(self._messages)
            self._messages.clear()

    def _told(self, event: HookEvent) -> Iterator[Webhook]:
        """Those that are to be told of an event: paused ones too, which hear of it when they go on."""
        if self._webhooks is None:
            asked = [Webhook.State.ACTIVE, Webhook.State.PAUSED]
            of_customer = Webhook.objects.filter(customer=self._customer, state__in=asked)
            # Without their secrets: nobody who only writes messages needs them.
            self._webhooks = list(of_customer.select_related("customer").defer("secrets").order_by("pk")[:MOST])
        return (webhook for webhook in self._webhooks if event in webhook.events)

    def _put(self, webhook: Webhook, event: HookEvent, data: dict[str, Any], transfer: Transfer | None = None) -> None:
        self._messages.append(message(webhook, event, data, at=self._clock(), transfer=transfer))


def message(
    webhook: Webhook, event: HookEvent, data: dict[str, Any], *, at: datetime, transfer: Transfer | None = None
) -> HookMessage:
    """A message that is not saved yet. Where the receiver is left alone it waits with the others."""
    stamp = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    # To the second: what is due at once is due by any clock. (SQLite's own writes fewer digits than ours.)
    at_once = at.replace(microsecond=0)
    due_at = None if webhook.state == Webhook.State.PAUSED else max(at_once, webhook.resume_at or at_once)
    return HookMessage(
        webhook=webhook,
        event=event,
        transfer=transfer,
        payload={"type": event.value, "timestamp": stamp, "data": data},
        due_at=due_at,
        expires_at=at + LONGEST,
    )


def cap_noticed(notice: Notice) -> None:
    """Write that the month's orders will not suffice. In the caller's transaction."""
    outbox = Outbox(notice.customer_id)
    outbox.cap_near(notice)
    outbox.save()


def _about(transfer: Transfer) -> dict[str, Any]:
    """What is told of every order: ids and numbers as text, amounts with a point, and nothing of who bought it."""
    return {
        "id": str(transfer.pk),
        "flow": str(transfer.flow_id),
        "kind": transfer.kind,
        "number": transfer.number,
        "source_id": transfer.source_id,
        "reference": transfer.reference,
        "total": _amount(transfer.total),
        "currency": transfer.currency,
    }


def _amount(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:.2f}"
