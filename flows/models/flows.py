"""What is moved between the systems of a connection, and how."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from connectors import base
from connectors.base import Reads, Register, Role, Writes
from flows.models.connections import Connection
from flows.models.endpoints import Endpoint
from flows.models.profiles import StockProfile
from flows.models.texts import TextColumn
from flows.schedule import LONGEST, demand_cron

#: How far back the nightly sweep reads, since "modified" stamps lie (WooCommerce does not move them when rows change).
SWEEP_WINDOW = timedelta(days=7)
#: Minutes: a week.
LONGEST_INTERVAL = LONGEST // timedelta(minutes=1)


class Flow(models.Model):
    """One register between one shop and the ERP of a connection, in one direction.

    `rules` are what the register can be told whatever the systems are (`flows.registers`), `source_options` and
    `target_options` what the two systems can be told about reading and writing it. `channel` narrows a flow of orders to one
    channel of its shop; empty: all orders that no other flow takes.

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
        TO_ERP = base.Direction.TO_ERP, _("shop → ERP")
        TO_SHOP = base.Direction.TO_SHOP, _("ERP → shop")

    REGISTERS = [
        (Register.ORDERS, _("orders with customer")),
        (Register.STATUS, _("order status")),
        (Register.PRODUCTS, _("products")),
        (Register.PRICES, _("prices")),
        (Register.PRICE_LISTS, _("price lists")),
        (Register.STOCK, _("stock")),
    ]

    connection = models.ForeignKey(Connection, models.PROTECT, verbose_name=_("connection"), related_name="flows")
    shop = models.ForeignKey(Endpoint, models.PROTECT, verbose_name=_("shop"), related_name="flows")
    register = models.CharField(_("register"), max_length=20, choices=REGISTERS, default=Register.ORDERS)
    direction = models.CharField(_("direction"), max_length=10, choices=Direction, default=Direction.TO_ERP)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PAUSED, editable=False)
    pause_reason = TextColumn(_("why it is paused"), db_default="")
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
    channel = models.CharField(
        _("channel"),
        max_length=100,
        blank=True,
        db_default="",
        default="",
        help_text=_("Only orders of this channel of the shop. Empty: all orders that no other flow takes."),
    )
    stock_profile = models.ForeignKey(
        StockProfile,
        models.PROTECT,
        verbose_name=_("stock profile"),
        related_name="flows",
        null=True,
        blank=True,
        help_text=_("Empty: all that is available in the ERP is offered."),
    )
    rules = models.JSONField(_("rules"), default=dict, blank=True, null=True)
    #: Whether any rule of a field mapping is in use: a flow without one asks for none.
    mapped = models.BooleanField(_("field mapping"), default=False, db_default=False, editable=False)
    interval_minutes = models.PositiveIntegerField(_("minutes between runs"), default=5)
    cron = models.CharField(
        _("own times"),
        max_length=100,
        blank=True,
        default="",
        db_default="",
        help_text=_(
            "Minute, hour, day, month and weekday, as in crontab: “0 6,18 * * 1-5” is at 6 and at 18, Monday to Friday. They "
            "replace the interval, in the customer's time zone. Empty: the interval holds."
        ),
    )
    quiet_from = models.TimeField(
        _("quiet from"),
        null=True,
        blank=True,
        help_text=_("Within quiet hours the flow does nothing by itself. What should have run then runs once afterwards."),
    )
    quiet_to = models.TimeField(_("quiet until"), null=True, blank=True)
    source_options = models.JSONField(_("settings for reading"), default=dict, blank=True)
    target_options = models.JSONField(_("settings for writing"), default=dict, blank=True)

    cursor = models.DateTimeField(_("seen up to"), null=True, blank=True, editable=False)
    swept_at = models.DateTimeField(_("last sweep"), null=True, blank=True, editable=False)
    swept_to = models.DateTimeField(null=True, blank=True, editable=False)
    sweep_began = models.DateTimeField(null=True, blank=True, editable=False)
    #: The next of the flow's own times, where it has any: before that, only what is due already is written.
    slot_at = models.DateTimeField(null=True, blank=True, editable=False)
    next_run_at = models.DateTimeField(_("next run"), null=True, blank=True, editable=False, db_index=True)
    wanted_at = models.DateTimeField(null=True, blank=True, editable=False)
    queued_at = models.DateTimeField(null=True, blank=True, editable=False)
    served_at = models.DateTimeField(null=True, blank=True, editable=False)
    look_up_before = models.DateTimeField(default=timezone.now, editable=False)

    history = HistoricalRecords(
        excluded_fields=[
            "hindrance",
            "mapped",
            "cursor",
            "swept_at",
            "swept_to",
            "sweep_began",
            "slot_at",
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
                fields=["connection", "shop", "register", "direction", "channel"],
                name="one_flow_per_register",
                violation_error_message=_("This connection already has a flow for this register of this shop."),
            )
        ]

    def __str__(self) -> str:
        way = f"{self.source.name} → {self.target.name}"
        if self.register != Register.ORDERS:
            way = f"{self.get_register_display()}: {way}"
        return f"{way} ({self.channel})" if self.channel else way

    def clean(self) -> None:
        self._check_schedule()
        if not (self.shop_id and self.connection_id):
            return
        if self.shop.role is not Role.SHOP:
            raise ValidationError({"shop": _("“%(name)s” is an ERP. Choose a shop.") % {"name": self.shop}})
        if self.shop.customer_id != self.connection.customer_id:
            raise ValidationError({"shop": _("This endpoint belongs to another customer.")})

    def _check_schedule(self) -> None:
        # Not a validator of the column: that would change the column, which the workers of the release before still use.
        if not 1 <= (self.interval_minutes or 0) <= LONGEST_INTERVAL:
            said = _("Between one minute and %(most)s, which is a week.") % {"most": LONGEST_INTERVAL}
            raise ValidationError({"interval_minutes": said})
        if self.cron:
            try:
                demand_cron(self.cron)
            except ValueError as error:
                said = _("“%(cron)s” names no times: write minute, hour, day, month and weekday, like 0 6,18 * * 1-5.") % {
                    "cron": self.cron
                }
                raise ValidationError({"cron": said}) from error
        if (self.quiet_from is None) != (self.quiet_to is None):
            missing = "quiet_from" if self.quiet_from is None else "quiet_to"
            raise ValidationError({missing: _("Quiet hours have a beginning and an end. Fill in both, or neither.")})
        if self.quiet_from is not None and self.quiet_from == self.quiet_to:
            raise ValidationError({"quiet_to": _("Quiet hours end at another time than they begin.")})

    @property
    def is_live(self) -> bool:
        """Whether work is done: the flow and its connection are both active."""
        return self.state == self.State.ACTIVE and self.connection.state == Connection.State.ACTIVE

    @property
    def source(self) -> Endpoint:
        """What is read."""
        return self.shop if self.direction == self.Direction.TO_ERP else self.connection.erp

    @property
    def target(self) -> Endpoint:
        """What is written to."""
        return self.connection.erp if self.direction == self.Direction.TO_ERP else self.shop

    @property
    def reads(self) -> Reads:
        """How the source can be read."""
        return self.source.connector_class.capabilities.reads[Register(self.register)]

    @property
    def writes(self) -> Writes:
        """What the target can do with what this flow sends."""
        return self.target.connector_class.capabilities.writes[Register(self.register)]

    def read_from(self) -> datetime | None:
        """From when the next poll reads: the cursor minus what the source needs to lose nothing at the edge."""
        if self.cursor is None:
            return self.start_from
        return self.cursor - self.reads.overlap

    def settings(self) -> dict[str, Any]:
        return {"trigger_statuses": self.trigger_statuses, **self.source_options, **self.target_options}
