"""Worker commands, and when they last showed that they live."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Worker(models.Model):
    """One worker command, from its start to its end. Times are the database's, so that machines can be compared."""

    machine = models.CharField(_("machine"), max_length=100)
    pid = models.PositiveIntegerField(_("process"))
    processes = models.PositiveSmallIntegerField(_("processes"))
    release = models.CharField(_("release"), max_length=100, blank=True)
    started_at = models.DateTimeField(_("started"))
    beat_at = models.DateTimeField(_("last sign of life"))
    #: How many times its processes had to be started anew, since one of them was killed or frozen.
    restarts = models.PositiveIntegerField(_("restarts"), default=0)
    stopped_at = models.DateTimeField(_("stopped"), null=True, blank=True)

    class Meta:
        verbose_name = _("worker")
        verbose_name_plural = _("workers")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.machine}:{self.pid}"
