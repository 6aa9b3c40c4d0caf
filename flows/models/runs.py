"""One execution of a flow."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from flows import dbclock
from flows.models.flows import Flow
from flows.models.texts import TextColumn


class Run(models.Model):
    """What one execution of a flow saw and did. At most one is live per flow: the database forbids a second."""

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        LOST = "lost", _("lost")

    class Kind(models.TextChoices):
        POLL = "poll", _("poll")
        SWEEP = "sweep", _("sweep")
        DRY = "dry", _("dry run")
        INITIAL = "initial", _("initial sync")
        TRIAL = "trial", _("trial of a field mapping")

    flow = models.ForeignKey(Flow, models.CASCADE, verbose_name=_("flow"), related_name="runs")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.POLL)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.RUNNING)
    started_by = models.CharField(_("started by"), max_length=150, blank=True)
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    owner = models.CharField(_("worker"), max_length=100, blank=True)
    lease_until = models.DateTimeField(_("lease until"))
    #: How many of the calls that the ERP endpoint bears at once this run may make, shared by all its live runs. None: it wants
    #: none now.
    seats = models.PositiveSmallIntegerField(null=True, blank=True)
    error_code = models.CharField(_("error code"), max_length=50, blank=True)
    error = TextColumn(_("error"))
    evidence = models.TextField(_("evidence"), blank=True)
    #: What a dry run would have sent; what a trial found.
    report = models.JSONField(_("report"), default=list, blank=True)

    seen = models.PositiveIntegerField(_("seen"), default=0)
    new = models.PositiveIntegerField(_("new"), default=0)
    changed = models.PositiveIntegerField(_("changed"), default=0)
    unchanged = models.PositiveIntegerField(pgettext_lazy("how many", "unchanged"), default=0)
    skipped = models.PositiveIntegerField(pgettext_lazy("how many", "skipped"), default=0)
    sent = models.PositiveIntegerField(pgettext_lazy("how many", "sent"), default=0)
    stopped = models.PositiveIntegerField(pgettext_lazy("how many", "stopped"), default=0)
    retried = models.PositiveIntegerField(_("to be retried"), default=0)
    uncertain = models.PositiveIntegerField(pgettext_lazy("how many", "uncertain"), default=0)
    held = models.PositiveIntegerField(_("held"), default=0)

    written = models.PositiveIntegerField(pgettext_lazy("how many", "written"), default=0, db_default=0)

    COUNTERS = ("seen", "new", "changed", "unchanged", "skipped", "sent", "stopped", "retried", "uncertain", "held", "written")

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["flow"], condition=models.Q(state="running"), name="one_live_run_per_flow")
        ]
        indexes = [
            # With what the runs of one customer are narrowed by.
            models.Index(fields=["flow", "-id", "state", "kind", "started_at"], name="run_by_flow"),
            models.Index(fields=["-started_at", "-id"], name="run_by_start"),
            models.Index(fields=["state", "-started_at", "-id"], name="run_by_state"),
            models.Index(fields=["kind", "-started_at", "-id"], name="run_by_kind"),
        ]

    #: When this process began the run, by its monotonic clock; None in every other process.
    begun: float | None = None

    def __str__(self) -> str:
        return f"#{self.pk}"

    def now(self) -> datetime:
        """The database's time, reckoned from when the run began. This machine's own clock may be wrong. UTC."""
        return timezone.now() if self.begun is None else dbclock.reckoned(self.started_at, self.begun)
