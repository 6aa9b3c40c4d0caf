"""Field mappings: which source field fills which target field of a flow, and the look-up tables that they use."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from billing.models import Customer
from flows.mapping.tables import Table
from flows.models.flows import Flow
from flows.models.runs import Run


class FieldMapping(models.Model):
    """One rule: `target` is filled with what `expression` says (`flows.mapping`). Only `flows.mapping_changes` writes here."""

    flow = models.ForeignKey(Flow, models.CASCADE, verbose_name=_("flow"), related_name="mappings", db_index=False)
    position = models.PositiveIntegerField(_("place"))
    target = models.CharField(_("target field"), max_length=60)
    expression = models.TextField(_("is filled with"))
    active = models.BooleanField(_("in use"), default=True)

    history = HistoricalRecords(verbose_name=_("change of rule"), verbose_name_plural=_("changes of rules"))

    class Meta:
        verbose_name = _("rule of a field mapping")
        verbose_name_plural = _("rules of field mappings")
        ordering = ["flow", "position"]
        constraints = [models.UniqueConstraint(fields=["flow", "position"], name="one_rule_per_place")]

    def __str__(self) -> str:
        return f"{self.position}. {self.target}"


class MappingDraft(models.Model):
    """A change of a flow's mapping that is not used yet. One per flow.

    `rules` are lists of target, expression and whether it is in use. `trial` is the run that tries them on past orders, `tried`
    the hash of everything that it was tried with: what is saved is what was tried, or it is refused.
    """

    flow = models.OneToOneField(Flow, models.CASCADE, verbose_name=_("flow"), related_name="mapping_draft")
    rules = models.JSONField(_("rules"), default=list, blank=True)
    changed_by = models.CharField(_("changed by"), max_length=150, blank=True)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    trial = models.ForeignKey(Run, models.SET_NULL, verbose_name=_("trial"), related_name="+", null=True, blank=True)
    tried = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("change of a field mapping")
        verbose_name_plural = _("changes of field mappings")

    def __str__(self) -> str:
        return str(self.flow)


class LookUpTable(models.Model):
    """What texts of a source become, for the field mappings of one customer. `rows` are pairs of text."""

    customer = models.ForeignKey(Customer, models.PROTECT, verbose_name=_("customer"), related_name="look_up_tables")
    name = models.CharField(_("name"), max_length=100)
    rows = models.JSONField(_("rows"), default=list, blank=True)

    history = HistoricalRecords(verbose_name=_("change of look-up table"), verbose_name_plural=_("changes of look-up tables"))

    class Meta:
        verbose_name = _("look-up table")
        verbose_name_plural = _("look-up tables")
        ordering = ["customer__name", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "name"],
                name="one_look_up_table_per_name",
                violation_error_message=_("This customer already has a look-up table of this name."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def table(self) -> Table:
        pairs: Any = self.rows
        return Table.of(self.name, ((str(before), str(after)) for before, after in pairs))
