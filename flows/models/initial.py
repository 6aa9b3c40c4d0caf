"""The initial product sync: the whole range of one side created on the other, once."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models import Entry
from flows.models.flows import Flow
from flows.models.texts import TextColumn


class InitialSync(models.Model):
    """One initial sync of a flow of products, tried or real. At most one of a flow is unfinished: the database sees to it.

    `began_at` is when a worker first took it on, `read_at` when the source had told everything. `reached` is how far reading
    has come in a sync that only tries; one that writes keeps that, as every flow does, on the flow. `seconds` is what workers
    have spent on it, and `entry` what was drawn for that from the service account.
    """

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        STOPPING = "stopping", _("being stopped")
        STOPPED = "stopped", _("stopped")
        FAILED = "failed", _("failed")
        DONE = "done", _("done")

    UNFINISHED = (State.RUNNING, State.STOPPING, State.STOPPED, State.FAILED)
    RESUMABLE = (State.STOPPED, State.FAILED)

    flow = models.ForeignKey(Flow, models.PROTECT, verbose_name=_("flow"), related_name="initial_syncs")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.RUNNING)
    dry_run = models.BooleanField(_("dry run"))
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    started_by = models.CharField(_("started by"), max_length=150)
    started_at = models.DateTimeField(_("started"))
    began_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    reached = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    error = TextColumn(_("error"))
    seconds = models.PositiveIntegerField(_("seconds of work"), default=0)
    entry = models.OneToOneField(
        Entry, models.PROTECT, verbose_name=_("entry"), related_name="+", null=True, blank=True, editable=False
    )

    seen = models.PositiveIntegerField(_("seen"), default=0)
    created = models.PositiveIntegerField(_("created"), default=0)
    updated = models.PositiveIntegerField(_("updated"), default=0)
    same = models.PositiveIntegerField(_("were there already"), default=0)
    skipped = models.PositiveIntegerField(_("skipped"), default=0)
    refused = models.PositiveIntegerField(_("refused"), default=0)

    class Meta:
        verbose_name = _("initial product sync")
        verbose_name_plural = _("initial product syncs")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["flow"],
                condition=models.Q(state__in=["running", "stopping", "stopped", "failed"]),
                name="one_unfinished_initial_sync",
            )
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def left(self) -> int:
        """How many of the articles that were seen have not been dealt with."""
        return self.seen - self.created - self.updated - self.same - self.skipped - self.refused

    @property
    def is_under_way(self) -> bool:
        return self.state in (self.State.RUNNING, self.State.STOPPING)


class InitialArticle(models.Model):
    """What became of one article of the source in one initial sync, or would become of it. Only `flows.ledger` writes here."""

    class Outcome(models.TextChoices):
        WAITING = "waiting", _("waiting")
        CREATED = "created", _("created")
        UPDATED = "updated", _("updated")
        SAME = "same", _("was there already")
        SKIPPED = "skipped", _("skipped")
        REFUSED = "refused", _("refused")

    sync = models.ForeignKey(InitialSync, models.CASCADE, verbose_name=_("initial product sync"), related_name="articles")
    source_id = models.CharField(_("id in the source"), max_length=100)
    key = models.CharField(max_length=120, blank=True)
    number = models.CharField(_("article"), max_length=100, blank=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome, default=Outcome.WAITING)
    message = TextColumn(_("what happened"))

    class Meta:
        verbose_name = _("article of an initial sync")
        verbose_name_plural = _("articles of an initial sync")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["sync", "source_id"], name="one_outcome_per_article")]
        indexes = [
            models.Index(fields=["sync", "key"], name="initial_by_key"),
            models.Index(fields=["sync", "outcome", "-id"], name="initial_by_outcome"),
        ]

    def __str__(self) -> str:
        return self.number or self.source_id
