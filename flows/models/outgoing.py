"""Who is told what happens: the merchants' own systems by outgoing webhooks, and the merchants themselves by e-mail."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.models import Customer
from flows.models.texts import TextColumn
from flows.models.transfers import Transfer
from sharespine.lib.secrets import EncryptedJSONField


class HookEvent(models.TextChoices):
    """What a merchant's own system can be told."""

    TRANSFERRED = "order.transferred", _("an order was transferred")
    STOPPED = "order.stopped", _("an order stopped")
    CAP_NEAR = "cap.near", _("the month's orders will not suffice")
    PING = "ping", _("a trial")


class Webhook(models.Model):
    """An address of a merchant that is told what happens, signed with a secret that is shown once.

    `misses` counts how often in a row the receiver could not be reached: until `resume_at` it is left alone. `failures` counts
    messages in a row that were given up: too many, and the webhook is switched off, says why in `trouble`, and the customer is
    told (`told_at`). One that is removed stays for a day (`removed_at`), since a run that knows it may still write to it.
    """

    class State(models.TextChoices):
        ACTIVE = "active", _("active")
        PAUSED = "paused", _("paused")
        FAILED = "failed", _("switched off after failures")
        REMOVED = "removed", _("removed")

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="webhooks", verbose_name=_("customer"))
    address = models.URLField(_("address"), max_length=500)
    events: models.JSONField[list[str], list[str]] = models.JSONField(_("told"), default=list)
    secrets = EncryptedJSONField(_("secret"), blank=True, default=dict)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ACTIVE)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    misses = models.PositiveIntegerField(_("times in a row that it was not reached"), default=0, editable=False)
    resume_at = models.DateTimeField(_("left alone until"), null=True, blank=True, editable=False)
    trouble = TextColumn(_("trouble"))
    told_at = models.DateTimeField(null=True, blank=True, editable=False)
    removed_at = models.DateTimeField(_("removed"), null=True, blank=True, editable=False)
    created_by = models.CharField(_("created by"), max_length=150, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("outgoing webhook")
        verbose_name_plural = _("outgoing webhooks")
        ordering = ["customer__name", "pk"]

    def __str__(self) -> str:
        return self.address


class HookMessage(models.Model):
    """One message to one webhook: written in the transaction of what it tells of, sent afterwards, and again until it arrives.

    `uid` stays the same however often it is sent, so that the receiver can tell. `due_at` is when it is sent next, empty once
    it arrived or was given up, and while its webhook is paused or switched off; whoever sends it moves `due_at` ahead first, so
    that nobody else does meanwhile. What did not arrive until `expires_at` is given up, however often it was tried.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DELIVERED = "delivered", pgettext_lazy("state of a message", "delivered")
        FAILED = "failed", _("given up")

    # Not indexed by itself: an index below begins with it.
    webhook = models.ForeignKey(
        Webhook, models.CASCADE, related_name="messages", verbose_name=_("outgoing webhook"), db_index=False
    )
    uid = models.UUIDField(_("id"), default=uuid.uuid4, unique=True, editable=False)
    event = models.CharField(_("event"), max_length=30, choices=HookEvent.choices)
    transfer = models.ForeignKey(
        Transfer, models.SET_NULL, related_name="hook_messages", verbose_name=_("transfer"), null=True, blank=True
    )
    payload: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(_("message"), default=dict)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    expires_at = models.DateTimeField(_("tried until"), null=True, blank=True)
    status_code = models.PositiveSmallIntegerField(_("answer"), null=True, blank=True)
    trouble = TextColumn(_("what is wrong"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    delivered_at = models.DateTimeField(pgettext_lazy("state of a message", "delivered"), null=True, blank=True)

    class Meta:
        verbose_name = _("message to a webhook")
        verbose_name_plural = _("messages to webhooks")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["due_at", "id"], name="hook_message_due", condition=models.Q(due_at__isnull=False)),
            # The few of one webhook that wait, among all that it ever got.
            models.Index(
                fields=["webhook", "due_at", "id"], name="hook_message_next", condition=models.Q(due_at__isnull=False)
            ),
            models.Index(fields=["webhook", "-id"], name="hook_message_by_webhook"),
            models.Index(fields=["created_at"], name="hook_message_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.uid}"


class Alert(models.Model):
    """That a merchant was told by e-mail that an order stopped, and why: not told again for the same reason."""

    # Not indexed by itself: the constraint below begins with it.
    transfer = models.ForeignKey(Transfer, models.CASCADE, related_name="alerts", verbose_name=_("transfer"), db_index=False)
    cause = models.CharField(_("cause"), max_length=300, blank=True)
    at = models.DateTimeField(_("when"), auto_now_add=True)

    class Meta:
        verbose_name = _("e-mail about a stopped order")
        verbose_name_plural = _("e-mails about stopped orders")
        constraints = [models.UniqueConstraint(fields=["transfer", "cause"], name="one_alert_a_cause")]
        indexes = [models.Index(fields=["at"], name="alert_by_age")]

    def __str__(self) -> str:
        return f"{self.transfer} {self.at:%Y-%m-%d %H:%M}"
