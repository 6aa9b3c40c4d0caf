"""One system at one customer: address, credentials, options, and how it feels right now."""

from __future__ import annotations

import secrets
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from billing.models import Customer
from connectors.base import CheckReport, Choice, Connector, Role
from connectors.registry import SYSTEMS, connector_class
from flows import dbclock, retry
from flows.models.texts import TextColumn
from sharespine.lib.secrets import EncryptedJSONField
from sharespine.lib.text import Text

#: No vowels and no look-alikes: a code that is read over the phone and never spells a word.
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ23456789"


def new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(5))


def system_choices() -> list[tuple[str, str]]:
    return [(key, connector_class(key).manifest.name) for key in SYSTEMS]


class Endpoint(models.Model):
    """Where and how we reach a system for a customer. Its `code` begins every reference we leave in other systems.

    `failures` counts temporary failures in a row; while `open_until` lies ahead the circuit is open and nothing is sent.
    """

    class Health(models.TextChoices):
        UNKNOWN = "unknown", _("not tested")
        WORKING = "working", _("works")
        DOWN = "down", _("does not answer")
        DENIED = "denied", _("does not let us in")

    customer = models.ForeignKey(Customer, models.PROTECT, verbose_name=_("customer"), related_name="endpoints")
    system = models.CharField(_("system"), max_length=30, choices=system_choices)
    name = models.CharField(_("name"), max_length=100, help_text=_("What the customer calls it, like “Webshop Sweden”."))
    code = models.CharField(_("code"), max_length=8, unique=True, default=new_code, editable=False)
    options = models.JSONField(_("options"), default=dict, blank=True)
    secrets = EncryptedJSONField(_("credentials"), blank=True, default=dict)
    max_in_flight = models.PositiveSmallIntegerField(
        _("calls at once"),
        null=True,
        blank=True,
        help_text=_("Empty: what the system bears."),
    )

    health = models.CharField(_("health"), max_length=10, choices=Health, default=Health.UNKNOWN, editable=False)
    checked_at = models.DateTimeField(_("tested"), null=True, blank=True, editable=False)
    report = models.JSONField(_("what it offers"), default=dict, blank=True, editable=False)
    trouble = TextColumn(_("trouble"))
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    open_until = models.DateTimeField(_("left alone until"), null=True, blank=True, editable=False)

    history = HistoricalRecords(
        excluded_fields=["secrets", "health", "checked_at", "report", "trouble", "failures", "open_until"],
        verbose_name=_("change of endpoint"),
        verbose_name_plural=_("changes of endpoints"),
    )

    class Meta:
        verbose_name = _("endpoint")
        verbose_name_plural = _("endpoints")
        ordering = ["customer__name", "name"]

    def __str__(self) -> str:
        return self.name

    @property
    def connector_class(self) -> type[Connector]:
        return connector_class(self.system)

    @property
    def role(self) -> Role:
        return self.connector_class.manifest.role

    @property
    def takes_webhooks(self) -> bool:
        return self.connector_class.capabilities.webhooks

    @property
    def budget(self) -> int:
        """How many calls may be under way at once."""
        return self.max_in_flight or self.connector_class.capabilities.max_in_flight

    @property
    def is_open(self) -> bool:
        """Whether the circuit is open, by the database's clock: the endpoint is left alone for a while."""
        if self.open_until is None:
            return False
        return Endpoint.objects.filter(pk=self.pk, open_until__gt=dbclock.now()).exists()

    @property
    def is_on_trial(self) -> bool:
        """Whether it was down and has not worked since: then one call, not all that it bears, finds out if it is back."""
        return retry.open_circuit(self.failures) is not None

    def connect(self, flow_options: dict[str, Any] | None = None) -> Connector:
        """A connector with this endpoint's options and credentials. The caller closes it."""
        return self.connector_class({**self.options, **self.secrets}, flow_options)

    def choices(self, name: str) -> list[Choice]:
        """What the endpoint offered at its last test, by list name; empty when it was never tested."""
        return [Choice(value, label) for value, label in self.report.get("choices", {}).get(name, [])]

    @staticmethod
    def report_to_json(report: CheckReport) -> dict[str, Any]:
        return {
            "name": report.name,
            "facts": [list(fact) for fact in report.facts],
            "choices": {name: [[c.value, c.label] for c in choices] for name, choices in report.choices.items()},
            "warnings": [warning.to_json() for warning in report.warnings],
        }

    @property
    def warnings(self) -> list[Text]:
        return [Text.from_json(warning) for warning in self.report.get("warnings", [])]
