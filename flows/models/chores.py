"""What one worker at a time does for everybody."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Chore(models.Model):
    """Something that is done now and then, by one worker at a time: see `flows.chores`. Times are of the database's clock.

    `queued_at` is when a task for it was last put into the queue, empty once somebody began; `held_until` is when it is free
    again: while somebody is at it, and for as long afterwards as it rests.
    """

    name = models.CharField(max_length=20, unique=True)
    queued_at = models.DateTimeField(null=True, blank=True)
    held_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("chore")
        verbose_name_plural = _("chores")

    def __str__(self) -> str:
        return self.name
