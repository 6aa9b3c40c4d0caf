"""What a customer has connected."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from billing.models import Customer
from connectors.base import Role
from flows.models.endpoints import Endpoint
from flows.models.texts import TextColumn


class Connection(models.Model):
    """One ERP endpoint and the shops that feed it, for one customer."""

    class State(models.TextChoices):
        DRAFT = "draft", _("being set up")
        ACTIVE = "active", _("active")
        PAUSED = "paused", _("paused")

    class MainFlow(models.TextChoices):
        """Which side leads. What follows from it stands in `flows.planner`."""

        SHOP = "shop", _("#1 The shop leads")
        ERP = "erp", _("#2 The ERP leads")
        COMBINED = "combined", _("#3 Combination")

    customer = models.ForeignKey(Customer, models.PROTECT, verbose_name=_("customer"), related_name="connections")
    name = models.CharField(_("name"), max_length=100)
    erp = models.ForeignKey(Endpoint, models.PROTECT, verbose_name=_("ERP"), related_name="erp_connections")
    #: Empty: nobody has chosen one, and the flows are those that were added by hand.
    main_flow = models.CharField(_("main flow"), max_length=10, choices=MainFlow, blank=True, db_default="", default="")
    has_pos = models.BooleanField(
        _("a POS is used with the ERP"),
        db_default=False,
        default=False,
        help_text=_("What is sold in the physical shop changes the stock in the ERP, so the ERP should lead."),
    )
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
