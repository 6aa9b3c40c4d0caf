"""What a customer has connected, and what is moved between."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from billing.models import Customer
from connectors.base import Register, Role, Writes
from flows.models.endpoints import Endpoint
from flows.models.texts import TextColumn

#: How far back the nightly sweep reads, since "modified" stamps lie (WooCommerce does not move them when rows change).
SWEEP_WINDOW = timedelta(days=7)


class Connection(models.Model):
    """One ERP endpoint and the shops that feed it, for one customer."""

    class State(models.TextChoices):
        DRAFT = "draft", _("being set up")
        ACTIVE = "active", _("active")
        PAUSED = "paused", _("paused")

    customer = models.ForeignKey(Customer, models.PROTECT, verbose_name=_("customer"), related_name="connections")
    name = models.CharField(_("name"), max_length=100)
    erp = models.ForeignKey(Endpoint, models.PROTECT, verbose_name=_("ERP"), related_name="erp_connections")
    modules = models.JSONField(_("confirmed modules"), default=list, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT, editable=False)
    pause_reason = TextColumn(_("why it is paused"))

    history = HistoricalRecords(verbose_name=_("change of connection"), verbose_name_plural=_("changes of connections"))

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        ordering = ["customer__name", "name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.erp_id and self.erp.role is not Role.ERP:
            raise ValidationError({"erp": _("“%(name)s” is a shop. Choose an ERP.") % {"name": self.erp}})
        if self.erp_id and self.customer_id and self.erp.customer_id != self.customer_id:
            raise ValidationError({"erp": _("This endpoint belongs to another customer.")})

    @property
    def missing_modules(self) -> list[str]:
        """Labels of the mandatory modules that nobody has confirmed: while there is one, the connection cannot be activated."""
        return [m.label for m in self.erp.connector_class.manifest.modules if m.mandatory and m.key not in self.modules]


class Flow(models.Model):
    """One register between one shop and the ERP of a connection, in one direction.

    `cursor` is the moment up to which the source has been seen; it only ever moves together with what was seen. `swept_to` is
    how far a sweep has come that is not done yet. `wanted_at` is when somebody last asked for a run (a webhook, a person),
    nothing once one began after that. `served_at` is when a worker last took the flow on: the customer that has waited
    longest is next. Orders placed before `look_up_before` are looked up in the ERP before they are sent: they may have come
    there by an earlier flow or a database that was restored.
    """

    class State(models.TextChoices):
        ACTIVE = "active", _("active")
        PAUSED = "paused", _("paused")

    class Direction(models.TextChoices):
        TO_ERP = "to_erp", _("shop → ERP")

    connection = models.ForeignKey(Connection, models.PROTECT, verbose_name=_("connection"), related_name="flows")
    shop = models.ForeignKey(Endpoint, models.PROTECT, verbose_name=_("shop"), related_name="flows")
    register = models.CharField(
        _("register"), max_length=20, choices=[(Register.ORDERS, _("orders with customer"))], default=Register.ORDERS
    )
    direction = models.CharField(_("direction"), max_length=10, choices=Direction, default=Direction.TO_ERP)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PAUSED, editable=False)
    trigger_statuses = models.JSONField(
        _("statuses that trigger transfer"),
        default=list,
        blank=True,
        help_text=_("Orders with one of these statuses in the shop are transferred. The others are seen and skipped."),
    )
    #: Why the package of the customer does not let the flow run; empty while it does. Kept up by `flows.rights`.
    hindrance = TextColumn(_("why it does not run"), db_default="")
    start_from = models.DateTimeField(
        _("orders placed from"), null=True, blank=True, help_text=_("Earlier orders are left alone. Empty: all orders.")
    )
    interval_minutes = models.PositiveIntegerField(_("minutes between runs"), default=5)
    source_options = models.JSONField(_("settings for reading"), default=dict, blank=True)
    target_options = models.JSONField(_("settings for writing"), default=dict, blank=True)

    cursor = models.DateTimeField(_("seen up to"), null=True, blank=True, editable=False)
    swept_at = models.DateTimeField(_("last sweep"), null=True, blank=True, editable=False)
    swept_to = models.DateTimeField(null=True, blank=True, editable=False)
    next_run_at = models.DateTimeField(_("next run"), null=True, blank=True, editable=False, db_index=True)
    wanted_at = models.DateTimeField(null=True, blank=True, editable=False)
    queued_at = models.DateTimeField(null=True, blank=True, editable=False)
    served_at = models.DateTimeField(null=True, blank=True, editable=False)
    look_up_before = models.DateTimeField(default=timezone.now, editable=False)

    history = HistoricalRecords(
        excluded_fields=[
            "hindrance",
            "cursor",
            "swept_at",
            "swept_to",
            "next_run_at",
            "wanted_at",
            "queued_at",
            "served_at",
            "look_up_before",
        ],
        verbose_name=_("change of flow"),
        verbose_name_plural=_("changes of flows"),
    )

    class Meta:
        verbose_name = _("flow")
        verbose_name_plural = _("flows")
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "shop", "register", "direction"],
                name="one_flow_per_register",
                violation_error_message=_("This connection already has a flow for this register of this shop."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.shop.name} → {self.connection.erp.name}"

    def clean(self) -> None:
        if not (self.shop_id and self.connection_id):
            return
        if self.shop.role is not Role.SHOP:
            raise ValidationError({"shop": _("“%(name)s” is an ERP. Choose a shop.") % {"name": self.shop}})
        if self.shop.customer_id != self.connection.customer_id:
            raise ValidationError({"shop": _("This endpoint belongs to another customer.")})

    @property
    def is_live(self) -> bool:
        """Whether work is done: the flow and its connection are both active."""
        return self.state == self.State.ACTIVE and self.connection.state == Connection.State.ACTIVE

    @property
    def writes(self) -> Writes:
        """What the ERP can do with what this flow sends."""
        return self.connection.erp.connector_class.capabilities.writes[Register(self.register)]

    def read_from(self) -> datetime | None:
        """From when the next poll reads: the cursor minus what the source needs to lose nothing at the edge."""
        if self.cursor is None:
            return self.start_from
        return self.cursor - self.shop.connector_class.capabilities.reads[Register(self.register)].overlap

    def settings(self) -> dict[str, Any]:
        return {"trigger_statuses": self.trigger_statuses, **self.source_options, **self.target_options}
