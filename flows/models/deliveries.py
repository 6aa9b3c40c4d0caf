"""Webhooks as they came in: kept before anything is done about them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from flows.models.endpoints import Endpoint


class Delivery(models.Model):
    """One incoming webhook. It is only a hint: what it says is never believed, the record is read from the shop instead."""

    class State(models.TextChoices):
        ACCEPTED = "accepted", _("accepted")
        IGNORED = "ignored", _("not for us")
        REFUSED = "refused", _("signature wrong")

    endpoint = models.ForeignKey(Endpoint, models.CASCADE, verbose_name=_("endpoint"), related_name="deliveries")
    received_at = models.DateTimeField(_("received"), auto_now_add=True, db_index=True)
    state = models.CharField(_("state"), max_length=10, choices=State)
    topic = models.CharField(_("topic"), max_length=100, blank=True)
    source_ids = models.JSONField(_("records"), default=list, blank=True)
    body_hash = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["-received_at"]

    def __str__(self) -> str:
        return f"{self.topic or '–'} {self.received_at:%Y-%m-%d %H:%M:%S}"
